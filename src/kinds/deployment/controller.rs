//! The Deployment controller: one look, one step of a roll-out.

use std::sync::Arc;

use serde_json::Value;

use super::replica_sets::{self, DESIRED, REVISION, Sets, replicas};
use super::rolling::{self, SOURCE};
use super::{NAMES, status};
use crate::apimachinery::key::Key;
use crate::apimachinery::object::Object;
use crate::apimachinery::status::Status;
use crate::apimachinery::time::Time;
use crate::cluster::Cluster;
use crate::kinds::plan::{Action, EventRecord, Plan};
use crate::kinds::pod::Fields;
use crate::kinds::why::Reason;
use crate::kinds::workload;

/// Plans one step.
pub fn reconcile(deployment: &Arc<Object>, cluster: &Cluster, now: Time) -> Result<Plan, Status> {
    let mut plan = Plan::nothing();
    let Some(sets) = Sets::of(deployment, cluster, &mut plan)? else { return Ok(plan) };
    let mut status = status::calculate(deployment, &sets, now);
    if deployment.deletion_timestamp().is_some() {
        workload::update_status(&mut plan, deployment, status);
        return Ok(plan);
    }
    if let Some(conditions) = paused_condition(deployment, now) {
        status["conditions"] = Value::Array(conditions);
        workload::update_status(&mut plan, deployment, status);
        return Ok(plan);
    }
    if deployment.bool_at("/spec/paused") == Some(true) || is_scaled(deployment, &sets) {
        rolling::proportion(&mut plan, deployment, &sets);
        let key = NAMES.key(deployment.namespace(), deployment.name());
        let text = || "it is paused: it is scaled, but its template is not rolled out".to_owned();
        plan.because(cluster, || Reason::new(SOURCE, key, text()));
        workload::update_status(&mut plan, deployment, status);
        return Ok(plan);
    }
    let old_pods = has_pods(&sets.old, cluster)?;
    let recreates = deployment.str_at("/spec/strategy/type") == "Recreate";
    let waits = recreates && (old_pods || sets.old.iter().any(|s| replicas(s) > 0));
    if !waits && new_set(&mut plan, deployment, &sets, cluster, now)? {
        return Ok(plan);
    }
    let stepped = match recreates {
        true => rolling::recreate(&mut plan, deployment, &sets, old_pods),
        false => rolling::roll(&mut plan, deployment, &sets),
    };
    if !stepped && status::is_complete(deployment, &status) {
        clean_up(&mut plan, deployment, &sets);
    } else if !stepped {
        plan.because(cluster, || waiting(deployment, &sets, &status, waits));
    }
    status::set_progress(deployment, &sets, &mut status, now);
    status::set_failure(&sets, &mut status);
    if let Some(at) = status::times_out_at(deployment, &status) {
        plan.requeue(at);
    }
    workload::update_status(&mut plan, deployment, status);
    Ok(plan)
}

/// What a rollout waits for that is not complete and takes no step.
fn waiting(deployment: &Object, sets: &Sets, status: &Value, for_old_pods: bool) -> Reason {
    let count = |field: &str| status.int(field).unwrap_or(0);
    let (surge, unavailable) = replica_sets::bounds(deployment);
    let rule = match for_old_pods {
        true => "strategy is Recreate: new pods come once the old ones are gone".to_owned(),
        false => format!("maxSurge allows {surge} more, maxUnavailable {unavailable} fewer than are wanted"),
    };
    let text = format!(
        "{} of {} pods are of the newest template, {} available; {rule}",
        count("updatedReplicas"),
        replicas(deployment),
        count("availableReplicas")
    );
    let reason = Reason::new(SOURCE, NAMES.key(deployment.namespace(), deployment.name()), text);
    let active = sets.all().filter(|s| replicas(s) > 0 || s.i64_at("/status/replicas").unwrap_or(0) > 0);
    let keys = active.map(|s| Key::new("replicasets.apps", s.namespace(), s.name()));
    keys.fold(reason, Reason::waiting_for)
}

/// The conditions of a Deployment that was paused or resumed since the last look.
fn paused_condition(deployment: &Object, now: Time) -> Option<Vec<Value>> {
    deployment.i64_at("/spec/progressDeadlineSeconds").filter(|s| *s != i64::from(i32::MAX))?;
    let paused = deployment.bool_at("/spec/paused") == Some(true);
    let current = status::find(deployment, "Progressing").map_or("", |c| c.text("reason"));
    // A deadline that has passed is not forgotten by pausing.
    if current == "ProgressDeadlineExceeded" || paused == (current == "DeploymentPaused") {
        return None;
    }
    let mut conditions = status::conditions(deployment);
    let new = match paused {
        true => status::condition("Progressing", "Unknown", "DeploymentPaused", "Deployment is paused", now),
        false => status::condition("Progressing", "Unknown", "DeploymentResumed", "Deployment is resumed", now),
    };
    status::set_condition(&mut conditions, new);
    Some(conditions)
}

/// Whether the Deployment's size is not the one that its sets were made for.
fn is_scaled(deployment: &Object, sets: &Sets) -> bool {
    let known = |set: &Object| set.annotation(DESIRED).and_then(|d| d.parse::<i64>().ok());
    let active = sets.all().filter(|s| replicas(s) > 0);
    active.filter_map(|s| known(s)).any(|size| size != replicas(deployment))
}

/// Makes the new set, or brings what is known of it up to date; one thing at a time. Whether there was one.
fn new_set(
    plan: &mut Plan,
    deployment: &Arc<Object>,
    sets: &Sets,
    cluster: &Cluster,
    now: Time,
) -> Result<bool, Status> {
    let Some(set) = &sets.new else {
        make_set(plan, deployment, sets, cluster, now)?;
        return Ok(true);
    };
    let mut new = Object::clone(set);
    replica_sets::annotate(&mut new, deployment, replica_sets::next_revision(sets));
    match deployment.at("/spec/minReadySeconds") {
        Some(seconds) => new.set("/spec/minReadySeconds", seconds.clone()),
        None => drop(new.remove("/spec/minReadySeconds")),
    }
    if new != **set {
        plan.push(Action::Update(new));
        return Ok(true);
    }
    if deployment.annotation(REVISION) != set.annotation(REVISION) {
        let mut numbered = Object::clone(deployment);
        numbered.set_annotation(REVISION, set.annotation(REVISION).unwrap_or_default());
        plan.push(Action::Update(numbered));
        return Ok(true);
    }
    if status::find(deployment, "Progressing").is_none() && status::has_deadline(deployment) {
        let message = format!("Found new replica set {:?}", set.name());
        plan.push(Action::UpdateStatus(told(deployment, "FoundNewReplicaSet", &message, now)));
        return Ok(true);
    }
    Ok(false)
}

/// The Deployment with progress that is not told by counts: its new set is there.
fn told(deployment: &Object, reason: &str, message: &str, now: Time) -> Object {
    let mut conditions = status::conditions(deployment);
    status::set_condition(&mut conditions, status::condition("Progressing", "True", reason, message, now));
    let mut told = Object::clone(deployment);
    told.set("/status/conditions", Value::Array(conditions));
    told
}

/// Plans a new set. A name that another set has already counts as a collision, which gives the next look another name.
fn make_set(
    plan: &mut Plan,
    deployment: &Arc<Object>,
    sets: &Sets,
    cluster: &Cluster,
    now: Time,
) -> Result<(), Status> {
    let set = replica_sets::new_set(deployment, sets);
    if cluster.get(&Key::new("replicasets.apps", set.namespace(), set.name()))?.is_some() {
        let mut counted = Object::clone(deployment);
        let collisions = deployment.i64_at("/status/collisionCount").unwrap_or(0) + 1;
        counted.set("/status/collisionCount", collisions.into());
        plan.push(Action::UpdateStatus(counted));
        return Ok(());
    }
    let (name, size) = (set.name().to_owned(), replicas(&set));
    let failed = format!("Failed to create new replica set {name:?}: ");
    let failed = EventRecord::warning(deployment, SOURCE, "ReplicaSetCreateError", failed);
    plan.push(Action::CreateOrTell(set, vec![failed]));
    if size > 0 {
        let message = format!("Scaled up replica set {name} from 0 to {size}");
        plan.push(Action::Event(EventRecord::normal(deployment, SOURCE, "ScalingReplicaSet", message)));
    }
    if status::has_deadline(deployment) {
        let message = format!("Created new replica set {name:?}");
        // The counts are those of before: what the new set makes of them is progress.
        let mut told = told(deployment, "NewReplicaSetCreated", &message, now);
        let mut status = status::calculate(deployment, sets, now);
        status["conditions"] = Value::Array(status::conditions(&told));
        told.set("/status", status);
        plan.push(Action::UpdateStatus(told));
    }
    Ok(())
}

/// Whether any pod of these sets has not ended.
fn has_pods(sets: &[Arc<Object>], cluster: &Cluster) -> Result<bool, Status> {
    for set in sets {
        let pods = cluster.owned_by(set.uid())?;
        if pods.iter().any(|(_, p)| p.kind() == "Pod" && !matches!(p.str_at("/status/phase"), "Failed" | "Succeeded")) {
            return Ok(true);
        }
    }
    Ok(false)
}

/// Deletes the oldest empty sets beyond the history's limit.
fn clean_up(plan: &mut Plan, deployment: &Object, sets: &Sets) {
    let Some(limit) = deployment.i64_at("/spec/revisionHistoryLimit") else { return };
    let mut idle: Vec<&Arc<Object>> = sets.old.iter().filter(|s| s.deletion_timestamp().is_none()).collect();
    idle.sort_by_key(|s| (replica_sets::revision(s), s.creation_timestamp()));
    let surplus = idle.len().saturating_sub(usize::try_from(limit).unwrap_or(0));
    let counts = ["/status/replicas", "/spec/replicas"];
    for set in idle.into_iter().take(surplus) {
        let empty = counts.iter().all(|p| set.i64_at(p).unwrap_or(0) == 0);
        if empty && set.i64_at("/status/observedGeneration").unwrap_or(0) >= set.generation() {
            let key = Key::new("replicasets.apps", set.namespace(), set.name());
            plan.push(Action::Delete { key, uid: set.uid().to_owned() });
        }
    }
}

/// The Deployment of a pod's ReplicaSet: a Recreate waits for the last old pod.
pub fn deployments_of_pod(pod: &Object, cluster: &Cluster) -> Result<Vec<Key>, Status> {
    let Some(set) = pod.controller_of().filter(|r| r.kind == "ReplicaSet") else { return Ok(Vec::new()) };
    let set = cluster.get(&Key::new("replicasets.apps", pod.namespace(), set.name))?;
    let owner = set.as_ref().and_then(|s| s.controller_of()).filter(|r| r.kind == NAMES.kind);
    Ok(owner.map(|r| NAMES.key(pod.namespace(), r.name)).into_iter().collect())
}

#[cfg(test)]
mod tests;
