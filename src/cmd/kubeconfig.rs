//! DOOR to the home's `config`: contexts, each with a namespace and a store, in the form of a kubeconfig.
//!
//! Knows files, not verbs. `~/.kube/config` and `KUBECONFIG` are neither read nor written.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail};
use serde_json::{Map, Value, json};

use crate::Env;
use crate::apimachinery::quote::quote;
use crate::apimachinery::yaml as reader;
use crate::client;
use crate::printers::yaml;

/// The file's name in the home.
const FILE: &str = "config";

/// The variable that has the file of `config --kubeconfig`, set by the command itself for itself.
pub const ELSEWHERE: &str = "KSTATE_KUBECONFIG";

/// The folder of the home that other stores are in, by the name of their cluster.
const STORES: &str = "stores";

/// The cluster whose store is the home itself; also the first context's and user's name.
pub const OWN: &str = "kstate";

/// What the file holds. Entries are by name; each is the object that a kubeconfig has beside the name.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Kubeconfig {
    pub path: PathBuf,
    pub clusters: Map<String, Value>,
    pub contexts: Map<String, Value>,
    pub users: Map<String, Value>,
    pub preferences: Map<String, Value>,
    /// The name of the current context; may be that of none.
    pub current: String,
}

/// What a context says of a command.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Chosen {
    /// Empty for the default.
    pub namespace: String,
    /// The store's folder below the home; `None` for the home itself.
    pub store: Option<PathBuf>,
}

/// A kubeconfig that a command line names has to be there.
///
/// # Errors
/// kubectl's text where it is not.
#[expect(clippy::disallowed_methods, reason = "the door to the home's config")]
pub fn check_named(env: &Env, named: &str) -> anyhow::Result<()> {
    if fs::metadata(env.path(named)).is_ok() {
        return Ok(());
    }
    bail!("stat {named}: no such file or directory")
}

impl Kubeconfig {
    /// Reads the file; without one there is one context, for the home's own store.
    ///
    /// # Errors
    /// A file that cannot be read or is no kubeconfig.
    #[expect(clippy::disallowed_methods, reason = "the door to the home's config")]
    pub fn load(env: &Env) -> anyhow::Result<Kubeconfig> {
        if let Some(path) = env.var(ELSEWHERE) {
            let path = env.path(path);
            return match fs::read_to_string(&path) {
                Ok(text) => parse(path, &text),
                Err(e) if e.kind() == io::ErrorKind::NotFound => Ok(Kubeconfig { path, ..Kubeconfig::default() }),
                Err(e) => bail!("error loading config file {}: {e}", quote(&path.to_string_lossy())),
            };
        }
        let home = client::home(env)?;
        let path = home.join(FILE);
        match fs::read_to_string(&path) {
            Ok(text) => parse(path, &text),
            Err(e) if e.kind() == io::ErrorKind::NotFound => Ok(first(path, &home)),
            Err(e) => bail!("error loading config file {}: {e}", quote(&path.to_string_lossy())),
        }
    }

    /// Puts the file in place, whole: whoever reads it meanwhile sees the old one.
    #[expect(clippy::disallowed_methods, reason = "the door to the home's config")]
    pub fn save(&self) -> anyhow::Result<()> {
        let text = yaml::to_string(&self.to_value());
        let folder = self.path.parent().unwrap_or(Path::new("."));
        let new = self.path.with_extension(format!("new-{}", std::process::id()));
        let put = || -> io::Result<()> {
            fs::create_dir_all(folder)?;
            fs::write(&new, &text)?;
            fs::rename(&new, &self.path)
        };
        put().with_context(|| format!("cannot write {}", self.path.display()))
    }

    /// Where the file is: paths in it are relative to this folder.
    pub fn folder(&self) -> PathBuf {
        self.path.parent().unwrap_or(Path::new("/")).to_owned()
    }

    /// The kubeconfig as a file has it.
    pub fn to_value(&self) -> Value {
        json!({
            "apiVersion": "v1",
            "clusters": list(&self.clusters, "cluster", &["server"]),
            "contexts": list(&self.contexts, "context", &["cluster", "user"]),
            "current-context": self.current,
            "kind": "Config",
            "preferences": self.preferences,
            "users": list(&self.users, "user", &[]),
        })
    }

    /// A text field of a context, empty where there is none.
    pub fn context_field(&self, context: &str, field: &str) -> &str {
        let field = self.contexts.get(context).and_then(|c| c.get(field));
        field.and_then(Value::as_str).unwrap_or_default()
    }

    /// What the context of a command says; `asked` is `--context`, `cluster` is `--cluster`, each empty if not given.
    ///
    /// # Errors
    /// kubectl's text for a context that is not there.
    pub fn choose(&self, asked: &str, cluster: &str) -> anyhow::Result<Chosen> {
        let name = if asked.is_empty() { &self.current } else { asked };
        if name.is_empty() && cluster.is_empty() {
            return Ok(Chosen::default());
        }
        if !name.is_empty() && !self.contexts.contains_key(name) {
            bail!("Error in configuration: context was not found for specified context: {name}");
        }
        let store = [cluster, self.context_field(name, "cluster"), name].into_iter().find(|s| !s.is_empty());
        let namespace = self.context_field(name, "namespace").to_owned();
        let store = store.filter(|s| *s != OWN).map(|s| Path::new(STORES).join(folder_name(s)));
        Ok(Chosen { namespace, store })
    }
}

/// A cluster's name as that of one folder: letters that could lead elsewhere are percent-encoded.
fn folder_name(name: &str) -> String {
    let plain = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.' | b'@' | b':');
    let encoded: String =
        name.bytes().map(|b| if plain(b) { char::from(b).to_string() } else { format!("%{b:02X}") }).collect();
    // A first dot is encoded too: `..` is a folder's parent.
    encoded.strip_prefix('.').map_or(encoded.clone(), |rest| format!("%2E{rest}"))
}

/// A list as kubeconfig has it; `null` for none, as Go writes an empty slice.
/// Go writes the fields of `always` empty too.
fn list(entries: &Map<String, Value>, field: &str, always: &[&str]) -> Value {
    if entries.is_empty() {
        return Value::Null;
    }
    let whole = |entry: &Value| {
        let mut entry = entry.clone();
        for name in always {
            if entry.get(name).is_none_or(Value::is_null) {
                entry[*name] = "".into();
            }
        }
        entry
    };
    entries.iter().map(|(name, entry)| json!({field: whole(entry), "name": name})).collect()
}

fn first(path: PathBuf, home: &Path) -> Kubeconfig {
    let entry = |value: Value| Map::from_iter([(OWN.to_owned(), value)]);
    Kubeconfig {
        path,
        clusters: entry(json!({"server": format!("file://{}", home.display())})),
        contexts: entry(json!({"cluster": OWN, "user": OWN})),
        users: entry(json!({})),
        preferences: Map::new(),
        current: OWN.to_owned(),
    }
}

fn parse(path: PathBuf, text: &str) -> anyhow::Result<Kubeconfig> {
    let wrong = |why: &dyn std::fmt::Display| {
        anyhow::anyhow!("error loading config file {}: {why}", quote(&path.to_string_lossy()))
    };
    let document = match reader::documents(text).next() {
        Some(document) => document.map_err(|e| wrong(&e))?,
        None => Value::Null,
    };
    let object = |field: &str| document.get(field).and_then(Value::as_object).cloned().unwrap_or_default();
    let entries = |lists: &str, field: &str| -> Map<String, Value> {
        let items = document.get(lists).and_then(Value::as_array).into_iter().flatten();
        let entry = |item: &Value| {
            let inner = item.get(field).filter(|i| i.is_object()).cloned().unwrap_or_else(|| json!({}));
            Some((item.get("name")?.as_str()?.to_owned(), inner))
        };
        items.filter_map(entry).collect()
    };
    if !document.is_object() && !document.is_null() {
        return Err(wrong(&"it is no kubeconfig"));
    }
    Ok(Kubeconfig {
        clusters: entries("clusters", "cluster"),
        contexts: entries("contexts", "context"),
        users: entries("users", "user"),
        preferences: object("preferences"),
        current: document.get("current-context").and_then(Value::as_str).unwrap_or_default().to_owned(),
        path,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_context_names_namespace_and_store() {
        let mut config = first(PathBuf::from("/h/config"), Path::new("/h"));
        config.contexts.insert("lab-3".to_owned(), json!({"namespace": "x"}));
        config.contexts.insert("up".to_owned(), json!({"cluster": "../a"}));
        let cases = [
            ("", "", Some(("", None))),
            ("lab-3", "", Some(("x", Some("stores/lab-3")))),
            ("lab-3", OWN, Some(("x", None))),
            ("up", "", Some(("", Some("stores/%2E.%2Fa")))),
            ("nope", "", None),
        ];
        for (context, cluster, want) in cases {
            let got = config.choose(context, cluster).ok();
            let want = want.map(|(n, s)| Chosen { namespace: n.to_owned(), store: s.map(PathBuf::from) });
            assert_eq!(got, want, "{context} {cluster}");
        }
        let text = yaml::to_string(&config.to_value());
        // Fields that Go writes empty are read so.
        assert_eq!(parse(config.path.clone(), &text).unwrap().to_value(), config.to_value());
    }
}
