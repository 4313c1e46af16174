//! Snapshots: whole copies of a store with its volumes and layers, by name, in the home's `snapshots`.
//!
//! Knows files. That what runs has ended before a restore is the caller's to see to.

#[cfg(target_os = "linux")]
mod tree;

use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use rusqlite::OpenFlags;

#[cfg(target_os = "linux")]
use super::VOLUMES;
use super::error::{Error, Fault};
use super::lock::Lock;
use super::{FILE, FOLDERS, Options, Store, beside, identify, pages, reset};
use crate::cluster::{Meta, Snapshot};

/// The folder of the snapshots in a home, and, as any other name that begins so, of one that is being made.
pub const FOLDER: &str = "snapshots";
const DRAFT: &str = ".new";
/// The folder of a restore that was decided on: whoever opens the store ends it first.
pub(super) const RESTORING: &str = "restoring";

/// How many pages the backup copies before it looks whether a writer waits; none can, under the lock.
const PAGES: i32 = 1024;

/// One snapshot.
#[derive(Clone, Debug)]
pub struct Saved {
    pub name: String,
    /// Of the store as it was.
    pub meta: Meta,
    /// What its store's file takes, without volumes.
    pub bytes: u64,
}

/// Copies the store of a home, its volumes and its layers. No writer comes between.
///
/// # Errors
/// [`Error::SnapshotExists`]; or when something cannot be read or written: there is no such snapshot then.
pub fn save(options: Options, name: &str) -> Result<(), Error> {
    let home = options.home.clone();
    let place = place(&home, name)?;
    if is_there(&place) {
        return Err(Error::SnapshotExists { name: name.to_owned() });
    }
    let store = Store::open(options, || Err(io::Error::from(io::ErrorKind::NotFound)))?;
    let lock = Lock::take(&home, store.options.patience)?;
    let draft = home.join(FOLDER).join(DRAFT);
    reset::remove(&draft).and_then(|()| make(&draft)).map_err(|e| io_error(&draft, &e))?;
    let copied = back_up(&store, &draft.join(FILE)).and_then(|()| copy_folders(&home, &draft));
    if let Err(error) = copied {
        // Half a snapshot is none; that it could not be removed is a smaller matter than why.
        let _ = reset::remove(&draft);
        return Err(error);
    }
    rename(&draft, &place).map_err(|e| io_error(&place, &e))?;
    drop(lock);
    Ok(())
}

/// The snapshots of a home, by name.
///
/// # Errors
/// When one of them cannot be read.
pub fn list(options: &Options) -> Result<Vec<Saved>, Error> {
    let folder = options.home.join(FOLDER);
    let names = reset::list(&folder).map_err(|e| io_error(&folder, &e))?;
    names.into_iter().filter(|n| !n.starts_with('.')).map(|name| look(options, name)).collect()
}

/// The digest of each file in the volumes of a home or of a snapshot's folder, by its path from there.
///
/// # Errors
/// When something cannot be read.
#[cfg(target_os = "linux")]
pub fn volume_files(home: &Path) -> Result<BTreeMap<String, String>, Error> {
    let folder = home.join(VOLUMES);
    tree::digests(&folder).map_err(|e| io_error(&folder, &e))
}

/// Nothing runs here, so no volume has files.
#[cfg(not(target_os = "linux"))]
pub fn volume_files(_home: &Path) -> Result<BTreeMap<String, String>, Error> {
    Ok(BTreeMap::new())
}

/// Puts a snapshot in the place of the store, its volumes and layers. Once begun it is ended, by the next command if need
/// be.
///
/// # Errors
/// [`Error::NoSnapshot`]; or when the snapshot cannot be read or copied: the store stays as it is then.
pub fn restore(options: Options, name: &str) -> Result<(), Error> {
    let home = options.home.clone();
    let from = existing(&home, name)?;
    let lock = Lock::take(&home, options.patience)?;
    // A store that cannot be read is not put in the place of one that can.
    drop(Store::open(at(&options, &from), || Err(io::Error::from(io::ErrorKind::NotFound)))?);
    let draft = home.join(FOLDER).join(DRAFT);
    reset::remove(&draft).and_then(|()| make(&draft)).map_err(|e| io_error(&draft, &e))?;
    let copied = open(&from.join(FILE))
        .and_then(|mut file| {
            let mut copy = private(&draft.join(FILE))?;
            io::copy(&mut file, &mut copy)?;
            copy.sync_all()
        })
        .map_err(|e| io_error(&from, &e));
    copied.and_then(|()| copy_folders(&from, &draft))?;
    let decided = home.join(RESTORING);
    rename(&draft, &decided).map_err(|e| io_error(&decided, &e))?;
    finish_restore(&home).map_err(|e| io_error(&decided, &e))?;
    drop(lock);
    Ok(())
}

/// Removes a snapshot.
///
/// # Errors
/// [`Error::NoSnapshot`]; or when something in it cannot be removed.
pub fn remove(home: &Path, name: &str) -> Result<(), Error> {
    let place = existing(home, name)?;
    // Out of sight first: a snapshot is there whole or not at all.
    let draft = home.join(FOLDER).join(DRAFT);
    let gone = reset::remove(&draft).and_then(|()| rename(&place, &draft)).and_then(|()| reset::remove(&draft));
    gone.map_err(|e| io_error(&place, &e))
}

/// How to open the store of a snapshot: its own folder, which no command writes.
///
/// # Errors
/// [`Error::NoSnapshot`].
pub fn options_of(options: &Options, name: &str) -> Result<Options, Error> {
    Ok(at(options, &existing(&options.home, name)?))
}

/// Ends a restore that a killed command had decided on.
pub(super) fn resume(options: &Options) -> Result<(), Error> {
    let decided = options.home.join(RESTORING);
    if !is_there(&decided) {
        return Ok(());
    }
    let _lock = Lock::take(&options.home, options.patience)?;
    finish_restore(&options.home).map_err(|e| io_error(&decided, &e))
}

/// Each step may have been done before: a folder that is not there any more is in its place already.
fn finish_restore(home: &Path) -> io::Result<()> {
    let decided = home.join(RESTORING);
    for name in FOLDERS {
        let from = decided.join(name);
        if is_there(&from) {
            reset::remove(&home.join(name))?;
            rename(&from, &home.join(name))?;
        }
    }
    let (from, to) = (decided.join(FILE), home.join(FILE));
    if is_there(&from) {
        // The log of the store that goes must not be played back into the one that comes.
        for suffix in ["-wal", "-shm", "-journal"] {
            reset::remove(&beside(&to, suffix))?;
        }
        rename(&from, &to)?;
    }
    reset::remove(&decided)
}

/// The store's pages as of now, the log's included.
fn back_up(store: &Store, to: &Path) -> Result<(), Error> {
    private(to).map_err(|e| io_error(to, &e))?;
    let copy = || -> Result<(), Fault> {
        let mut copy = pages::open(to, OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX)?;
        rusqlite::backup::Backup::new(&store.connection, &mut copy)?.run_to_completion(PAGES, Duration::ZERO, None)?;
        copy.close().map_err(|(_, e)| e.into())
    };
    copy().map_err(|fault| fault.of(to, store.options.patience))
}

#[cfg(target_os = "linux")]
fn copy_folders(from: &Path, to: &Path) -> Result<(), Error> {
    FOLDERS.iter().try_for_each(|name| {
        let folder = from.join(name);
        tree::copy(&folder, &to.join(name)).map_err(|e| io_error(&folder, &e))
    })
}

/// Nothing runs here, so nothing but empty folders is there.
#[cfg(not(target_os = "linux"))]
fn copy_folders(_from: &Path, to: &Path) -> Result<(), Error> {
    FOLDERS.iter().try_for_each(|name| make(&to.join(name)).map_err(|e| io_error(to, &e)))
}

fn look(options: &Options, name: String) -> Result<Saved, Error> {
    let of = options_of(options, &name)?;
    let file = of.home.join(FILE);
    let bytes = metadata(&file).map_err(|e| io_error(&file, &e))?.len();
    let mut store = Store::open(of, || Err(io::Error::from(io::ErrorKind::NotFound)))?;
    let meta = store.begin_read()?.meta().clone();
    Ok(Saved { name, meta, bytes })
}

/// Where a snapshot of this name is or would be. A name is one folder's: letters, digits, `-`, `_`, `.`, no dot first.
fn place(home: &Path, name: &str) -> Result<PathBuf, Error> {
    let plain = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.');
    if name.is_empty() || name.len() > 200 || name.starts_with('.') || !name.bytes().all(plain) {
        return Err(Error::SnapshotName { name: name.to_owned() });
    }
    Ok(home.join(FOLDER).join(name))
}

fn existing(home: &Path, name: &str) -> Result<PathBuf, Error> {
    let place = place(home, name)?;
    match identify(&place.join(FILE))? {
        Some(_) => Ok(place),
        None => Err(Error::NoSnapshot { name: name.to_owned() }),
    }
}

fn at(options: &Options, home: &Path) -> Options {
    Options { home: home.to_owned(), ..options.clone() }
}

fn io_error(path: &Path, e: &io::Error) -> Error {
    Error::Io { file: path.to_owned(), what: e.to_string() }
}

fn is_there(path: &Path) -> bool {
    std::fs::symlink_metadata(path).is_ok()
}

#[expect(clippy::disallowed_methods, reason = "the door to files")]
fn metadata(path: &Path) -> io::Result<std::fs::Metadata> {
    std::fs::metadata(path)
}

/// Renames, and sees to it that both folders remember it.
#[expect(clippy::disallowed_methods, reason = "the door to files")]
fn rename(from: &Path, to: &Path) -> io::Result<()> {
    std::fs::rename(from, to)?;
    for folder in [from.parent(), to.parent()].into_iter().flatten() {
        open(folder)?.sync_all()?;
    }
    Ok(())
}

#[expect(clippy::disallowed_methods, reason = "the door to files")]
fn open(file: &Path) -> io::Result<std::fs::File> {
    std::fs::File::open(file)
}

/// Makes a folder, and those above it, for its user alone.
fn make(folder: &Path) -> io::Result<()> {
    let mut builder = std::fs::DirBuilder::new();
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.recursive(true).create(folder)
}

/// Makes an empty file that only its user may read.
fn private(file: &Path) -> io::Result<std::fs::File> {
    let mut options = std::fs::OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(file)
}
