//! A Deployment's status: counts over its ReplicaSets, and the conditions Available and Progressing.

use chrono::TimeDelta;
use serde_json::{Value, json};

use super::replica_sets::{Sets, bounds, replicas};
use crate::apimachinery::object::Object;
use crate::apimachinery::time::{self, Time};
use crate::kinds::pod::Fields;
use crate::kinds::replica_set::REPLICA_FAILURE;

/// No deadline: upstream's largest 32-bit number.
const NO_DEADLINE: i64 = i32::MAX as i64;

/// A condition as it would be written now.
pub fn condition(kind: &str, status: &str, reason: &str, message: &str, now: Time) -> Value {
    let at = time::to_rfc3339(now);
    json!({
        "type": kind, "status": status, "reason": reason, "message": message,
        "lastTransitionTime": at, "lastUpdateTime": at,
    })
}

/// Puts a condition in place of the one of its type, at the end. One with the same status and reason stays as it is.
pub fn set_condition(conditions: &mut Vec<Value>, mut new: Value) {
    let old = conditions.iter().position(|c| c.text("type") == new.text("type"));
    if let Some(old) = old.map(|i| &conditions[i]).filter(|o| o.text("status") == new.text("status")) {
        if old.text("reason") == new.text("reason") {
            return;
        }
        new["lastTransitionTime"] = old["lastTransitionTime"].clone();
    }
    old.map(|i| conditions.remove(i));
    conditions.push(new);
}

/// The condition of a type.
pub fn find<'a>(deployment: &'a Object, kind: &str) -> Option<&'a Value> {
    deployment.list_at("/status/conditions").iter().find(|c| c.text("type") == kind)
}

/// The conditions, to change.
pub fn conditions(deployment: &Object) -> Vec<Value> {
    deployment.list_at("/status/conditions").to_vec()
}

/// The status without what progress says of it.
pub fn calculate(deployment: &Object, sets: &Sets, now: Time) -> Value {
    let count = |set: &Object, field: &str| set.i64_at(&format!("/status/{field}")).unwrap_or(0);
    let sum = |field: &str| sets.all().map(|s| count(s, field)).sum::<i64>();
    let available = sum("availableReplicas");
    let mut status = json!({"terminatingReplicas": sum("terminatingReplicas")});
    for (field, number) in [
        ("observedGeneration", deployment.generation()),
        ("replicas", sum("replicas")),
        ("updatedReplicas", sets.new.as_ref().map_or(0, |s| count(s, "replicas"))),
        ("readyReplicas", sum("readyReplicas")),
        ("availableReplicas", available),
        ("unavailableReplicas", (sets.total() - available).max(0)),
    ] {
        if number > 0 {
            status[field] = number.into();
        }
    }
    if let Some(collisions) = deployment.i64_at("/status/collisionCount") {
        status["collisionCount"] = collisions.into();
    }
    let mut conditions = conditions(deployment);
    let enough = available >= replicas(deployment) - bounds(deployment).1;
    set_condition(
        &mut conditions,
        if enough {
            condition("Available", "True", "MinimumReplicasAvailable", "Deployment has minimum availability.", now)
        } else {
            let message = "Deployment does not have minimum availability.";
            condition("Available", "False", "MinimumReplicasUnavailable", message, now)
        },
    );
    status["conditions"] = Value::Array(conditions);
    status
}

/// Says in a status that a set's pods are refused, the new set's first; or that none are.
pub fn set_failure(sets: &Sets, status: &mut Value) {
    let mut conditions = status.items("conditions").to_vec();
    let failure =
        |set: &Object| set.list_at("/status/conditions").iter().find(|c| c.text("type") == REPLICA_FAILURE).cloned();
    let of_new = sets.new.as_deref().and_then(failure);
    match of_new.or_else(|| sets.all().find_map(|set| failure(set))) {
        Some(mut failure) => {
            failure["lastUpdateTime"] = failure["lastTransitionTime"].clone();
            set_condition(&mut conditions, failure);
        }
        None => conditions.retain(|c| c.text("type") != REPLICA_FAILURE),
    }
    status["conditions"] = Value::Array(conditions);
}

fn number(status: &Value, field: &str) -> i64 {
    status.int(field).unwrap_or(0)
}

/// Whether all pods are new, and available.
pub fn is_complete(deployment: &Object, status: &Value) -> bool {
    let wanted = replicas(deployment);
    ["updatedReplicas", "replicas", "availableReplicas"].into_iter().all(|f| number(status, f) == wanted)
        && number(status, "observedGeneration") >= deployment.generation()
}

fn is_progressing(old: &Value, new: &Value) -> bool {
    let more = |field: &str| number(new, field) > number(old, field);
    let olds = |status: &Value| number(status, "replicas") - number(status, "updatedReplicas");
    more("updatedReplicas") || olds(new) < olds(old) || more("readyReplicas") || more("availableReplicas")
}

/// The deadline of progress, unless there is none.
fn deadline(deployment: &Object) -> Option<TimeDelta> {
    let seconds = deployment.i64_at("/spec/progressDeadlineSeconds").filter(|s| *s != NO_DEADLINE)?;
    TimeDelta::try_seconds(seconds)
}

/// Whether progress is watched at all.
pub fn has_deadline(deployment: &Object) -> bool {
    deadline(deployment).is_some()
}

/// When progress will have taken too long, while there is some to be made.
pub fn times_out_at(deployment: &Object, status: &Value) -> Option<Time> {
    let progressing = status.items("conditions").iter().find(|c| c.text("type") == "Progressing")?;
    if matches!(progressing.text("reason"), "NewReplicaSetAvailable" | "ProgressDeadlineExceeded" | "DeploymentPaused")
    {
        return None;
    }
    time::parse(progressing.text("lastUpdateTime"))?.checked_add_signed(deadline(deployment)?)
}

/// Puts the condition Progressing of a roll-out into a status.
pub fn set_progress(deployment: &Object, sets: &Sets, status: &mut Value, now: Time) {
    let mut all = status.items("conditions").to_vec();
    let current = find(deployment, "Progressing").cloned();
    if deadline(deployment).is_none() {
        all.retain(|c| c.text("type") != "Progressing");
        status["conditions"] = Value::Array(all);
        return;
    }
    let done = number(status, "replicas") == number(status, "updatedReplicas")
        && current.as_ref().is_some_and(|c| c.text("reason") == "NewReplicaSetAvailable");
    if done {
        return;
    }
    let whose = match &sets.new {
        Some(set) => format!("ReplicaSet {:?}", set.name()),
        None => format!("Deployment {:?}", deployment.name()),
    };
    let old = deployment.at("/status").cloned().unwrap_or_default();
    if is_complete(deployment, status) {
        let message = format!("{whose} has successfully progressed.");
        set_condition(&mut all, condition("Progressing", "True", "NewReplicaSetAvailable", &message, now));
    } else if is_progressing(&old, status) {
        let mut new = condition("Progressing", "True", "ReplicaSetUpdated", &format!("{whose} is progressing."), now);
        if let Some(current) = current.filter(|c| c.text("status") == "True") {
            new["lastTransitionTime"] = current["lastTransitionTime"].clone();
        }
        all.retain(|c| c.text("type") != "Progressing");
        all.push(new);
    } else if times_out_at(deployment, &json!({"conditions": all})).is_some_and(|at| at <= now) {
        let message = format!("{whose} has timed out progressing.");
        set_condition(&mut all, condition("Progressing", "False", "ProgressDeadlineExceeded", &message, now));
    }
    status["conditions"] = Value::Array(all);
}
