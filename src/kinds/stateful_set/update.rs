//! Rolling updates: which pods of another revision are taken down now.

use std::rc::Rc;

use serde_json::Value;

use super::members::Member;
use super::sync::Sync;
use crate::apimachinery::object::Object;
use crate::apimachinery::status::Status;
use crate::cluster::Cluster;
use crate::kinds::feature_gate::{self, MAX_UNAVAILABLE_STATEFUL_SET};
use crate::kinds::int_or_percent;
use crate::kinds::plan::Plan;

const MAX_UNAVAILABLE: &str = "/spec/updateStrategy/rollingUpdate/maxUnavailable";

/// Drops `maxUnavailable` where the feature is off, as the server does with a field of a disabled feature unless it was
/// there before; fills it in where the feature is on.
pub fn gate_max_unavailable(set: &mut Object, old: Option<&Object>, cluster: &Cluster) -> Result<(), Status> {
    if feature_gate::is_on(MAX_UNAVAILABLE_STATEFUL_SET, cluster)? {
        if set.at("/spec/updateStrategy/rollingUpdate").is_some_and(Value::is_object) {
            set.set_default(MAX_UNAVAILABLE, 1);
        }
    } else if old.is_none_or(|old| old.at(MAX_UNAVAILABLE).is_none()) {
        set.remove(MAX_UNAVAILABLE);
    }
    Ok(())
}

/// Takes down pods of another revision, from the highest ordinal to the partition. Returns how many; upstream holds them all
/// to be of the current revision.
pub fn update(sync: &Sync, plan: &mut Plan) -> Result<usize, Status> {
    let is_on = feature_gate::is_on(MAX_UNAVAILABLE_STATEFUL_SET, sync.cluster)?;
    let outdated = match sync.set.object.at(MAX_UNAVAILABLE).filter(|_| is_on) {
        None => one_by_one(sync, plan),
        Some(max) => several(sync, max, plan),
    };
    let update = sync.revisions.update.name();
    for pod in &outdated {
        sync.delete(
            &pod.pod,
            format!("it was of revision {}, and the update revision is {update}", pod.revision),
            plan,
        );
    }
    Ok(outdated.len())
}

/// One at a time; an unwell pod that is up to date already is waited for, one that is not is replaced.
fn one_by_one<'s>(sync: &'s Sync, plan: &mut Plan) -> Vec<&'s Member> {
    let update = sync.revisions.update.name();
    if sync.pods.staying(update) == sync.pods.len() && sync.pods.attention().is_empty() {
        return Vec::new();
    }
    let from = sync.partition();
    for ordinal in sync.set.ordinals().rev().take_while(|o| *o >= from) {
        let Some(pod) = sync.pods.get(ordinal) else { break };
        if pod.revision != update && !pod.terminating {
            return vec![pod.as_ref()];
        }
        if !sync.is_healthy(pod) {
            sync.update_waits(&[ordinal], "pods are replaced one at a time, from the highest ordinal", plan);
            break;
        }
    }
    Vec::new()
}

/// As many as may be unavailable, whatever the reason they are: every wanted ordinal counts, those below the partition too.
fn several<'s>(sync: &'s Sync, max: &Value, plan: &mut Plan) -> Vec<&'s Member> {
    let most = int_or_percent::of_total(max, sync.set.replicas, false).unwrap_or(1).max(1);
    let is_unavailable = |o: &i64| sync.pods.get(*o).is_none_or(|p| !sync.is_healthy(p));
    let unavailable: Vec<i64> = sync.set.ordinals().filter(is_unavailable).collect();
    let room = usize::try_from(most).unwrap_or(usize::MAX).saturating_sub(unavailable.len());
    if room == 0 {
        sync.update_waits(&unavailable, &format!("no more than {most} may be unavailable (maxUnavailable)"), plan);
    }
    let from = sync.partition();
    let targets = sync.set.ordinals().rev().take_while(|o| *o >= from).filter_map(|o| sync.pods.get(o));
    let is_outdated = |pod: &&Rc<Member>| pod.revision != sync.revisions.update.name() && !pod.terminating;
    targets.filter(is_outdated).take(room).map(Rc::as_ref).collect()
}
