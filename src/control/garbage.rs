//! The garbage collector: dependents go with their owners, or before them, or are let go.

use std::sync::Arc;

use chrono::TimeDelta;

use crate::apimachinery::key::Key;
use crate::apimachinery::object::Object;
use crate::apimachinery::status::Status;
use crate::apimachinery::time::Time;
use crate::apiserver::{FOREGROUND, ORPHAN};
use crate::cluster::Cluster;
use crate::kinds;
use crate::kinds::plan::{Action, Plan};
use crate::kinds::why::{self, Reason};

/// What the garbage collector calls itself.
const SOURCE: &str = "garbage-collector-controller";

/// Looks at one object as a dependent, and, when its deletion waits for its dependents, as an owner.
pub fn reconcile(object: &Arc<Object>, cluster: &Cluster, now: Time) -> Result<Plan, Status> {
    if object.deletion_timestamp().is_some() {
        let mut plan = as_owner(object, cluster)?;
        if cluster.is_asked_why() {
            plan.reasons.push(going(object, cluster, now)?);
        }
        return Ok(plan);
    }
    as_dependent(object, cluster)
}

/// Deletes an object once none of its owners exists any more; takes off references to those that are gone.
fn as_dependent(object: &Arc<Object>, cluster: &Cluster) -> Result<Plan, Status> {
    let mut plan = Plan::nothing();
    let mut gone = Vec::new();
    let mut owners = 0;
    for reference in object.owner_references() {
        owners += 1;
        // An owner of a kind that is not known here cannot be shown to be gone.
        let known = kinds::of_api_version(cluster, reference.api_version, reference.kind)?;
        let Some(kind) = known else { continue };
        let owner = cluster.get(&kind.names().key(object.namespace(), reference.name))?;
        if owner.is_none_or(|o| o.uid() != reference.uid) {
            gone.push(reference.uid.to_owned());
        }
    }
    if gone.is_empty() {
        return Ok(plan);
    }
    if gone.len() == owners {
        plan.push(Action::Delete { key: key_of(object, cluster)?, uid: object.uid().to_owned() });
    } else {
        plan.push(Action::Update(without_owners(object, &gone)));
    }
    Ok(plan)
}

fn as_owner(object: &Arc<Object>, cluster: &Cluster) -> Result<Plan, Status> {
    let mut plan = Plan::nothing();
    if object.has_finalizer(ORPHAN) {
        let uid = object.uid().to_owned();
        for (_, dependent) in cluster.owned_by(&uid)? {
            plan.push(Action::Update(without_owners(&dependent, std::slice::from_ref(&uid))));
        }
        plan.push(Action::Update(without_finalizer(object, ORPHAN)));
    } else if object.has_finalizer(FOREGROUND) {
        let mut blocked = false;
        for (key, dependent) in cluster.owned_by(object.uid())? {
            blocked |= dependent.owner_references().any(|r| r.uid == object.uid() && r.block_owner_deletion);
            if dependent.deletion_timestamp().is_none() {
                plan.push(Action::Delete { key, uid: dependent.uid().to_owned() });
            }
        }
        if !blocked {
            plan.push(Action::Update(without_finalizer(object, FOREGROUND)));
        }
    }
    Ok(plan)
}

fn without_owners(object: &Object, uids: &[String]) -> Object {
    let mut new = object.clone();
    uids.iter().for_each(|uid| new.remove_owner(uid));
    new
}

fn without_finalizer(object: &Object, finalizer: &str) -> Object {
    let mut new = object.clone();
    new.remove_finalizer(finalizer);
    new
}

fn key_of(object: &Object, cluster: &Cluster) -> Result<Key, Status> {
    let kind = kinds::of_api_version(cluster, object.api_version(), object.kind())?
        .ok_or_else(|| Status::internal(format!("no kind {} in version {}", object.kind(), object.api_version())))?;
    Ok(kind.names().key(object.namespace(), object.name()))
}

/// What an object that is being deleted is kept by.
fn going(object: &Object, cluster: &Cluster, now: Time) -> Result<Reason, Status> {
    let grace = object.i64_at("/metadata/deletionGracePeriodSeconds").unwrap_or(0).max(0);
    // The timestamp is when the grace period ends.
    let asked = object.deletion_timestamp().map(|at| at - TimeDelta::seconds(grace)).unwrap_or(now);
    let mut text = format!("it is being deleted {}", why::since(asked, now));
    let finalizers: Vec<&str> = object.finalizers().collect();
    if !finalizers.is_empty() {
        text += &format!("; it stays until its finalizers are taken off: {}", finalizers.join(", "));
    }
    let mut reason = Reason::new(SOURCE, key_of(object, cluster)?, text);
    if object.has_finalizer(FOREGROUND) {
        reason.waits_for.extend(cluster.owned_by(object.uid())?.into_iter().map(|(key, _)| key));
    }
    Ok(reason)
}
