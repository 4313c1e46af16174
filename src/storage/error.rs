//! What can be wrong with a store, in words that say what to do about it.
//!
//! Knows no cluster: an error names a file, never an object's meaning.

use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use rusqlite::ffi;

use super::pages;
use crate::apimachinery::key::Key;

/// Why a store cannot be used. Every message names the file or folder, and a way out.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error("cannot make the store's folder {}: {cause}; set KSTATE_HOME to a folder that can be written", home.display())]
    Home { home: PathBuf, cause: io::Error },
    #[error(
        "the store {} has format {found}, which is newer than format {known}, the newest this kstate reads; \
         use the kstate that wrote it, or set KSTATE_HOME to another folder (nothing was changed)",
        file.display()
    )]
    NewerFormat { file: PathBuf, found: i64, known: i64 },
    #[error(
        "the store {} has format {found}, of an older kstate, and has to be brought to format {known}, but it or its folder \
         is read-only; make the folder writable and try again (nothing is lost)",
        file.display()
    )]
    OldFormat { file: PathBuf, found: i64, known: i64 },
    #[error("{} is not a kstate store: {what}; move it away, or set KSTATE_HOME to another folder", file.display())]
    NotAStore { file: PathBuf, what: String },
    #[error(
        "the store {} is damaged: {what}; `kstate doctor` says how far, then put back a copy of the file \
         or start anew with `kstate reset`",
        file.display()
    )]
    Damaged { file: PathBuf, what: String },
    #[error(
        "the store {} cannot be written: it or its folder is read-only; change the permissions, \
         or set KSTATE_HOME to a folder that can be written",
        file.display()
    )]
    ReadOnly { file: PathBuf },
    #[error(
        "the store {} was left by a command that was killed and has to be put in order, but its folder is read-only; \
         make the folder writable and try again (nothing is lost)",
        file.display()
    )]
    Unsettled { file: PathBuf },
    #[error("permission to the store {} is denied; run as the user who owns it, or set KSTATE_HOME to another folder", file.display())]
    Denied { file: PathBuf },
    #[error(
        "the disk of the store {} is full, or its quota used up: nothing was changed; free some space and try again",
        file.display()
    )]
    Full { file: PathBuf },
    #[error(
        "the store {} is in use: another kstate held it for {}; wait for it to end, or allow more time with --request-timeout",
        file.display(),
        humantime::format_duration(*waited)
    )]
    Locked { file: PathBuf, waited: Duration },
    #[error(
        "the folder {} has no file locks, as some network file systems; set KSTATE_HOME to a folder on a local disk",
        home.display()
    )]
    NoLocks { home: PathBuf },
    #[error("the store {} was removed or replaced while it was in use: nothing was changed; try again", file.display())]
    Gone { file: PathBuf },
    #[error("{key} has more than 127 maps and lists inside each other, which cannot be stored: nothing was changed")]
    TooDeep { key: Key },
    #[error("there is no snapshot {name:?}; `kstate snapshot list` prints those that are there")]
    NoSnapshot { name: String },
    #[error("a snapshot {name:?} exists; choose another name, or remove it with `kstate snapshot delete {name}`")]
    SnapshotExists { name: String },
    #[error(
        "{name:?} is no name for a snapshot: use letters, digits, '-', '_' and '.', at most 200 and no '.' at the beginning"
    )]
    SnapshotName { name: String },
    #[error("the store {} cannot be used: {what}; check the disk, or set KSTATE_HOME to another folder", file.display())]
    Io { file: PathBuf, what: String },
}

/// A failure below the store's file: SQLite's, or a row that is not what it was when it was written.
#[derive(Debug)]
pub(super) enum Fault {
    Sqlite(rusqlite::Error),
    Damage(String),
    TooDeep(Key),
}

impl From<rusqlite::Error> for Fault {
    fn from(e: rusqlite::Error) -> Fault {
        Fault::Sqlite(e)
    }
}

impl Fault {
    /// The fault as the error of a store that was waited for so long.
    pub(super) fn of(self, file: &Path, waited: Duration) -> Error {
        let path = file.to_owned();
        match self {
            Fault::Damage(what) => Error::Damaged { file: path, what },
            Fault::TooDeep(key) => Error::TooDeep { key },
            Fault::Sqlite(rusqlite::Error::SqliteFailure(e, message)) => {
                let what = message.unwrap_or_else(|| ffi::code_to_str(e.extended_code).to_owned());
                sqlite(path, e.extended_code, what, waited)
            }
            Fault::Sqlite(
                e @ (rusqlite::Error::InvalidColumnType(..)
                | rusqlite::Error::FromSqlConversionFailure(..)
                | rusqlite::Error::IntegralValueOutOfRange(..)
                | rusqlite::Error::Utf8Error(..)
                | rusqlite::Error::QueryReturnedNoRows),
            ) => Error::Damaged { file: path, what: e.to_string() },
            Fault::Sqlite(e) => Error::Io { file: path, what: e.to_string() },
        }
    }
}

fn sqlite(file: PathBuf, code: i32, what: String, waited: Duration) -> Error {
    match code {
        ffi::SQLITE_READONLY_DBMOVED => return Error::Gone { file },
        ffi::SQLITE_IOERR_LOCK | ffi::SQLITE_IOERR_RDLOCK | ffi::SQLITE_IOERR_UNLOCK => {
            return Error::NoLocks { home: file.parent().unwrap_or(Path::new("/")).to_owned() };
        }
        ffi::SQLITE_IOERR_WRITE | ffi::SQLITE_IOERR_SHMSIZE | ffi::SQLITE_IOERR_TRUNCATE if is_full(&file) => {
            return Error::Full { file };
        }
        // A page that is not there, or is only there in part.
        ffi::SQLITE_IOERR_SHORT_READ => return Error::Damaged { file, what },
        ffi::SQLITE_IOERR_DATA => {
            let page = pages::take_damaged().map_or_else(|| "a page".to_owned(), |number| format!("page {number}"));
            return Error::Damaged { file, what: format!("{page} of it is not what was written") };
        }
        _ => {}
    }
    match code & 0xff {
        // SQLITE_ERROR is bad SQL, and ours is fixed: the schema is not what it was.
        ffi::SQLITE_CORRUPT | ffi::SQLITE_ERROR | ffi::SQLITE_MISMATCH | ffi::SQLITE_CONSTRAINT => {
            Error::Damaged { file, what }
        }
        ffi::SQLITE_NOTADB => Error::NotAStore { file, what },
        ffi::SQLITE_FULL => Error::Full { file },
        ffi::SQLITE_BUSY | ffi::SQLITE_LOCKED | ffi::SQLITE_PROTOCOL => Error::Locked { file, waited },
        ffi::SQLITE_READONLY => Error::ReadOnly { file },
        ffi::SQLITE_PERM | ffi::SQLITE_AUTH => Error::Denied { file },
        ffi::SQLITE_CANTOPEN if is_denied(&file) => Error::Denied { file },
        _ => Error::Io { file, what },
    }
}

/// Whether the disk has no room left; SQLite reports some full disks as failed writes.
#[cfg(unix)]
fn is_full(file: &Path) -> bool {
    nix::sys::statvfs::statvfs(file).is_ok_and(|s| s.blocks_available() == 0 || s.files_available() == 0)
}

#[cfg(not(unix))]
fn is_full(_file: &Path) -> bool {
    false
}

/// Whether this user cannot make files in a folder.
#[cfg(unix)]
pub(super) fn is_read_only(folder: &Path) -> bool {
    nix::unistd::access(folder, nix::unistd::AccessFlags::W_OK).is_err()
}

#[cfg(not(unix))]
pub(super) fn is_read_only(_folder: &Path) -> bool {
    false
}

/// Whether this user may not read the file.
#[cfg(unix)]
fn is_denied(file: &Path) -> bool {
    use nix::unistd::{AccessFlags, access};
    access(file, AccessFlags::R_OK) == Err(nix::errno::Errno::EACCES)
}

#[cfg(not(unix))]
fn is_denied(_file: &Path) -> bool {
    false
}
