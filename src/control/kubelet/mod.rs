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
use crate::cluster::Cluster;
use crate::kinds::Trigger;
use crate::kinds::plan::{Action, Plan};

mod config;
mod container;
mod container_status;
mod deadline;
mod environment;
mod fold;
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
mod walk;
mod world;

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
        return Ok(if pod.deletion_timestamp().is_some() { remove(pod) } else { Plan::nothing() });
    };
    // A kubelet that nobody hears of does nothing that anybody sees.
    if node::is_lost(&node, &Pace::of(cluster)?) {
        return Ok(Plan::nothing());
    }
    if pod.deletion_timestamp().is_some() {
        return termination::reconcile(pod, cluster, now);
    }
    if matches!(pod.str_at("/status/phase"), "Succeeded" | "Failed") {
        return Ok(Plan::nothing());
    }
    life::reconcile(pod, &node, cluster, now)
}

fn remove(pod: &Object) -> Plan {
    let key = Key::new("pods", pod.namespace(), pod.name());
    Plan { actions: vec![Action::Remove { key, uid: pod.uid().to_owned() }], ..Plan::default() }
}

/// The pods of a namespace that have not come up yet and may have waited for this; all that live, when the pace changed.
fn waiting_for_config(object: &Object, cluster: &Cluster) -> Result<Vec<Key>, Status> {
    let is_pace = is_pace(object);
    let pods = cluster.list_keyed("pods", (!is_pace).then(|| object.namespace()))?;
    let waits = |pod: &Object| {
        let phase = pod.str_at("/status/phase");
        phase == "Pending" || pod.deletion_timestamp().is_some() || (is_pace && phase == "Running")
    };
    Ok(pods.into_iter().filter(|(_, pod)| waits(pod)).map(|(key, _)| key).collect())
}
