//! Makes a new store: written whole beside its place, then renamed, so that an empty or half-made file is never a store.

use std::fs::{File, OpenOptions};
use std::io;
use std::path::Path;

use rusqlite::Connection;

use super::error::{Error, Fault};
use super::lock::Lock;
use super::{FILE, Options, beside, commit, identify, is_settled, schema};
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

/// The lock is held: what another process left half-made is nobody's.
fn write(options: &Options, file: &Path, seed: Seed) -> Result<(), Error> {
    let draft = beside(file, ".new");
    for suffix in ["", "-wal", "-shm", "-journal"] {
        remove(&beside(&draft, suffix)).map_err(|cause| Error::Home { home: options.home.clone(), cause })?;
    }
    make_private(&draft).map_err(|cause| Error::Home { home: options.home.clone(), cause })?;
    fill(&draft, seed).map_err(|fault| fault.of(&draft, options.patience))?;
    publish(&draft, file).map_err(|cause| Error::Home { home: options.home.clone(), cause })
}

fn fill(draft: &Path, seed: Seed) -> Result<(), Fault> {
    let mut connection = Connection::open(draft)?;
    let mode: String = connection.pragma_update_and_check(None, "journal_mode", "WAL", |row| row.get(0))?;
    if mode != "wal" {
        let code = rusqlite::ffi::Error::new(rusqlite::ffi::SQLITE_IOERR_LOCK);
        return Err(rusqlite::Error::SqliteFailure(code, None).into());
    }
    let transaction = connection.transaction()?;
    schema::create(&transaction)?;
    let meta = Meta { resource_version: 0, clock: Time::UNIX_EPOCH, seed, pod_addresses: 0 };
    transaction
        .execute("INSERT INTO meta(id, rv, clock, pod_addresses, seed, digest) VALUES (1, 0, 0, 0, '', 0)", [])?;
    commit::set_meta(&transaction, &meta)?;
    transaction.commit()?;
    connection.close().map_err(|(_, e)| e)?;
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
fn remove(file: &Path) -> io::Result<()> {
    match std::fs::remove_file(file) {
        Err(e) if e.kind() == io::ErrorKind::NotFound => Ok(()),
        other => other,
    }
}

/// Puts the finished file in its place, and makes sure that the folder remembers it.
#[expect(clippy::disallowed_methods, reason = "the door to files")]
fn publish(draft: &Path, file: &Path) -> io::Result<()> {
    std::fs::rename(draft, file)?;
    match file.parent() {
        Some(home) if cfg!(unix) => File::open(home)?.sync_all(),
        _ => Ok(()),
    }
}
