//! How pods move from old ReplicaSets to the new one: all at once (Recreate), or within bounds (RollingUpdate).

use std::sync::Arc;

use super::replica_sets::{Sets, annotate_replicas, bounds, new_replicas, replicas};
use crate::apimachinery::object::Object;
use crate::kinds::plan::{Action, EventRecord, Plan};

/// What the controller calls itself in events.
pub const SOURCE: &str = "deployment-controller";

/// Plans another size of a set, and the event that says so. Whether anything is planned.
pub fn scale(plan: &mut Plan, deployment: &Object, set: &Object, size: i64) -> bool {
    let before = replicas(set);
    let mut new = set.clone();
    new.set("/spec/replicas", size.into());
    annotate_replicas(&mut new, deployment);
    if new == *set {
        return false;
    }
    plan.push(Action::Update(new));
    if before != size {
        let way = if size > before { "up" } else { "down" };
        let message = format!("Scaled {way} replica set {} from {before} to {size}", set.name());
        plan.push(Action::Event(EventRecord::normal(deployment, SOURCE, "ScalingReplicaSet", message)));
    }
    true
}

/// One step of a rolling update; whether there was one to take.
pub fn roll(plan: &mut Plan, deployment: &Object, sets: &Sets) -> bool {
    let Some(new) = &sets.new else { return false };
    let wanted = replicas(deployment);
    let now = replicas(new);
    let size = if now > wanted { wanted } else { new_replicas(deployment, sets) };
    if now != wanted && size != now && scale(plan, deployment, new, size) {
        return true;
    }
    scale_down_old(plan, deployment, sets)
}

/// Takes pods from the old sets, the unhealthy first, as long as enough stay available.
fn scale_down_old(plan: &mut Plan, deployment: &Object, sets: &Sets) -> bool {
    let Some(new) = &sets.new else { return false };
    if sets.old.iter().all(|s| replicas(s) == 0) {
        return false;
    }
    let least = replicas(deployment) - bounds(deployment).1;
    let new_unavailable = replicas(new) - available(new);
    let most = sets.total() - least - new_unavailable;
    if most <= 0 {
        return false;
    }
    let mut sizes: Vec<i64> = sets.old.iter().map(|s| replicas(s)).collect();
    let mut cleaned = 0;
    for (set, size) in sets.old.iter().zip(&mut sizes) {
        let unhealthy = (*size - available(set)).max(0).min(most - cleaned);
        *size -= unhealthy;
        cleaned += unhealthy;
    }
    let mut room = sets.all().map(|s| available(s)).sum::<i64>() - least;
    for size in &mut sizes {
        let part = (*size).min(room.max(0));
        *size -= part;
        room -= part;
    }
    let before = plan.actions.len();
    for (set, size) in sets.old.iter().zip(sizes).filter(|(s, size)| replicas(s) != *size) {
        scale(plan, deployment, set, size);
    }
    plan.actions.len() > before
}

fn available(set: &Object) -> i64 {
    set.i64_at("/status/availableReplicas").unwrap_or(0)
}

/// One step of a Recreate; `old_pods` says whether pods of old sets still exist. Whether there was one to take.
pub fn recreate(plan: &mut Plan, deployment: &Object, sets: &Sets, old_pods: bool) -> bool {
    let before = plan.actions.len();
    for set in sets.old.iter().filter(|s| replicas(s) > 0) {
        scale(plan, deployment, set, 0);
    }
    if plan.actions.len() > before {
        return true;
    }
    match &sets.new {
        Some(new) if !old_pods => scale(plan, deployment, new, replicas(deployment)),
        _ => false,
    }
}

/// Brings a Deployment that is paused, or was scaled, to its size: each set in proportion.
pub fn proportion(plan: &mut Plan, deployment: &Object, sets: &Sets) {
    let active: Vec<&Arc<Object>> = sets.all().filter(|s| replicas(s) > 0).collect();
    let wanted = replicas(deployment);
    match active.as_slice() {
        [] => {
            if let Some(newest) = sets.new.as_ref().or(sets.old.last()) {
                scale(plan, deployment, newest, wanted);
            }
            return;
        }
        [one] => {
            scale(plan, deployment, one, wanted);
            return;
        }
        _ => {}
    }
    if deployment.str_at("/spec/strategy/type") != "RollingUpdate" {
        return;
    }
    let allowed = if wanted > 0 { wanted + bounds(deployment).0 } else { 0 };
    spread(plan, deployment, active, allowed, sets.total());
}

/// Gives each set its share of what is to be added or taken, the largest first; what rounding leaves is the first's.
fn spread(plan: &mut Plan, deployment: &Object, mut active: Vec<&Arc<Object>>, allowed: i64, total: i64) {
    let to_add = allowed - total;
    active.sort_by_key(|s| (std::cmp::Reverse(replicas(s)), s.creation_timestamp()));
    let mut left = to_add;
    let mut sizes: Vec<i64> = Vec::new();
    for set in &active {
        let size = replicas(set);
        let share = if to_add == 0 { 0 } else { share(deployment, set, allowed, size) };
        let part = if to_add > 0 { share.clamp(0, left.max(0)) } else { share.clamp(left.min(0), 0) };
        left -= part;
        sizes.push(size + part);
    }
    if let Some(first) = sizes.first_mut() {
        *first = (*first + left).max(0);
    }
    for (set, size) in active.iter().zip(sizes) {
        scale(plan, deployment, set, size);
    }
}

/// What a set's size becomes if it keeps its part of the whole, less what it is.
fn share(deployment: &Object, set: &Object, allowed: i64, size: i64) -> i64 {
    let before = set.annotation(super::replica_sets::MAX).and_then(|m| m.parse::<i64>().ok()).filter(|m| *m > 0);
    if replicas(deployment) == 0 {
        return -size;
    }
    let Some(before) = before.or(Some(allowed)).filter(|b| *b > 0) else { return 0 };
    let exact = (size * allowed) as f64 / before as f64;
    exact.round() as i64 - size
}
