//! The objects at one resourceVersion, read through a [`Snapshot`], with changes buffered until they are committed.
//!
//! Pure: knows no file, no clock and no kind. A list or owner look-up reads each part of the snapshot at most once.

use std::any::{Any, TypeId};
use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::ops::ControlFlow;
use std::rc::Rc;
use std::sync::Arc;

use crate::apimachinery::key::Key;
use crate::apimachinery::object::Object;
use crate::apimachinery::outline::Outline;
use crate::apimachinery::seed::Seed;
use crate::apimachinery::status::Status;
use crate::apimachinery::time::Time;

mod agenda;
mod change;
mod history;
mod index;
mod lookup;
mod roster;
mod seen;

pub use change::{Change, ChangeType, Changes};
pub use history::KEPT_CHANGES;
pub use index::Indexer;

use agenda::Agenda;
use history::History;
use index::Indexes;
use roster::Rosters;
use seen::Seen;

/// What a store knows of itself at one resourceVersion.
#[derive(Clone, Debug, PartialEq)]
pub struct Meta {
    /// The newest resourceVersion; every change takes the next.
    pub resource_version: u64,
    /// The store's time: how far the simulation has got. Never runs backwards.
    pub clock: Time,
    pub seed: Seed,
    /// How many pod addresses were handed out so far; the next pod gets the next one.
    pub pod_addresses: u64,
}

/// What is shown objects one at a time; it says whether it wants the next.
pub type Visitor<'v> = dyn FnMut(Arc<Object>) -> ControlFlow<()> + 'v;

/// A stored state to read from; implemented by the SQLite store and by its in-memory twin.
///
/// Errors are [`Status`]es with reason InternalError whose message says what is wrong with the store.
pub trait Snapshot {
    fn meta(&self) -> Meta;
    fn get(&self, key: &Key) -> Result<Option<Arc<Object>>, Status>;
    /// The objects of a resource, ordered by namespace and name; of one namespace, or of all.
    fn list(&self, resource: &str, namespace: Option<&str>) -> Result<Vec<(Key, Arc<Object>)>, Status>;
    /// As [`Snapshot::list`], one object after the other until `each` has had enough: none is kept. What `outline` does not
    /// have may be left out of them.
    fn visit(
        &self,
        resource: &str,
        namespace: Option<&str>,
        _outline: Option<&Outline>,
        each: &mut Visitor<'_>,
    ) -> Result<(), Status> {
        let mut rows = self.list(resource, namespace)?.into_iter();
        let _stopped = rows.try_for_each(|(_, object)| each(object));
        Ok(())
    }
    /// The objects with an owner reference to this uid.
    fn owned_by(&self, uid: &str) -> Result<Vec<(Key, Arc<Object>)>, Status>;
    /// The objects of a resource that have a label, ordered by namespace and name; of one namespace, or of all.
    fn labelled(
        &self,
        resource: &str,
        namespace: Option<&str>,
        (key, value): (&str, &str),
    ) -> Result<Vec<(Key, Arc<Object>)>, Status> {
        let mut rows = self.list(resource, namespace)?;
        rows.retain(|(_, object)| object.label(key) == Some(value));
        Ok(rows)
    }
    /// The objects that an indexer finds under a value, ordered by key.
    fn indexed(&self, indexer: &'static Indexer, value: &str) -> Result<Vec<(Key, Arc<Object>)>, Status> {
        let mut rows = self.list(indexer.resource, None)?;
        rows.retain(|(_, object)| indexer.has(object, value));
        Ok(rows)
    }
    /// Objects whose controllers asked to be woken at or before this time, earliest first.
    fn due(&self, by: Time) -> Result<Vec<(Time, Key)>, Status>;
    /// The earliest time at which anything is due.
    fn next_due(&self) -> Result<Option<Time>, Status>;
}

/// Typed views by the object's place in memory and the view's type.
type Views = HashMap<(usize, TypeId), (Arc<Object>, Rc<dyn Any>)>;

/// A snapshot with changes on top. Reads see the changes.
pub struct Cluster<'s> {
    base: &'s dyn Snapshot,
    meta: Meta,
    /// Filled by reads, hence the cell.
    seen: RefCell<Seen>,
    /// Parts that `seen` holds whole: a resource with a namespace, or with `None` for all namespaces.
    listed: RefCell<HashSet<(String, Option<String>)>>,
    owned: RefCell<HashMap<String, BTreeSet<Key>>>,
    views: RefCell<Views>,
    indexes: RefCell<Indexes>,
    rosters: RefCell<Rosters>,
    dirty: BTreeSet<Key>,
    history: History,
    wakes: BTreeMap<Key, Option<Time>>,
    /// Every wake, stored or asked for since. Filled when something is due, hence the cell.
    agenda: RefCell<Option<Agenda>>,
    horizon: Option<Time>,
    runs_processes: bool,
    is_asked_why: Cell<bool>,
}

impl<'s> Cluster<'s> {
    /// A cluster without changes.
    pub fn new(base: &'s dyn Snapshot) -> Cluster<'s> {
        Cluster {
            meta: base.meta(),
            base,
            seen: RefCell::default(),
            listed: RefCell::default(),
            owned: RefCell::default(),
            views: RefCell::default(),
            indexes: RefCell::default(),
            rosters: RefCell::default(),
            dirty: BTreeSet::new(),
            history: History::default(),
            wakes: BTreeMap::new(),
            agenda: RefCell::default(),
            horizon: None,
            runs_processes: false,
            is_asked_why: Cell::new(false),
        }
    }

    /// Whether containers of pods that are new may be processes of this machine.
    pub fn runs_processes(&self) -> bool {
        self.runs_processes
    }

    /// Lets containers of new pods be processes of this machine. The transaction's owner starts them.
    pub fn set_runs_processes(&mut self, runs: bool) {
        self.runs_processes = runs;
    }

    /// Whether controllers are to give their reasons.
    pub fn is_asked_why(&self) -> bool {
        self.is_asked_why.get()
    }

    /// Lets controllers give their reasons from now on; otherwise nobody makes the words.
    pub fn ask_why(&self) {
        self.is_asked_why.set(true);
    }

    /// The cluster's time. Controllers take it as an argument; requests stamp objects with it.
    pub fn now(&self) -> Time {
        self.meta.clock
    }

    /// Moves the cluster's time forward; an earlier time is ignored.
    pub fn set_now(&mut self, now: Time) {
        self.meta.clock = self.meta.clock.max(now);
    }

    /// How far time is going to move before anybody looks: what would only repeat itself until then need not be lived
    /// through. Long past, when it is not moving.
    pub fn horizon(&self) -> Time {
        self.horizon.unwrap_or(Time::UNIX_EPOCH)
    }

    /// Says how far time is going to move; `None` when it stands again.
    pub fn set_horizon(&mut self, to: Option<Time>) {
        self.horizon = to;
    }

    /// The newest resourceVersion.
    pub fn resource_version(&self) -> u64 {
        self.meta.resource_version
    }

    /// The number the next change will have. Random values for an object being made are drawn with it.
    pub fn next_resource_version(&self) -> u64 {
        self.meta.resource_version + 1
    }

    pub fn seed(&self) -> &Seed {
        &self.meta.seed
    }

    /// How many pod addresses were handed out so far.
    pub fn pod_addresses(&self) -> u64 {
        self.meta.pod_addresses
    }

    /// Records that so many pod addresses were handed out.
    pub fn set_pod_addresses(&mut self, count: u64) {
        self.meta.pod_addresses = count;
    }

    /// The object under a key.
    pub fn get(&self, key: &Key) -> Result<Option<Arc<Object>>, Status> {
        if let Some(known) = self.seen.borrow().get(key) {
            return Ok(known.clone());
        }
        if self.is_listed(&key.resource, &key.namespace) {
            return Ok(None);
        }
        let found = self.base.get(key)?;
        self.seen.borrow_mut().insert(key, found.clone());
        Ok(found)
    }

    /// The object as it was before this transaction.
    pub fn before(&self, key: &Key) -> Result<Option<Arc<Object>>, Status> {
        self.base.get(key)
    }

    /// The objects of a resource, ordered by namespace and name; of one namespace, or of all.
    pub fn list(&self, resource: &str, namespace: Option<&str>) -> Result<Vec<Arc<Object>>, Status> {
        Ok(self.list_keyed(resource, namespace)?.into_iter().map(|(_, o)| o).collect())
    }

    /// As [`Cluster::list`], with each object's key.
    pub fn list_keyed(&self, resource: &str, namespace: Option<&str>) -> Result<Vec<(Key, Arc<Object>)>, Status> {
        self.load(resource, namespace)?;
        let from = Key::new(resource.to_owned(), namespace.unwrap_or_default(), "");
        let seen = self.seen.borrow();
        let rows = seen.from(from, |k| k.resource == resource && namespace.is_none_or(|n| k.namespace == n));
        Ok(rows.map(|(k, o)| (k.clone(), o.clone())).collect())
    }

    fn is_listed(&self, resource: &str, namespace: &str) -> bool {
        let listed = self.listed.borrow();
        listed.contains(&(resource.to_owned(), None))
            || listed.contains(&(resource.to_owned(), Some(namespace.to_owned())))
    }

    fn load(&self, resource: &str, namespace: Option<&str>) -> Result<(), Status> {
        let part = (resource.to_owned(), namespace.map(str::to_owned));
        let whole = (resource.to_owned(), None);
        if self.listed.borrow().contains(&whole) || self.listed.borrow().contains(&part) {
            return Ok(());
        }
        let rows = self.base.list(resource, namespace)?;
        let mut seen = self.seen.borrow_mut();
        for (key, object) in rows {
            seen.read(&key, object);
        }
        self.listed.borrow_mut().insert(part);
        Ok(())
    }

    /// The objects that name this uid as an owner, ordered by key.
    pub fn owned_by(&self, uid: &str) -> Result<Vec<(Key, Arc<Object>)>, Status> {
        self.load_owned(uid)?;
        let keys: Vec<Key> = self.owned.borrow().get(uid).into_iter().flatten().cloned().collect();
        Ok(keys.into_iter().filter_map(|k| self.known(&k).map(|o| (k, o))).collect())
    }

    fn load_owned(&self, uid: &str) -> Result<(), Status> {
        if self.owned.borrow().contains_key(uid) {
            return Ok(());
        }
        let mut keys = BTreeSet::new();
        for (key, object) in self.base.owned_by(uid)? {
            let mut seen = self.seen.borrow_mut();
            if seen.read(&key, object).is_some_and(|o| owns(o, uid)) {
                keys.insert(key);
            }
        }
        keys.extend(self.dirty.iter().filter(|k| self.known(k).is_some_and(|o| owns(&o, uid))).cloned());
        self.owned.borrow_mut().insert(uid.to_owned(), keys);
        Ok(())
    }

    /// A typed view of an object, decoded once per version of it for as long as the transaction lasts.
    ///
    /// Versions are told apart by their place in memory, which the cache keeps taken.
    pub fn view<T: Any>(&self, object: &Arc<Object>, decode: fn(&Arc<Object>) -> T) -> Rc<T> {
        let place = (Arc::as_ptr(object) as usize, TypeId::of::<T>());
        if let Some((_, view)) = self.views.borrow().get(&place)
            && let Ok(view) = Rc::clone(view).downcast()
        {
            return view;
        }
        let view = Rc::new(decode(object));
        self.views.borrow_mut().insert(place, (object.clone(), view.clone()));
        view
    }

    /// As [`Cluster::owned_by`], of one resource only.
    pub fn owned_of(&self, uid: &str, resource: &'static str) -> Result<Vec<Arc<Object>>, Status> {
        self.load_owned(uid)?;
        let owned = self.owned.borrow();
        let Some(keys) = owned.get(uid) else { return Ok(Vec::new()) };
        let of_resource = keys.range(Key::cluster(resource, "")..).take_while(|k| k.resource == resource);
        Ok(of_resource.filter_map(|k| self.known(k)).collect())
    }

    fn known(&self, key: &Key) -> Option<Arc<Object>> {
        self.seen.borrow().get(key).cloned().flatten()
    }

    /// Stores an object under a key with the next resourceVersion, which is set on it. Returns what was stored.
    ///
    /// Nothing is checked here: the API server is the only caller.
    pub fn put(&mut self, key: &Key, mut object: Object) -> Result<Arc<Object>, Status> {
        let before = self.get(key)?;
        self.meta.resource_version += 1;
        object.set("/metadata/resourceVersion", self.meta.resource_version.to_string().into());
        let object = Arc::new(object);
        let kind = if before.is_some() { ChangeType::Modified } else { ChangeType::Added };
        self.index_owners(key, before.as_deref(), Some(&object));
        self.update_indexes(key, before.as_deref(), Some(&object));
        self.record(kind, key, object.clone(), before);
        self.seen.borrow_mut().insert(key, Some(object.clone()));
        Ok(object)
    }

    /// Removes an object; takes a resourceVersion, which the DELETED event carries. Returns the object as it last was.
    pub fn remove(&mut self, key: &Key) -> Result<Option<Arc<Object>>, Status> {
        let Some(before) = self.get(key)? else { return Ok(None) };
        self.meta.resource_version += 1;
        let mut last = Object::clone(&before);
        last.set("/metadata/resourceVersion", self.meta.resource_version.to_string().into());
        let last = Arc::new(last);
        self.index_owners(key, Some(&before), None);
        self.update_indexes(key, Some(&before), None);
        self.record(ChangeType::Deleted, key, last.clone(), Some(before));
        self.seen.borrow_mut().insert(key, None);
        self.set_wake(key, None);
        Ok(Some(last))
    }

    fn record(&mut self, kind: ChangeType, key: &Key, object: Arc<Object>, before: Option<Arc<Object>>) {
        self.dirty.insert(key.clone());
        let resource_version = self.meta.resource_version;
        self.history.push(Change { resource_version, kind, key: key.clone(), object, before });
    }

    fn index_owners(&mut self, key: &Key, before: Option<&Object>, after: Option<&Object>) {
        let owned = self.owned.get_mut();
        for reference in before.into_iter().flat_map(Object::owner_references) {
            if let Some(keys) = owned.get_mut(reference.uid) {
                keys.remove(key);
            }
        }
        for reference in after.into_iter().flat_map(Object::owner_references) {
            if let Some(keys) = owned.get_mut(reference.uid) {
                keys.insert(key.clone());
            }
        }
    }

    /// The oldest change that the controllers have not dealt with, which counts as dealt with from now on.
    pub fn next_unsettled(&mut self) -> Option<Change> {
        self.history.next_unsettled()
    }

    /// Records that the controllers have dealt with every change so far.
    pub fn set_settled(&mut self) {
        self.history.settle();
    }

    /// The key of every change so far, oldest first.
    pub fn log(&self) -> &[Key] {
        self.history.keys()
    }

    /// The keys of a resource that changed so far, each once.
    pub fn changed(&self, resource: &'static str) -> impl Iterator<Item = &Key> {
        self.dirty.range(Key::cluster(resource, "")..).take_while(move |k| k.resource == resource)
    }

    /// Every removal so far, oldest first.
    pub fn removed(&self) -> &[Change] {
        self.history.removed()
    }

    /// Asks for the controllers of an object to be woken at a time, or no more. Replaces what was asked before.
    pub fn set_wake(&mut self, key: &Key, at: Option<Time>) {
        self.wakes.insert(key.clone(), at);
        if let Some(agenda) = self.agenda.get_mut() {
            agenda.set(key, at);
        }
    }

    /// The earliest object that is due by a time, with when it was due.
    pub fn next_due(&self, by: Time) -> Result<Option<(Time, Key)>, Status> {
        // Most commands find nothing due; the agenda is then not worth reading.
        let is_unread = self.agenda.borrow().is_none() && self.wakes.is_empty();
        if is_unread && self.base.next_due()?.is_none_or(|at| at > by) {
            return Ok(None);
        }
        self.read_agenda()?;
        let agenda = self.agenda.borrow();
        Ok(agenda.as_ref().and_then(|agenda| agenda.order.first()).filter(|(at, _)| *at <= by).cloned())
    }

    /// When anything is due next, if ever.
    pub fn next_wake(&self) -> Result<Option<Time>, Status> {
        self.read_agenda()?;
        Ok(self.agenda.borrow().as_ref().and_then(|agenda| agenda.order.first()).map(|(at, _)| *at))
    }

    fn read_agenda(&self) -> Result<(), Status> {
        if self.agenda.borrow().is_some() {
            return Ok(());
        }
        let mut agenda = Agenda::default();
        for (at, key) in self.base.due(Time::MAX_UTC)? {
            agenda.set(&key, Some(at));
        }
        for (key, at) in &self.wakes {
            agenda.set(key, *at);
        }
        self.agenda.replace(Some(agenda));
        Ok(())
    }

    /// Whether anything has to be written.
    pub fn is_changed(&self) -> bool {
        !self.log().is_empty() || !self.wakes.is_empty() || self.meta != self.base.meta()
    }

    /// What has to be written.
    pub fn into_changes(self) -> Changes {
        let seen = self.seen.into_inner();
        let objects =
            self.dirty.into_iter().map(|k| (seen.get(&k).cloned().flatten(), k)).map(|(o, k)| (k, o)).collect();
        let (log, removed) = self.history.into_parts();
        Changes { meta: self.meta, objects, log, removed, wakes: self.wakes }
    }
}

fn owns(object: &Object, uid: &str) -> bool {
    object.owner_references().any(|r| r.uid == uid)
}
