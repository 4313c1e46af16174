//! DOOR to plugins: the programs on PATH whose names begin with `kubectl-`, and running one. Knows no verb.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::Env;
use crate::cmd::errors::Exit;

/// What a plugin's name begins with.
const PREFIX: &str = "kubectl-";

/// One program.
pub struct Plugin {
    pub name: String,
    pub folder: PathBuf,
    pub is_executable: bool,
}

impl Plugin {
    pub fn path(&self) -> String {
        self.folder.join(&self.name).display().to_string()
    }
}

/// The folders of PATH, each once.
fn folders(env: &Env) -> Vec<PathBuf> {
    let mut folders: Vec<PathBuf> = Vec::new();
    for folder in std::env::split_paths(env.var("PATH").unwrap_or_default()) {
        if !folder.as_os_str().is_empty() && !folders.contains(&folder) {
            folders.push(folder);
        }
    }
    folders
}

/// All plugins, in PATH's order.
#[expect(clippy::disallowed_methods, reason = "the door to plugins")]
pub fn all(env: &Env) -> Vec<Plugin> {
    let mut found = Vec::new();
    for folder in folders(env) {
        let Ok(entries) = fs::read_dir(env.path(&folder)) else { continue };
        let mut names: Vec<String> = entries.flatten().map(|e| e.file_name().to_string_lossy().into_owned()).collect();
        names.sort_unstable();
        for name in names.into_iter().filter(|n| n.starts_with(PREFIX)) {
            let path = env.path(&folder).join(&name);
            if !path.is_dir() {
                found.push(Plugin { is_executable: is_executable(&path), folder: folder.clone(), name });
            }
        }
    }
    found
}

#[cfg(unix)]
#[expect(clippy::disallowed_methods, reason = "the door to plugins")]
fn is_executable(path: &Path) -> bool {
    use std::os::unix::fs::PermissionsExt;
    fs::metadata(path).is_ok_and(|m| m.is_file() && m.permissions().mode() & 0o111 != 0)
}

#[cfg(not(unix))]
fn is_executable(path: &Path) -> bool {
    path.is_file()
}

/// Runs the plugin that a command line means, if there is one: `foo bar --x` is `kubectl-foo-bar --x`, or `kubectl-foo bar
/// --x`. Ends with its exit code.
pub fn run_for(env: &Env, words: &[String]) -> Option<anyhow::Result<()>> {
    let parts: Vec<String> = words.iter().take_while(|w| !w.starts_with('-')).map(|w| w.replace('-', "_")).collect();
    let (path, used) = (1..=parts.len()).rev().find_map(|n| {
        let name = format!("{PREFIX}{}", parts[..n].join("-"));
        // A name with a slash would be a path.
        let paths = folders(env).into_iter().map(|f| env.path(f).join(&name));
        let path = paths.into_iter().find(|p| !name.contains('/') && is_executable(p))?;
        Some((path, n))
    })?;
    Some(run(env, &path, &words[used..]))
}

#[expect(clippy::disallowed_methods, reason = "the door to plugins")]
fn run(env: &Env, path: &Path, args: &[String]) -> anyhow::Result<()> {
    let status = Command::new(path).args(args).current_dir(&env.cwd).status()?;
    match status.code() {
        Some(0) => Ok(()),
        Some(code) => Err(Exit(u8::try_from(code).unwrap_or(1)).into()),
        // Ended by a signal; a shell says 128 and its number.
        None => Err(Exit(signal(status)).into()),
    }
}

#[cfg(unix)]
fn signal(status: std::process::ExitStatus) -> u8 {
    use std::os::unix::process::ExitStatusExt;
    status.signal().and_then(|s| u8::try_from(128 + s).ok()).unwrap_or(1)
}

#[cfg(not(unix))]
fn signal(_status: std::process::ExitStatus) -> u8 {
    1
}
