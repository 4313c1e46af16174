//! The pod garbage collector's part in lost nodes: pods whose node no longer exists fail, and are gone.

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
use crate::kinds::Trigger;
use crate::kinds::plan::{Action, Plan};
use crate::kinds::why::{self, Reason};

const SOURCE: &str = "pod-garbage-collector";
/// Where a pod's bookkeeping has since when its node is missing.
const KEY: &str = "orphanedSince";
/// How long a node may be missing: a quarantine of 40 s between two looks, of which there is one every 20 s.
const QUARANTINE: TimeDelta = TimeDelta::seconds(60);

pub(crate) static CONTROLLER: Controller =
    Controller { resource: "pods", reconcile, triggers: &[Trigger { resource: "nodes", keys: pods_of_deleted }] };

fn reconcile(pod: &Arc<Object>, cluster: &Cluster, now: Time) -> Result<Plan, Status> {
    let mut plan = Plan::nothing();
    let node = pod.str_at("/spec/nodeName");
    let since = pod.internal.get(KEY).and_then(Value::as_str).and_then(time::parse);
    if node.is_empty() {
        return Ok(plan);
    }
    let exists = cluster.get(&Key::cluster("nodes", node))?.is_some();
    let gone_at = since.map(|since| time::later(since, QUARANTINE));
    match gone_at {
        None if exists => {}
        Some(_) if exists => plan.push(Action::UpdateStatus(noted(pod, None))),
        None => plan.push(Action::UpdateStatus(noted(pod, Some(now)))),
        Some(at) if now < at => {
            plan.requeue(at);
            let text = || format!("its node {node} does not exist: it is deleted {}", why::at(at, now));
            let key = Key::new("pods", pod.namespace(), pod.name());
            plan.because(cluster, || Reason::new(SOURCE, key, text()));
        }
        Some(_) => {
            plan.push(Action::UpdateStatus(failed(pod, now)));
            let key = Key::new("pods", pod.namespace(), pod.name());
            plan.push(Action::Remove { key, uid: pod.uid().to_owned() });
        }
    }
    Ok(plan)
}

fn noted(pod: &Object, since: Option<Time>) -> Object {
    let mut new = pod.clone();
    match since {
        Some(since) => new.internal.insert(KEY, time::to_rfc3339_micro(since).into()),
        None => drop(new.internal.remove(KEY)),
    }
    new
}

/// The pod as its last watchers see it: no kubelet is left to say how it ended.
fn failed(pod: &Object, now: Time) -> Object {
    let mut new = pod.clone();
    if matches!(pod.str_at("/status/phase"), "Succeeded" | "Failed") {
        return new;
    }
    new.set("/status/phase", "Failed".into());
    let mut conditions = pod.list_at("/status/conditions").to_vec();
    conditions.retain(|c| c["type"] != "DisruptionTarget");
    conditions.push(json!({
        "type": "DisruptionTarget", "status": "True", "reason": "DeletionByPodGC",
        "message": "PodGC: node no longer exists", "lastProbeTime": null, "lastTransitionTime": time::to_rfc3339(now),
        "observedGeneration": pod.generation(),
    }));
    new.set("/status/conditions", Value::Array(conditions));
    new
}

fn pods_of_deleted(node: &Object, cluster: &Cluster) -> Result<Vec<Key>, Status> {
    if cluster.get(&Key::cluster("nodes", node.name()))?.is_some() {
        return Ok(Vec::new());
    }
    Ok(cluster.indexed(&PODS_BY_NODE, node.name())?.into_iter().map(|(key, _)| key).collect())
}
