//! The keys and values of ConfigMaps and Secrets, from files, folders, literals and env files. DOOR to those files.

use std::collections::BTreeMap;
use std::io;

use anyhow::{anyhow, bail};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Map, Value};
use sha2::{Digest, Sha256};

use crate::Env;
use crate::apimachinery::go_value;
use crate::apimachinery::names;
use crate::apimachinery::quote::quote;

/// What the flags name.
#[derive(Default)]
pub struct Sources<'a> {
    pub files: &'a [String],
    pub literals: &'a [String],
    pub env_files: &'a [String],
    /// What is said of an env file that is a folder.
    pub env_folder: &'static str,
}

impl Sources<'_> {
    /// # Errors
    /// Env files beside others.
    pub fn check(&self) -> anyhow::Result<()> {
        let has_others = !self.files.is_empty() || !self.literals.is_empty();
        if has_others && !self.env_files.is_empty() {
            bail!("from-env-file cannot be combined with from-file or from-literal");
        }
        Ok(())
    }
}

/// Values by key, each key once. The check gets the key, the object's name, and what is there under that key.
pub struct KeyValues {
    values: BTreeMap<String, Vec<u8>>,
    check: Check,
}

type Check = fn(&str, &str, Option<&Vec<u8>>) -> anyhow::Result<()>;

/// A ConfigMap's rules for keys.
pub fn config_map_key(key: &str, name: &str, there: Option<&Vec<u8>>) -> anyhow::Result<()> {
    let problems = names::is_config_map_key(key);
    if !problems.is_empty() {
        bail!("{} is not a valid key name for a ConfigMap: {}", quote(key), problems.join(","));
    }
    if let Some(value) = there {
        let part = if std::str::from_utf8(value).is_ok() { "Data" } else { "BinaryData" };
        let (key, name) = (quote(key), quote(name));
        bail!("cannot add key {key}, another key by that name already exists in {part} for ConfigMap {name}");
    }
    Ok(())
}

/// A Secret's rules for keys.
pub fn secret_key(key: &str, _name: &str, there: Option<&Vec<u8>>) -> anyhow::Result<()> {
    let problems = names::is_config_map_key(key);
    if !problems.is_empty() {
        bail!("{} is not valid key name for a Secret {}", quote(key), problems.join(";"));
    }
    if there.is_some() {
        bail!("cannot add key {key}, another key by that name already exists");
    }
    Ok(())
}

impl KeyValues {
    pub fn new(check: Check) -> KeyValues {
        KeyValues { values: BTreeMap::new(), check }
    }

    /// # Errors
    /// A key that is none, or that is there.
    pub fn add(&mut self, key: &str, value: Vec<u8>, name: &str) -> anyhow::Result<()> {
        (self.check)(key, name, self.values.get(key))?;
        self.values.insert(key.to_owned(), value);
        Ok(())
    }

    /// A value, empty when there is none.
    pub fn get(&self, key: &str) -> &[u8] {
        self.values.get(key).map_or(&[], Vec::as_slice)
    }

    pub fn add_literals(&mut self, sources: &Sources, name: &str) -> anyhow::Result<()> {
        for literal in sources.literals {
            match literal.split_once('=') {
                Some((key, value)) if !key.is_empty() => self.add(key, value.as_bytes().to_vec(), name)?,
                _ => bail!("invalid literal source {literal}, expected key=value"),
            }
        }
        Ok(())
    }

    pub fn add_files(&mut self, env: &Env, sources: &Sources, name: &str) -> anyhow::Result<()> {
        for source in sources.files {
            let (key, path) = file_source(source)?;
            let kind = is_folder(env, path).map_err(|e| anyhow!("error reading {path}: {}", go_error(&e)))?;
            if !kind {
                self.add(key, read(env, path)?, name)?;
                continue;
            }
            if source.contains('=') {
                bail!("cannot give a key name for a directory path");
            }
            let files = files_in(env, path).map_err(|e| anyhow!("error listing files in {path}: {e}"))?;
            for file in files {
                let bytes = read(env, &format!("{path}/{file}"))?;
                self.add(&file, bytes, name)?;
            }
        }
        Ok(())
    }

    pub fn add_env_files(&mut self, env: &Env, sources: &Sources, name: &str) -> anyhow::Result<()> {
        for path in sources.env_files {
            if is_folder(env, path).map_err(|e| anyhow!("error reading {path}: {}", go_error(&e)))? {
                bail!(sources.env_folder);
            }
            for (number, line) in read(env, path)?.split(|b| *b == b'\n').enumerate() {
                let Some((key, value)) = env_line(env, line, path, number)? else { continue };
                self.add(&key, value.into_bytes(), name)?;
            }
        }
        Ok(())
    }

    /// The values that are text, and the others in base64.
    pub fn texts_and_bytes(self) -> (Map<String, Value>, Map<String, Value>) {
        let (mut texts, mut bytes) = (Map::new(), Map::new());
        for (key, value) in self.values {
            match String::from_utf8(value) {
                Ok(text) => drop(texts.insert(key, text.into())),
                Err(error) => drop(bytes.insert(key, STANDARD.encode(error.as_bytes()).into())),
            }
        }
        (texts, bytes)
    }

    /// All values in base64.
    pub fn bytes(self) -> Map<String, Value> {
        self.values.into_iter().map(|(k, v)| (k, STANDARD.encode(v).into())).collect()
    }
}

/// A key and a path; the key is the file's name where none is given.
fn file_source(source: &str) -> anyhow::Result<(&str, &str)> {
    match source.split_once('=') {
        None => {
            let base = source.trim_end_matches('/').rsplit('/').next().unwrap_or_default();
            Ok((if base.is_empty() { "/" } else { base }, source))
        }
        Some((_, rest)) if rest.contains('=') => bail!("key names or file paths cannot contain '='"),
        Some(("", path)) => bail!("key name for file path {path} missing"),
        Some((key, "")) => bail!("file path for key name {key} missing"),
        Some(pair) => Ok(pair),
    }
}

/// One line of an env file; nothing for an empty line or a comment. A name without a value has the environment's.
fn env_line(env: &Env, line: &[u8], path: &str, number: usize) -> anyhow::Result<Option<(String, String)>> {
    let line = line.strip_suffix(b"\r").unwrap_or(line);
    let Ok(text) = std::str::from_utf8(line) else {
        let bytes: Vec<String> = line.iter().map(u8::to_string).collect();
        bail!("env file {path} contains invalid utf8 bytes at line {}: [{}]", number + 1, bytes.join(" "));
    };
    let text = if number == 0 { text.trim_start_matches('\u{feff}') } else { text };
    let text = text.trim_start();
    if text.is_empty() || text.starts_with('#') {
        return Ok(None);
    }
    let (key, value) = text.split_once('=').map_or((text, None), |(k, v)| (k, Some(v)));
    let problems = names::is_strict_env_var_name(key);
    if !problems.is_empty() {
        bail!("{} is not a valid key name: {}", quote(key), problems.join(";"));
    }
    let value = value.or_else(|| env.var(key)).unwrap_or_default();
    Ok(Some((key.to_owned(), value.to_owned())))
}

/// `--append-hash`: the first 40 bits of a SHA-256 of the JSON, in letters that make no words.
pub fn hash(value: &Value) -> String {
    let digest = Sha256::digest(go_value::json(value).as_bytes());
    let hex: String = digest.iter().take(5).map(|b| format!("{b:02x}")).collect();
    let safe = |c| match c {
        '0' => 'g',
        '1' => 'h',
        '3' => 'k',
        'a' => 'm',
        'e' => 't',
        other => other,
    };
    hex.chars().map(safe).collect()
}

#[expect(clippy::disallowed_methods, reason = "the door to files of keys and values")]
fn is_folder(env: &Env, path: &str) -> io::Result<bool> {
    Ok(std::fs::metadata(env.path(path))?.is_dir())
}

/// The regular files of a folder, by name.
#[expect(clippy::disallowed_methods, reason = "the door to files of keys and values")]
fn files_in(env: &Env, path: &str) -> io::Result<Vec<String>> {
    let mut names = Vec::new();
    for entry in std::fs::read_dir(env.path(path))? {
        let entry = entry?;
        if entry.file_type()?.is_file() {
            names.push(entry.file_name().to_string_lossy().into_owned());
        }
    }
    names.sort();
    Ok(names)
}

/// The bytes of a file.
#[expect(clippy::disallowed_methods, reason = "the door to files of keys and values")]
pub fn read(env: &Env, path: &str) -> anyhow::Result<Vec<u8>> {
    std::fs::read(env.path(path)).map_err(|e| anyhow!("{}", go_error(&e)))
}

/// An I/O error in Go's words.
fn go_error(error: &io::Error) -> String {
    match error.kind() {
        io::ErrorKind::NotFound => "no such file or directory".to_owned(),
        io::ErrorKind::PermissionDenied => "permission denied".to_owned(),
        io::ErrorKind::IsADirectory => "is a directory".to_owned(),
        _ => error.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn hashes_are_kubectls() {
        let empty = json!({"kind": "ConfigMap", "name": "", "data": {}});
        // From kubectl's own test of an empty ConfigMap.
        assert_eq!(hash(&empty), "42745tchd9");
    }

    #[test]
    fn sources_of_files_are_kubectls() {
        let cases = [
            ("a/b.txt", Ok(("b.txt", "a/b.txt"))),
            ("k=a/b", Ok(("k", "a/b"))),
            ("=a", Err("key name for file path a missing")),
            ("k=", Err("file path for key name k missing")),
            ("a=b=c", Err("key names or file paths cannot contain '='")),
        ];
        for (source, want) in cases {
            assert_eq!(file_source(source).map_err(|e| e.to_string()), want.map_err(str::to_owned));
        }
    }
}
