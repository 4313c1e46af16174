//! The scheduler: gives a pod its node once its volumes are there and a node fits.
//!
//! The filters, their order and their words are those of the default scheduler's plugins; the choice among the nodes that
//! fit is simpler than its scores, and the same each time.

use std::sync::Arc;

use chrono::TimeDelta;
use serde_json::{Value, json};

use super::Controller;
use super::event;
use super::pace::{Pace, Step, Subject};
use super::volume::claim::PODS_BY_CLAIM;
use crate::apimachinery::key::Key;
use crate::apimachinery::object::Object;
use crate::apimachinery::status::Status;
use crate::apimachinery::time::{self, Time};
use crate::cluster::{Cluster, Indexer};
use crate::kinds::Trigger;
use crate::kinds::plan::{Action, EventRecord, Plan};
use crate::kinds::pod::Fields;
use crate::kinds::why::{self, Reason};

mod affinity;
mod filter;
mod node_affinity;
mod preemption;
mod resources;
mod score;
mod spread;
mod usage;
mod volumes;

pub(super) use affinity::ANTI_PODS;
pub(super) use resources::amount as allocatable;
pub(super) use usage::PODS_BY_NODE;

use filter::{Refusal, Verdict};
use preemption::Outcome;
use usage::{NOMINATED, Room};

/// What the scheduler calls itself in events and in `spec.schedulerName`.
const NAME: &str = "default-scheduler";
/// How long a pod that was refused lies aside before it is tried again, unless something changes before.
const RETRY: TimeDelta = TimeDelta::minutes(5);

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
        return Ok(gate(pod, cluster, now));
    }
    if let Some(later) = at_pace(pod, cluster, now)? {
        let mut plan = Plan { requeue_at: Some(later), ..Plan::default() };
        because(&mut plan, pod, cluster, || {
            format!("it is given a node {} (the pace's scheduling)", why::at(later, now))
        });
        return Ok(plan);
    }
    let nodes = cluster.list("nodes", None)?;
    if nodes.is_empty() {
        return refuse(pod, "no nodes available to schedule pods", cluster, now);
    }
    let claims = match volumes::claims(pod, cluster)? {
        Ok(claims) => claims,
        Err(unbound) => {
            let message = format!("0/{} nodes are available: {}. not found", nodes.len(), unbound.why);
            let mut plan = refuse(pod, &message, cluster, now)?;
            let waiting = |reason: &mut Reason| reason.waits_for.push(unbound.claim.clone());
            plan.reasons.iter_mut().for_each(waiting);
            return Ok(plan);
        }
    };
    let room = Room::of(pod, cluster)?;
    let verdicts = filter::filter(pod, &nodes, &claims, &room, cluster)?;
    let fitting: Vec<&Arc<Object>> =
        verdicts.iter().zip(&nodes).filter(|(v, _)| v.is_ok()).map(|(_, node)| node).collect();
    match score::best(pod, &fitting, &claims, &room, cluster)? {
        Some(node) if claims.is_bound() => Ok(assign(pod, node, now)),
        Some(node) => {
            let mut plan = volumes::reserve(&claims, node, cluster)?;
            plan.because(cluster, || {
                let text = format!("it goes to node {node} once its claims have their volumes there");
                let reason = Reason::new(NAME, key_of(pod), text);
                claims.waiting().fold(reason, |reason, claim| reason.waiting_for(claim))
            });
            Ok(plan)
        }
        None => nowhere(pod, (&nodes, &verdicts), &claims, &room, cluster, now),
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
    (nodes, verdicts): (&[Arc<Object>], &[Verdict]),
    claims: &volumes::Claims,
    room: &Room,
    cluster: &Cluster,
    now: Time,
) -> Result<Plan, Status> {
    let (help, victims) = match preemption::preempt(pod, nodes, verdicts, claims, room, cluster)? {
        Outcome::Waits => {
            let mut plan = Plan::nothing();
            let node = pod.str_at(NOMINATED);
            because(&mut plan, pod, cluster, || {
                format!("it waits on node {node} for pods of lower priority to be gone")
            });
            return Ok(plan);
        }
        Outcome::Nothing(help) => (help, None),
        Outcome::Victims { node, victims } => (String::new(), Some((node, victims))),
    };
    let reasons: Vec<&str> = verdicts.iter().filter_map(|v| v.as_ref().err()).flat_map(Refusal::reasons).collect();
    let why = format!("0/{} nodes are available: {}.", nodes.len(), histogram(&reasons));
    let mut plan = Plan::nothing();
    if nodes.len() > 1 {
        because(&mut plan, pod, cluster, || each_node(nodes, verdicts));
    }
    let Some((node, victims)) = victims else {
        let mut refused = refuse(pod, &format!("{why} no new claims to deallocate, {help}"), cluster, now)?;
        refused.reasons.append(&mut plan.reasons);
        return Ok(refused);
    };
    for victim in &victims {
        preemption::evict(victim, pod, &node, now, &mut plan);
    }
    let mut refused = refuse(pod, &format!("{why} no new claims to deallocate"), cluster, now)?;
    for action in &mut refused.actions {
        if let Action::UpdateStatus(new) = action {
            new.set(NOMINATED, node.as_str().into());
        }
    }
    refused.actions.append(&mut plan.actions);
    Ok(refused)
}

/// Why a node has no place for a pod that is on it already.
pub(super) enum Misfit {
    Lacks {
        resource: String,
        requested: i64,
        used: i64,
        capacity: i64,
    },
    /// A plugin that refuses it.
    Predicate(&'static str),
}

/// Why a node has no place for a pod that names it, if it has none.
pub(super) fn misfit(pod: &Object, node: &Object, cluster: &Cluster) -> Result<Option<Misfit>, Status> {
    let room = Room::of(pod, cluster)?;
    let mut usage = usage::Usage::clone(&*room.usage(node.name(), cluster)?.borrow());
    usage.put(key_of(pod), None);
    if let Some((resource, requested, used, capacity)) = resources::first_lack(&room.need, node, &usage) {
        return Ok(Some(Misfit::Lacks { resource, requested, used, capacity }));
    }
    if !node_affinity::matches(pod, node) {
        return Ok(Some(Misfit::Predicate("NodeAffinity")));
    }
    Ok(usage.has_taken_a_port_of(&room.need).then_some(Misfit::Predicate("NodePorts")))
}

/// What each node lacks: `node-1: Insufficient cpu; node-2: node(s) were unschedulable`.
fn each_node(nodes: &[Arc<Object>], verdicts: &[Verdict]) -> String {
    let refusals = nodes.iter().zip(verdicts).filter_map(|(node, verdict)| Some((node, verdict.as_ref().err()?)));
    let texts = refusals.map(|(node, refusal)| {
        let reasons: Vec<&str> = refusal.reasons().collect();
        format!("{}: {}", node.name(), reasons.join(", "))
    });
    texts.collect::<Vec<_>>().join("; ")
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

fn key_of(pod: &Object) -> Key {
    Key::new("pods", pod.namespace(), pod.name())
}

fn because(plan: &mut Plan, pod: &Object, cluster: &Cluster, text: impl FnOnce() -> String) {
    plan.because(cluster, || Reason::new(NAME, key_of(pod), text()));
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

/// Says why the pod gets no node: in its status once, in an event again each time it is tried in vain.
fn refuse(pod: &Arc<Object>, why: &str, cluster: &Cluster, now: Time) -> Result<Plan, Status> {
    let mut plan = Plan::nothing();
    because(&mut plan, pod, cluster, || why.to_owned());
    let mut record = EventRecord {
        action: Some("Scheduling"),
        ..EventRecord::warning(pod, NAME, "FailedScheduling", why.to_owned())
    };
    let told = pod.list_at("/status/conditions").iter().any(|c| c.get("message").is_some_and(|m| m == why));
    if !told {
        let mut new = Object::clone(pod);
        set_condition(&mut new, "False", Some(("Unschedulable", why)), now);
        plan.push(Action::UpdateStatus(new));
        plan.push(Action::Event(record));
        return Ok(plan);
    }
    let Some((mut last, mut count)) = event::last_told(cluster, &record)? else { return Ok(plan) };
    // So many attempts as there were before are told of together: ever fewer events, however long it lasts.
    if tried_again(last, count).is_some_and(|next| next <= now) {
        record.times = count;
        plan.push(Action::Event(record));
        (last, count) = (now, count * 2);
    }
    if let Some(next) = tried_again(last, count) {
        plan.requeue(next);
    }
    Ok(plan)
}

/// When a pod has been tried so many times more, since it was told last that it was in vain.
fn tried_again(last: Time, times: i64) -> Option<Time> {
    last.checked_add_signed(RETRY.checked_mul(i32::try_from(times).ok()?)?)
}

/// A gated pod is not looked at; the API server says so in its first status.
fn gate(pod: &Arc<Object>, cluster: &Cluster, now: Time) -> Plan {
    let mut plan = Plan::nothing();
    because(&mut plan, pod, cluster, || {
        let gates: Vec<&str> = pod.list_at("/spec/schedulingGates").iter().map(|g| g.text("name")).collect();
        format!("it is not looked at before its scheduling gates are removed: {}", gates.join(", "))
    });
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

/// Pods that were refused a node by its filters, and those whose resize waits for room on theirs, all under one value. Those
/// that wait for claims are woken by these.
pub(super) static REFUSED_PODS: Indexer = Indexer {
    name: "refused-pods",
    resource: "pods",
    values: |pod| {
        let is_refused = || {
            let text = |field| condition(pod).and_then(|c| c.get(field)?.as_str()).unwrap_or_default();
            text("reason") == "Unschedulable" && !text("message").ends_with("not found")
        };
        let is_deferred = || pod.list_at("/status/conditions").iter().any(|c| c["type"] == "PodResizePending");
        if if is_waiting(pod) { is_refused() } else { is_deferred() } { vec![String::new()] } else { Vec::new() }
    },
};

fn refused(cluster: &Cluster) -> Result<Vec<Key>, Status> {
    Ok(cluster.indexed(&REFUSED_PODS, "")?.into_iter().map(|(key, _)| key).collect())
}

/// Whether any pod waits for a node that it fits.
pub(super) fn is_anything_refused(cluster: &Cluster) -> Result<bool, Status> {
    Ok(!refused(cluster)?.is_empty())
}

/// A pod that ends makes room, and one that runs or changes its labels may be what another wants to be near, or far from.
fn refused_for_room(pod: &Object, cluster: &Cluster) -> Result<Vec<Key>, Status> {
    if is_waiting(pod) { Ok(Vec::new()) } else { refused(cluster) }
}

#[cfg(test)]
mod tests;
