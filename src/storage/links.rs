//! What objects are found by other than their names: their owners, their labels and what the controllers' indexers find, as
//! numbers in one index.
//!
//! A number is a hash, so two different links may share one: whoever looks objects up compares the objects themselves.

use super::digest;
use crate::apimachinery::object::Object;
use crate::cluster::Indexer;
use crate::control::INDEXERS;

/// The number of an owner.
pub(super) fn of_owner(uid: &str) -> i64 {
    digest::of(&[b"owner", uid.as_bytes()])
}

/// The number of a label on objects of a resource.
pub(super) fn of_label(resource: &str, key: &str, value: &str) -> i64 {
    digest::of(&[b"label", resource.as_bytes(), key.as_bytes(), value.as_bytes()])
}

/// The number of a value of an indexer.
pub(super) fn of_value(indexer: &Indexer, value: &str) -> i64 {
    digest::of(&[b"index", indexer.name.as_bytes(), value.as_bytes()])
}

/// Whether the store has the values of an indexer.
pub(super) fn knows(indexer: &'static Indexer) -> bool {
    INDEXERS.iter().any(|known| std::ptr::eq(*known, indexer))
}

/// All links of an object, in order, each once.
pub(super) fn of(resource: &str, object: &Object) -> Vec<i64> {
    let owners = object.owner_references().map(|r| of_owner(r.uid));
    let labels = object.labels().into_iter().flatten();
    let labels = labels.filter_map(|(key, value)| Some(of_label(resource, key, value.as_str()?)));
    let indexers = INDEXERS.iter().filter(|indexer| indexer.resource == resource);
    let values =
        indexers.flat_map(|indexer| (indexer.values)(object).into_iter().map(|value| of_value(indexer, &value)));
    let mut links: Vec<i64> = owners.chain(labels).chain(values).collect();
    links.sort_unstable();
    links.dedup();
    links
}

/// Links as they stand in an object's row, so that a change finds the index entries that go.
pub(super) fn encode(links: &[i64]) -> Vec<u8> {
    links.iter().flat_map(|link| link.to_le_bytes()).collect()
}

/// Links out of a row.
pub(super) fn decode(bytes: &[u8]) -> Vec<i64> {
    bytes.as_chunks().0.iter().map(|link| i64::from_le_bytes(*link)).collect()
}
