//! The disruption controller: counts the pods of a budget, and how many of them may go. Evicts nobody.

use std::sync::Arc;

use serde_json::{Value, json};

use super::NAMES;
use crate::apimachinery::key::Key;
use crate::apimachinery::labels::Selector;
use crate::apimachinery::object::Object;
use crate::apimachinery::status::Status;
use crate::apimachinery::time::{self, Time};
use crate::cluster::Cluster;
use crate::kinds::plan::{Action, Plan};
use crate::kinds::why::Reason;
use crate::kinds::{by_api_version, int_or_percent, workload};

/// Brings the status up to date.
pub fn reconcile(budget: &Arc<Object>, cluster: &Cluster, now: Time) -> Result<Plan, Status> {
    let mut plan = Plan::nothing();
    let Some(selector) = selector(budget) else { return Ok(plan) };
    let pods: Vec<Arc<Object>> = cluster.selected("pods", budget.namespace(), &selector)?;
    let (expected, desired) = wanted(budget, &pods, cluster)?;
    let healthy = pods.iter().filter(|p| p.deletion_timestamp().is_none() && workload::is_ready(p)).count() as i64;
    let allowed = if expected > 0 { (healthy - desired).max(0) } else { 0 };
    let mut status = json!({
        "conditions": [condition(budget, allowed > 0, now)],
        "currentHealthy": healthy, "desiredHealthy": desired, "disruptionsAllowed": allowed, "expectedPods": expected,
        "observedGeneration": budget.generation(),
    });
    // Pods that were evicted and are still there.
    let mut disrupted = budget.at("/status/disruptedPods").and_then(Value::as_object).cloned().unwrap_or_default();
    disrupted.retain(|name, _| pods.iter().any(|p| p.name() == name && p.deletion_timestamp().is_none()));
    if !disrupted.is_empty() {
        status["disruptedPods"] = Value::Object(disrupted);
    }
    plan.because(cluster, || {
        let text = format!("{healthy} of {expected} pods are healthy, {desired} have to be: {allowed} may be evicted");
        let unwell = pods.iter().filter(|p| allowed == 0 && !workload::is_ready(p));
        let keys = unwell.map(|p| Key::new("pods", p.namespace(), p.name()));
        keys.fold(
            Reason::new("disruption-controller", NAMES.key(budget.namespace(), budget.name()), text),
            Reason::waiting_for,
        )
    });
    if budget.at("/status") != Some(&status) {
        let mut new = Object::clone(budget);
        new.set("/status", status);
        plan.push(Action::UpdateStatus(new));
    }
    Ok(plan)
}

fn selector(budget: &Object) -> Option<Selector> {
    Selector::from_label_selector(budget.at("/spec/selector").unwrap_or(&Value::Null)).ok()
}

/// How many pods there should be, and how many of those have to stay healthy.
fn wanted(budget: &Object, pods: &[Arc<Object>], cluster: &Cluster) -> Result<(i64, i64), Status> {
    let present = pods.len() as i64;
    if let Some(max) = budget.at("/spec/maxUnavailable") {
        let expected = scale(pods, cluster)?;
        let unavailable = int_or_percent::of_total(max, expected, true).unwrap_or(0);
        return Ok((expected, (expected - unavailable).max(0)));
    }
    match budget.at("/spec/minAvailable") {
        Some(number @ Value::Number(_)) => Ok((present, number.as_i64().unwrap_or(0))),
        Some(percent) => {
            let expected = scale(pods, cluster)?;
            Ok((expected, int_or_percent::of_total(percent, expected, true).unwrap_or(0)))
        }
        None => Ok((present, 0)),
    }
}

/// The replicas that the pods' controllers ask for, each controller counted once. (Of a ReplicaSet, its own: a
/// Deployment's may be more while it rolls.)
fn scale(pods: &[Arc<Object>], cluster: &Cluster) -> Result<i64, Status> {
    let (mut seen, mut total) = (Vec::new(), 0);
    for pod in pods {
        let Some(owner) = pod.controller_of() else { continue };
        let Some(kind) = by_api_version(owner.api_version, owner.kind).filter(|_| !seen.contains(&owner.uid)) else {
            continue;
        };
        seen.push(owner.uid);
        let controller = cluster.get(&kind.names().key(pod.namespace(), owner.name))?;
        total += controller.and_then(|c| c.i64_at("/spec/replicas")).unwrap_or(0);
    }
    Ok(total)
}

fn condition(budget: &Object, allowed: bool, now: Time) -> Value {
    let (status, reason) = if allowed { ("True", "SufficientPods") } else { ("False", "InsufficientPods") };
    let old = budget.at("/status/conditions/0").filter(|c| c.get("status").is_some_and(|s| s == status));
    let since = old.and_then(|c| c.get("lastTransitionTime").cloned());
    json!({
        "type": "DisruptionAllowed", "status": status, "reason": reason, "message": "",
        "lastTransitionTime": since.unwrap_or_else(|| time::to_rfc3339(now).into()),
        "observedGeneration": budget.generation(),
    })
}

/// The budgets that count a pod.
pub fn budgets_of_pod(pod: &Object, cluster: &Cluster) -> Result<Vec<Key>, Status> {
    let budgets = cluster.list_keyed(NAMES.resource, Some(pod.namespace()))?;
    let counts = |b: &Object| selector(b).is_some_and(|s| s.matches(pod.labels()));
    Ok(budgets.into_iter().filter(|(_, b)| counts(b)).map(|(key, _)| key).collect())
}
