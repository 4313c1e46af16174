//! The taint eviction controller: pods that do not tolerate their node's `NoExecute` taints go, at once or in time.

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
use crate::kinds::plan::{Action, EventRecord, Plan};
use crate::kinds::why::{self, Reason};
use crate::kinds::{self, Trigger};

const SOURCE: &str = "taint-eviction-controller";
/// Where a pod's bookkeeping has when it was first seen to have to go: most taints do not say when they were added.
const SEEN: &str = "taintedSince";

pub(crate) static CONTROLLER: Controller =
    Controller { resource: "pods", reconcile, triggers: &[Trigger { resource: "nodes", keys: pods_on }] };

fn reconcile(pod: &Arc<Object>, cluster: &Cluster, now: Time) -> Result<Plan, Status> {
    let mut plan = Plan::nothing();
    let node = pod.str_at("/spec/nodeName");
    if node.is_empty() || pod.deletion_timestamp().is_some() {
        return Ok(plan);
    }
    let Some(node) = cluster.get(&Key::cluster("nodes", node))? else { return Ok(plan) };
    let seen = pod.internal.get(SEEN).and_then(Value::as_str).and_then(time::parse);
    let Some(leaves) = leaves_at(pod, &node, seen.unwrap_or(now)) else {
        if seen.is_some() {
            stay(pod, &mut plan);
        }
        return Ok(plan);
    };
    let leaves = leaves.max(last_of_a_row(pod, cluster)?.unwrap_or(leaves));
    if now < leaves {
        if seen.is_none() {
            let mut new = Object::clone(pod);
            new.internal.insert(SEEN, time::to_rfc3339_micro(now).into());
            plan.push(Action::UpdateStatus(new));
        }
        plan.requeue(leaves);
        let text = || format!("it is evicted {}, for {}", why::at(leaves, now), taints(&node));
        plan.because(cluster, || Reason::new(SOURCE, Key::new("pods", pod.namespace(), pod.name()), text()));
        return Ok(plan);
    }
    let key = Key::new("pods", pod.namespace(), pod.name());
    let why = format!("Marking for deletion Pod {}/{}", pod.namespace(), pod.name());
    let told = EventRecord::normal(pod, SOURCE, "TaintManagerEviction", why);
    plan.push(Action::Event(told.because(key.clone(), format!("evicted it for {}", taints(&node)))));
    plan.push(Action::UpdateStatus(disrupted(pod, now)));
    plan.push(Action::Delete { key, uid: pod.uid().to_owned() });
    Ok(plan)
}

/// How long pods stay at least that are made anew as soon as they are evicted, and how long at most for that.
const ROW: (TimeDelta, TimeDelta) = (TimeDelta::seconds(1), TimeDelta::days(1));

/// How long a pod stays at least that was made on its node, by a template that names it, and not by the scheduler: upstream
/// evicts it at once, and its owner makes the next, without end. Here each of the row stays as long as its owner has been
/// there, so that it ends for today.
fn last_of_a_row(pod: &Object, cluster: &Cluster) -> Result<Option<Time>, Status> {
    let (Some(owner), Some(made)) = (pod.controller_of(), pod.creation_timestamp()) else { return Ok(None) };
    let Some(kind) = kinds::of_api_version(cluster, owner.api_version, owner.kind)? else { return Ok(None) };
    let owner = cluster.get(&kind.names().key(pod.namespace(), owner.name))?;
    let Some(owner) = owner.filter(|o| !o.str_at("/spec/template/spec/nodeName").is_empty()) else { return Ok(None) };
    let since = owner.creation_timestamp().map_or(ROW.0, |at| made - at);
    Ok(Some(time::later(made, since.clamp(ROW.0, ROW.1))))
}

/// The pod as it says why it goes.
fn disrupted(pod: &Object, now: Time) -> Object {
    let mut conditions = pod.list_at("/status/conditions").to_vec();
    conditions.retain(|c| text(c, "type") != "DisruptionTarget");
    conditions.push(json!({
        "type": "DisruptionTarget", "status": "True", "reason": "DeletionByTaintManager",
        "message": "Taint manager: deleting due to NoExecute taint", "lastProbeTime": null,
        "lastTransitionTime": time::to_rfc3339(now), "observedGeneration": pod.generation(),
    }));
    let mut new = pod.clone();
    new.set("/status/conditions", Value::Array(conditions));
    new
}

/// The taint that a pod was to go for is gone.
fn stay(pod: &Object, plan: &mut Plan) {
    let mut new = pod.clone();
    new.internal.remove(SEEN);
    plan.push(Action::UpdateStatus(new));
    let why = format!("Cancelling deletion of Pod {}/{}", pod.namespace(), pod.name());
    plan.push(Action::Event(EventRecord::normal(pod, SOURCE, "TaintManagerEviction", why)));
}

/// The taints that pods have to go for: `node-2's taints node.kubernetes.io/unreachable:NoExecute`.
fn taints(node: &Object) -> String {
    let taints = node.list_at("/spec/taints").iter().filter(|t| text(t, "effect") == "NoExecute");
    let names: Vec<String> = taints.map(|t| format!("{}:NoExecute", text(t, "key"))).collect();
    format!("{}'s taints {}", node.name(), names.join(", "))
}

/// When a pod has to go for its node's taints; `None` when it may stay.
fn leaves_at(pod: &Object, node: &Object, seen: Time) -> Option<Time> {
    let taints = node.list_at("/spec/taints").iter().filter(|t| text(t, "effect") == "NoExecute");
    taints.filter_map(|taint| leaves_for(pod, taint, seen)).min()
}

/// When a pod has to go for one taint: at once where nothing tolerates it, for the shortest toleration otherwise.
fn leaves_for(pod: &Object, taint: &Value, seen: Time) -> Option<Time> {
    let tolerations = pod.list_at("/spec/tolerations").iter().filter(|t| tolerates(t, taint));
    let mut is_tolerated = false;
    let mut shortest: Option<i64> = None;
    for toleration in tolerations {
        is_tolerated = true;
        if let Some(seconds) = toleration.get("tolerationSeconds").and_then(Value::as_i64) {
            let seconds = seconds.clamp(0, 1 << 40);
            shortest = Some(shortest.map_or(seconds, |s| s.min(seconds)));
        }
    }
    let added = time::parse(text(taint, "timeAdded")).unwrap_or(seen);
    match shortest {
        Some(seconds) => Some(time::later(added, TimeDelta::seconds(seconds))),
        None if is_tolerated => None,
        None => Some(seen),
    }
}

fn tolerates(toleration: &Value, taint: &Value) -> bool {
    let exists = text(toleration, "operator") == "Exists";
    let effect = text(toleration, "effect");
    let key = text(toleration, "key");
    (effect.is_empty() || effect == text(taint, "effect"))
        && (key == text(taint, "key") || (key.is_empty() && exists))
        && (exists || text(toleration, "value") == text(taint, "value"))
}

fn text<'v>(value: &'v Value, field: &str) -> &'v str {
    value.get(field).and_then(Value::as_str).unwrap_or_default()
}

/// The pods that a node's taints concern, and those that were to go for taints that it has no more.
fn pods_on(node: &Object, cluster: &Cluster) -> Result<Vec<Key>, Status> {
    if !kinds::node_evicts(node) && !kinds::node_has_evicted(node) {
        return Ok(Vec::new());
    }
    Ok(cluster.indexed(&PODS_BY_NODE, node.name())?.into_iter().map(|(key, _)| key).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tolerations_hold_pods_for_their_time() {
        let now = time::parse("2026-11-22T08:00:10Z").unwrap();
        let taint = json!({"key": "k", "value": "v", "effect": "NoExecute", "timeAdded": "2026-11-22T08:00:00Z"});
        for (tolerations, want) in [
            (json!([]), Some(10)),
            (json!([{"key": "k", "operator": "Exists"}]), None),
            (json!([{"key": "k", "value": "w"}]), Some(10)),
            (json!([{"operator": "Exists", "tolerationSeconds": 300}]), Some(300)),
            (json!([{"operator": "Exists"}, {"key": "k", "value": "v", "tolerationSeconds": 20}]), Some(20)),
        ] {
            let mut pod = Object::new("v1", "Pod", "default", "p");
            pod.set("/spec/tolerations", tolerations.clone());
            let mut node = Object::new("v1", "Node", "", "n");
            node.set("/spec/taints", json!([taint, {"key": "x", "effect": "NoSchedule"}]));
            let begin = time::parse("2026-11-22T08:00:00Z").unwrap();
            assert_eq!(leaves_at(&pod, &node, now).map(|t| (t - begin).num_seconds()), want, "{tolerations}");
        }
    }
}
