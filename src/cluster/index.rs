//! Objects found by something in them, as client-go's indexers do. What a snapshot has under a value is read when the value is
//! first asked for; from then on the index is kept up to date by every change.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::sync::Arc;

use super::Cluster;
use crate::apimachinery::key::Key;
use crate::apimachinery::object::Object;
use crate::apimachinery::status::Status;

/// A way to find objects of a resource by something in them. A store keeps what its indexers find (storage/links.rs), so other
/// values for the same objects are another format of stores.
pub struct Indexer {
    /// What it is called in stores.
    pub name: &'static str,
    pub resource: &'static str,
    /// What an object is found by.
    pub values: fn(&Object) -> Vec<String>,
}

impl Indexer {
    /// Whether an object is found under a value.
    pub fn has(&self, object: &Object, value: &str) -> bool {
        (self.values)(object).iter().any(|v| v == value)
    }
}

/// The indexes in use, by their indexers' places in memory (they are statics).
pub(super) type Indexes = HashMap<*const Indexer, Index>;

/// The objects under the values that were asked for, and every object that was changed.
pub(super) struct Index {
    pub(super) indexer: &'static Indexer,
    keys: BTreeMap<String, BTreeSet<Key>>,
    /// The values under which everything is known.
    read: HashSet<String>,
}

impl Index {
    fn insert(&mut self, value: String, key: &Key) {
        self.keys.entry(value).or_default().insert(key.clone());
    }

    /// Takes an object that changes from the values it had to those it has. Under a value that was not asked for yet it may be
    /// known to the snapshot alone, which is not believed about what has changed.
    pub(super) fn update(&mut self, key: &Key, was: &[String], is: Vec<String>) {
        for value in was.iter().filter(|value| !is.contains(value)) {
            if let Some(keys) = self.keys.get_mut(value) {
                keys.remove(key);
            }
        }
        for value in is {
            if !(was.contains(&value) && self.read.contains(&value)) {
                self.insert(value, key);
            }
        }
    }
}

impl Cluster<'_> {
    /// The objects that an indexer finds under a value, ordered by key.
    pub fn indexed(&self, indexer: &'static Indexer, value: &str) -> Result<Vec<(Key, Arc<Object>)>, Status> {
        self.read_index(indexer, value)?;
        let indexes = self.indexes.borrow();
        let place: *const Indexer = indexer;
        let keys = indexes.get(&place).and_then(|index| index.keys.get(value)).into_iter().flatten();
        Ok(keys.filter_map(|k| Some((k.clone(), self.known(k)?))).collect())
    }

    fn read_index(&self, indexer: &'static Indexer, value: &str) -> Result<(), Status> {
        let place: *const Indexer = indexer;
        if self.indexes.borrow().get(&place).is_some_and(|index| index.read.contains(value)) {
            return Ok(());
        }
        let stored = self.base.indexed(indexer, value)?;
        let mut indexes = self.indexes.borrow_mut();
        let index = indexes.entry(place).or_insert_with(|| self.index_of_changed(indexer));
        let mut seen = self.seen.borrow_mut();
        for (key, object) in stored.into_iter().filter(|(key, _)| !self.dirty.contains(key)) {
            index.insert(value.to_owned(), &key);
            seen.read(&key, object);
        }
        index.read.insert(value.to_owned());
        Ok(())
    }

    /// An index of what was changed so far.
    fn index_of_changed(&self, indexer: &'static Indexer) -> Index {
        let mut index = Index { indexer, keys: BTreeMap::new(), read: HashSet::new() };
        for key in self.changed(indexer.resource) {
            if let Some(object) = self.known(key) {
                (indexer.values)(&object).into_iter().for_each(|value| index.insert(value, key));
            }
        }
        index
    }

    /// Keeps the indexes of an object that changes, and tells the rosters under whose values it was or is.
    pub(super) fn update_indexes(&mut self, key: &Key, before: Option<&Object>, after: Option<&Object>) {
        let rosters = self.rosters.get_mut();
        for index in self.indexes.get_mut().values_mut().filter(|index| index.indexer.resource == key.resource) {
            let was = before.map(index.indexer.values).unwrap_or_default();
            let is = after.map(index.indexer.values).unwrap_or_default();
            was.iter().chain(&is).for_each(|value| rosters.changed(index.indexer, value, key));
            index.update(key, &was, is);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::apimachinery::seed::Seed;
    use crate::apimachinery::time::Time;
    use crate::cluster::{Meta, Snapshot};

    static BY_COLOUR: Indexer = Indexer {
        name: "by-colour",
        resource: "configmaps",
        values: |o| o.label("colour").map(str::to_owned).into_iter().collect(),
    };

    /// What was stored.
    struct Stored(BTreeMap<Key, Arc<Object>>);

    impl Snapshot for Stored {
        fn meta(&self) -> Meta {
            Meta { resource_version: 0, clock: Time::UNIX_EPOCH, seed: Seed("test".to_owned()), pod_addresses: 0 }
        }

        fn get(&self, key: &Key) -> Result<Option<Arc<Object>>, Status> {
            Ok(self.0.get(key).cloned())
        }

        fn list(&self, resource: &str, _namespace: Option<&str>) -> Result<Vec<(Key, Arc<Object>)>, Status> {
            let rows = self.0.iter().filter(|(key, _)| key.resource == resource);
            Ok(rows.map(|(key, object)| (key.clone(), object.clone())).collect())
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

    fn painted(name: &str, colour: &str) -> (Key, Object) {
        let mut object = Object::new("v1", "ConfigMap", "default", name);
        object.set_label("colour", colour);
        (Key::new("configmaps", "default", name), object)
    }

    fn names(cluster: &Cluster, colour: &str) -> String {
        let found = cluster.indexed(&BY_COLOUR, colour).unwrap();
        found.iter().map(|(key, _)| key.name.as_str()).collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn what_is_stored_and_what_changed_are_found_under_the_values_they_have_now() {
        let stored = [("a", "red"), ("b", "red"), ("c", "blue"), ("d", "red"), ("f", "green"), ("g", "green")].map(
            |(name, colour)| {
                let (key, object) = painted(name, colour);
                (key, Arc::new(object))
            },
        );
        let stored = Stored(stored.into());
        let mut cluster = Cluster::new(&stored);
        let paint = |cluster: &mut Cluster, name, colour| {
            let (key, object) = painted(name, colour);
            cluster.put(&key, object).unwrap();
        };
        paint(&mut cluster, "a", "blue");
        cluster.remove(&Key::new("configmaps", "default", "b")).unwrap();
        assert_eq!(names(&cluster, "red"), "d", "changes from before the first question count");
        paint(&mut cluster, "c", "red");
        paint(&mut cluster, "e", "blue");
        paint(&mut cluster, "f", "green");
        assert_eq!((names(&cluster, "red"), names(&cluster, "blue")), ("c d".to_owned(), "a e".to_owned()));
        assert_eq!(names(&cluster, "green"), "f g", "a change that keeps a value nobody asked for yet");
        paint(&mut cluster, "a", "red");
        assert_eq!((names(&cluster, "red"), names(&cluster, "blue")), ("a c d".to_owned(), "e".to_owned()));
    }
}
