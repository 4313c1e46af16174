//! Time and controllers: what the cluster does on its own between requests.
//!
//! Pure. Knows the cluster and the API server, not who waits for it.

use std::collections::{HashMap, HashSet, VecDeque};
use std::sync::{Arc, LazyLock};

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
mod indexers;
pub mod kubelet;
mod node;
pub mod observation;
pub mod pace;
pub mod processes;
pub mod sandbox;
mod scheduler;
mod volume;
pub mod why;

pub use indexers::INDEXERS;

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
    &node::orphan::CONTROLLER,
    &kubelet::CONTROLLER,
];

/// What a change of a built-in resource may concern, found once: most of a step's work is small beside a look through all
/// kinds.
struct Wiring {
    triggers: Vec<&'static Trigger>,
    settles_last: bool,
    is_looked_at: bool,
}

static WIRINGS: LazyLock<HashMap<&'static str, Wiring>> = LazyLock::new(|| {
    let wiring = |kind: &kinds::KindRef| {
        let resource = kind.names().resource;
        let triggers = all_triggers().filter(|t| t.resource == resource).collect();
        (resource, Wiring { triggers, settles_last: kind.settles_last(), is_looked_at: kind.is_looked_at() })
    };
    kinds::KINDS.iter().map(wiring).collect()
});

fn all_triggers() -> impl Iterator<Item = &'static Trigger> {
    let of_kinds = kinds::KINDS.iter().flat_map(|k| k.triggers());
    of_kinds.chain(CONTROLLERS.iter().flat_map(|c| c.triggers))
}

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
        cluster.set_settled();
        let mut queue = Queue::default();
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
    Queue::default().run(cluster)
}

/// Keys to look at, first come first served, each once at a time.
#[derive(Default)]
struct Queue {
    keys: VecDeque<Key>,
    /// Keys whose controllers only follow others.
    late: VecDeque<Key>,
    waiting: HashSet<Key>,
    rounds: HashMap<Key, usize>,
}

impl Queue {
    fn push(&mut self, key: Key) {
        if self.waiting.insert(key.clone()) {
            let late = WIRINGS.get(&*key.resource).is_some_and(|wiring| wiring.settles_last);
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
        Ok(())
    }

    fn count(&mut self, key: &Key) -> Result<(), Status> {
        let rounds = self.rounds.entry(key.clone()).or_default();
        *rounds += 1;
        if *rounds > ROUNDS { Err(Status::internal(format!("the controllers of {key} do not settle"))) } else { Ok(()) }
    }

    fn take_changes(&mut self, cluster: &mut Cluster) -> Result<(), Status> {
        while let Some(change) = cluster.next_unsettled() {
            self.enqueue(cluster, &change)?;
        }
        Ok(())
    }

    /// The object itself, its controller, and whatever declared an interest in its resource.
    fn enqueue(&mut self, cluster: &Cluster, change: &Change) -> Result<(), Status> {
        if is_note(cluster, change)? {
            self.push(change.key.clone());
            return Ok(());
        }
        let resource = change.key.resource.as_ref();
        let wiring = WIRINGS.get(resource);
        let has_owner = change.object.owner_references().next().is_some();
        let is_inert = wiring.is_some_and(|wiring| !wiring.is_looked_at) && !has_owner;
        if change.kind != ChangeType::Deleted && (!is_inert || change.object.deletion_timestamp().is_some()) {
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
        // Who selected it by labels that it has no more has to see that, too.
        let relabelled = change.before.as_ref().filter(|before| before.labels() != change.object.labels());
        let of_custom =
            || all_triggers().filter(|t| t.resource == resource || t.resource == kinds::ANY_CUSTOM).collect();
        for trigger in wiring.map_or_else(of_custom, |wiring| wiring.triggers.clone()) {
            for object in relabelled.into_iter().chain([&change.object]) {
                for key in (trigger.keys)(object, cluster)? {
                    self.push(key);
                }
            }
        }
        Ok(())
    }
}

/// Whether a change concerns only the object's own controllers. A pod that fits nowhere may wait for any label.
fn is_note(cluster: &Cluster, change: &Change) -> Result<bool, Status> {
    let (ChangeType::Modified, Some(before)) = (change.kind, &change.before) else { return Ok(false) };
    let Some(kind) = kinds::of_resource(cluster, &change.key.resource)? else { return Ok(false) };
    Ok(kind.is_note(before, &change.object, cluster)? && !scheduler::is_anything_refused(cluster)?)
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
        let planned = plan.requeue_at;
        wake = wake.into_iter().chain(planned).chain(apply::apply(cluster, plan)?).min();
    }
    Ok(wake)
}

type Step<'a> = &'a dyn Fn(&Arc<Object>, &Cluster, Time) -> Result<Plan, Status>;
