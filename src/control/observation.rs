//! What was seen of containers' real processes, kept on the pod: the only thing that the controllers know of the world.

use serde::{Deserialize, Serialize};

use super::{apply, kubelet};
use crate::apimachinery::key::Key;
use crate::apimachinery::object::Object;
use crate::apimachinery::status::Status;
use crate::apimachinery::time::Time;
use crate::cluster::Cluster;
use crate::kinds::plan::{Action, EventRecord, Plan};

/// Where a pod's bookkeeping has them.
const KEY: &str = "observations";

/// One sight of one run of a container.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Observation {
    pub container: String,
    /// Which run it is of, from 0.
    pub attempt: u32,
    pub at: Time,
    pub seen: Seen,
}

/// What was seen.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Seen {
    /// The process ended: its exit status, or 128 and the number of the signal that ended it, and its termination message.
    Exited {
        code: i32,
        #[serde(default, skip_serializing_if = "String::is_empty")]
        message: String,
    },
    /// This host cannot run it; the container is simulated as running.
    CannotRun { message: String },
    /// Nobody was there to see how it ended: the machine was started anew, or what kept the process was killed.
    Lost,
}

/// What was seen of a pod's containers, oldest first.
pub fn all(pod: &Object) -> Vec<Observation> {
    pod.internal.get(KEY).and_then(|v| Vec::deserialize(v).ok()).unwrap_or_default()
}

/// What was seen last of one run of a container.
pub fn of(pod: &Object, container: &str, attempt: u32) -> Option<Observation> {
    all(pod).into_iter().rev().find(|o| o.container == container && o.attempt == attempt)
}

/// Records an observation of a pod, with a Warning event where the host could not run the container. Nothing happens
/// when the pod is another one by now, or when the same run was seen to end before. The caller lets the controllers settle.
///
/// # Errors
/// When the store cannot be read or written.
pub fn record(cluster: &mut Cluster, key: &Key, uid: &str, seen: Observation) -> Result<(), Status> {
    let Some(pod) = cluster.get(key)?.filter(|pod| pod.uid() == uid) else { return Ok(()) };
    let mut kept = all(&pod);
    if kept.iter().any(|o| o.container == seen.container && o.attempt == seen.attempt) {
        return Ok(());
    }
    // What is known of the run before is in the status by now.
    kept.retain(|o| o.container != seen.container);
    let mut plan = Plan::nothing();
    let warning = match &seen.seen {
        Seen::CannotRun { message } => Some(cannot_run(&pod, &seen.container, message)),
        _ => None,
    };
    kept.push(seen);
    let mut new = Object::clone(&pod);
    let value = serde_json::to_value(kept).map_err(|e| Status::internal(e.to_string()))?;
    new.internal.insert(KEY, value);
    plan.push(Action::UpdateStatus(new));
    plan.actions.extend(warning.map(Action::Event));
    apply::apply(cluster, plan).map(drop)
}

fn cannot_run(pod: &Object, container: &str, message: &str) -> EventRecord {
    let why = format!("Container {container} is simulated, this machine cannot run it: {message}");
    warning(pod, container, "Simulated", &why)
}

/// Records that a lifecycle hook, `postStart` or `preStop`, of a process failed: its message may hold secrets and is not told.
///
/// # Errors
/// When the store cannot be read or written.
pub fn hook_failed(cluster: &mut Cluster, key: &Key, uid: &str, container: &str, hook: &str) -> Result<(), Status> {
    let Some(pod) = cluster.get(key)?.filter(|pod| pod.uid() == uid) else { return Ok(()) };
    hook_of_pod_failed(cluster, &pod, container, hook)?;
    if hook != "postStart" {
        return Ok(());
    }
    // The container's process is stopped for it, and the kubelet's word for why is the event's reason.
    let killing = EventRecord { warning: false, ..warning(&pod, container, "Killing", "FailedPostStartHook") };
    let mut plan = Plan::nothing();
    plan.push(Action::Event(killing));
    apply::apply(cluster, plan).map(drop)
}

/// As [`hook_failed`], of a pod that may be gone by now, or of a container without a process that could be stopped.
///
/// # Errors
/// When the store cannot be read or written.
pub fn hook_of_pod_failed(cluster: &mut Cluster, pod: &Object, container: &str, hook: &str) -> Result<(), Status> {
    let (reason, why) = match hook {
        "postStart" => ("FailedPostStartHook", "PostStartHook failed"),
        _ => ("FailedPreStopHook", "PreStopHook failed"),
    };
    let mut plan = Plan::nothing();
    plan.push(Action::Event(warning(pod, container, reason, why)));
    apply::apply(cluster, plan).map(drop)
}

fn warning(pod: &Object, container: &str, reason: &'static str, why: &str) -> EventRecord {
    EventRecord {
        field_path: kubelet::field_path(pod, container),
        host: pod.str_at("/spec/nodeName").to_owned(),
        ..EventRecord::warning(pod, "kubelet", reason, why.to_owned())
    }
}
