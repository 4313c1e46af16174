//! When the controllers are to be woken.

use std::collections::{BTreeSet, HashMap};

use crate::apimachinery::key::Key;
use crate::apimachinery::time::Time;

/// When each object's controllers are to be woken, in order.
#[derive(Default)]
pub(super) struct Agenda {
    pub(super) order: BTreeSet<(Time, Key)>,
    pub(super) times: HashMap<Key, Time>,
}

impl Agenda {
    pub(super) fn set(&mut self, key: &Key, at: Option<Time>) {
        if let Some(old) = self.times.remove(key) {
            self.order.remove(&(old, key.clone()));
        }
        if let Some(at) = at {
            self.times.insert(key.clone(), at);
            self.order.insert((at, key.clone()));
        }
    }
}
