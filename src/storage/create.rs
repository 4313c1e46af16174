//! Makes a new store: written whole beside its place, then renamed, so that an empty or half-made file is never a store.

use std::fs::{File, OpenOptions};
use std::io;
use std::path::{Path, PathBuf};

use rusqlite::{Connection, OpenFlags};

use super::error::{Error, Fault};
use super::lock::Lock;
use super::{FILE, Options, beside, commit, identify, is_settled, pages, schema};
use crate::apimachinery::seed::Seed;
use crate::apimachinery::time::Time;
use crate::cluster::Meta;

/// Makes the folder and an empty store in it, unless another process was faster.
pub(super) fn create(options: &Options, seed: impl Fn() -> io::Result<Seed>) -> Result<(), Error> {
    let home = &options.home;
    make_folder(home).map_err(|cause| Error::Home { home: home.clone(), cause })?;
    let _lock = Lock::take(home, options.patience)?;
    let file = home.join(FILE);
    if identify(&file)?.is_some() {
        return Ok(());
    }
    if !is_settled(&file) {
        let what = format!("the file is gone, but its log {} is still there", beside(&file, "-wal").display());
        return Err(Error::Damaged { file, what });
    }
    let seed = seed().map_err(|e| Error::Io { file: file.clone(), what: format!("no random seed: {e}") })?;
    write(options, &file, seed)
}

fn write(options: &Options, file: &Path, seed: Seed) -> Result<(), Error> {
    let home_error = |cause| Error::Home { home: options.home.clone(), cause };
    let draft = new_draft(file).map_err(home_error)?;
    let meta = Meta { resource_version: 0, clock: Time::UNIX_EPOCH, seed, pod_addresses: 0 };
    fill(&draft, |transaction| {
        transaction
            .execute("INSERT INTO meta(id, rv, clock, pod_addresses, seed, digest) VALUES (1, 0, 0, 0, '', 0)", [])?;
        commit::set_meta(transaction, &meta)
    })
    .map_err(|fault| fault.of(&draft, options.patience))?;
    publish(&draft, file).map_err(home_error)
}

/// An empty file beside the store's. The lock is held: what another process left half-made is nobody's.
pub(super) fn new_draft(file: &Path) -> io::Result<PathBuf> {
    let draft = beside(file, ".new");
    for suffix in ["", "-wal", "-shm", "-journal"] {
        remove(&beside(&draft, suffix))?;
    }
    make_private(&draft)?;
    Ok(draft)
}

/// Makes the tables and lets the caller fill them, in one transaction that is on the disk when this returns.
pub(super) fn fill(draft: &Path, rows: impl FnOnce(&Connection) -> Result<(), Fault>) -> Result<(), Fault> {
    let mut connection = pages::open(draft, OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX)?;
    pages::reserve(&connection)?;
    let mode: String = connection.pragma_update_and_check(None, "journal_mode", "WAL", |row| row.get(0))?;
    if mode != "wal" {
        let code = rusqlite::ffi::Error::new(rusqlite::ffi::SQLITE_IOERR_LOCK);
        return Err(rusqlite::Error::SqliteFailure(code, None).into());
    }
    let transaction = connection.transaction()?;
    schema::create(&transaction)?;
    rows(&transaction)?;
    transaction.commit()?;
    fold(&connection)?;
    connection.close().map_err(|(_, e)| e)?;
    Ok(())
}

/// Plays a file's log back into it, so that the file alone is the whole store. Closing does that, too, and says nothing when
/// it fails.
pub(super) fn fold(connection: &Connection) -> Result<(), Fault> {
    let is_busy: bool = connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |row| row.get(0))?;
    if is_busy {
        let busy = rusqlite::ffi::Error::new(rusqlite::ffi::SQLITE_BUSY);
        return Err(rusqlite::Error::SqliteFailure(busy, None).into());
    }
    Ok(())
}

/// Makes the store's folder for its user alone.
#[cfg(unix)]
fn make_folder(home: &Path) -> io::Result<()> {
    use std::os::unix::fs::DirBuilderExt;
    std::fs::DirBuilder::new().recursive(true).mode(0o700).create(home)
}

#[cfg(not(unix))]
fn make_folder(home: &Path) -> io::Result<()> {
    std::fs::DirBuilder::new().recursive(true).create(home)
}

/// Makes an empty file that only its user may read: SQLite gives the files beside it the same mode.
fn make_private(file: &Path) -> io::Result<()> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(file).map(drop)
}

#[expect(clippy::disallowed_methods, reason = "the door to files")]
pub(super) fn remove(file: &Path) -> io::Result<()> {
    match std::fs::remove_file(file) {
        Err(e) if e.kind() == io::ErrorKind::NotFound => Ok(()),
        other => other,
    }
}

/// Puts the finished file in its place, and makes sure that the folder remembers it.
#[expect(clippy::disallowed_methods, reason = "the door to files")]
pub(super) fn publish(draft: &Path, file: &Path) -> io::Result<()> {
    std::fs::rename(draft, file)?;
    match file.parent() {
        Some(home) if cfg!(unix) => File::open(home)?.sync_all(),
        _ => Ok(()),
    }
}
