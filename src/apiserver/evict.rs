//! Evicting a pod: a deletion that the budgets of its disruption allow.

use std::sync::Arc;

use serde_json::{Value, json};

use super::DeleteOptions;
use crate::apimachinery::object::Object;
use crate::apimachinery::status::{Cause, Reason, Status};
use crate::apimachinery::time;
use crate::cluster::Cluster;
use crate::kinds::{self, Kind};

/// Deletes a pod, and takes the disruption from the budget that counts the pod.
///
/// # Errors
/// TooManyRequests where the budget allows none now, InternalError for a pod of several budgets; those of
/// [`super::delete`].
pub fn evict(
    cluster: &mut Cluster,
    pods: &dyn Kind,
    namespace: &str,
    name: &str,
    options: &DeleteOptions,
) -> Result<Arc<Object>, Status> {
    let pod = super::get(cluster, pods, namespace, name)?;
    // A pod that serves nobody is disrupted by nothing.
    let is_idle = matches!(pod.str_at("/status/phase"), "Succeeded" | "Failed" | "Pending");
    if !is_idle && pod.deletion_timestamp().is_none() {
        disrupt(cluster, &pod, options.dry_run)?;
    }
    super::delete(cluster, pods, namespace, name, options)
}

fn disrupt(cluster: &mut Cluster, pod: &Object, dry_run: bool) -> Result<(), Status> {
    let keys = kinds::budgets_of_pod(pod, cluster)?;
    let key = match keys.as_slice() {
        [] => return Ok(()),
        [one] => one,
        _ => {
            let why =
                "This pod has more than one PodDisruptionBudget, which the eviction subresource does not support.";
            return Err(Status::new(Reason::InternalError, why));
        }
    };
    let Some(budget) = cluster.get(key)? else { return Ok(()) };
    let number = |pointer: &str| budget.i64_at(pointer).unwrap_or(0);
    let (healthy, desired) = (number("/status/currentHealthy"), number("/status/desiredHealthy"));
    let is_ready = pod.list_at("/status/conditions").iter().any(|c| {
        let text = |field: &str| c.get(field).and_then(Value::as_str);
        text("type") == Some("Ready") && text("status") == Some("True")
    });
    let always = budget.str_at("/spec/unhealthyPodEvictionPolicy") == "AlwaysAllow";
    if !is_ready && (always || (healthy >= desired && desired > 0)) {
        return Ok(());
    }
    let allowed = number("/status/disruptionsAllowed");
    if allowed < 1 {
        return Err(refused(&budget, healthy, desired));
    }
    if dry_run {
        return Ok(());
    }
    let mut new = Object::clone(&budget);
    new.set("/status/disruptionsAllowed", (allowed - 1).into());
    let mut disrupted = budget.at("/status/disruptedPods").and_then(Value::as_object).cloned().unwrap_or_default();
    disrupted.insert(pod.name().to_owned(), json!(time::to_rfc3339(cluster.now())));
    new.set("/status/disruptedPods", Value::Object(disrupted));
    cluster.put(key, new)?;
    Ok(())
}

fn refused(budget: &Object, healthy: i64, desired: i64) -> Status {
    let name = budget.name();
    let cause = Cause {
        reason: "DisruptionBudget",
        field: String::new(),
        message: format!("The disruption budget {name} needs {desired} healthy pods and has {healthy} currently"),
    };
    let why = "Cannot evict pod as it would violate the pod's disruption budget.";
    Status { causes: vec![cause], ..Status::new(Reason::TooManyRequests, why) }
}
