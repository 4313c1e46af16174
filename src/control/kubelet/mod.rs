//! The kubelet: a pod's life on its node, one transition at a time.
//!
//! Everything here follows from the pod, its node and the pace; what containers really do comes back as observations.

use std::sync::Arc;

use super::Controller;
use super::node;
use super::pace::{Pace, is_pace};
use crate::apimachinery::key::Key;
use crate::apimachinery::object::Object;
use crate::apimachinery::status::Status;
use crate::apimachinery::time::Time;
use crate::cluster::{Cluster, Indexer};
use crate::kinds::Trigger;
use crate::kinds::plan::{Action, Plan};
use crate::kinds::why::Reason;

mod admission;
mod again;
mod cgroup;
mod config;
mod container;
mod container_status;
mod deadline;
mod environment;
mod fold;
mod given;
pub mod health;
mod image;
mod known;
mod life;
mod mounts;
mod network;
mod phase;
mod pod_status;
pub mod probe;
mod restart;
mod standing;
mod termination;
mod user;
mod walk;
mod world;

pub use config::{PODS_BY_CONFIG, pods_that_mount};
pub use container_status::{field_path, specs};
pub use environment::API_SERVER;
pub use environment::expand;
pub use world::sandbox;

/// What a kubelet calls itself in events.
const SOURCE: &str = "kubelet";

pub(crate) static CONTROLLER: Controller = Controller {
    resource: "pods",
    reconcile,
    triggers: &[
        Trigger { resource: "configmaps", keys: waiting_for_config },
        Trigger { resource: "secrets", keys: waiting_for_config },
    ],
};

fn reconcile(pod: &Arc<Object>, cluster: &Cluster, now: Time) -> Result<Plan, Status> {
    let node = pod.str_at("/spec/nodeName");
    if node.is_empty() {
        return Ok(if pod.deletion_timestamp().is_some() { remove(pod) } else { Plan::nothing() });
    }
    let Some(node) = cluster.get(&Key::cluster("nodes", node))? else {
        // The pod garbage collector: no kubelet will ever confirm this deletion.
        let is_going = pod.deletion_timestamp().is_some();
        let why = || format!("its node {node} does not exist");
        return Ok(if is_going { remove(pod) } else { still(pod, cluster, why) });
    };
    // A kubelet that nobody hears of does nothing that anybody sees.
    if node::is_lost(&node, &Pace::of(cluster)?) {
        let mut plan = still(pod, cluster, || format!("nothing is heard of it: its node {} is lost", node.name()));
        plan.reasons.iter_mut().for_each(|r| r.waits_for.push(Key::cluster("nodes", node.name())));
        return Ok(plan);
    }
    if pod.deletion_timestamp().is_some() {
        return termination::reconcile(pod, cluster, now);
    }
    let phase = pod.str_at("/status/phase");
    if matches!(phase, "Succeeded" | "Failed") {
        return Ok(still(pod, cluster, || {
            format!("it has ended ({phase}), and a pod that has ended is not started again")
        }));
    }
    life::reconcile(pod, &node, cluster, now)
}

/// Nothing to do, and why.
fn still(pod: &Object, cluster: &Cluster, why: impl FnOnce() -> String) -> Plan {
    let mut plan = Plan::nothing();
    because(&mut plan, pod, cluster, why);
    plan
}

fn because(plan: &mut Plan, pod: &Object, cluster: &Cluster, why: impl FnOnce() -> String) {
    plan.because(cluster, || Reason::new(SOURCE, Key::new("pods", pod.namespace(), pod.name()), why()));
}

fn remove(pod: &Object) -> Plan {
    let key = Key::new("pods", pod.namespace(), pod.name());
    Plan { actions: vec![Action::Remove { key, uid: pod.uid().to_owned() }], ..Plan::default() }
}

/// The pods of a namespace that have not come up yet and may have waited for this; all that live, when the pace changed.
fn waiting_for_config(object: &Object, cluster: &Cluster) -> Result<Vec<Key>, Status> {
    if !is_pace(object) {
        let waiting = cluster.indexed(&CHANGING_PODS, object.namespace())?;
        return Ok(waiting.into_iter().map(|(key, _)| key).collect());
    }
    let lives = |pod: &Object| is_changing(pod) || pod.str_at("/status/phase") == "Running";
    let pods = cluster.list_keyed("pods", None)?;
    Ok(pods.into_iter().filter(|(_, pod)| lives(pod)).map(|(key, _)| key).collect())
}

/// Pods that have not come up yet, or are on their way out, by namespace.
pub(super) static CHANGING_PODS: Indexer = Indexer {
    name: "changing-pods",
    resource: "pods",
    values: |pod| if is_changing(pod) { vec![pod.namespace().to_owned()] } else { Vec::new() },
};

fn is_changing(pod: &Object) -> bool {
    pod.str_at("/status/phase") == "Pending" || pod.deletion_timestamp().is_some()
}
