//! The tables of a store's file and the number of their format. Knows no row.

use std::path::Path;
use std::time::Duration;

use rusqlite::Connection;

use super::error::{Error, Fault};

/// Tells SQLite files of kstate from others: "ksta".
const APPLICATION_ID: i64 = 0x6b73_7461;

/// The format this kstate writes, kept in SQLite's `user_version`. A change that an older kstate would misread takes the next.
pub const FORMAT: i64 = 3;

/// How what is said of a format begins that nobody wrote.
pub(super) const NEVER: &str = "there never was a format";

/// The oldest format that is brought to this one (migrate.rs). Format 1 had no checksums of pages, so that a damaged index
/// lost rows without a word, and its own table of owners where `links` is now. Format 2 had owners and labels in `links` alone,
/// so that a controller who looked for anything else read all objects of a resource.
const OLDEST: i64 = 1;

/// The last format whose pages had no checksums.
pub(super) const WITHOUT_CHECKSUMS: i64 = 1;

/// Format 3. Rowid tables, because 2 KB bodies would overflow the pages of an index (measured: twice the size).
///
/// `digest` is a checksum (digest.rs); `parts` has the number of objects of each resource and namespace and the xor of
/// their digests, so that a list that lost a row is noticed. `wake_at` is in microseconds since 1970. `links` are numbers
/// of owners, labels and indexers' values (links.rs), once in the table that is looked up and once in the object's row, for whoever changes it.
const TABLES: &str = "
CREATE TABLE objects(
  id INTEGER PRIMARY KEY, resource TEXT NOT NULL, namespace TEXT NOT NULL, name TEXT NOT NULL, uid TEXT NOT NULL,
  rv INTEGER NOT NULL, wake_at INTEGER, digest INTEGER NOT NULL, links BLOB NOT NULL, internal BLOB, body BLOB NOT NULL,
  UNIQUE(resource, namespace, name));
CREATE INDEX objects_wake_at ON objects(wake_at) WHERE wake_at IS NOT NULL;
CREATE TABLE links(link INTEGER NOT NULL, object INTEGER NOT NULL, PRIMARY KEY(link, object)) WITHOUT ROWID;
CREATE TABLE parts(
  resource TEXT NOT NULL, namespace TEXT NOT NULL, count INTEGER NOT NULL, digest INTEGER NOT NULL,
  PRIMARY KEY(resource, namespace)) WITHOUT ROWID;
CREATE TABLE log(
  rv INTEGER PRIMARY KEY, type INTEGER NOT NULL, resource TEXT NOT NULL, namespace TEXT NOT NULL, name TEXT NOT NULL,
  digest INTEGER NOT NULL, body BLOB NOT NULL);
CREATE TABLE meta(
  id INTEGER PRIMARY KEY CHECK(id = 1), rv INTEGER NOT NULL, clock INTEGER NOT NULL, seed TEXT NOT NULL,
  pod_addresses INTEGER NOT NULL, digest INTEGER NOT NULL);
";

/// Makes the tables of a new file.
pub(super) fn create(connection: &Connection) -> Result<(), Fault> {
    connection.execute_batch(TABLES)?;
    connection.pragma_update(None, "application_id", APPLICATION_ID)?;
    connection.pragma_update(None, "user_version", FORMAT)?;
    Ok(())
}

/// Refuses what is not a store of this format.
///
/// # Errors
/// [`Error::OldFormat`] for one that can be brought to it.
pub(super) fn check(connection: &Connection, file: &Path) -> Result<(), Error> {
    let number = |name: &str| {
        let value = connection.pragma_query_value(None, name, |row| row.get::<_, i64>(0));
        value.map_err(|e| Fault::from(e).of(file, Duration::ZERO))
    };
    let (application, format) = (number("application_id")?, number("user_version")?);
    let file = file.to_owned();
    if application != APPLICATION_ID {
        return Err(Error::NotAStore { file, what: format!("its application id is {application:#x}") });
    }
    match format {
        FORMAT => Ok(()),
        found if found > FORMAT => Err(Error::NewerFormat { file, found, known: FORMAT }),
        found if found >= OLDEST => Err(Error::OldFormat { file, found, known: FORMAT }),
        found => Err(Error::Damaged { file, what: format!("{NEVER} {found}") }),
    }
}
