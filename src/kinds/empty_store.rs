//! A snapshot without objects, for the tests of kinds: what a test needs it puts on top.

use std::sync::Arc;

use crate::apimachinery::key::Key;
use crate::apimachinery::object::Object;
use crate::apimachinery::seed::Seed;
use crate::apimachinery::status::Status;
use crate::apimachinery::time::{self, Time};
use crate::cluster::{Cluster, Meta, Snapshot};

/// A store that never held anything.
pub struct EmptyStore;

impl Snapshot for EmptyStore {
    fn meta(&self) -> Meta {
        let clock = time::parse("2026-11-22T08:00:00Z").unwrap();
        Meta { resource_version: 0, clock, seed: Seed("test".to_owned()), pod_addresses: 0 }
    }

    fn get(&self, _key: &Key) -> Result<Option<Arc<Object>>, Status> {
        Ok(None)
    }

    fn list(&self, _resource: &str, _namespace: Option<&str>) -> Result<Vec<(Key, Arc<Object>)>, Status> {
        Ok(Vec::new())
    }

    fn owned_by(&self, _uid: &str) -> Result<Vec<(Key, Arc<Object>)>, Status> {
        Ok(Vec::new())
    }

    fn due(&self, _by: Time) -> Result<Vec<(Time, Key)>, Status> {
        Ok(Vec::new())
    }

    fn next_due(&self) -> Result<Option<Time>, Status> {
        Ok(None)
    }
}

/// Stores an object as it is; one without a name gets one, as from a `generateName`.
pub fn put(cluster: &mut Cluster, object: &Object) -> Arc<Object> {
    let mut object = object.clone();
    let kind = super::by_api_version(object.api_version(), object.kind()).unwrap();
    let number = cluster.next_resource_version();
    if object.name().is_empty() {
        object.set("/metadata/name", format!("{}{number}", object.str_at("/metadata/generateName")).into());
    }
    if object.uid().is_empty() {
        object.set("/metadata/uid", format!("uid-{number}").into());
    }
    let key = kind.names().key(object.namespace(), object.name());
    cluster.put(&key, object).unwrap()
}
