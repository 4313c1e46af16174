//! Bound claims that ask for more room: the volume grows, then the file system on it, once a pod runs that uses it.

use std::sync::Arc;

use serde_json::{Value, json};

use super::PROVISIONED_BY;
use super::claim::{PODS_BY_CLAIM, quantity};
use crate::apimachinery::key::Key;
use crate::apimachinery::object::Object;
use crate::apimachinery::status::Status;
use crate::apimachinery::time::{self, Time};
use crate::cluster::Cluster;
use crate::kinds::plan::{Action, EventRecord, Plan};
use crate::kinds::pod::Fields;

const EXPANDER: &str = "volume_expand";
const RESIZER: &str = "external-resizer";
const RESIZING: &str = "Resizing";
const PENDING: &str = "FileSystemResizePending";
/// A provisioner of Kubernetes' own, of a plugin that cannot expand: whoever else could does not know its volumes.
const IN_TREE: &str = "kubernetes.io/host-path";
/// Where a claim's bookkeeping has the size that was waited for last.
const TOLD: &str = "expansionTold";

/// The next step of a bound claim whose size is not what it asks for; nothing for one that has its size.
pub fn reconcile(claim: &Arc<Object>, volume: &Object, cluster: &Cluster, now: Time) -> Result<Plan, Status> {
    let wanted = quantity(claim.str_at("/spec/resources/requests/storage"));
    let made = quantity(volume.str_at("/spec/capacity/storage"));
    if made < wanted && !may_grow(claim, cluster)? {
        return Ok(Plan::nothing());
    }
    if made < wanted && volume.annotation(PROVISIONED_BY) == Some(IN_TREE) {
        return Ok(wait(claim));
    }
    if made < wanted {
        return Ok(if has_condition(claim, RESIZING) { grow(claim, volume, now) } else { begin(claim, volume, now) });
    }
    if !has_condition(claim, PENDING) {
        return Ok(Plan::nothing());
    }
    let users = cluster.indexed(&PODS_BY_CLAIM, &format!("{}/{}", claim.namespace(), claim.name()))?;
    let running = users.iter().find(|(_, pod)| pod.str_at("/status/phase") == "Running");
    Ok(running.map_or_else(Plan::nothing, |(_, pod)| finish(claim, volume, pod)))
}

/// Whether the claim's class lets its volumes grow; others were bound as they are.
fn may_grow(claim: &Object, cluster: &Cluster) -> Result<bool, Status> {
    let class = Key::cluster("storageclasses.storage.k8s.io", claim.str_at("/spec/storageClassName"));
    Ok(cluster.get(&class)?.is_some_and(|class| class.bool_at("/allowVolumeExpansion") == Some(true)))
}

fn has_condition(claim: &Object, name: &str) -> bool {
    claim.list_at("/status/conditions").iter().any(|c| c.text("type") == name)
}

/// Told once for each size that is asked for; nothing ever comes of it.
fn wait(claim: &Arc<Object>) -> Plan {
    let mut plan = Plan::nothing();
    let wanted = claim.at("/spec/resources/requests/storage");
    if claim.internal.get(TOLD) != wanted {
        let mut new = Object::clone(claim);
        new.internal.insert(TOLD, wanted.cloned().unwrap_or_default());
        plan.push(Action::UpdateStatus(new));
        plan.push(Action::Event(waiting(claim)));
    }
    plan
}

fn waiting(claim: &Object) -> EventRecord {
    let waiting = "waiting for an external controller to expand this PVC".to_owned();
    EventRecord::normal(claim, EXPANDER, "ExternalExpanding", waiting)
}

fn begin(claim: &Arc<Object>, volume: &Object, now: Time) -> Plan {
    let mut new = Object::clone(claim);
    let wanted = claim.str_at("/spec/resources/requests/storage");
    new.set("/status/allocatedResources/storage", wanted.into());
    set_state(&mut new, "ControllerResizeInProgress", RESIZING, "", now);
    let resizing = format!("External resizer is resizing volume {}", volume.name());
    let mut plan = Plan::nothing();
    plan.push(Action::Event(waiting(claim)));
    plan.push(Action::UpdateStatus(new));
    plan.push(Action::Event(EventRecord::normal(claim, RESIZER, RESIZING, resizing)));
    plan
}

/// The volume has its new size; the file system on it has not.
fn grow(claim: &Arc<Object>, volume: &Object, now: Time) -> Plan {
    let mut grown = volume.clone();
    grown.set("/spec/capacity/storage", claim.str_at("/spec/resources/requests/storage").into());
    let mut new = Object::clone(claim);
    let why = "Waiting for user to (re-)start a pod to finish file system resize of volume on node.";
    set_state(&mut new, "NodeResizePending", PENDING, why, now);
    let required = "Require file system resize of volume on node".to_owned();
    let mut plan = Plan::nothing();
    plan.push(Action::Update(grown));
    plan.push(Action::UpdateStatus(new));
    plan.push(Action::Event(EventRecord::normal(claim, RESIZER, "FileSystemResizeRequired", required)));
    plan
}

/// The file system has its new size, which the kubelet tells of the pod that uses it, and of the claim.
fn finish(claim: &Arc<Object>, volume: &Object, pod: &Object) -> Plan {
    let node = pod.str_at("/spec/nodeName");
    let mut new = Object::clone(claim);
    new.set("/status/capacity/storage", volume.str_at("/spec/capacity/storage").into());
    new.remove("/status/allocatedResourceStatuses");
    new.remove("/status/conditions");
    let done = format!("MountVolume.NodeExpandVolume succeeded for volume {:?} {node}", volume.name());
    let mut plan = Plan::nothing();
    plan.push(Action::UpdateStatus(new));
    for about in [pod, claim] {
        plan.push(Action::Event(EventRecord {
            host: node.to_owned(),
            ..EventRecord::normal(about, "kubelet", "FileSystemResizeSuccessful", done.clone())
        }));
    }
    plan
}

fn set_state(claim: &mut Object, state: &str, condition: &str, message: &str, now: Time) {
    claim.set("/status/allocatedResourceStatuses/storage", state.into());
    let mut condition = json!({
        "type": condition, "status": "True", "lastProbeTime": null, "lastTransitionTime": time::to_rfc3339(now),
    });
    if !message.is_empty() {
        condition["message"] = message.into();
    }
    claim.set("/status/conditions", Value::Array(vec![condition]));
}
