//! Brings a store of an older format to this one: a new file is written beside it, each row looked at on the way, and put
//! in its place in one step. The old file stays under another name. Killed at any moment, the next command begins again.

use std::io;
use std::path::{Path, PathBuf};

use rusqlite::{Connection, OpenFlags, params};

use super::error::{Error, Fault};
use super::lock::Lock;
use super::snapshot::read;
use super::{FILE, Options, beside, commit, create, dial, doctor, identify, links, pages, schema, snapshot};

/// What follows the store's name in that of a copy in an older format; the format's number comes next.
const BACKUP: &str = ".format-";

/// Whether a file in a home is a copy in an older format.
pub(super) fn is_backup(name: &str) -> bool {
    name.strip_prefix(FILE).is_some_and(|rest| rest.starts_with(BACKUP))
}

/// Brings the store of a home to this format, unless another process was faster.
///
/// # Errors
/// When the store cannot be read whole or the new file not be written: nothing is changed then.
pub(super) fn migrate(options: &Options) -> Result<(), Error> {
    let file = options.home.join(FILE);
    let lock = Lock::take(&options.home, options.patience);
    let found = match dial(&file, options, OpenFlags::SQLITE_OPEN_READ_WRITE, "") {
        Err(Error::OldFormat { found, .. }) => found,
        other => return other.map(drop),
    };
    let read_only = |e| match e {
        Error::ReadOnly { file } => Error::OldFormat { file, found, known: super::FORMAT },
        other => other,
    };
    let lock = lock.map_err(read_only)?;
    let draft = write_draft(&file, found, options).map_err(read_only)?;
    keep(&file, found).and_then(|()| take_place(&draft, &file)).map_err(|e| io_error(&file, &e))?;
    drop(lock);
    Ok(())
}

/// Writes all rows into a new file of this format.
fn write_draft(file: &Path, format: i64, options: &Options) -> Result<PathBuf, Error> {
    let error = |fault: Fault| fault.of(file, options.patience);
    let old = open(file, format, options).map_err(error)?;
    let draft = create::new_draft(file).map_err(|e| io_error(file, &e))?;
    let transaction = old.unchecked_transaction().map_err(|e| error(e.into()))?;
    let newest = snapshot::meta(&transaction).map_err(error)?.resource_version;
    let copied = create::fill(&draft, |new| {
        copy_objects(&transaction, new)?;
        for (table, columns) in TABLES {
            copy_table(&transaction, new, table, columns)?;
        }
        // What was damaged must not get checksums that say it is whole.
        match doctor::problems(new, file, newest).into_iter().next() {
            Some(problem) => Err(Fault::Damage(problem)),
            None => Ok(()),
        }
    });
    match copied {
        Ok(()) => Ok(draft),
        Err(fault) => {
            // Half a draft is nothing; that it could not be removed is a smaller matter than why.
            let _ = create::remove(&draft);
            Err(fault.of(file, options.patience))
        }
    }
}

/// Opens the old file and plays its log back into it: what is in the log is nowhere else.
fn open(file: &Path, format: i64, options: &Options) -> Result<Connection, Fault> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let has_checksums = format > schema::WITHOUT_CHECKSUMS;
    let old = if has_checksums { pages::open(file, flags)? } else { Connection::open_with_flags(file, flags)? };
    old.busy_timeout(options.patience)?;
    create::fold(&old)?;
    Ok(old)
}

/// The tables that are in every format as they are now.
const TABLES: [(&str, &str); 3] = [
    ("parts", "resource, namespace, count, digest"),
    ("log", "rv, type, resource, namespace, name, digest, body"),
    ("meta", "id, rv, clock, seed, pod_addresses, digest"),
];

fn copy_table(old: &Connection, new: &Connection, table: &str, columns: &str) -> Result<(), Fault> {
    let count = columns.split(", ").count();
    let places = vec!["?"; count].join(", ");
    let mut insert = new.prepare(&format!("INSERT INTO {table}({columns}) VALUES ({places})"))?;
    let mut select = old.prepare(&format!("SELECT {columns} FROM {table} ORDER BY 1, 2"))?;
    let mut rows = select.query([])?;
    while let Some(row) = rows.next()? {
        let values = (0..count).map(|n| row.get(n)).collect::<Result<Vec<rusqlite::types::Value>, _>>()?;
        insert.execute(rusqlite::params_from_iter(values))?;
    }
    Ok(())
}

/// The objects with the numbers they had and the links of this format.
fn copy_objects(old: &Connection, new: &Connection) -> Result<(), Fault> {
    let mut insert = new.prepare(
        "INSERT INTO objects(resource, namespace, name, uid, rv, wake_at, digest, internal, body, id, links) \
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)",
    )?;
    let mut select = old.prepare(
        "SELECT resource, namespace, name, uid, rv, wake_at, digest, internal, body, id FROM objects ORDER BY id",
    )?;
    let mut rows = select.query([])?;
    while let Some(row) = rows.next()? {
        let stored = read(row)?;
        let found = links::of(&stored.key.resource, &stored.object);
        let (key, id): (_, i64) = (&stored.key, row.get(9)?);
        let (uid, rv, wake_at): (String, i64, Option<i64>) = (row.get(3)?, row.get(4)?, row.get(5)?);
        let (internal, body): (Option<Vec<u8>>, Vec<u8>) = (row.get(7)?, row.get(8)?);
        insert.execute(params![
            key.resource,
            key.namespace,
            key.name,
            uid,
            rv,
            wake_at,
            stored.digest,
            internal,
            body,
            id,
            links::encode(&found)
        ])?;
        commit::set_links(new, id, &[], &found)?;
    }
    Ok(())
}

/// Gives the old file a second name. Where there are no such names it is copied.
fn keep(file: &Path, format: i64) -> io::Result<()> {
    let identity = identify(file).map_err(io::Error::other)?;
    let names = (1..).map(|n| match n {
        1 => beside(file, &format!("{BACKUP}{format}")),
        n => beside(file, &format!("{BACKUP}{format}.{n}")),
    });
    for name in names {
        match identify(&name).map_err(io::Error::other)? {
            // A command that was killed had come so far.
            found @ Some(_) if found == identity => return Ok(()),
            // Of an earlier time: a store that was put back.
            Some(_) => {}
            None => return link(file, &name).or_else(|_| copy(file, &name)),
        }
    }
    Ok(())
}

fn link(file: &Path, name: &Path) -> io::Result<()> {
    std::fs::hard_link(file, name)
}

/// Nothing of SQLite's is open in this process now, so closing the file drops no locks.
#[expect(clippy::disallowed_methods, reason = "the door to files")]
fn copy(file: &Path, name: &Path) -> io::Result<()> {
    let draft = beside(name, ".new");
    std::fs::copy(file, &draft)?;
    std::fs::File::open(&draft)?.sync_all()?;
    std::fs::rename(draft, name)
}

/// Puts the new file in the place of the old one, whose log is empty.
fn take_place(draft: &Path, file: &Path) -> io::Result<()> {
    for suffix in ["-wal", "-shm"] {
        create::remove(&beside(file, suffix))?;
    }
    create::publish(draft, file)
}

fn io_error(file: &Path, e: &io::Error) -> Error {
    match e.kind() {
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => Error::Full { file: file.to_owned() },
        io::ErrorKind::PermissionDenied | io::ErrorKind::ReadOnlyFilesystem => {
            Error::ReadOnly { file: file.to_owned() }
        }
        _ => Error::Io { file: file.to_owned(), what: e.to_string() },
    }
}
