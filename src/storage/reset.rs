//! Empties a home: what kstate put there goes, what it did not stays. Follows no symlink and never leaves the folder.

use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::error::Error;
use super::lock::{self, Lock};
use super::{FILE, FOLDERS, beside, migrate, saved};

/// What is kstate's and outlives a reset: other stores, the contexts that name them, and the snapshots.
const KEPT: [&str; 3] = [saved::FOLDER, "config", "stores"];

/// How often a folder is removed that others still fill.
const ATTEMPTS: usize = 100;

/// What a reset did.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Reset {
    /// Names in the home that are gone.
    pub removed: Vec<String>,
    /// Names in the home that are not kstate's and were left alone.
    pub left: Vec<String>,
}

/// Removes the store and all data of its pods and volumes. The caller has ended what runs.
///
/// # Errors
/// When the folder has no store of kstate's, or something in it cannot be removed.
pub fn reset(home: &Path, patience: Duration) -> Result<Reset, Error> {
    let names = list(home).map_err(|e| io_error(home, &e))?;
    let is_home = names.iter().any(|n| n == FILE || n == lock::NAME);
    if names.is_empty() {
        return Ok(Reset::default());
    }
    if !is_home {
        let what = format!("it has no {FILE}");
        return Err(Error::NotAStore { file: home.to_owned(), what });
    }
    let lock = Lock::take(home, patience)?;
    let mut done = Reset::default();
    for name in names {
        if KEPT.contains(&name.as_str()) {
            continue;
        }
        if !is_ours(&name) {
            done.left.push(name);
        } else if name != lock::NAME {
            let path = home.join(&name);
            remove(&path).map_err(|e| io_error(&path, &e))?;
            done.removed.push(name);
        }
    }
    // Last: whoever waits for the lock sees that its file is gone and takes a new one.
    remove(&home.join(lock::NAME)).map_err(|e| io_error(home, &e))?;
    drop(lock);
    Ok(done)
}

fn io_error(path: &Path, e: &io::Error) -> Error {
    Error::Io { file: path.to_owned(), what: e.to_string() }
}

fn is_ours(name: &str) -> bool {
    let files = ["", "-wal", "-shm", "-journal", ".new", ".new-wal", ".new-shm", ".new-journal"];
    FOLDERS.contains(&name)
        || migrate::is_backup(name)
        || name == saved::RESTORING
        || name == lock::NAME
        || files.iter().any(|suffix| beside(Path::new(FILE), suffix) == Path::new(name))
}

/// The names in a folder, sorted; none when there is no folder.
#[expect(clippy::disallowed_methods, reason = "the door to files")]
pub(super) fn list(folder: &Path) -> io::Result<Vec<String>> {
    let entries = match std::fs::read_dir(folder) {
        Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        other => other?,
    };
    let names = entries.map(|entry| Ok(entry?.file_name().to_string_lossy().into_owned()));
    let mut names = names.collect::<io::Result<Vec<String>>>()?;
    names.sort();
    Ok(names)
}

/// Removes a file, a symlink itself, or a folder with all that is in it.
#[expect(clippy::disallowed_methods, reason = "the door to files")]
pub(super) fn remove(path: &Path) -> io::Result<()> {
    let found = match std::fs::symlink_metadata(path) {
        Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(()),
        other => other?,
    };
    if !found.is_dir() {
        return std::fs::remove_file(path);
    }
    let mut attempts = 0..ATTEMPTS;
    loop {
        match std::fs::remove_dir_all(path) {
            Err(e) if e.kind() == io::ErrorKind::PermissionDenied && attempts.next().is_some() => unlock(path)?,
            // What is just being started may still make its files.
            Err(e) if e.kind() == io::ErrorKind::DirectoryNotEmpty && attempts.next().is_some() => {}
            Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(()),
            other => return other,
        }
    }
}

/// Gives the user back the folders that a pod, or the kernel's overlay (mode 000), closed.
#[cfg(unix)]
#[expect(clippy::disallowed_methods, reason = "the door to files")]
fn unlock(folder: &Path) -> io::Result<()> {
    use nix::sys::stat::{FchmodatFlags, Mode, fchmodat};
    let mut todo: Vec<PathBuf> = vec![folder.to_owned()];
    while let Some(folder) = todo.pop() {
        fchmodat(nix::fcntl::AT_FDCWD, &folder, Mode::S_IRWXU, FchmodatFlags::NoFollowSymlink)?;
        for entry in std::fs::read_dir(&folder)? {
            let entry = entry?;
            if entry.file_type()?.is_dir() {
                todo.push(entry.path());
            }
        }
    }
    Ok(())
}

#[cfg(not(unix))]
fn unlock(_folder: &Path) -> io::Result<()> {
    Ok(())
}
