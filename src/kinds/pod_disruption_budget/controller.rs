//! The disruption controller: counts the pods of a budget, and how many of them may go. Evicts nobody.

use std::collections::HashSet;
use std::sync::Arc;

use serde_json::{Value, json};

use super::NAMES;
use crate::apimachinery::key::Key;
use crate::apimachinery::labels::Selector;
use crate::apimachinery::object::Object;
use crate::apimachinery::status::Status;
use crate::apimachinery::time::{self, Time};
use crate::cluster::Cluster;
use crate::kinds::plan::{Action, EventRecord, Plan};
use crate::kinds::why::Reason;
use crate::kinds::{by_api_version, int_or_percent, workload};

/// What the disruption controller calls itself in events.
const SOURCE: &str = "controllermanager";

/// Brings the status up to date.
pub fn reconcile(budget: &Arc<Object>, cluster: &Cluster, now: Time) -> Result<Plan, Status> {
    let mut plan = Plan::nothing();
    let Some(selector) = selector(budget) else { return Ok(plan) };
    let pods: Vec<Arc<Object>> = cluster.selected("pods", budget.namespace(), &selector)?;
    if pods.is_empty() {
        let message = "No matching pods found".to_owned();
        plan.push(Action::Event(EventRecord::normal(budget, SOURCE, "NoPods", message)));
    }
    let (expected, desired) = match wanted(budget, &pods, cluster)? {
        Ok(numbers) => numbers,
        Err(why) => return Ok(failed(budget, why, now, plan)),
    };
    let healthy = pods.iter().filter(|p| p.deletion_timestamp().is_none() && workload::is_ready(p)).count() as i64;
    let allowed = if expected > 0 { (healthy - desired).max(0) } else { 0 };
    let mut status = json!({
        "conditions": [condition(budget, allowed > 0, None, now)],
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

/// Where the number of pods cannot be known none may go.
fn failed(budget: &Object, why: String, now: Time, mut plan: Plan) -> Plan {
    let mut new = budget.clone();
    new.set("/status/disruptionsAllowed", 0.into());
    new.set("/status/conditions", json!([condition(budget, false, Some(&why), now)]));
    if new != *budget {
        plan.push(Action::UpdateStatus(new));
    }
    let message = format!("Failed to calculate the number of expected pods: {why}");
    plan.push(Action::Event(EventRecord::warning(budget, SOURCE, "CalculateExpectedPodCountFailed", message)));
    plan
}

/// Two numbers, or why they cannot be known.
type Numbers = Result<(i64, i64), String>;

/// How many pods there should be, and how many of those have to stay healthy.
fn wanted(budget: &Object, pods: &[Arc<Object>], cluster: &Cluster) -> Result<Numbers, Status> {
    let present = pods.len() as i64;
    let of_scale = |desired: &dyn Fn(i64) -> i64| -> Result<Numbers, Status> {
        Ok(scale(pods, cluster)?.map(|expected| (expected, desired(expected))))
    };
    if let Some(max) = budget.at("/spec/maxUnavailable") {
        return of_scale(&|all| (all - int_or_percent::of_total(max, all, true).unwrap_or(0)).max(0));
    }
    match budget.at("/spec/minAvailable") {
        Some(number @ Value::Number(_)) => Ok(Ok((present, number.as_i64().unwrap_or(0)))),
        Some(percent) => of_scale(&|all| int_or_percent::of_total(percent, all, true).unwrap_or(0)),
        None => Ok(Ok((present, 0))),
    }
}

/// The replicas that the pods' controllers ask for, each controller counted once; a Deployment for all of its ReplicaSets.
fn scale(pods: &[Arc<Object>], cluster: &Cluster) -> Result<Result<i64, String>, Status> {
    let (mut seen, mut total) = (HashSet::new(), 0);
    for pod in pods {
        let Some(mut controller) = controller(pod, cluster)? else { continue };
        if let Some(deployment) = self::controller(&controller, cluster)?.filter(|c| c.kind() == "Deployment") {
            controller = deployment;
        }
        let names = by_api_version(controller.api_version(), controller.kind()).filter(|kind| kind.scale().is_none());
        if let Some(kind) = names {
            return Ok(Err(format!("{} does not implement the scale subresource", kind.names().resource)));
        }
        if seen.insert(controller.uid().to_owned()) {
            total += controller.i64_at("/spec/replicas").unwrap_or(0);
        }
    }
    Ok(Ok(total))
}

fn controller(object: &Object, cluster: &Cluster) -> Result<Option<Arc<Object>>, Status> {
    let Some(owner) = object.controller_of() else { return Ok(None) };
    let Some(kind) = by_api_version(owner.api_version, owner.kind) else { return Ok(None) };
    cluster.get(&kind.names().key(object.namespace(), owner.name))
}

fn condition(budget: &Object, allowed: bool, failure: Option<&str>, now: Time) -> Value {
    let (status, reason) = match failure {
        Some(_) => ("False", "SyncFailed"),
        None if allowed => ("True", "SufficientPods"),
        None => ("False", "InsufficientPods"),
    };
    let old = budget.at("/status/conditions/0").filter(|c| c.get("status").is_some_and(|s| s == status));
    let since = old.and_then(|c| c.get("lastTransitionTime").cloned());
    json!({
        "type": "DisruptionAllowed", "status": status, "reason": reason, "message": failure.unwrap_or_default(),
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
