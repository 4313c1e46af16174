//! Replacing an object, or its status.

use std::sync::Arc;

use serde_json::{Map, Value};

use super::WriteOptions;
use super::managed::{self, MANAGED_FIELDS, Writer};
use super::policy;
use super::quota::{self, Write};
use crate::apimachinery::key::Key;
use crate::apimachinery::object::Object;
use crate::apimachinery::status::{Reason, Status};
use crate::cluster::Cluster;
use crate::kinds::{Kind, Names, pod_security};

/// Metadata that an update cannot change.
const KEPT: [&str; 6] =
    ["uid", "creationTimestamp", "generation", "deletionTimestamp", "deletionGracePeriodSeconds", "selfLink"];

/// Puts an object in place of the stored one; its status stays what it was. Storing nothing new takes no resourceVersion.
///
/// # Errors
/// NotFound, Conflict when `metadata.resourceVersion` or `uid` is given and is not the stored one, BadRequest, Invalid.
pub fn update(
    cluster: &mut Cluster,
    kind: &dyn Kind,
    namespace: &str,
    object: Object,
    options: &WriteOptions,
) -> Result<Arc<Object>, Status> {
    let names = kind.names();
    kind.check_served(cluster, "put", object.name())?;
    let old = super::get(cluster, kind, namespace, object.name())?;
    check_preconditions(names, &object, &old)?;
    let mut new = super::decode::decode(kind, object, options.strict)?;
    let bookkeeping = options.keeps_bookkeeping.then(|| std::mem::take(&mut new.internal));
    keep_metadata(&mut new, &old);
    if let Some(kept) = bookkeeping {
        new.internal = kept;
    }
    kind.set_defaults(&mut new);
    let part = kind.spec_part(options.subresource);
    if let Some(part) = part {
        part.prepare(&mut new, &old);
    }
    if !options.is_applied {
        let writer = Writer { manager: &options.manager, subresource: options.subresource, now: cluster.now() };
        managed::record(kind, Some(&old), &mut new, &writer);
    }
    if part.is_none() {
        kind.admit_update(&mut new, &old, cluster)?;
        let request = policy::Request { kind, new: Some(&new), old: Some(&old), dry_run: options.dry_run };
        if let Some(made) = policy::mutate(cluster, &request)? {
            new = made;
        }
    }
    kind.prepare_for_update(&mut new, &old);
    // A controller writes its annotations with the status, which counts for nothing.
    let is_annotated =
        !options.keeps_bookkeeping && kind.has_annotations_counted() && annotations(&new) != annotations(&old);
    if kind.has_generation() && (is_annotated || is_next_generation(kind, &new, &old)) {
        new.set("/metadata/generation", (old.generation() + 1).into());
    }
    let errors = super::validation::errors_on_update(kind, part, &new, &old);
    if !errors.is_empty() {
        return Err(Status::invalid(&names.group_kind(), new.name(), errors));
    }
    match part {
        Some(part) => part.admit(&new, &old, cluster)?,
        None => kind.admit_valid(&new, Some(&old), cluster)?,
    }
    pod_security::admit(names, &new, Some(&old), cluster)?;
    policy::admit(cluster, &policy::Request { kind, new: Some(&new), old: Some(&old), dry_run: options.dry_run })?;
    let is_enforced = part.map_or_else(|| kind.evaluator().is_enforced_on_update(), |part| part.is_held_to_quotas());
    store(cluster, kind, new, &old, options, is_enforced)
}

/// Puts an object's status (and kstate's own bookkeeping) in place of the stored one's.
///
/// # Errors
/// NotFound and Conflict, as for [`update`].
pub fn update_status(
    cluster: &mut Cluster,
    kind: &dyn Kind,
    namespace: &str,
    object: Object,
    options: &WriteOptions,
) -> Result<Arc<Object>, Status> {
    if !kind.has_status() {
        return Err(Status::new(Reason::NotFound, "the server could not find the requested resource"));
    }
    let old = super::get(cluster, kind, namespace, object.name())?;
    check_preconditions(kind.names(), &object, &old)?;
    let object = match kind.structural() {
        Some(_) => super::decode::decode(kind, object, options.strict)?,
        None => object,
    };
    let managers = object.at(MANAGED_FIELDS).filter(|_| options.is_applied).cloned();
    let mut new = with_status(&old, object);
    if let Some(managers) = managers {
        new.set(MANAGED_FIELDS, managers);
    } else {
        let writer = Writer { manager: &options.manager, subresource: "status", now: cluster.now() };
        managed::record(kind, Some(&old), &mut new, &writer);
    }
    if kind.structural().is_some() {
        kind.set_defaults(&mut new);
        let errors = super::validation::errors_on_update(kind, None, &new, &old);
        if !errors.is_empty() {
            return Err(Status::invalid(&kind.names().group_kind(), new.name(), errors));
        }
    }
    store(cluster, kind, new, &old, options, false)
}

/// The stored object with the status, and the bookkeeping, of another.
fn with_status(old: &Object, mut object: Object) -> Object {
    // A controller sends the object as it is stored with another status: to see that is cheaper than to copy.
    if object.body().is_same_but(old.body(), &["status"]) {
        return object;
    }
    let mut new = old.clone();
    match object.remove("/status") {
        Some(status) => new.set("/status", status),
        None => drop(new.remove("/status")),
    }
    new.internal = object.internal;
    new
}

/// Gives a pod its node: the binding subresource, the one way `spec.nodeName` may be set after creation.
///
/// # Errors
/// NotFound, and Conflict when the pod has a node already.
pub fn bind(cluster: &mut Cluster, pod: Object) -> Result<Arc<Object>, Status> {
    let key = Key::new("pods", pod.namespace(), pod.name());
    let old = cluster.get(&key)?.ok_or_else(|| Status::not_found("pods", pod.name()))?;
    if !old.str_at("/spec/nodeName").is_empty() {
        let why = format!("pod {} is already assigned to node {:?}", pod.name(), old.str_at("/spec/nodeName"));
        return Err(Status::conflict("pods/binding", pod.name(), &why));
    }
    let mut new = Object::clone(&old);
    new.set("/spec/nodeName", pod.str_at("/spec/nodeName").into());
    // ClearingNominatedNodeNameAfterBinding, on since 1.35.
    new.remove("/status/nominatedNodeName");
    if let Some(conditions) = pod.at("/status/conditions") {
        new.set("/status/conditions", conditions.clone());
    }
    cluster.put(&key, new)
}

fn check_preconditions(names: &Names, object: &Object, old: &Object) -> Result<(), Status> {
    let version = object.str_at("/metadata/resourceVersion");
    // A version of 0 is none: the update is unconditional.
    if !matches!(version, "" | "0") && version != old.str_at("/metadata/resourceVersion") {
        let why = "the object has been modified; please apply your changes to the latest version and try again";
        return Err(Status::conflict(names.resource, old.name(), why));
    }
    if !object.uid().is_empty() && object.uid() != old.uid() {
        let why =
            format!("Precondition failed: UID in precondition: {}, UID in object meta: {}", object.uid(), old.uid());
        return Err(Status::conflict(names.resource, old.name(), &why));
    }
    Ok(())
}

fn keep_metadata(new: &mut Object, old: &Object) {
    for field in KEPT {
        let pointer = format!("/metadata/{field}");
        match old.at(&pointer) {
            Some(value) => new.set(&pointer, value.clone()),
            None => drop(new.remove(&pointer)),
        }
    }
    if let Some(namespace) = old.at("/metadata/namespace") {
        new.set("/metadata/namespace", namespace.clone());
    }
    new.set("/metadata/resourceVersion", old.str_at("/metadata/resourceVersion").into());
    new.internal = old.internal.clone();
}

fn annotations(object: &Object) -> Option<&Map<String, Value>> {
    object.map_at("/metadata/annotations").filter(|annotations| !annotations.is_empty())
}

/// Whether anything but metadata and a status that is written apart is otherwise: what a generation counts.
fn is_next_generation(kind: &dyn Kind, new: &Object, old: &Object) -> bool {
    let uncounted: &[&str] = if kind.has_status() { &["metadata", "status"] } else { &["metadata"] };
    !new.body().is_same_but(old.body(), uncounted)
}

fn store(
    cluster: &mut Cluster,
    kind: &dyn Kind,
    new: Object,
    old: &Arc<Object>,
    options: &WriteOptions,
    is_enforced: bool,
) -> Result<Arc<Object>, Status> {
    if new == **old {
        return Ok(old.clone());
    }
    let charges = quota::assess(cluster, kind, &Write { old: Some(old), new: Some(&new), is_enforced })?;
    if options.dry_run {
        return Ok(Arc::new(new));
    }
    let key = kind.names().key(new.namespace(), new.name());
    charges.post(cluster)?;
    let stored = cluster.put(&key, new)?;
    if super::delete::is_over(kind, &stored) {
        super::delete::remove(cluster, kind, &key)?;
    }
    Ok(stored)
}
