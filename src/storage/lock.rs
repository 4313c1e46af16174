//! The lock file that writers hold around a transaction: it halves the longest waits under many shells, and it is what
//! `reset` holds while it removes the rest.

use std::fs::{File, OpenOptions, TryLockError};
use std::io;
use std::path::Path;
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use super::error::Error;

/// The lock file's name in a store's folder.
pub(super) const NAME: &str = "state.lock";

/// A held lock; dropping it lets the next writer in.
#[derive(Debug)]
pub(super) struct Lock {
    _file: File,
}

impl Lock {
    /// Takes the lock of a store's folder, waiting at most so long.
    pub(super) fn take(home: &Path, patience: Duration) -> Result<Lock, Error> {
        let path = home.join(NAME);
        loop {
            let file = open(&path).map_err(|e| refused(home, e))?;
            let file = hold(file, home, patience)?;
            // A reset may have removed the file between the opening and the locking: then the lock is nobody's.
            if is_at(&file, &path) {
                return Ok(Lock { _file: file });
            }
        }
    }
}

/// Opens the lock file for reading, which is enough to lock it, also where another user (root, by sudo) made it.
fn open(path: &Path) -> io::Result<File> {
    match OpenOptions::new().read(true).open(path) {
        Err(e) if e.kind() == io::ErrorKind::NotFound => {
            OpenOptions::new().read(true).write(true).create(true).truncate(false).open(path)
        }
        other => other,
    }
}

fn hold(file: File, home: &Path, patience: Duration) -> Result<File, Error> {
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => wait(file, home, patience),
        Err(TryLockError::Error(e)) => Err(refused(home, e)),
    }
}

/// Waits in a thread, which sleeps in the kernel: polling would let a writer starve. A thread whose lock comes too late
/// finds nobody to give it to and drops it.
fn wait(file: File, home: &Path, patience: Duration) -> Result<File, Error> {
    let (give, take) = mpsc::sync_channel(0);
    thread::spawn(move || {
        let outcome = loop {
            match file.lock() {
                Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
                other => break other,
            }
        };
        // Nobody waits any more: not an error.
        let _ = give.send(outcome.map(|()| file));
    });
    match take.recv_timeout(patience) {
        Ok(outcome) => outcome.map_err(|e| refused(home, e)),
        Err(_) => Err(Error::Locked { file: home.join(super::FILE), waited: patience }),
    }
}

fn refused(home: &Path, e: io::Error) -> Error {
    let file = home.join(super::FILE);
    match e.kind() {
        io::ErrorKind::ReadOnlyFilesystem => Error::ReadOnly { file },
        io::ErrorKind::PermissionDenied => Error::ReadOnly { file },
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => Error::Full { file },
        io::ErrorKind::NotFound => Error::Gone { file },
        io::ErrorKind::Unsupported => Error::NoLocks { home: home.to_owned() },
        _ if is_no_locks(&e) => Error::NoLocks { home: home.to_owned() },
        _ => Error::Io { file: home.join(NAME), what: e.to_string() },
    }
}

#[cfg(unix)]
fn is_no_locks(e: &io::Error) -> bool {
    use nix::errno::Errno;
    e.raw_os_error().is_some_and(|n| [Errno::ENOLCK, Errno::EOPNOTSUPP, Errno::ENOSYS].contains(&Errno::from_raw(n)))
}

#[cfg(not(unix))]
fn is_no_locks(_e: &io::Error) -> bool {
    false
}

/// Whether a path still leads to an open file.
#[cfg(unix)]
#[expect(clippy::disallowed_methods, reason = "the door to files")]
fn is_at(file: &File, path: &Path) -> bool {
    use std::os::unix::fs::MetadataExt;
    let (held, found) = (file.metadata(), std::fs::metadata(path));
    matches!((held, found), (Ok(a), Ok(b)) if (a.dev(), a.ino()) == (b.dev(), b.ino()))
}

/// Open files cannot be removed here.
#[cfg(not(unix))]
fn is_at(_file: &File, _path: &Path) -> bool {
    true
}
