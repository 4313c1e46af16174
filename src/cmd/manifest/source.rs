//! DOOR to manifests: the files, streams and URLs that `-f` names, and their text.
//!
//! Knows paths, not what is written in a file.

use std::fs::{self, File};
use std::io::{self, Read};
use std::path::{Component, Path, PathBuf};

use anyhow::anyhow;

use super::{Filenames, address, glob};
use crate::Env;
use crate::cmd::errors::aggregate;
use crate::cmd::kustomize;

/// What a manifest in a folder is called.
const EXTENSIONS: [&str; 3] = ["json", "yaml", "yml"];

/// Bytes of one file, stream or answer; enough for the largest that are met, and the store is a local one.
pub(super) const MAX_INPUT: u64 = 256 << 20;

/// Where documents come from.
pub(super) enum Source {
    /// The path as kubectl prints it.
    File(String),
    Stdin,
    Url(String),
    /// The folder of a kustomization.
    Kustomization(String),
}

/// Stands before a folder's name among file names; no file's name can have it.
const KUSTOMIZATION: char = '\0';

/// What stands for `-k FOLDER` among the names of `-f`.
pub fn kustomization_name(folder: &str) -> String {
    format!("{KUSTOMIZATION}{folder}")
}

impl Source {
    pub(super) fn name(&self) -> &str {
        match self {
            Source::File(name) | Source::Url(name) | Source::Kustomization(name) => name,
            Source::Stdin => "STDIN",
        }
    }

    pub(super) fn read(&self, env: &mut Env) -> anyhow::Result<String> {
        match self {
            Source::File(name) => read_file(&env.path(name), name).map(|b| text(&b)),
            Source::Stdin => {
                bounded(&mut env.stdin).map(|b| text(&b)).map_err(|e| anyhow!("error parsing STDIN: {}", go(&e)))
            }
            Source::Url(url) => address::get(env, url),
            Source::Kustomization(folder) => kustomize::read(env, folder),
        }
    }
}

#[expect(clippy::disallowed_methods, reason = "the door to manifests")]
fn read_file(path: &Path, name: &str) -> anyhow::Result<Vec<u8>> {
    let mut file = File::open(path).map_err(|e| anyhow!("open {name}: {}", go(&e)))?;
    bounded(&mut file).map_err(|e| anyhow!("error parsing {name}: read {name}: {}", go(&e)))
}

/// The text of a file that a flag names: a template.
#[expect(clippy::disallowed_methods, reason = "the door to manifests")]
pub fn read_text(env: &Env, path: &str) -> io::Result<String> {
    bounded(&mut File::open(env.path(path))?).map(|b| String::from_utf8_lossy(&b).into_owned())
}

fn bounded(from: &mut dyn Read) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    from.take(MAX_INPUT + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > MAX_INPUT {
        return Err(io::Error::other(format!("more than {MAX_INPUT} bytes")));
    }
    Ok(bytes)
}

/// Text as kubectl takes it: a byte order mark tells UTF-8 and UTF-16; what is not UTF-8 is replaced.
fn text(bytes: &[u8]) -> String {
    let wide = |order: fn([u8; 2]) -> u16| {
        let units: Vec<u16> = bytes[2..].chunks(2).map(|c| order([c[0], c.get(1).copied().unwrap_or(0)])).collect();
        String::from_utf16_lossy(&units)
    };
    match bytes {
        [0xef, 0xbb, 0xbf, rest @ ..] => String::from_utf8_lossy(rest).into_owned(),
        [0xff, 0xfe, ..] => wide(u16::from_le_bytes),
        [0xfe, 0xff, ..] => wide(u16::from_be_bytes),
        _ => String::from_utf8_lossy(bytes).into_owned(),
    }
}

/// An error of reading a file that a flag names, in Go's words: `open x: no such file or directory`.
pub fn open_error(path: &str, error: &io::Error) -> String {
    format!("open {path}: {}", go(error))
}

/// An error in Go's words: `permission denied`.
pub(super) fn go(error: &io::Error) -> String {
    let text = error.to_string();
    let text = text.split(" (os error").next().unwrap_or_default();
    match text.chars().next() {
        Some(first) if error.raw_os_error().is_some() => first.to_lowercase().chain(text.chars().skip(1)).collect(),
        _ => text.to_owned(),
    }
}

/// The sources of all names, in order; a folder's files are sorted.
///
/// # Errors
/// All names that lead nowhere.
pub(super) fn expand(env: &Env, files: &Filenames) -> anyhow::Result<Vec<Source>> {
    let (mut sources, mut errors, mut has_stdin) = (Vec::new(), Vec::new(), false);
    for name in files.filenames {
        match name.as_str() {
            "-" if has_stdin => errors.push(anyhow!("standard input cannot be used for multiple arguments")),
            "-" => has_stdin = true,
            // Joined to a folder it would be the folder itself.
            "" => errors.push(not_there("")),
            name if name.starts_with(KUSTOMIZATION) => {
                sources.push(Source::Kustomization(name[KUSTOMIZATION.len_utf8()..].to_owned()));
            }
            url if url.starts_with("http://") || url.starts_with("https://") => match address::check(url) {
                Ok(()) => sources.push(Source::Url(url.to_owned())),
                Err(why) => errors.push(anyhow!("the URL passed to filename {url:?} is not valid: {why}")),
            },
            pattern => match glob::expand(env, pattern) {
                Ok(paths) => add_paths(env, &paths, files.recursive, &mut sources, &mut errors),
                Err(error) => errors.push(error),
            },
        }
        if name == "-" {
            sources.push(Source::Stdin);
        }
    }
    aggregate(errors).map(|()| sources)
}

#[expect(clippy::disallowed_methods, reason = "the door to manifests")]
fn add_paths(env: &Env, paths: &[String], recursive: bool, sources: &mut Vec<Source>, errors: &mut Vec<anyhow::Error>) {
    for path in paths {
        match fs::metadata(env.path(path)) {
            Err(e) if e.kind() == io::ErrorKind::NotFound => errors.push(not_there(path)),
            Err(e) => errors.push(anyhow!("the path {path:?} cannot be accessed: stat {path}: {}", go(&e))),
            Ok(_) => {
                if let Err(why) = walk(env, path, true, recursive, sources) {
                    errors.push(anyhow!("error reading {path:?}: {why}"));
                }
            }
        }
    }
    if sources.is_empty() && errors.is_empty() {
        let paths = paths.join(" ");
        errors.push(anyhow!("error reading [{paths}]: recognized file extensions are [.json .yaml .yml]"));
    }
}

pub(super) fn not_there(path: &str) -> anyhow::Error {
    anyhow!("the path {path:?} does not exist")
}

/// Go's filepath.Walk: sorted, not through links; what was named itself is taken whatever its extension.
#[expect(clippy::disallowed_methods, reason = "the door to manifests")]
fn walk(env: &Env, path: &str, is_root: bool, recursive: bool, sources: &mut Vec<Source>) -> Result<(), String> {
    let here = env.path(path);
    let kind = fs::symlink_metadata(&here).map_err(|e| format!("lstat {path}: {}", go(&e)))?;
    if !kind.is_dir() {
        let extension = Path::new(path).extension().and_then(|e| e.to_str()).unwrap_or_default();
        if is_root || EXTENSIONS.contains(&extension) {
            sources.push(Source::File(path.to_owned()));
        }
        return Ok(());
    }
    if !is_root && !recursive {
        return Ok(());
    }
    let entries = fs::read_dir(&here).map_err(|e| format!("open {path}: {}", go(&e)))?;
    let mut names: Vec<String> = entries.flatten().map(|e| e.file_name().to_string_lossy().into_owned()).collect();
    names.sort_unstable();
    names.iter().try_for_each(|name| walk(env, &join(path, name), false, recursive, sources))
}

/// Go's filepath.Join, which also drops `.` and resolves `..` where it can.
pub(super) fn join(folder: &str, name: &str) -> String {
    let mut clean = PathBuf::new();
    for part in Path::new(folder).join(name).components() {
        match (part, clean.components().next_back()) {
            (Component::CurDir, _) | (Component::ParentDir, Some(Component::RootDir)) => {}
            (Component::ParentDir, Some(Component::Normal(_))) => drop(clean.pop()),
            _ => clean.push(part),
        }
    }
    clean.to_string_lossy().into_owned()
}
