//! What a controller keeps of the objects under one value of an index, so that it looks at each version of them once.

use std::any::{Any, TypeId};
use std::cell::RefCell;
use std::collections::{BTreeSet, HashMap};
use std::rc::Rc;
use std::sync::Arc;

use super::{Cluster, Indexer};
use crate::apimachinery::key::Key;
use crate::apimachinery::object::Object;
use crate::apimachinery::status::Status;

/// An object under the value: as it is now, or `None` when it is there no more.
pub type News = Vec<(Key, Option<Arc<Object>>)>;

/// One roster: what is kept, and whose objects changed since it was asked for.
struct Entry {
    kept: Rc<dyn Any>,
    news: BTreeSet<Key>,
}

/// The rosters by indexer (by its place in memory, they are statics), value and type.
#[derive(Default)]
pub struct Rosters(HashMap<*const Indexer, HashMap<String, HashMap<TypeId, Entry>>>);

impl Rosters {
    /// Notes that an object which is, or was, under a value has changed.
    pub fn changed(&mut self, indexer: &'static Indexer, value: &str, key: &Key) {
        let place: *const Indexer = indexer;
        let entries = self.0.get_mut(&place).and_then(|values| values.get_mut(value));
        for entry in entries.into_iter().flat_map(HashMap::values_mut) {
            entry.news.insert(key.clone());
        }
    }
}

impl Cluster<'_> {
    /// What is kept of the objects under a value, and what changed of them since it was last asked for: everything, the
    /// first time. The caller brings it up to date; it lasts as long as the transaction.
    pub fn kept<T: Any + Default>(
        &self,
        indexer: &'static Indexer,
        value: &str,
    ) -> Result<(Rc<RefCell<T>>, News), Status> {
        let place: *const Indexer = indexer;
        if let Some((kept, keys)) = self.news_of::<T>(place, value) {
            let now = |key: &Key| self.known(key).filter(|o| indexer.has(o, value));
            let news = keys.into_iter().map(|key| (now(&key), key)).map(|(object, key)| (key, object)).collect();
            return Ok((kept, news));
        }
        let all = self.indexed(indexer, value)?;
        let kept = Rc::new(RefCell::new(T::default()));
        let entry = Entry { kept: kept.clone(), news: BTreeSet::new() };
        let mut rosters = self.rosters.borrow_mut();
        rosters.0.entry(place).or_default().entry(value.to_owned()).or_default().insert(TypeId::of::<T>(), entry);
        Ok((kept, all.into_iter().map(|(key, object)| (key, Some(object))).collect()))
    }

    fn news_of<T: Any>(&self, place: *const Indexer, value: &str) -> Option<(Rc<RefCell<T>>, BTreeSet<Key>)> {
        let mut rosters = self.rosters.borrow_mut();
        let entry = rosters.0.get_mut(&place)?.get_mut(value)?.get_mut(&TypeId::of::<T>())?;
        let kept = Rc::clone(&entry.kept).downcast().ok()?;
        Some((kept, std::mem::take(&mut entry.news)))
    }
}
