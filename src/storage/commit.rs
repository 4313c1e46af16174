//! Writes a transaction's changes and makes them last. What a commit returned from survives a crash.

use std::collections::BTreeMap;

use rusqlite::{Connection, OptionalExtension, params};

use serde_json::Value;

use super::error::{Error, Fault};
use super::links;
use super::log;
use super::snapshot::{Sum, Transaction, digest_of, micros};
use super::{digest, identify};
use crate::apimachinery::body::Body;
use crate::apimachinery::key::Key;
use crate::apimachinery::object::Object;
use crate::apimachinery::time::Time;
use crate::cluster::{Changes, Meta};

/// How deep serde_json follows maps and lists.
const DEEPEST: usize = 127;

impl Transaction<'_> {
    /// Writes all changes, or none.
    ///
    /// # Errors
    /// When the store cannot be written; it is then as it was before the transaction. [`Error::Gone`] when it was removed
    /// meanwhile: what is written to a file without a name is lost.
    pub fn commit(self, changes: &Changes) -> Result<(), Error> {
        let (file, patience, identity) = (self.file, self.patience, self.identity);
        if self.lock.is_none() {
            return Err(Error::ReadOnly { file: file.to_owned() });
        }
        let written = write(&self.sqlite, changes).and_then(|()| Ok(self.sqlite.commit()?));
        written.map_err(|fault| fault.of(file, patience))?;
        if identify(file)? != Some(identity) {
            return Err(Error::Gone { file: file.to_owned() });
        }
        Ok(())
    }
}

/// Bodies that were encoded for their object's row and that the log wants, too, by their resourceVersion.
pub(super) type Encoded = BTreeMap<i64, Vec<u8>>;

/// What the objects of each resource and namespace are more, and how their digests change.
type Sums<'c> = BTreeMap<(&'c str, &'c str), Sum>;

fn write(connection: &Connection, changes: &Changes) -> Result<(), Fault> {
    let (mut sums, mut encoded) = (Sums::default(), Encoded::default());
    for (key, object) in &changes.objects {
        let sum = sums.entry((&key.resource, &key.namespace)).or_default();
        match object {
            Some(object) if is_too_deep(object) => return Err(Fault::TooDeep(key.clone())),
            Some(object) => {
                let (rv, body) = put(connection, key, object, changes.wakes.get(key), sum)?;
                if log::is_kept(rv, &changes.log) {
                    encoded.insert(rv, body);
                }
            }
            None => remove(connection, key, sum)?,
        }
    }
    for (key, at) in changes.wakes.iter().filter(|(key, _)| !changes.objects.contains_key(key)) {
        set_wake(connection, key, *at, sums.entry((&key.resource, &key.namespace)).or_default())?;
    }
    for (place, change) in sums {
        add_up(connection, place, change)?;
    }
    log::append(connection, &changes.log, &encoded)?;
    set_meta(connection, &changes.meta)
}

/// What is stored under a key, as far as a change needs it.
struct Row {
    id: i64,
    digest: i64,
    wake_at: Option<i64>,
    links: Vec<i64>,
}

fn find(connection: &Connection, key: &Key) -> Result<Option<Row>, Fault> {
    let mut statement = connection.prepare_cached(
        "SELECT id, digest, wake_at, links FROM objects WHERE resource = ?1 AND namespace = ?2 AND name = ?3",
    )?;
    let row = statement.query_row((&key.resource, &key.namespace, &key.name), |row| {
        let links = links::decode(row.get_ref(3)?.as_blob()?);
        Ok(Row { id: row.get(0)?, digest: row.get(1)?, wake_at: row.get(2)?, links })
    });
    Ok(row.optional()?)
}

/// Writes an object's row, with the time its controllers asked to be woken at where they did. Gives its resourceVersion and
/// its encoded body.
fn put(
    connection: &Connection,
    key: &Key,
    object: &Object,
    wake: Option<&Option<Time>>,
    sum: &mut Sum,
) -> Result<(i64, Vec<u8>), Fault> {
    let old = find(connection, key)?;
    let body = encode(object.body())?;
    let internal = if object.internal.is_empty() { None } else { Some(encode(&object.internal)?) };
    let rv = object.resource_version().cast_signed();
    let wake_at = wake.map_or(old.as_ref().and_then(|o| o.wake_at), |at| at.map(micros));
    let digest = digest_of(key, object.uid(), rv, wake_at, internal.as_deref(), &body);
    let links = links::of(&key.resource, object);
    let stored = links::encode(&links);
    let id = if let Some(old) = &old {
        let sql = "UPDATE objects SET uid = ?2, rv = ?3, wake_at = ?4, digest = ?5, links = ?6, internal = ?7, body = ?8 \
                   WHERE id = ?1";
        let mut statement = connection.prepare_cached(sql)?;
        statement.execute(params![old.id, object.uid(), rv, wake_at, digest, stored, internal, body])?;
        old.id
    } else {
        let sql = "INSERT INTO objects(resource, namespace, name, uid, rv, wake_at, digest, links, internal, body) \
                   VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)";
        let mut statement = connection.prepare_cached(sql)?;
        let Key { resource, namespace, name } = key;
        statement.insert(params![
            resource,
            namespace,
            name,
            object.uid(),
            rv,
            wake_at,
            digest,
            stored,
            internal,
            body
        ])?
    };
    set_links(connection, id, old.as_ref().map_or(&[][..], |o| &o.links[..]), &links)?;
    sum.count += i64::from(old.is_none());
    sum.digest ^= digest ^ old.map_or(0, |o| o.digest);
    Ok((rv, body))
}

/// Whether serde_json would refuse to read the object back.
fn is_too_deep(object: &Object) -> bool {
    !object.body().iter().chain(object.internal.iter()).all(|(_, value)| fits(value, DEEPEST - 1))
}

/// Whether no more than so many maps and lists are inside each other; looks no deeper than that.
fn fits(value: &Value, levels: usize) -> bool {
    match value {
        Value::Array(items) => levels > 0 && items.iter().all(|item| fits(item, levels - 1)),
        Value::Object(map) => levels > 0 && map.values().all(|item| fits(item, levels - 1)),
        _ => true,
    }
}

pub(super) fn encode(body: &Body) -> Result<Vec<u8>, Fault> {
    serde_json::to_vec(body).map_err(|e| rusqlite::Error::ToSqlConversionFailure(e.into()).into())
}

fn remove(connection: &Connection, key: &Key, sum: &mut Sum) -> Result<(), Fault> {
    let Some(old) = find(connection, key)? else { return Ok(()) };
    connection.prepare_cached("DELETE FROM objects WHERE id = ?1")?.execute([old.id])?;
    set_links(connection, old.id, &old.links, &[])?;
    sum.count -= 1;
    sum.digest ^= old.digest;
    Ok(())
}

/// Keeps the index of links: only what changed is written.
pub(super) fn set_links(connection: &Connection, object: i64, old: &[i64], new: &[i64]) -> Result<(), Fault> {
    for link in old.iter().filter(|link| !new.contains(link)) {
        connection.prepare_cached("DELETE FROM links WHERE link = ?1 AND object = ?2")?.execute([*link, object])?;
    }
    for link in new.iter().filter(|link| !old.contains(link)) {
        connection.prepare_cached("INSERT INTO links(link, object) VALUES (?1, ?2)")?.execute([*link, object])?;
    }
    Ok(())
}

/// Deleted objects are not woken: a key without an object is passed over.
fn set_wake(connection: &Connection, key: &Key, at: Option<Time>, sum: &mut Sum) -> Result<(), Fault> {
    let Some(old) = find(connection, key)? else { return Ok(()) };
    let at = at.map(micros);
    if at == old.wake_at {
        return Ok(());
    }
    let change = digest::of_wake(old.wake_at) ^ digest::of_wake(at);
    let mut statement = connection.prepare_cached("UPDATE objects SET wake_at = ?2, digest = ?3 WHERE id = ?1")?;
    statement.execute(params![old.id, at, old.digest ^ change])?;
    sum.digest ^= change;
    Ok(())
}

/// Keeps the sums of a resource in a namespace.
fn add_up(connection: &Connection, place: (&str, &str), change: Sum) -> Result<(), Fault> {
    if change == Sum::default() {
        return Ok(());
    }
    let mut statement =
        connection.prepare_cached("SELECT count, digest FROM parts WHERE resource = ?1 AND namespace = ?2")?;
    let old = statement.query_row(place, |row| Ok(Sum { count: row.get(0)?, digest: row.get(1)? })).optional()?;
    let old = old.unwrap_or_default();
    let new = Sum { count: old.count + change.count, digest: old.digest ^ change.digest };
    if new == Sum::default() {
        let sql = "DELETE FROM parts WHERE resource = ?1 AND namespace = ?2";
        connection.prepare_cached(sql)?.execute(place)?;
    } else {
        let sql = "INSERT OR REPLACE INTO parts(resource, namespace, count, digest) VALUES (?1, ?2, ?3, ?4)";
        connection.prepare_cached(sql)?.execute(params![place.0, place.1, new.count, new.digest])?;
    }
    Ok(())
}

/// Writes the one row of `meta`.
pub(super) fn set_meta(connection: &Connection, meta: &Meta) -> Result<(), Fault> {
    let numbers = [meta.resource_version.cast_signed(), micros(meta.clock), meta.pod_addresses.cast_signed()];
    let digest = digest::of_meta(numbers, &meta.seed.0);
    let [rv, clock, pod_addresses] = numbers;
    let sql = "UPDATE meta SET rv = ?1, clock = ?2, pod_addresses = ?3, seed = ?4, digest = ?5 WHERE id = 1";
    connection.prepare_cached(sql)?.execute(params![rv, clock, pod_addresses, meta.seed.0, digest])?;
    Ok(())
}
