//! The log of changes that watches read: every transition once, the newest ones only.

use std::borrow::Cow;
use std::sync::Arc;

use rusqlite::{Connection, params};

use super::commit::{Encoded, encode};
use super::digest;
use super::error::{Error, Fault};
use super::snapshot::{Transaction, decode};
use crate::apimachinery::key::Key;
use crate::cluster::{Change, ChangeType, KEPT_CHANGES, Snapshot};

/// The changes asked for are no longer kept: the API's 410 Gone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Expired {
    /// The oldest resourceVersion that a watch can start after.
    pub oldest: u64,
}

impl Transaction<'_> {
    /// The changes after a resourceVersion, oldest first.
    pub fn log_since(&self, rv: u64) -> Result<Result<Vec<Change>, Expired>, Error> {
        let newest = self.meta().resource_version;
        since(&self.sqlite, rv, newest).map_err(|fault| fault.of(self.file, self.patience))
    }
}

fn since(connection: &Connection, rv: u64, newest: u64) -> Result<Result<Vec<Change>, Expired>, Fault> {
    let oldest: Option<i64> = connection.prepare_cached("SELECT min(rv) FROM log")?.query_row([], |row| row.get(0))?;
    let oldest = oldest.map_or(newest, |rv| rv.cast_unsigned().saturating_sub(1));
    if rv < oldest {
        return Ok(Err(Expired { oldest }));
    }
    let mut statement = connection.prepare_cached(
        "SELECT rv, type, resource, namespace, name, digest, body FROM log WHERE rv > ?1 ORDER BY rv",
    )?;
    let mut rows = statement.query([rv.min(newest).cast_signed()])?;
    let mut found = Vec::new();
    while let Some(row) = rows.next()? {
        let change = read(row)?;
        if change.resource_version != rv + 1 + found.len() as u64 {
            return Err(Fault::Damage(format!("its log has no change {}", rv + 1 + found.len() as u64)));
        }
        found.push(change);
    }
    if rv.saturating_add(found.len() as u64) < newest {
        return Err(Fault::Damage(format!("its log ends before change {newest}")));
    }
    Ok(Ok(found))
}

/// The newest change that is not kept any more once these are.
fn newest_trimmed(changes: &[Change]) -> Option<i64> {
    changes.last().map(|last| last.resource_version.saturating_sub(KEPT_CHANGES as u64).cast_signed())
}

/// Whether the log keeps a change of these.
pub(super) fn is_kept(rv: i64, changes: &[Change]) -> bool {
    newest_trimmed(changes).is_some_and(|trimmed| rv > trimmed)
}

/// Adds changes and lets go of the oldest. Bodies that were encoded already are not encoded again.
pub(super) fn append(connection: &Connection, changes: &[Change], encoded: &Encoded) -> Result<(), Fault> {
    let Some(oldest) = newest_trimmed(changes) else { return Ok(()) };
    connection.prepare_cached("DELETE FROM log WHERE rv <= ?1")?.execute([oldest])?;
    let mut statement = connection.prepare_cached(
        "INSERT INTO log(rv, type, resource, namespace, name, digest, body) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
    )?;
    for change in changes.iter().filter(|c| c.resource_version.cast_signed() > oldest) {
        let Change { resource_version, kind, key, object, before: _ } = change;
        let (rv, kind) = (resource_version.cast_signed(), number(*kind));
        let body = match encoded.get(&rv) {
            Some(body) => Cow::Borrowed(body),
            None => Cow::Owned(encode(object.body())?),
        };
        let digest = digest_of(rv, kind, key, &body);
        statement.execute(params![rv, kind, key.resource, key.namespace, key.name, digest, *body])?;
    }
    Ok(())
}

fn digest_of(rv: i64, kind: i64, key: &Key, body: &[u8]) -> i64 {
    let (rv, kind) = (rv.to_le_bytes(), kind.to_le_bytes());
    digest::of(&[&rv, &kind, key.resource.as_bytes(), key.namespace.as_bytes(), key.name.as_bytes(), body])
}

/// Reads a row of the log.
pub(super) fn read(row: &rusqlite::Row<'_>) -> Result<Change, Fault> {
    let rv: i64 = row.get(0)?;
    let damaged = || Fault::Damage(format!("change {rv} in its log is not what was stored"));
    let key = Key { resource: row.get::<_, String>(2)?.into(), namespace: row.get(3)?, name: row.get(4)? };
    let body = row.get_ref(6)?.as_blob().map_err(|_| damaged())?;
    let number: i64 = row.get(1)?;
    if row.get::<_, i64>(5)? != digest_of(rv, number, &key, body) {
        return Err(damaged());
    }
    let kind = *TYPES.get(usize::try_from(number).unwrap_or(usize::MAX)).ok_or_else(damaged)?;
    let object = Arc::new(decode(None, body).ok_or_else(damaged)?);
    Ok(Change { resource_version: rv.cast_unsigned(), kind, key, object, before: None })
}

const TYPES: [ChangeType; 3] = [ChangeType::Added, ChangeType::Modified, ChangeType::Deleted];

fn number(kind: ChangeType) -> i64 {
    match kind {
        ChangeType::Added => 0,
        ChangeType::Modified => 1,
        ChangeType::Deleted => 2,
    }
}
