//! A store's state as a [`Snapshot`]: each look-up is one statement, each row is checked against its digest.

use std::cell::RefCell;
use std::ops::ControlFlow;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use rusqlite::{OptionalExtension, Row, Rows};
use serde_json::Value;

use super::Identity;
use super::digest;
use super::error::{Error, Fault};
use super::links;
use super::lock::Lock;
use crate::apimachinery::key::Key;
use crate::apimachinery::object::Object;
use crate::apimachinery::outline::Outline;
use crate::apimachinery::seed::Seed;
use crate::apimachinery::status::{Reason, Status};
use crate::apimachinery::time::Time;
use crate::cluster::{Indexer, Meta, Snapshot, Visitor};

/// The columns that [`read`] takes, in its order.
const COLUMNS: &str = "o.resource, o.namespace, o.name, o.uid, o.rv, o.wake_at, o.digest, o.internal, o.body";

/// The objects by their links; CROSS keeps SQLite from beginning at the objects.
const LINKED: &str = "links w CROSS JOIN objects o ON o.id = w.object";

/// A state of a store, whole and unchanging; with the lock, one that can be changed.
pub struct Transaction<'s> {
    // Dropped in this order: the lock goes last.
    pub(super) sqlite: rusqlite::Transaction<'s>,
    pub(super) lock: Option<Lock>,
    pub(super) file: &'s Path,
    pub(super) patience: Duration,
    pub(super) identity: Identity,
    meta: Meta,
    fault: RefCell<Option<Error>>,
}

impl<'s> Transaction<'s> {
    pub(super) fn new(
        sqlite: rusqlite::Transaction<'s>,
        lock: Option<Lock>,
        file: &'s Path,
        patience: Duration,
        identity: Identity,
    ) -> Result<Transaction<'s>, Error> {
        let meta = meta(&sqlite).map_err(|fault| fault.of(file, patience))?;
        Ok(Transaction { sqlite, lock, file, patience, identity, meta, fault: RefCell::default() })
    }

    /// What went wrong in the store while it was read, where a [`Status`] was all that could be returned.
    pub fn take_fault(&self) -> Option<Error> {
        self.fault.take()
    }

    /// Remembers the error for [`Transaction::take_fault`] and puts it into a Status.
    fn status<T>(&self, result: Result<T, Fault>) -> Result<T, Status> {
        result.map_err(|fault| {
            let error = fault.of(self.file, self.patience);
            let status = Status::new(Reason::InternalError, error.to_string());
            self.fault.replace(Some(error));
            status
        })
    }

    fn read_one(&self, key: &Key) -> Result<Option<Arc<Object>>, Fault> {
        let sql = format!("SELECT {COLUMNS} FROM objects o WHERE resource = ?1 AND namespace = ?2 AND name = ?3");
        let mut statement = self.sqlite.prepare_cached(&sql)?;
        let mut rows = statement.query((&key.resource, &key.namespace, &key.name))?;
        let Some(row) = rows.next()? else { return Ok(None) };
        Ok(Some(read(row)?.object))
    }

    fn read_list(&self, resource: &str, namespace: Option<&str>) -> Result<Vec<(Key, Arc<Object>)>, Fault> {
        let mut found = Vec::new();
        self.visit_rows(resource, namespace, None, &mut |stored| {
            found.push((stored.key, stored.object));
            ControlFlow::Continue(())
        })?;
        Ok(found)
    }

    /// Reads the rows of a resource one at a time. That none was missing shows at the end, when all were wanted.
    fn visit_rows(
        &self,
        resource: &str,
        namespace: Option<&str>,
        outline: Option<&Outline>,
        each: &mut dyn FnMut(Stored) -> ControlFlow<()>,
    ) -> Result<(), Fault> {
        let one = if namespace.is_some() { "AND namespace = ?2" } else { "AND ?2 IS NULL" };
        let sql = format!("SELECT {COLUMNS} FROM objects o WHERE resource = ?1 {one} ORDER BY namespace, name");
        let mut statement = self.sqlite.prepare_cached(&sql)?;
        let mut rows = statement.query((resource, namespace))?;
        let mut sum = Sum::default();
        while let Some(row) = rows.next()? {
            let stored = read_parts(row, outline)?;
            sum.add(stored.digest);
            if each(stored).is_break() {
                return Ok(());
            }
        }
        let want = self.sum(resource, namespace)?;
        if sum != want {
            let what = format!("it holds {} {resource} where {} were stored", sum.count, want.count);
            return Err(Fault::Damage(what));
        }
        Ok(())
    }

    /// What the list of a resource must add up to.
    fn sum(&self, resource: &str, namespace: Option<&str>) -> Result<Sum, Fault> {
        let one = if namespace.is_some() { "AND namespace = ?2" } else { "AND ?2 IS NULL" };
        let sql = format!("SELECT count, digest FROM parts WHERE resource = ?1 {one}");
        let mut statement = self.sqlite.prepare_cached(&sql)?;
        let mut rows = statement.query((resource, namespace))?;
        let mut sum = Sum::default();
        while let Some(row) = rows.next()? {
            sum.count += row.get::<_, i64>(0)?;
            sum.digest ^= row.get::<_, i64>(1)?;
        }
        Ok(sum)
    }

    fn read_owned(&self, uid: &str) -> Result<Vec<(Key, Arc<Object>)>, Fault> {
        let sql = format!("SELECT {COLUMNS} FROM {LINKED} WHERE w.link = ?1");
        let mut statement = self.sqlite.prepare_cached(&sql)?;
        let owned = |object: &Object| object.owner_references().any(|r| r.uid == uid);
        linked(statement.query([links::of_owner(uid)])?, owned)
    }

    fn read_labelled(
        &self,
        resource: &str,
        namespace: Option<&str>,
        (key, value): (&str, &str),
    ) -> Result<Vec<(Key, Arc<Object>)>, Fault> {
        let one = if namespace.is_some() { "AND o.namespace = ?3" } else { "AND ?3 IS NULL" };
        let sql = format!("SELECT {COLUMNS} FROM {LINKED} WHERE w.link = ?1 AND o.resource = ?2 {one}");
        let mut statement = self.sqlite.prepare_cached(&sql)?;
        let link = links::of_label(resource, key, value);
        linked(statement.query((link, resource, namespace))?, |object| object.label(key) == Some(value))
    }

    fn read_indexed(&self, indexer: &'static Indexer, value: &str) -> Result<Vec<(Key, Arc<Object>)>, Fault> {
        if !links::knows(indexer) {
            let mut rows = self.read_list(indexer.resource, None)?;
            rows.retain(|(_, object)| indexer.has(object, value));
            return Ok(rows);
        }
        let sql = format!("SELECT {COLUMNS} FROM {LINKED} WHERE w.link = ?1 AND o.resource = ?2");
        let mut statement = self.sqlite.prepare_cached(&sql)?;
        let link = links::of_value(indexer, value);
        linked(statement.query((link, indexer.resource))?, |object| indexer.has(object, value))
    }

    fn read_due(&self, by: Time) -> Result<Vec<(Time, Key)>, Fault> {
        let mut statement = self.sqlite.prepare_cached(
            "SELECT wake_at, resource, namespace, name FROM objects WHERE wake_at <= ?1 \
             ORDER BY wake_at, resource, namespace, name",
        )?;
        let mut rows = statement.query([by.timestamp_micros()])?;
        let mut found = Vec::new();
        while let Some(row) = rows.next()? {
            found.push((
                time(row.get(0)?)?,
                Key { resource: row.get::<_, String>(1)?.into(), namespace: row.get(2)?, name: row.get(3)? },
            ));
        }
        Ok(found)
    }

    fn read_next_due(&self) -> Result<Option<Time>, Fault> {
        let sql = "SELECT wake_at FROM objects WHERE wake_at IS NOT NULL ORDER BY wake_at LIMIT 1";
        let mut statement = self.sqlite.prepare_cached(sql)?;
        statement.query_row([], |row| row.get(0)).optional()?.map(time).transpose()
    }
}

impl Snapshot for Transaction<'_> {
    fn meta(&self) -> Meta {
        self.meta.clone()
    }

    fn get(&self, key: &Key) -> Result<Option<Arc<Object>>, Status> {
        self.status(self.read_one(key))
    }

    fn list(&self, resource: &str, namespace: Option<&str>) -> Result<Vec<(Key, Arc<Object>)>, Status> {
        self.status(self.read_list(resource, namespace))
    }

    fn visit(
        &self,
        resource: &str,
        namespace: Option<&str>,
        outline: Option<&Outline>,
        each: &mut Visitor<'_>,
    ) -> Result<(), Status> {
        self.status(self.visit_rows(resource, namespace, outline, &mut |stored| each(stored.object)))
    }

    fn owned_by(&self, uid: &str) -> Result<Vec<(Key, Arc<Object>)>, Status> {
        self.status(self.read_owned(uid))
    }

    fn labelled(
        &self,
        resource: &str,
        namespace: Option<&str>,
        label: (&str, &str),
    ) -> Result<Vec<(Key, Arc<Object>)>, Status> {
        self.status(self.read_labelled(resource, namespace, label))
    }

    fn indexed(&self, indexer: &'static Indexer, value: &str) -> Result<Vec<(Key, Arc<Object>)>, Status> {
        self.status(self.read_indexed(indexer, value))
    }

    fn due(&self, by: Time) -> Result<Vec<(Time, Key)>, Status> {
        self.status(self.read_due(by))
    }

    fn next_due(&self) -> Result<Option<Time>, Status> {
        self.status(self.read_next_due())
    }
}

/// The objects of rows, those left out that only share a link's number, by key. Sorted here: SQLite would move the bodies.
fn linked(mut rows: Rows<'_>, has_link: impl Fn(&Object) -> bool) -> Result<Vec<(Key, Arc<Object>)>, Fault> {
    let mut found = Vec::new();
    while let Some(row) = rows.next()? {
        let stored = read(row)?;
        if has_link(&stored.object) {
            found.push((stored.key, stored.object));
        }
    }
    found.sort_unstable_by(|(a, _), (b, _)| a.cmp(b));
    Ok(found)
}

/// How many rows, and the xor of their digests.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Sum {
    pub(super) count: i64,
    pub(super) digest: i64,
}

impl Sum {
    pub(super) fn add(&mut self, digest: i64) {
        self.count += 1;
        self.digest ^= digest;
    }
}

/// An object as it is stored.
pub(super) struct Stored {
    pub(super) key: Key,
    pub(super) digest: i64,
    pub(super) object: Arc<Object>,
}

/// The digest of an object's row.
pub(super) fn digest_of(
    key: &Key,
    uid: &str,
    rv: i64,
    wake_at: Option<i64>,
    internal: Option<&[u8]>,
    body: &[u8],
) -> i64 {
    let columns = [
        key.resource.as_bytes(),
        key.namespace.as_bytes(),
        key.name.as_bytes(),
        uid.as_bytes(),
        &rv.to_le_bytes(),
        internal.unwrap_or_default(),
        body,
    ];
    digest::of(&columns) ^ digest::of_wake(wake_at)
}

/// Reads one row of [`COLUMNS`].
pub(super) fn read(row: &Row<'_>) -> Result<Stored, Fault> {
    read_parts(row, None)
}

/// As [`read`], no more of the object than an outline has. That the row is whole is checked all the same.
fn read_parts(row: &Row<'_>, outline: Option<&Outline>) -> Result<Stored, Fault> {
    let key = Key { resource: row.get::<_, String>(0)?.into(), namespace: row.get(1)?, name: row.get(2)? };
    let (internal, body) = (row.get_ref(7)?.as_blob_or_null(), row.get_ref(8)?.as_blob());
    let (Ok(internal), Ok(body)) = (internal, body) else {
        return Err(damaged(&key));
    };
    let digest: i64 = row.get(6)?;
    let uid: String = row.get(3)?;
    if digest != digest_of(&key, &uid, row.get(4)?, row.get(5)?, internal, body) {
        return Err(damaged(&key));
    }
    let object = match outline {
        Some(outline) => outline.decode(body).ok().and_then(Object::from_value),
        None => decode(internal, body),
    };
    let object = object.ok_or_else(|| damaged(&key))?;
    Ok(Stored { key, digest, object: Arc::new(object) })
}

fn damaged(key: &Key) -> Fault {
    Fault::Damage(format!("{key} is not what was stored"))
}

/// An object from its columns; `None` when they are no JSON objects.
pub(super) fn decode(internal: Option<&[u8]>, body: &[u8]) -> Option<Object> {
    // Looked through once as a whole, which costs less than string by string.
    let mut object = Object::from_value(serde_json::from_str(std::str::from_utf8(body).ok()?).ok()?)?;
    if let Some(Value::Object(map)) = internal.map(serde_json::from_slice).transpose().ok()? {
        object.internal = map.into();
    }
    Some(object)
}

pub(super) fn meta(connection: &rusqlite::Connection) -> Result<Meta, Fault> {
    let sql = "SELECT rv, clock, pod_addresses, seed, digest FROM meta WHERE id = 1";
    let mut statement = connection.prepare_cached(sql)?;
    let row = |row: &Row<'_>| Ok(([row.get(0)?, row.get(1)?, row.get(2)?], row.get::<_, String>(3)?, row.get(4)?));
    let (numbers, seed, digest): ([i64; 3], _, i64) = statement.query_row([], row)?;
    if digest != digest::of_meta(numbers, &seed) {
        return Err(Fault::Damage("its resource version and clock are not what was stored".to_owned()));
    }
    let [rv, clock, pod_addresses] = numbers;
    Ok(Meta {
        resource_version: rv.cast_unsigned(),
        clock: time(clock)?,
        seed: Seed(seed),
        pod_addresses: pod_addresses.cast_unsigned(),
    })
}

fn time(micros: i64) -> Result<Time, Fault> {
    Time::from_timestamp_micros(micros).ok_or_else(|| Fault::Damage(format!("{micros} is no time")))
}

/// A time as it is stored: in microseconds, rounded up, because to wake early is to wake twice.
pub(super) fn micros(at: Time) -> i64 {
    let rest = at.timestamp_subsec_nanos() % 1000;
    at.timestamp_micros().saturating_add(i64::from(rest > 0))
}
