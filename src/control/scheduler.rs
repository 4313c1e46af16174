//! The scheduler: gives a pod its node once its volumes are there and a node fits.

use std::collections::HashMap;
use std::sync::Arc;

use serde_json::{Value, json};

use super::Controller;
use super::volume::claim::{PODS_BY_CLAIM, claim_names};
use crate::apimachinery::key::Key;
use crate::apimachinery::object::Object;
use crate::apimachinery::status::Status;
use crate::apimachinery::time::{self, Time};
use crate::cluster::{Cluster, Indexer};
use crate::kinds::Trigger;
use crate::kinds::plan::{Action, EventRecord, Plan};

/// What the scheduler calls itself in events and in `spec.schedulerName`.
const NAME: &str = "default-scheduler";

pub(crate) static CONTROLLER: Controller = Controller {
    resource: "pods",
    reconcile,
    triggers: &[
        Trigger { resource: "persistentvolumeclaims", keys: waiting_for_claim },
        Trigger { resource: "nodes", keys: |_, cluster| waiting(cluster) },
    ],
};

fn reconcile(pod: &Arc<Object>, cluster: &Cluster, now: Time) -> Result<Plan, Status> {
    if !is_waiting(pod) || pod.deletion_timestamp().is_some() || pod.str_at("/spec/schedulerName") != NAME {
        return Ok(Plan::nothing());
    }
    let nodes = cluster.list("nodes", None)?;
    match choose(pod, &nodes, cluster)? {
        Ok(node) => Ok(assign(pod, &node, now)),
        Err(why) => Ok(refuse(pod, &format!("0/{} nodes are available: {why}", nodes.len()), now)),
    }
}

fn is_waiting(pod: &Object) -> bool {
    pod.str_at("/spec/nodeName").is_empty() && pod.list_at("/spec/schedulingGates").is_empty()
}

/// The node with the fewest pods of those that fit, or why there is none.
fn choose(pod: &Object, nodes: &[Arc<Object>], cluster: &Cluster) -> Result<Result<String, String>, Status> {
    if nodes.is_empty() {
        return Ok(Err("no nodes available to schedule pods".to_owned()));
    }
    if let Some(why) = missing_volumes(pod, cluster)? {
        return Ok(Err(why));
    }
    let mut refusals: Vec<(String, usize)> = Vec::new();
    let mut fitting = Vec::new();
    for node in nodes {
        match refusal(pod, node) {
            None => fitting.push(node.name()),
            Some(why) => match refusals.iter_mut().find(|(w, _)| *w == why) {
                Some((_, count)) => *count += 1,
                None => refusals.push((why, 1)),
            },
        }
    }
    if fitting.is_empty() {
        let texts: Vec<String> = refusals.iter().map(|(why, count)| format!("{count} {why}")).collect();
        return Ok(Err(format!(
            "{}. preemption: 0/{n} nodes are available: {n} Preemption is not helpful for scheduling.",
            texts.join(", "),
            n = nodes.len()
        )));
    }
    if fitting.len() == 1 {
        return Ok(Ok(fitting[0].to_owned()));
    }
    Ok(Ok(emptiest(&fitting, cluster)?))
}

fn emptiest(fitting: &[&str], cluster: &Cluster) -> Result<String, Status> {
    let mut load: HashMap<String, usize> = HashMap::new();
    for pod in cluster.list("pods", None)? {
        *load.entry(pod.str_at("/spec/nodeName").to_owned()).or_default() += 1;
    }
    let node = fitting.iter().min_by_key(|n| load.get(**n).copied().unwrap_or(0));
    Ok(node.map(|n| (*n).to_owned()).unwrap_or_default())
}

/// Why a pod's claims keep it from being placed, in the volume binding plugin's words.
fn missing_volumes(pod: &Object, cluster: &Cluster) -> Result<Option<String>, Status> {
    for name in claim_names(pod) {
        let key = Key::new("persistentvolumeclaims", pod.namespace(), &name);
        let Some(claim) = cluster.get(&key)? else {
            return Ok(Some(format!("persistentvolumeclaim {name:?} not found. not found")));
        };
        if claim.deletion_timestamp().is_some() {
            return Ok(Some(format!("persistentvolumeclaim {name:?} is being deleted. not found")));
        }
        if claim.str_at("/status/phase") == "Lost" {
            let volume = claim.str_at("/spec/volumeName");
            return Ok(Some(format!(
                "persistentvolumeclaim {name:?} bound to non-existent persistentvolume {volume:?}. not found"
            )));
        }
        if claim.str_at("/spec/volumeName").is_empty() || claim.str_at("/status/phase") != "Bound" {
            return Ok(Some("pod has unbound immediate PersistentVolumeClaims. not found".to_owned()));
        }
    }
    Ok(None)
}

/// Why one node does not fit, in the filter plugins' words.
fn refusal(pod: &Object, node: &Object) -> Option<String> {
    if node.bool_at("/spec/unschedulable") == Some(true) {
        return Some("node(s) were unschedulable".to_owned());
    }
    if let Some(taint) = node.list_at("/spec/taints").iter().find(|t| !is_tolerated(pod, t)) {
        let text = |key: &str| taint.get(key).and_then(Value::as_str).unwrap_or_default();
        return Some(format!("node(s) had untolerated taint {{{}: {}}}", text("key"), text("value")));
    }
    let selector = pod.map_at("/spec/nodeSelector");
    let matches = selector.is_none_or(|s| s.iter().all(|(k, v)| node.label(k) == v.as_str()));
    (!matches).then(|| "node(s) didn't match Pod's node affinity/selector".to_owned())
}

/// Whether a taint keeps a pod away. PreferNoSchedule never does.
fn is_tolerated(pod: &Object, taint: &Value) -> bool {
    let of = |v: &Value, key: &str| v.get(key).and_then(Value::as_str).unwrap_or_default().to_owned();
    let (key, value, effect) = (of(taint, "key"), of(taint, "value"), of(taint, "effect"));
    effect == "PreferNoSchedule"
        || pod.list_at("/spec/tolerations").iter().any(|t| {
            let effect_fits = of(t, "effect").is_empty() || of(t, "effect") == effect;
            let exists = of(t, "operator") == "Exists";
            let key_fits = of(t, "key") == key || (of(t, "key").is_empty() && exists);
            effect_fits && key_fits && (exists || of(t, "value") == value)
        })
}

fn assign(pod: &Arc<Object>, node: &str, now: Time) -> Plan {
    let mut plan = Plan::nothing();
    let mut placed = Object::clone(pod);
    placed.set("/spec/nodeName", node.into());
    set_condition(&mut placed, "True", None, now);
    plan.push(Action::Bind(placed));
    let why = format!("Successfully assigned {}/{} to {node}", pod.namespace(), pod.name());
    plan.push(Action::Event(EventRecord {
        action: Some("Binding"),
        ..EventRecord::normal(pod, NAME, "Scheduled", why)
    }));
    plan
}

fn refuse(pod: &Arc<Object>, why: &str, now: Time) -> Plan {
    let mut plan = Plan::nothing();
    let told = pod.list_at("/status/conditions").iter().any(|c| c.get("message").is_some_and(|m| m == why));
    if told {
        return plan;
    }
    let mut new = Object::clone(pod);
    set_condition(&mut new, "False", Some(("Unschedulable", why)), now);
    plan.push(Action::UpdateStatus(new));
    plan.push(Action::Event(EventRecord {
        action: Some("Scheduling"),
        ..EventRecord::warning(pod, NAME, "FailedScheduling", why.to_owned())
    }));
    plan
}

fn set_condition(pod: &mut Object, status: &str, why: Option<(&str, &str)>, now: Time) {
    let mut condition = json!({
        "type": "PodScheduled", "status": status, "lastProbeTime": null,
        "lastTransitionTime": time::to_rfc3339(now), "observedGeneration": pod.generation(),
    });
    if let Some((reason, message)) = why {
        condition["reason"] = reason.into();
        condition["message"] = message.into();
    }
    let mut all: Vec<Value> = pod.list_at("/status/conditions").to_vec();
    all.retain(|c| c.get("type").is_none_or(|t| t != "PodScheduled"));
    all.push(condition);
    pod.set("/status/conditions", Value::Array(all));
}

fn waiting_for_claim(claim: &Object, cluster: &Cluster) -> Result<Vec<Key>, Status> {
    let users = cluster.indexed(&PODS_BY_CLAIM, &format!("{}/{}", claim.namespace(), claim.name()))?;
    Ok(users.into_iter().filter(|(_, pod)| is_waiting(pod)).map(|(key, _)| key).collect())
}

/// Pods that wait for a node, all under one value.
static WAITING_PODS: Indexer =
    Indexer { resource: "pods", values: |pod| if is_waiting(pod) { vec![String::new()] } else { Vec::new() } };

fn waiting(cluster: &Cluster) -> Result<Vec<Key>, Status> {
    Ok(cluster.indexed(&WAITING_PODS, "")?.into_iter().map(|(key, _)| key).collect())
}
