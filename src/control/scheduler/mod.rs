//! The scheduler: gives a pod its node once its volumes are there and a node fits.
//!
//! The filters, their order and their words are those of the default scheduler's plugins; the choice among the nodes that
//! fit is simpler than its scores, and the same each time.

use std::sync::Arc;

use serde_json::{Value, json};

use super::Controller;
use super::pace::{Pace, Step, Subject};
use super::volume::claim::PODS_BY_CLAIM;
use crate::apimachinery::key::Key;
use crate::apimachinery::object::Object;
use crate::apimachinery::status::Status;
use crate::apimachinery::time::{self, Time};
use crate::cluster::{Cluster, Indexer};
use crate::kinds::Trigger;
use crate::kinds::plan::{Action, EventRecord, Plan};

mod affinity;
mod filter;
mod node_affinity;
mod preemption;
mod resources;
mod score;
mod spread;
mod usage;
mod volumes;

use filter::{Refusal, Verdict};
use preemption::Outcome;
use usage::Room;

/// What the scheduler calls itself in events and in `spec.schedulerName`.
const NAME: &str = "default-scheduler";

pub(crate) static CONTROLLER: Controller = Controller {
    resource: "pods",
    reconcile,
    triggers: &[
        Trigger { resource: "persistentvolumeclaims", keys: waiting_for_claim },
        Trigger { resource: "persistentvolumes", keys: waiting_for_volume },
        Trigger { resource: "storageclasses.storage.k8s.io", keys: |_, cluster| refused(cluster) },
        Trigger { resource: "nodes", keys: |_, cluster| refused(cluster) },
        Trigger { resource: "pods", keys: refused_for_room },
    ],
};

fn reconcile(pod: &Arc<Object>, cluster: &Cluster, now: Time) -> Result<Plan, Status> {
    if !is_waiting(pod) || pod.deletion_timestamp().is_some() || pod.str_at("/spec/schedulerName") != NAME {
        return Ok(Plan::nothing());
    }
    if matches!(pod.str_at("/status/phase"), "Succeeded" | "Failed") {
        return Ok(Plan::nothing());
    }
    if !pod.list_at("/spec/schedulingGates").is_empty() {
        return Ok(gate(pod, now));
    }
    if let Some(later) = at_pace(pod, cluster, now)? {
        return Ok(Plan { actions: Vec::new(), requeue_at: Some(later), ..Plan::default() });
    }
    let nodes = cluster.list("nodes", None)?;
    if nodes.is_empty() {
        return Ok(refuse(pod, "no nodes available to schedule pods", now));
    }
    let claims = match volumes::claims(pod, cluster)? {
        Ok(claims) => claims,
        Err(why) => return Ok(refuse(pod, &format!("0/{} nodes are available: {why}. not found", nodes.len()), now)),
    };
    let room = Room::of(pod, cluster)?;
    let verdicts = filter::filter(pod, &nodes, &claims, &room, cluster)?;
    let fitting: Vec<&Arc<Object>> =
        verdicts.iter().zip(&nodes).filter(|(v, _)| v.is_ok()).map(|(_, node)| node).collect();
    match score::best(pod, &fitting, &claims, &room, cluster)? {
        Some(node) if claims.is_bound() => Ok(assign(pod, node, now)),
        Some(node) => volumes::reserve(&claims, node, cluster),
        None => nowhere(pod, &nodes, &verdicts, &claims, cluster, now),
    }
}

/// When the scheduler gets to the pod, if the pace has it wait.
fn at_pace(pod: &Object, cluster: &Cluster, now: Time) -> Result<Option<Time>, Status> {
    let subject = Subject { namespace: pod.namespace(), pod: pod.name(), ..Subject::default() };
    let takes = Pace::of(cluster)?.of_step_for(Step::Scheduling, &subject);
    let due = pod.creation_timestamp().map(|made| time::later(made, takes));
    Ok(due.filter(|due| !takes.is_zero() && now < *due))
}

/// A pod that fits nowhere: others may have to make room for it.
fn nowhere(
    pod: &Arc<Object>,
    nodes: &[Arc<Object>],
    verdicts: &[Verdict],
    claims: &volumes::Claims,
    cluster: &Cluster,
    now: Time,
) -> Result<Plan, Status> {
    let (help, victims) = match preemption::preempt(pod, nodes, verdicts, claims, cluster)? {
        Outcome::Waits => return Ok(Plan::nothing()),
        Outcome::Nothing(help) => (help, None),
        Outcome::Victims { node, victims } => (String::new(), Some((node, victims))),
    };
    let reasons: Vec<&str> = verdicts.iter().filter_map(|v| v.as_ref().err()).flat_map(Refusal::reasons).collect();
    let why = format!("0/{} nodes are available: {}.", nodes.len(), histogram(&reasons));
    let Some((node, victims)) = victims else {
        return Ok(refuse(pod, &format!("{why} no new claims to deallocate, {help}"), now));
    };
    let mut plan = Plan::nothing();
    for victim in &victims {
        preemption::evict(victim, pod, &node, now, &mut plan);
    }
    let mut refused = refuse(pod, &format!("{why} no new claims to deallocate"), now);
    for action in &mut refused.actions {
        if let Action::UpdateStatus(new) = action {
            new.set("/status/nominatedNodeName", node.as_str().into());
        }
    }
    refused.actions.append(&mut plan.actions);
    Ok(refused)
}

/// `1 node(s) were unschedulable, 2 Insufficient cpu`: each reason with how often it was given, sorted as texts.
fn histogram(reasons: &[&str]) -> String {
    let mut counts: Vec<(&str, usize)> = Vec::new();
    for reason in reasons {
        match counts.iter_mut().find(|(known, _)| known == reason) {
            Some((_, count)) => *count += 1,
            None => counts.push((reason, 1)),
        }
    }
    let mut texts: Vec<String> = counts.into_iter().map(|(reason, count)| format!("{count} {reason}")).collect();
    texts.sort();
    texts.join(", ")
}

fn is_waiting(pod: &Object) -> bool {
    pod.str_at("/spec/nodeName").is_empty()
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

/// A gated pod is not looked at; the API server says so in its first status.
fn gate(pod: &Arc<Object>, now: Time) -> Plan {
    let mut plan = Plan::nothing();
    if condition(pod).is_none() {
        let mut new = Object::clone(pod);
        set_condition(
            &mut new,
            "False",
            Some(("SchedulingGated", "Scheduling is blocked due to non-empty scheduling gates")),
            now,
        );
        plan.push(Action::UpdateStatus(new));
    }
    plan
}

fn condition(pod: &Object) -> Option<&Value> {
    pod.list_at("/status/conditions").iter().find(|c| c.get("type").is_some_and(|t| t == "PodScheduled"))
}

fn set_condition(pod: &mut Object, status: &str, why: Option<(&str, &str)>, now: Time) {
    let before = condition(pod).filter(|c| c.get("status").is_some_and(|s| s == status));
    let since = before.and_then(|c| c.get("lastTransitionTime").cloned());
    let mut condition = json!({
        "type": "PodScheduled", "status": status, "lastProbeTime": null,
        "lastTransitionTime": since.unwrap_or_else(|| time::to_rfc3339(now).into()),
        "observedGeneration": pod.generation(),
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

/// A volume that nobody has may be what a refused pod waits for.
fn waiting_for_volume(volume: &Object, cluster: &Cluster) -> Result<Vec<Key>, Status> {
    if volume.str_at("/spec/claimRef/name").is_empty() { refused(cluster) } else { Ok(Vec::new()) }
}

/// Pods that were refused a node by its filters, all under one value. Those that wait for claims are woken by these.
static REFUSED_PODS: Indexer = Indexer {
    resource: "pods",
    values: |pod| {
        let is_refused = || {
            let text = |field| condition(pod).and_then(|c| c.get(field)?.as_str()).unwrap_or_default();
            text("reason") == "Unschedulable" && !text("message").ends_with("not found")
        };
        if is_waiting(pod) && is_refused() { vec![String::new()] } else { Vec::new() }
    },
};

fn refused(cluster: &Cluster) -> Result<Vec<Key>, Status> {
    Ok(cluster.indexed(&REFUSED_PODS, "")?.into_iter().map(|(key, _)| key).collect())
}

/// A pod that ends makes room, and one that runs or changes its labels may be what another wants to be near, or far from.
fn refused_for_room(pod: &Object, cluster: &Cluster) -> Result<Vec<Key>, Status> {
    if is_waiting(pod) { Ok(Vec::new()) } else { refused(cluster) }
}

#[cfg(test)]
mod tests;
