//! The store's twin in memory: the same answers without a file, for tests of everything that is above a [`Snapshot`].

use std::collections::BTreeMap;
use std::ops::Bound;
use std::sync::Arc;

use super::log::Expired;
use super::snapshot::micros;
use crate::apimachinery::key::Key;
use crate::apimachinery::object::Object;
use crate::apimachinery::seed::Seed;
use crate::apimachinery::status::Status;
use crate::apimachinery::time::Time;
use crate::cluster::{Change, Changes, KEPT_CHANGES, Meta, Snapshot};

/// A store that ends with its process.
#[derive(Clone, Debug)]
pub struct Memory {
    meta: Meta,
    objects: BTreeMap<Key, Arc<Object>>,
    /// In microseconds since 1970, as the file keeps it.
    wakes: BTreeMap<Key, i64>,
    log: Vec<Change>,
}

impl Memory {
    /// An empty store.
    pub fn new(seed: Seed) -> Memory {
        Memory {
            meta: Meta { resource_version: 0, clock: Time::UNIX_EPOCH, seed, pod_addresses: 0 },
            objects: BTreeMap::new(),
            wakes: BTreeMap::new(),
            log: Vec::new(),
        }
    }

    /// Takes all changes.
    pub fn commit(&mut self, changes: Changes) {
        for (key, object) in changes.objects {
            match object {
                Some(object) => drop(self.objects.insert(key, object)),
                None => {
                    self.wakes.remove(&key);
                    self.objects.remove(&key);
                }
            }
        }
        for (key, at) in changes.wakes {
            match at {
                Some(at) if self.objects.contains_key(&key) => drop(self.wakes.insert(key, micros(at))),
                _ => drop(self.wakes.remove(&key)),
            }
        }
        self.log.extend(changes.log);
        self.log.drain(..self.log.len().saturating_sub(KEPT_CHANGES));
        self.meta = Meta { clock: rounded(changes.meta.clock), ..changes.meta };
    }

    /// The changes after a resourceVersion, oldest first.
    pub fn log_since(&self, rv: u64) -> Result<Vec<Change>, Expired> {
        let oldest = self.log.first().map_or(self.meta.resource_version, |c| c.resource_version - 1);
        if rv < oldest {
            return Err(Expired { oldest });
        }
        Ok(self.log.iter().filter(|c| c.resource_version > rv).cloned().collect())
    }
}

/// The time as it comes back from a file.
fn rounded(at: Time) -> Time {
    Time::from_timestamp_micros(micros(at)).unwrap_or(Time::MAX_UTC)
}

impl Snapshot for Memory {
    fn meta(&self) -> Meta {
        self.meta.clone()
    }

    fn get(&self, key: &Key) -> Result<Option<Arc<Object>>, Status> {
        Ok(self.objects.get(key).cloned())
    }

    fn list(&self, resource: &str, namespace: Option<&str>) -> Result<Vec<(Key, Arc<Object>)>, Status> {
        let from = Key::new(resource.to_owned(), namespace.unwrap_or_default(), "");
        let rows = self.objects.range((Bound::Included(from), Bound::Unbounded));
        let rows = rows.take_while(|(k, _)| k.resource == resource && namespace.is_none_or(|n| k.namespace == n));
        Ok(rows.map(|(k, o)| (k.clone(), o.clone())).collect())
    }

    fn owned_by(&self, uid: &str) -> Result<Vec<(Key, Arc<Object>)>, Status> {
        let owned = self.objects.iter().filter(|(_, o)| o.owner_references().any(|r| r.uid == uid));
        Ok(owned.map(|(k, o)| (k.clone(), o.clone())).collect())
    }

    fn due(&self, by: Time) -> Result<Vec<(Time, Key)>, Status> {
        let due = self.wakes.iter().filter(|(_, at)| **at <= by.timestamp_micros());
        let mut due: Vec<(Time, Key)> =
            due.map(|(k, at)| (Time::from_timestamp_micros(*at).unwrap_or(Time::MAX_UTC), k.clone())).collect();
        due.sort();
        Ok(due)
    }

    fn next_due(&self) -> Result<Option<Time>, Status> {
        Ok(self.wakes.values().min().and_then(|at| Time::from_timestamp_micros(*at)))
    }
}
