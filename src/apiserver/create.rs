//! Creating an object: decode, default, admit, validate, store.

use std::sync::Arc;

use serde_json::Value;

use super::WriteOptions;
use super::managed::{self, MANAGED_FIELDS, Writer};
use super::policy;
use super::quota::{self, Write};
use crate::apimachinery::key::Key;
use crate::apimachinery::object::Object;
use crate::apimachinery::status::Status;
use crate::apimachinery::time;
use crate::cluster::Cluster;
use crate::kinds::{Kind, Names, pod_security};

/// Stores a new object. `namespace` is the request's; an object without one takes it.
///
/// # Errors
/// BadRequest for what cannot be decoded, NotFound for a missing namespace, Forbidden by admission, Invalid, AlreadyExists.
pub fn create(
    cluster: &mut Cluster,
    kind: &dyn Kind,
    namespace: &str,
    object: Object,
    options: &WriteOptions,
) -> Result<Arc<Object>, Status> {
    let (names, dry_run) = (kind.names(), options.dry_run);
    let mut object = super::decode::decode_sent(kind, object, options)?;
    set_namespace(names, namespace, &mut object)?;
    if let Some(answer) = kind.answer(&object, options.user.as_deref(), cluster) {
        return answer.map(Arc::new);
    }
    check_namespace(cluster, names, &object)?;
    let managers = object.remove(MANAGED_FIELDS).filter(|_| options.is_applied);
    set_system_metadata(cluster, kind, &mut object)?;
    if let (Some(write), Some(by)) = (kind.requester(), &options.user) {
        write(&mut object, by);
    }
    kind.set_defaults(&mut object);
    match managers {
        Some(managers) => object.set(MANAGED_FIELDS, managers),
        None => {
            let writer = Writer { manager: &options.manager, subresource: "", now: cluster.now() };
            managed::record(kind, None, &mut object, &writer);
        }
    }
    kind.admit(&mut object, cluster)?;
    if let Some(made) = policy::mutate(cluster, &policy::Request { kind, new: Some(&object), old: None, dry_run })? {
        object = made;
    }
    kind.prepare_for_create(&mut object);
    let errors = super::validation::errors_on_create(kind, &object);
    if !errors.is_empty() {
        return Err(Status::invalid(&names.group_kind(), object.name(), errors));
    }
    kind.admit_valid(&object, None, cluster)?;
    pod_security::admit(names, &object, None, cluster)?;
    policy::admit(cluster, &policy::Request { kind, new: Some(&object), old: None, dry_run })?;
    let charges = quota::assess(cluster, kind, &Write { old: None, new: Some(&object), is_enforced: true })?;
    let key = names.key(object.namespace(), object.name());
    if cluster.get(&key)?.is_some() {
        return Err(Status::already_exists(names.resource, object.name()));
    }
    if dry_run {
        return Ok(Arc::new(object));
    }
    charges.post(cluster)?;
    cluster.put(&key, object)
}

fn set_namespace(names: &Names, namespace: &str, object: &mut Object) -> Result<(), Status> {
    if !names.namespaced {
        object.remove("/metadata/namespace");
        return Ok(());
    }
    if object.namespace().is_empty() {
        object.set("/metadata/namespace", namespace.into());
    } else if object.namespace() != namespace {
        return Err(Status::bad_request(
            "the namespace of the provided object does not match the namespace sent on the request",
        ));
    }
    Ok(())
}

/// What the server alone decides: uid, times, generation, and the name where only its beginning is given.
fn set_system_metadata(cluster: &Cluster, kind: &dyn Kind, object: &mut Object) -> Result<(), Status> {
    if !matches!(object.str_at("/metadata/resourceVersion"), "" | "0") {
        return Err(Status::bad_request("resourceVersion should not be set on objects to be created"));
    }
    for field in ["selfLink", "deletionTimestamp", "deletionGracePeriodSeconds", "generation"] {
        object.remove(&format!("/metadata/{field}"));
    }
    if !object.at("/metadata").is_some_and(Value::is_object) {
        object.set("/metadata", Value::Object(serde_json::Map::new()));
    }
    let number = cluster.next_resource_version();
    let prefix = object.str_at("/metadata/generateName").to_owned();
    if object.name().is_empty() && !prefix.is_empty() {
        let name = format!("{}{}", shorten(&prefix, 58), cluster.seed().suffix("generateName", number));
        object.set("/metadata/name", name.into());
    }
    object.set("/metadata/uid", cluster.seed().uuid("uid", number).into());
    object.set("/metadata/creationTimestamp", time::to_rfc3339(cluster.now()).into());
    if kind.has_generation() {
        object.set("/metadata/generation", 1.into());
    }
    Ok(())
}

/// The beginning of a text, at most `max` bytes of it. Upstream keeps 58 of a generateName, for 5 more to fit a label.
fn shorten(text: &str, max: usize) -> &str {
    let mut end = text.len().min(max);
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    &text[..end]
}

/// The NamespaceLifecycle admission plugin: the namespace has to exist, and to stay.
fn check_namespace(cluster: &Cluster, names: &Names, object: &Object) -> Result<(), Status> {
    if !names.namespaced {
        return Ok(());
    }
    let key = Key::cluster("namespaces", object.namespace());
    let Some(namespace) = cluster.get(&key)? else {
        return Err(Status::not_found("namespaces", object.namespace()));
    };
    if namespace.deletion_timestamp().is_some() {
        let why =
            format!("unable to create new content in namespace {} because it is being terminated", object.namespace());
        return Err(Status::forbidden(names.resource, object.name(), &why));
    }
    Ok(())
}
