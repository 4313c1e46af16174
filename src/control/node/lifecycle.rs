//! The node lifecycle controller: a node that is not heard of becomes `Unknown` and is tainted, and its pods are not ready.

use std::sync::Arc;

use chrono::TimeDelta;
use serde_json::{Value, json};

use super::PODS_BY_NODE;
use crate::apimachinery::key::Key;
use crate::apimachinery::object::Object;
use crate::apimachinery::status::Status;
use crate::apimachinery::time::{self, Time};
use crate::cluster::Cluster;
use crate::control::Controller;
use crate::control::pace::{Fault, Pace, Subject, is_pace};
use crate::kinds::Trigger;
use crate::kinds::plan::{Action, EventRecord, Plan};
use crate::kinds::why::{self, Reason};

const SOURCE: &str = "node-controller";
/// Where a node's bookkeeping has since when it is not heard of.
const KEY: &str = "lostSince";
/// How long a node may be silent (`--node-monitor-grace-period`).
const SILENCE: TimeDelta = TimeDelta::seconds(50);
const UNREACHABLE: &str = "node.kubernetes.io/unreachable";

pub(crate) static CONTROLLER: Controller =
    Controller { resource: "nodes", reconcile, triggers: &[Trigger { resource: "configmaps", keys: all_at_new_pace }] };

/// Whether a rule says that a node's kubelet answers no more.
pub fn is_lost(node: &Object, pace: &Pace) -> bool {
    let subject = Subject { node: node.name(), ..Subject::default() };
    pace.faults(&subject).any(|fault| *fault == Fault::Lost)
}

fn reconcile(node: &Arc<Object>, cluster: &Cluster, now: Time) -> Result<Plan, Status> {
    let is_lost = is_lost(node, &Pace::of(cluster)?);
    let since = node.internal.get(KEY).and_then(Value::as_str).and_then(time::parse);
    match (is_lost, since) {
        (false, None) => Ok(Plan::nothing()),
        (false, Some(_)) => Ok(recover(node, now)),
        (true, None) => {
            let mut new = Object::clone(node);
            new.internal.insert(KEY, time::to_rfc3339_micro(now).into());
            Ok(Plan { actions: vec![Action::UpdateStatus(new)], ..Plan::default() })
        }
        (true, Some(since)) if now < since + SILENCE => {
            let mut plan = Plan { requeue_at: Some(since + SILENCE), ..Plan::default() };
            let text = || format!("its kubelet is silent; it is held to be lost {}", why::at(since + SILENCE, now));
            plan.because(cluster, || Reason::new(SOURCE, Key::cluster("nodes", node.name()), text()));
            Ok(plan)
        }
        (true, Some(since)) if !is_tainted(node) => give_up(node, since, cluster, now),
        (true, Some(since)) => {
            let mut plan = Plan::nothing();
            let text =
                || format!("its kubelet is silent {}: a rule of the pace says that it is lost", why::since(since, now));
            plan.because(cluster, || Reason::new(SOURCE, Key::cluster("nodes", node.name()), text()));
            Ok(plan)
        }
    }
}

fn is_tainted(node: &Object) -> bool {
    node.list_at("/spec/taints").iter().any(|t| t.get("key").is_some_and(|k| k == UNREACHABLE))
}

/// The node is held to be gone: conditions, taints, and its pods' readiness.
fn give_up(node: &Arc<Object>, since: Time, cluster: &Cluster, now: Time) -> Result<Plan, Status> {
    let mut plan = Plan::nothing();
    let mut unknown = Object::clone(node);
    unknown.set("/status/conditions", Value::Array(unknown_conditions(node, since, now)));
    plan.push(Action::UpdateStatus(unknown));
    let mut tainted = Object::clone(node);
    let mut taints = node.list_at("/spec/taints").to_vec();
    for effect in ["NoSchedule", "NoExecute"] {
        taints.push(json!({"key": UNREACHABLE, "effect": effect, "timeAdded": time::to_rfc3339(now)}));
    }
    tainted.set("/spec/taints", Value::Array(taints));
    tainted.remove("/metadata/resourceVersion");
    plan.push(Action::Update(tainted));
    let why = format!("Node {} status is now: NodeNotReady", node.name());
    plan.push(Action::Event(EventRecord::normal(node, SOURCE, "NodeNotReady", why)));
    for (_, pod) in cluster.indexed(&PODS_BY_NODE, node.name())? {
        if let Some(unready) = unready(&pod, now) {
            plan.push(Action::UpdateStatus(unready));
            let why = "Node is not ready".to_owned();
            plan.push(Action::Event(EventRecord::warning(&pod, SOURCE, "NodeNotReady", why)));
        }
    }
    Ok(plan)
}

/// The conditions that a kubelet posts, all unknown since.
const POSTED: [&str; 4] = ["MemoryPressure", "DiskPressure", "PIDPressure", "Ready"];

fn unknown_conditions(node: &Object, since: Time, now: Time) -> Vec<Value> {
    let known = node.list_at("/status/conditions");
    let lost = known.iter().map(|condition| {
        let mut new = condition.clone();
        new["status"] = "Unknown".into();
        new["reason"] = "NodeStatusUnknown".into();
        new["message"] = "Kubelet stopped posting node status.".into();
        new["lastHeartbeatTime"] = time::to_rfc3339(since).into();
        new["lastTransitionTime"] = time::to_rfc3339(now).into();
        new
    });
    let missing = POSTED.iter().filter(|name| !known.iter().any(|c| c["type"] == **name));
    let never = missing.map(|name| {
        json!({
            "type": name, "status": "Unknown", "reason": "NodeStatusNeverUpdated",
            "message": "Kubelet never posted node status.", "lastHeartbeatTime": time::to_rfc3339(since),
            "lastTransitionTime": time::to_rfc3339(now),
        })
    });
    lost.chain(never).collect()
}

/// A pod that was ready, and is held not to be any more.
fn unready(pod: &Object, now: Time) -> Option<Object> {
    let mut conditions = pod.list_at("/status/conditions").to_vec();
    let ready = conditions.iter_mut().find(|c| c["type"] == "Ready" && c["status"] == "True")?;
    ready["status"] = "False".into();
    ready["lastTransitionTime"] = time::to_rfc3339(now).into();
    let mut new = pod.clone();
    new.set("/status/conditions", Value::Array(conditions));
    Some(new)
}

/// The kubelet answers again.
fn recover(node: &Arc<Object>, now: Time) -> Plan {
    let mut plan = Plan::nothing();
    let mut ready = Object::clone(node);
    ready.internal.remove(KEY);
    let conditions = node.list_at("/status/conditions").iter().map(|condition| {
        let mut new = condition.clone();
        if new["status"] != "Unknown" {
            return new;
        }
        let (status, reason, message) = healthy(new["type"].as_str().unwrap_or_default());
        new["status"] = status.into();
        new["reason"] = reason.into();
        new["message"] = message.into();
        new["lastHeartbeatTime"] = time::to_rfc3339(now).into();
        new["lastTransitionTime"] = time::to_rfc3339(now).into();
        new
    });
    ready.set("/status/conditions", conditions.collect());
    plan.push(Action::UpdateStatus(ready));
    if is_tainted(node) {
        let mut free = Object::clone(node);
        free.internal.remove(KEY);
        let taints = node.list_at("/spec/taints").iter().filter(|t| t.get("key").is_none_or(|k| k != UNREACHABLE));
        free.set("/spec/taints", taints.cloned().collect());
        free.remove("/metadata/resourceVersion");
        plan.push(Action::Update(free));
        let why = format!("Node {} status is now: NodeReady", node.name());
        plan.push(Action::Event(EventRecord::normal(node, "kubelet", "NodeReady", why)));
    }
    plan
}

/// What a healthy kubelet says of a condition.
fn healthy(condition: &str) -> (&'static str, &'static str, &'static str) {
    match condition {
        "Ready" => ("True", "KubeletReady", "kubelet is posting ready status"),
        "MemoryPressure" => ("False", "KubeletHasSufficientMemory", "kubelet has sufficient memory available"),
        "DiskPressure" => ("False", "KubeletHasNoDiskPressure", "kubelet has no disk pressure"),
        "PIDPressure" => ("False", "KubeletHasSufficientPID", "kubelet has sufficient PID available"),
        _ => ("False", "KubeletReady", ""),
    }
}

fn all_at_new_pace(object: &Object, cluster: &Cluster) -> Result<Vec<Key>, Status> {
    if !is_pace(object) {
        return Ok(Vec::new());
    }
    Ok(cluster.list_keyed("nodes", None)?.into_iter().map(|(key, _)| key).collect())
}
