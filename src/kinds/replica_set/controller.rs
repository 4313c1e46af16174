//! The ReplicaSet controller, which is the ReplicationController's too: as many pods as are asked for.

use std::cmp::Ordering;
use std::collections::HashMap;
use std::sync::Arc;

use serde_json::{Value, json};

use crate::apimachinery::key::Key;
use crate::apimachinery::object::Object;
use crate::apimachinery::status::Status;
use crate::apimachinery::time::{self, Time};
use crate::cluster::Cluster;
use crate::kinds::plan::Plan;
use crate::kinds::pod::Fields;
use crate::kinds::why::Reason;
use crate::kinds::{Names, PODS_BY_CONTROLLER, workload};

/// How many pods one look makes or takes away at most, as upstream's burst.
const BURST: usize = 500;
/// The condition of a set whose pods the server refuses.
pub const REPLICA_FAILURE: &str = "ReplicaFailure";
const DELETION_COST: &str = "controller.kubernetes.io/pod-deletion-cost";

/// One look at a set of either kind.
pub fn reconcile(names: &Names, set: &Arc<Object>, cluster: &Cluster, now: Time) -> Result<Plan, Status> {
    let mut plan = Plan::nothing();
    let Some(own) = workload::claim(names, set, "pods", cluster, &mut plan)? else { return Ok(plan) };
    let (active, rest): (Vec<_>, Vec<_>) = own.into_iter().partition(|p| workload::is_active(p));
    let min_ready = set.i64_at("/spec/minReadySeconds").unwrap_or(0);
    let terminating = rest.iter().filter(|p| p.deletion_timestamp().is_some()).count();
    let wanted = usize::try_from(set.i64_at("/spec/replicas").unwrap_or(1)).unwrap_or(0);
    let mut status = status(names, set, &active, terminating, now);
    if active.len() < wanted {
        plan.refused = with_failure(set, &status, now);
    } else {
        remove_failure(&mut status);
    }
    workload::update_status(&mut plan, set, status);
    workload::wake_for_availability(&mut plan, &active, min_ready, now);
    if set.deletion_timestamp().is_some() {
        return Ok(plan);
    }
    let source = if names.group.is_empty() { "replication-controller" } else { "replicaset-controller" };
    if active.len() < wanted {
        for name in new_names(set, (wanted - active.len()).min(BURST), cluster)? {
            let template = set.at("/spec/template").unwrap_or(&Value::Null);
            let pod = workload::new_pod(names, set, template, &name);
            workload::create_pod(&mut plan, set, source, pod);
        }
    }
    if active.len() < wanted || active.iter().any(|p| !workload::is_available(p, min_ready, now)) {
        plan.because(cluster, || {
            let text = format!("{wanted} pods are wanted, {} exist", active.len());
            let reason = Reason::new(source, names.key(set.namespace(), set.name()), text);
            let unwell = active.iter().filter(|p| !workload::is_available(p, min_ready, now));
            unwell.fold(reason, |reason, pod| reason.waiting_for(Key::new("pods", pod.namespace(), pod.name())))
        });
    }
    let have = active.len();
    let crowds = if have > wanted { crowds(set, cluster)? } else { HashMap::new() };
    for pod in surplus(active, wanted, &crowds, now).iter().take(BURST) {
        workload::delete_pod(&mut plan, set, source, pod, &format!("{wanted} pods were wanted, {have} existed"));
    }
    Ok(plan)
}

/// Names that no pod of the namespace has.
fn new_names(set: &Object, count: usize, cluster: &Cluster) -> Result<Vec<String>, Status> {
    let mut names: Vec<String> = Vec::new();
    // The set's uid and the next resourceVersion together never come again; the numbers tell the pods of one look apart.
    let purpose = format!("pod of {} {}", set.uid(), cluster.next_resource_version());
    let mut number = 0;
    while names.len() < count {
        let name = format!("{}-{}", set.name(), cluster.seed().suffix(&purpose, number));
        number += 1;
        if !names.contains(&name) && cluster.get(&Key::new("pods", set.namespace(), &name))?.is_none() {
            names.push(name);
        }
    }
    Ok(names)
}

fn status(names: &Names, set: &Object, active: &[Arc<Object>], terminating: usize, now: Time) -> Value {
    let min_ready = set.i64_at("/spec/minReadySeconds").unwrap_or(0);
    let labels = set.map_at("/spec/template/metadata/labels");
    let labeled = |p: &Object| labels.into_iter().flatten().all(|(k, v)| p.label(k) == v.as_str());
    let count = |test: &dyn Fn(&Object) -> bool| active.iter().filter(|p| test(p)).count();
    let mut status = json!({"replicas": active.len(), "observedGeneration": set.generation()});
    if !names.group.is_empty() {
        status["terminatingReplicas"] = terminating.into();
    }
    // Counts with omitempty are left out at zero.
    for (field, number) in [
        ("fullyLabeledReplicas", count(&labeled)),
        ("readyReplicas", count(&workload::is_ready)),
        ("availableReplicas", count(&|p| workload::is_available(p, min_ready, now))),
    ] {
        if number > 0 {
            status[field] = number.into();
        }
    }
    if let Some(conditions) = set.at("/status/conditions") {
        status["conditions"] = conditions.clone();
    }
    status
}

/// The set as it says that pods could not be made, unless it says so already: the first refusal is told, and stays.
fn with_failure(set: &Object, status: &Value, now: Time) -> Option<Object> {
    if status.items("conditions").iter().any(|c| c.text("type") == REPLICA_FAILURE) {
        return None;
    }
    let mut failed = set.clone();
    // The plan may have written a status before: this one is to be written over whatever is stored then.
    failed.remove("/metadata/resourceVersion");
    failed.set("/status", status.clone());
    let mut conditions = status.items("conditions").to_vec();
    conditions.push(json!({
        "type": REPLICA_FAILURE, "status": "True", "reason": "FailedCreate", "message": "",
        "lastTransitionTime": time::to_rfc3339(now),
    }));
    failed.set("/status/conditions", Value::Array(conditions));
    Some(failed)
}

fn remove_failure(status: &mut Value) {
    let Some(conditions) = status.get_mut("conditions").and_then(Value::as_array_mut) else { return };
    conditions.retain(|c| c.text("type") != REPLICA_FAILURE);
    if conditions.is_empty()
        && let Some(status) = status.as_object_mut()
    {
        status.remove("conditions");
    }
}

/// How many pods of a set and its siblings, those of the same Deployment, each node has. A set that nothing controls counts
/// none, as upstream.
fn crowds(set: &Object, cluster: &Cluster) -> Result<HashMap<String, usize>, Status> {
    let mut crowds = HashMap::new();
    let Some(controller) = set.controller_of() else { return Ok(crowds) };
    for sibling in cluster.owned_of(controller.uid, "replicasets.apps")? {
        for (_, pod) in cluster.indexed(&PODS_BY_CONTROLLER, sibling.uid())? {
            if workload::is_active(&pod) {
                *crowds.entry(pod.str_at("/spec/nodeName").to_owned()).or_default() += 1;
            }
        }
    }
    Ok(crowds)
}

/// The pods too many, those first that are missed least: ActivePodsWithRanks.
fn surplus(
    mut active: Vec<Arc<Object>>,
    wanted: usize,
    crowds: &HashMap<String, usize>,
    now: Time,
) -> Vec<Arc<Object>> {
    let count = active.len().saturating_sub(wanted);
    if count > 0 {
        active.sort_by(|a, b| missed_less(a, b, crowds, now));
    }
    active.truncate(count);
    active
}

fn missed_less(a: &Object, b: &Object, crowds: &HashMap<String, usize>, now: Time) -> Ordering {
    let phase = |p: &Object| ["Pending", "Unknown", "Running"].iter().position(|x| *x == p.str_at("/status/phase"));
    let cost = |p: &Object| p.annotation(DELETION_COST).and_then(|c| c.parse::<i32>().ok()).unwrap_or(0);
    let crowd = |p: &Object| crowds.get(p.str_at("/spec/nodeName")).copied().unwrap_or(0);
    let has_node = |p: &Object| !p.str_at("/spec/nodeName").is_empty();
    let by_state = has_node(a)
        .cmp(&has_node(b))
        .then_with(|| phase(a).cmp(&phase(b)))
        .then_with(|| workload::is_ready(a).cmp(&workload::is_ready(b)))
        .then_with(|| cost(a).cmp(&cost(b)))
        .then_with(|| crowd(b).cmp(&crowd(a)));
    let ready_since = |p: &Object| workload::available_at(p, 0);
    by_state
        .then_with(|| newer(ready_since(a), ready_since(b), a, b, now))
        .then_with(|| restarts(b).cmp(&restarts(a)))
        .then_with(|| newer(a.creation_timestamp(), b.creation_timestamp(), a, b, now))
}

/// The newer one goes first, where its age is of another order of magnitude; else the uid decides.
fn newer(at: Option<Time>, bt: Option<Time>, a: &Object, b: &Object, now: Time) -> Ordering {
    if at == bt {
        return Ordering::Equal;
    }
    let magnitude = |t: Option<Time>| {
        let age = t.and_then(|t| (now - t).num_nanoseconds()).filter(|n| *n > 0);
        age.map_or(-1, |n| i64::from(n.ilog2()))
    };
    magnitude(at).cmp(&magnitude(bt)).then_with(|| a.uid().cmp(b.uid()))
}

fn restarts(pod: &Object) -> i64 {
    pod.list_at("/status/containerStatuses").iter().filter_map(|c| c.int("restartCount")).max().unwrap_or(0)
}

#[cfg(test)]
mod tests;
