//! Deleting an object: at once, or after its grace period and its finalizers.

use std::sync::Arc;

use chrono::TimeDelta;

use super::built_in;
use super::policy;
use super::quota::{self, Write};
use crate::apimachinery::key::Key;
use crate::apimachinery::object::Object;
use crate::apimachinery::status::Status;
use crate::apimachinery::time;
use crate::cluster::Cluster;
use crate::kinds::Kind;

/// The finalizer of a foreground deletion: dependents go first.
pub const FOREGROUND: &str = "foregroundDeletion";
/// The finalizer of an orphaning deletion: dependents are let go first.
pub const ORPHAN: &str = "orphan";

/// What becomes of the objects that a deleted object owns.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Propagation {
    /// The garbage collector deletes them afterwards.
    #[default]
    Background,
    /// They are deleted first.
    Foreground,
    /// They stay, without the owner reference.
    Orphan,
}

/// metav1.DeleteOptions, as far as it is used.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct DeleteOptions {
    /// Seconds; `None` for the object's own.
    pub grace_period: Option<i64>,
    pub propagation: Propagation,
    /// Preconditions.
    pub uid: Option<String>,
    pub resource_version: Option<String>,
    pub dry_run: bool,
}

/// Asks for a deletion and returns the object as it was, or as it is now while it lives on.
///
/// # Errors
/// NotFound, and Conflict when a precondition does not hold.
pub fn delete(
    cluster: &mut Cluster,
    kind: &dyn Kind,
    namespace: &str,
    name: &str,
    options: &DeleteOptions,
) -> Result<Arc<Object>, Status> {
    kind.check_served(cluster, "delete", name)?;
    let old = super::get(cluster, kind, namespace, name)?;
    check_preconditions(kind, &old, options)?;
    kind.admit_delete(&old)?;
    policy::admit(cluster, &policy::Request { kind, new: None, old: Some(&old), dry_run: options.dry_run })?;
    if options.dry_run {
        return Ok(old);
    }
    let key = kind.names().key(old.namespace(), name);
    let new = mark(kind, &old, options, cluster.now());
    if is_over(kind, &new) {
        remove(cluster, kind, &key)?;
        return Ok(old);
    }
    if new == *old {
        return Ok(old);
    }
    cluster.put(&key, new)
}

/// The end of an object, as its kind's own controller confirms it: a kubelet with no grace period, an emptied namespace.
/// Finalizers keep it all the same.
///
/// # Errors
/// NotFound, and Conflict when the uid is another's.
pub fn finish(cluster: &mut Cluster, kind: &dyn Kind, namespace: &str, name: &str, uid: String) -> Result<(), Status> {
    let options = DeleteOptions { uid: Some(uid), grace_period: Some(0), ..DeleteOptions::default() };
    let left = delete(cluster, kind, namespace, name, &options)?;
    let key = kind.names().key(namespace, name);
    if left.finalizers().next().is_none() && cluster.get(&key)?.is_some() {
        remove(cluster, kind, &key)?;
    }
    Ok(())
}

/// Removes an object, and gives the quotas back what it used.
pub(super) fn remove(cluster: &mut Cluster, kind: &dyn Kind, key: &Key) -> Result<(), Status> {
    let Some(old) = cluster.remove(key)? else { return Ok(()) };
    built_in::forget(cluster, key)?;
    quota::assess(cluster, kind, &Write { old: Some(&old), new: None, is_enforced: false })?.post(cluster)
}

fn check_preconditions(kind: &dyn Kind, old: &Object, options: &DeleteOptions) -> Result<(), Status> {
    let resource = kind.names().resource;
    let failed = |what: &str, asked: &str, is: &str| {
        let why = format!("Precondition failed: {what} in precondition: {asked}, {what} in object meta: {is}");
        Err(Status::conflict(resource, old.name(), &why))
    };
    match (&options.uid, &options.resource_version) {
        (Some(uid), _) if uid != old.uid() => failed("UID", uid, old.uid()),
        (_, Some(rv)) if rv != old.str_at("/metadata/resourceVersion") => {
            failed("ResourceVersion", rv, old.str_at("/metadata/resourceVersion"))
        }
        _ => Ok(()),
    }
}

/// The object with the deletion asked for: timestamp, grace period and the propagation's finalizer.
fn mark(kind: &dyn Kind, old: &Object, options: &DeleteOptions, now: time::Time) -> Object {
    let mut new = old.clone();
    match options.propagation {
        Propagation::Background => {}
        Propagation::Foreground => new.add_finalizer(FOREGROUND),
        Propagation::Orphan => new.add_finalizer(ORPHAN),
    }
    let own = kind.grace_period(old);
    let asked = options.grace_period.map_or(own, |g| if own == 0 { 0 } else { g.max(0) });
    let pending = old.i64_at("/metadata/deletionGracePeriodSeconds");
    // A second deletion can only shorten the wait (rest.BeforeDelete).
    let grace = if old.deletion_timestamp().is_some() { asked.min(pending.unwrap_or(0)) } else { asked };
    if old.deletion_timestamp().is_none() {
        kind.prepare_for_delete(&mut new);
        if kind.has_generation() {
            new.set("/metadata/generation", (old.generation() + 1).into());
        }
    }
    if old.deletion_timestamp().is_none() || pending != Some(grace) {
        new.set("/metadata/deletionTimestamp", time::to_rfc3339(now + TimeDelta::seconds(grace)).into());
        new.set("/metadata/deletionGracePeriodSeconds", grace.into());
    }
    new
}

/// Whether nothing keeps an object that is being deleted any more.
pub fn is_over(kind: &dyn Kind, object: &Object) -> bool {
    object.deletion_timestamp().is_some()
        && object.i64_at("/metadata/deletionGracePeriodSeconds").unwrap_or(0) == 0
        && object.finalizers().next().is_none()
        && !kind.outlives_deletion(object)
}
