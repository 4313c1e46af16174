//! What has been read or written: found by key at once, and listed in the order of the keys.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use crate::apimachinery::key::Key;
use crate::apimachinery::object::Object;

/// Objects by key, `None` where there is known to be none.
///
/// A key is looked up far more often than it is new, and thousands of keys that begin alike are slow to compare: hence a map
/// beside the order.
#[derive(Default)]
pub struct Seen {
    objects: HashMap<Key, Option<Arc<Object>>>,
    order: BTreeSet<Key>,
}

impl Seen {
    /// What is known of a key: nothing, that there is no object, or the object.
    pub fn get(&self, key: &Key) -> Option<&Option<Arc<Object>>> {
        self.objects.get(key)
    }

    /// Puts what is known now in place of what was.
    pub fn insert(&mut self, key: &Key, object: Option<Arc<Object>>) {
        match self.objects.get_mut(key) {
            Some(known) => *known = object,
            None => self.add(key.clone(), object),
        }
    }

    /// Adds an object that was read, unless something is known of its key. Gives what is known then.
    pub fn read(&mut self, key: &Key, object: Arc<Object>) -> Option<&Arc<Object>> {
        if !self.objects.contains_key(key) {
            self.add(key.clone(), Some(object));
        }
        self.objects.get(key)?.as_ref()
    }

    fn add(&mut self, key: Key, object: Option<Arc<Object>>) {
        self.order.insert(key.clone());
        self.objects.insert(key, object);
    }

    /// The objects from a key on, in order, for as long as their keys are wanted.
    pub fn from<'s>(
        &'s self,
        first: Key,
        is_wanted: impl Fn(&Key) -> bool + 's,
    ) -> impl Iterator<Item = (&'s Key, &'s Arc<Object>)> {
        let keys = self.order.range(first..).take_while(move |key| is_wanted(key));
        keys.filter_map(|key| Some((key, self.objects.get(key)?.as_ref()?)))
    }
}
