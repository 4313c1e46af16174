//! Whether a kubelet takes a pod that no scheduler gave its node: one that names it. Pure.
//!
//! As pkg/kubelet/lifecycle/predicate.go and rejectPod of upstream. Those that a ReplicaSet or its like would make again at
//! once, without end, are taken as they are.

use super::SOURCE;
use super::pod_status;
use crate::apimachinery::object::Object;
use crate::apimachinery::status::Status;
use crate::apimachinery::time::{self, Time};
use crate::cluster::Cluster;
use crate::control::scheduler::{self, Misfit};
use crate::kinds::plan::{Action, EventRecord, Plan};

/// The end of a pod that its node has no place for; `None` for one that it takes.
///
/// # Errors
/// A store that cannot be read.
pub fn reject(pod: &Object, node: &Object, cluster: &Cluster, now: Time) -> Result<Option<Plan>, Status> {
    let is_made_again = pod.controller_of().is_some() && pod.str_at("/spec/restartPolicy") == "Always";
    if is_made_again || pod_status::find(pod, "PodScheduled").is_some() {
        return Ok(None);
    }
    let Some(misfit) = scheduler::misfit(pod, node, cluster)? else { return Ok(None) };
    let (reason, message) = words(&misfit);
    let mut failed = pod.clone();
    failed.set("/status/phase", "Failed".into());
    failed.set("/status/reason", reason.into());
    failed.set("/status/message", format!("Pod was rejected: {message}").into());
    failed.set("/status/startTime", time::to_rfc3339(now).into());
    failed.set("/status/observedGeneration", pod.generation().into());
    let told = EventRecord { host: node.name().to_owned(), ..EventRecord::warning(pod, SOURCE, reason, message) };
    Ok(Some(Plan { actions: vec![Action::UpdateStatus(failed), Action::Event(told)], ..Plan::default() }))
}

/// The reason and the message of a refusal.
fn words(misfit: &Misfit) -> (&'static str, String) {
    match misfit {
        Misfit::Lacks { resource, requested, used, capacity } => {
            let reason = match resource.as_str() {
                "cpu" => "OutOfcpu",
                "memory" => "OutOfmemory",
                "ephemeral-storage" => "OutOfephemeral-storage",
                "pods" => "OutOfpods",
                _ => "UnexpectedAdmissionError",
            };
            let message = format!(
                "Node didn't have enough resource: {resource}, requested: {requested}, used: {used}, capacity: {capacity}"
            );
            (reason, message)
        }
        Misfit::Predicate(name) => (name, format!("Predicate {name} failed")),
    }
}
