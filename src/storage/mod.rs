//! DOOR files: the store, one SQLite file per home, with the lock, the checksums and the words for what goes wrong.
//!
//! Knows the cluster it keeps and nothing of who asks: no command, no API request, no clock.

mod commit;
mod create;
mod digest;
mod doctor;
mod error;
mod links;
mod lock;
mod log;
pub mod memory;
mod migrate;
mod pages;
mod reset;
pub mod saved;
mod schema;
mod snapshot;

use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use rusqlite::config::DbConfig;
use rusqlite::{Connection, OpenFlags, TransactionBehavior};

use crate::apimachinery::seed::Seed;

pub use doctor::check;
pub use error::Error;
pub use log::Expired;
pub use reset::{Reset, reset};
pub use schema::FORMAT;
pub use snapshot::Transaction;

use error::Fault;
use lock::Lock;

/// The store's file in its folder. SQLite keeps `-wal` and `-shm` beside it; the log is empty while nobody has the store open.
pub const FILE: &str = "state.db";

/// The folders kstate keeps beside the store's file: volumes' data, pods' layers, the simulated nodes' files, who keeps
/// which container's process, and what is being removed.
const FOLDERS: [&str; 5] = [VOLUMES, "pods", "nodes", "running", "removing"];
const VOLUMES: &str = "volumes";

/// How long a writer waits for others before it gives up; the longest wait measured under 64 shells was 3.6 s.
pub const PATIENCE: Duration = Duration::from_secs(30);

/// How often a store that a reset takes away while it is opened is opened anew.
const REOPENINGS: usize = 3;

/// How to open a store.
#[derive(Clone, Debug)]
pub struct Options {
    /// The store's folder, made when there is none.
    pub home: PathBuf,
    /// How long to wait for other writers.
    pub patience: Duration,
    /// `false` for a throw-away store that a crash of the machine may damage: nothing is synced to the disk.
    pub fsync: bool,
}

/// An open store.
#[derive(Debug)]
pub struct Store {
    connection: Connection,
    options: Options,
    file: PathBuf,
    identity: Identity,
    read_only: bool,
}

impl Store {
    /// Opens the store of a home, making it with a seed when there is none.
    ///
    /// # Errors
    /// When the file or its folder cannot be used, is no store, is damaged, or has a newer format. Nothing is changed then.
    pub fn open(options: Options, seed: impl Fn() -> io::Result<Seed>) -> Result<Store, Error> {
        let mut opened = Store::open_once(&options, &seed);
        for _ in 0..REOPENINGS {
            match opened {
                Err(Error::Gone { .. }) => opened = Store::open_once(&options, &seed),
                other => return other,
            }
        }
        opened
    }

    fn open_once(options: &Options, seed: impl Fn() -> io::Result<Seed>) -> Result<Store, Error> {
        saved::resume(options)?;
        if identify(&options.home.join(FILE))?.is_none() {
            create::create(options, seed)?;
        }
        Store::attach_current(options)
    }

    /// Opens the store of a home that has one; nothing is made.
    ///
    /// # Errors
    /// [`Error::Gone`] where there is none; otherwise as [`Store::open`].
    pub fn open_existing(options: &Options) -> Result<Store, Error> {
        saved::resume(options)?;
        Store::attach_current(options)
    }

    /// Brings a store of an older format to this one first.
    fn attach_current(options: &Options) -> Result<Store, Error> {
        match Store::attach(options) {
            Err(Error::OldFormat { .. }) => {
                migrate::migrate(options)?;
                Store::attach(options)
            }
            other => other,
        }
    }

    fn attach(options: &Options) -> Result<Store, Error> {
        let file = options.home.join(FILE);
        let identity = identify(&file)?.ok_or_else(|| Error::Gone { file: file.clone() })?;
        let (connection, read_only) = connect(&file, options)?;
        if identify(&file)?.as_ref() != Some(&identity) {
            return Err(Error::Gone { file });
        }
        Ok(Store { connection, options: options.clone(), file, identity, read_only })
    }

    /// Whether the file or its folder cannot be written: then [`Store::begin_write`] fails.
    pub fn is_read_only(&self) -> bool {
        self.read_only
    }

    /// Waits at most so long for other writers from now on.
    pub fn set_patience(&mut self, patience: Duration) -> Result<(), Error> {
        self.connection.busy_timeout(patience).map_err(|e| self.error(e.into()))?;
        self.options.patience = patience;
        Ok(())
    }

    /// A state to read from. Takes no lock that would keep a writer waiting.
    pub fn begin_read(&mut self) -> Result<Transaction<'_>, Error> {
        let begun = self.connection.transaction_with_behavior(TransactionBehavior::Deferred);
        let begun = begun.map_err(|e| Fault::from(e).of(&self.file, self.options.patience))?;
        Transaction::new(begun, None, &self.file, self.options.patience, self.identity)
    }

    /// A state to read from and to change; other writers wait until it is dropped or committed.
    pub fn begin_write(&mut self) -> Result<Transaction<'_>, Error> {
        if self.read_only {
            return Err(Error::ReadOnly { file: self.file.clone() });
        }
        let lock = Lock::take(&self.options.home, self.options.patience)?;
        if identify(&self.file)?.as_ref() != Some(&self.identity) {
            return Err(Error::Gone { file: self.file.clone() });
        }
        let begun = self.connection.transaction_with_behavior(TransactionBehavior::Immediate);
        let begun = begun.map_err(|e| Fault::from(e).of(&self.file, self.options.patience))?;
        Transaction::new(begun, Some(lock), &self.file, self.options.patience, self.identity)
    }

    /// A number that changes when another process commits: the cheapest way to see whether a look is worth it.
    ///
    /// # Errors
    /// [`Error::Gone`] when the file was removed or replaced, which no such number would show.
    pub fn data_version(&self) -> Result<i64, Error> {
        if identify(&self.file)?.as_ref() != Some(&self.identity) {
            return Err(Error::Gone { file: self.file.clone() });
        }
        self.connection.pragma_query_value(None, "data_version", |row| row.get(0)).map_err(|e| self.error(e.into()))
    }

    fn error(&self, fault: Fault) -> Error {
        fault.of(&self.file, self.options.patience)
    }
}

/// Opens an existing file; also says whether it can only be read.
fn connect(file: &Path, options: &Options) -> Result<(Connection, bool), Error> {
    match dial(file, options, OpenFlags::SQLITE_OPEN_READ_WRITE, "") {
        Ok(connection) => {
            let read_only = connection.is_readonly(rusqlite::MAIN_DB);
            let read_only = read_only.map_err(|e| Fault::from(e).of(file, options.patience))?;
            Ok((connection, read_only))
        }
        // SQLite cannot make the files that it shares with other processes beside this one. Where no log waits to be
        // played back nobody writes either, and the file alone is the whole store.
        Err(Error::ReadOnly { .. } | Error::Io { .. }) if is_settled(file) => {
            let connection = dial(file, options, OpenFlags::SQLITE_OPEN_READ_ONLY, "?immutable=1")?;
            Ok((connection, true))
        }
        Err(Error::ReadOnly { .. } | Error::Io { .. }) if error::is_read_only(&options.home) => {
            Err(Error::Unsettled { file: file.to_owned() })
        }
        Err(e) => Err(e),
    }
}

fn dial(file: &Path, options: &Options, mode: OpenFlags, parameters: &str) -> Result<Connection, Error> {
    let error = |e: rusqlite::Error| Fault::from(e).of(file, options.patience);
    let (path, flags) = address(file, mode | OpenFlags::SQLITE_OPEN_NO_MUTEX, parameters);
    let connection = pages::open(&path, flags).map_err(error)?;
    connection.busy_timeout(options.patience).map_err(error)?;
    match schema::check(&connection, file) {
        Err(Error::Damaged { what, .. }) => {
            drop(connection);
            return Err(foreign(file, mode).unwrap_or(Error::Damaged { file: file.to_owned(), what }));
        }
        checked => checked?,
    }
    pages::keep_log_files(&connection).map_err(error)?;
    // Without this SQLite plans a statement anew for each value that it is asked for: forty times the cost of a look-up.
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true).map_err(error)?;
    if !options.fsync {
        connection.pragma_update(None, "synchronous", "OFF").map_err(error)?;
    }
    Ok(connection)
}

/// What a file is whose first page has no checksum: another program's, an older kstate's, a newer one's; `None` where it
/// is this one's, damaged. Looked at through SQLite: opening and closing it otherwise would drop this process' locks.
fn foreign(file: &Path, mode: OpenFlags) -> Option<Error> {
    // Where SQLite can make no files beside this one, only as one that nobody changes.
    let ways = [(mode, ""), (OpenFlags::SQLITE_OPEN_READ_ONLY, "?immutable=1")];
    let ways = ways.into_iter().filter(|(_, parameters)| parameters.is_empty() || is_settled(file));
    let mut looks = ways.filter_map(|(mode, parameters)| {
        let (path, flags) = address(file, mode | OpenFlags::SQLITE_OPEN_NO_MUTEX, parameters);
        schema::check(&Connection::open_with_flags(path, flags).ok()?, file).err()
    });
    looks.find(|error| match error {
        Error::OldFormat { .. } | Error::NewerFormat { .. } | Error::NotAStore { .. } => true,
        Error::Damaged { what, .. } => what.starts_with(schema::NEVER),
        _ => false,
    })
}

/// What SQLite is told to open: the path, or a URI where there are parameters.
fn address(file: &Path, flags: OpenFlags, parameters: &str) -> (PathBuf, OpenFlags) {
    if parameters.is_empty() {
        return (file.to_owned(), flags);
    }
    // Two slashes, so that a path that begins with two is no host's name.
    let root = if file.is_absolute() { "//" } else { "" };
    let uri = format!("file:{root}{}{parameters}", percent_encode(file));
    (uri.into(), flags | OpenFlags::SQLITE_OPEN_URI)
}

/// A path as a part of a URI.
fn percent_encode(path: &Path) -> String {
    let plain = |b: &u8| b.is_ascii_alphanumeric() || b"/-_.~".contains(b);
    let bytes = path.as_os_str().as_encoded_bytes();
    bytes.iter().map(|b| if plain(b) { char::from(*b).to_string() } else { format!("%{b:02X}") }).collect()
}

/// Whether no log waits to be played back into the file.
#[expect(clippy::disallowed_methods, reason = "the door to files")]
fn is_settled(file: &Path) -> bool {
    match std::fs::metadata(beside(file, "-wal")) {
        Ok(wal) => wal.len() == 0,
        Err(e) => e.kind() == io::ErrorKind::NotFound,
    }
}

/// The path of a file that SQLite keeps beside the store's.
fn beside(file: &Path, suffix: &str) -> PathBuf {
    let mut name = file.as_os_str().to_owned();
    name.push(suffix);
    PathBuf::from(name)
}

/// Which file a path leads to: device and number.
type Identity = (u64, u64);

/// The identity of the store's file, `None` when there is no such file. The file itself is never opened here: closing it
/// would drop the locks that SQLite holds in this process.
#[expect(clippy::disallowed_methods, reason = "the door to files")]
fn identify(file: &Path) -> Result<Option<Identity>, Error> {
    match std::fs::metadata(file) {
        Ok(found) if found.is_file() => Ok(Some(number(&found))),
        Ok(_) => Err(Error::NotAStore { file: file.to_owned(), what: "it is no file".to_owned() }),
        Err(e) if e.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(e) if e.kind() == io::ErrorKind::NotADirectory => {
            Err(Error::Home { home: file.parent().unwrap_or(file).to_owned(), cause: e })
        }
        Err(e) if e.kind() == io::ErrorKind::PermissionDenied => Err(Error::Denied { file: file.to_owned() }),
        Err(e) => Err(Error::Io { file: file.to_owned(), what: e.to_string() }),
    }
}

#[cfg(unix)]
fn number(found: &std::fs::Metadata) -> Identity {
    use std::os::unix::fs::MetadataExt;
    (found.dev(), found.ino())
}

/// Files in use cannot be replaced here.
#[cfg(not(unix))]
fn number(_found: &std::fs::Metadata) -> Identity {
    (0, 0)
}
