//! What a transaction changed: the transitions for watches, the final states for the store.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::Meta;
use crate::apimachinery::key::Key;
use crate::apimachinery::object::Object;
use crate::apimachinery::time::Time;

/// What happened to an object, as a watch says it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ChangeType {
    Added,
    Modified,
    Deleted,
}

impl ChangeType {
    pub fn as_str(self) -> &'static str {
        match self {
            ChangeType::Added => "ADDED",
            ChangeType::Modified => "MODIFIED",
            ChangeType::Deleted => "DELETED",
        }
    }
}

/// One change, in the order of resourceVersions.
#[derive(Clone, Debug)]
pub struct Change {
    pub resource_version: u64,
    pub kind: ChangeType,
    pub key: Key,
    /// The object after the change; as it last was, when it was deleted.
    pub object: Arc<Object>,
    /// The object before the change; not kept in a store.
    pub before: Option<Arc<Object>>,
}

/// Everything a transaction has to write.
#[derive(Clone, Debug)]
pub struct Changes {
    pub meta: Meta,
    /// The final state of each changed object; `None` for a deleted one.
    pub objects: BTreeMap<Key, Option<Arc<Object>>>,
    /// The newest transitions, for watches: at least [`super::KEPT_CHANGES`] where there were as many.
    pub log: Vec<Change>,
    /// Every removal, oldest first.
    pub removed: Vec<Change>,
    /// When to wake an object's controllers next; `None` for never. A deleted object's is `None`.
    pub wakes: BTreeMap<Key, Option<Time>>,
}
