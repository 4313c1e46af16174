//! Time and controllers: what the cluster does on its own between requests.
//!
//! Pure. Knows the cluster and the API server, not who waits for it.

use std::collections::{HashMap, HashSet, VecDeque};
use std::sync::Arc;

use crate::apimachinery::key::Key;
use crate::apimachinery::object::Object;
use crate::apimachinery::status::Status;
use crate::apimachinery::time::Time;
use crate::cluster::{Change, ChangeType, Cluster};
use crate::kinds::plan::Plan;
use crate::kinds::{self, Trigger};

mod apply;
pub mod emulated;
mod event;
mod garbage;
pub mod kubelet;
mod node;
pub mod observation;
pub mod pace;
pub mod processes;
pub mod sandbox;
mod scheduler;
mod volume;

/// A controller that belongs to the cluster rather than to one kind's file.
pub(crate) struct Controller {
    /// The group resource whose objects it looks at.
    resource: &'static str,
    reconcile: fn(&Arc<Object>, &Cluster, Time) -> Result<Plan, Status>,
    triggers: &'static [Trigger],
}

/// In the order they run on one object.
static CONTROLLERS: &[&Controller] = &[
    &volume::claim::CONTROLLER,
    &volume::persistent::CONTROLLER,
    &scheduler::CONTROLLER,
    &node::lifecycle::CONTROLLER,
    &node::eviction::CONTROLLER,
    &kubelet::CONTROLLER,
];

/// How often one object may be looked at in one instant before its controllers are held to be going in circles.
const ROUNDS: usize = 200_000;

/// Lets the cluster live until `to`: everything that is due happens, in order, at its own time.
///
/// # Errors
/// Whatever a controller could not plan or the store could not read; nothing may be committed then.
pub fn advance(cluster: &mut Cluster, to: Time) -> Result<(), Status> {
    cluster.set_horizon(Some(to));
    while let Some((at, key)) = cluster.next_due(to)? {
        cluster.set_now(at);
        cluster.set_wake(&key, None);
        let mut queue = Queue::after(cluster);
        queue.push(key);
        queue.run(cluster)?;
    }
    cluster.set_now(to);
    cluster.set_horizon(None);
    Ok(())
}

/// Runs the controllers until nothing changes at the cluster's present time, for everything that has changed since it
/// was opened.
///
/// # Errors
/// As for [`advance`].
pub fn settle(cluster: &mut Cluster) -> Result<(), Status> {
    let already = cluster.settled();
    Queue { read: already, ..Queue::after(cluster) }.run(cluster)
}

/// Keys to look at, first come first served, each once at a time.
struct Queue {
    keys: VecDeque<Key>,
    /// Keys whose controllers only follow others.
    late: VecDeque<Key>,
    waiting: HashSet<Key>,
    rounds: HashMap<Key, usize>,
    /// How much of the cluster's log has been turned into keys.
    read: usize,
}

impl Queue {
    /// An empty queue that sees the changes made from now on.
    fn after(cluster: &Cluster) -> Queue {
        Queue {
            keys: VecDeque::new(),
            late: VecDeque::new(),
            waiting: HashSet::new(),
            rounds: HashMap::new(),
            read: cluster.log().len(),
        }
    }

    fn push(&mut self, key: Key) {
        if self.waiting.insert(key.clone()) {
            let late = kinds::by_resource(&key.resource).is_some_and(|kind| kind.settles_last());
            if late { self.late.push_back(key) } else { self.keys.push_back(key) }
        }
    }

    fn run(mut self, cluster: &mut Cluster) -> Result<(), Status> {
        self.take_changes(cluster)?;
        while let Some(key) = self.keys.pop_front().or_else(|| self.late.pop_front()) {
            self.waiting.remove(&key);
            self.count(&key)?;
            let wake = reconcile(cluster, &key)?;
            self.take_changes(cluster)?;
            match wake {
                Some(at) if at <= cluster.now() => self.push(key),
                _ if cluster.get(&key)?.is_some() => cluster.set_wake(&key, wake),
                _ => {}
            }
        }
        cluster.set_settled();
        Ok(())
    }

    fn count(&mut self, key: &Key) -> Result<(), Status> {
        let rounds = self.rounds.entry(key.clone()).or_default();
        *rounds += 1;
        if *rounds > ROUNDS { Err(Status::internal(format!("the controllers of {key} do not settle"))) } else { Ok(()) }
    }

    fn take_changes(&mut self, cluster: &Cluster) -> Result<(), Status> {
        while let Some(change) = cluster.log().get(self.read) {
            self.read += 1;
            let change = change.clone();
            self.enqueue(cluster, &change)?;
        }
        Ok(())
    }

    /// The object itself, its controller, and whatever declared an interest in its resource.
    fn enqueue(&mut self, cluster: &Cluster, change: &Change) -> Result<(), Status> {
        if change.kind != ChangeType::Deleted {
            self.push(change.key.clone());
        }
        for owner in change.object.owner_references() {
            if let Some(kind) = kinds::of_api_version(cluster, owner.api_version, owner.kind)? {
                self.push(kind.names().key(change.object.namespace(), owner.name));
            }
        }
        if change.kind == ChangeType::Deleted {
            for (key, _) in cluster.owned_by(change.object.uid())? {
                self.push(key);
            }
        }
        let of_kinds = kinds::KINDS.iter().flat_map(|k| k.triggers());
        let of_controllers = CONTROLLERS.iter().flat_map(|c| c.triggers);
        let resource = change.key.resource.as_ref();
        let is_custom = kinds::by_resource(resource).is_none();
        let concerns = |t: &&Trigger| t.resource == resource || (is_custom && t.resource == kinds::ANY_CUSTOM);
        for trigger in of_kinds.chain(of_controllers).filter(concerns) {
            for key in (trigger.keys)(&change.object, cluster)? {
                self.push(key);
            }
        }
        Ok(())
    }
}

/// Runs every controller of one object, each on the object as the one before left it. Returns when to look again.
fn reconcile(cluster: &mut Cluster, key: &Key) -> Result<Option<Time>, Status> {
    let Some(kind) = kinds::of_resource(cluster, &key.resource)? else { return Ok(None) };
    let mut wake: Option<Time> = None;
    let of_cluster = CONTROLLERS.iter().filter(|c| c.resource == key.resource);
    let mut steps: Vec<Step> = vec![&garbage::reconcile];
    let own = |object: &Arc<Object>, cluster: &Cluster, now: Time| kind.reconcile(object, cluster, now);
    steps.push(&own);
    steps.extend(of_cluster.map(|c| &c.reconcile as Step));
    for step in steps {
        let Some(object) = cluster.get(key)? else { return Ok(None) };
        let plan = step(&object, cluster, cluster.now())?;
        wake = wake.into_iter().chain(plan.requeue_at).min();
        apply::apply(cluster, plan)?;
    }
    Ok(wake)
}

type Step<'a> = &'a dyn Fn(&Arc<Object>, &Cluster, Time) -> Result<Plan, Status>;
