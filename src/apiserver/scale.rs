//! The scale subresource: an object's number of replicas, seen as an autoscaling/v1 Scale.

use std::sync::Arc;

use serde_json::{Value, json};

use super::WriteOptions;
use crate::apimachinery::object::Object;
use crate::apimachinery::status::{Reason, Status};
use crate::apimachinery::table::{Row, Table, column};
use crate::apimachinery::time::{self, Time};
use crate::cluster::Cluster;
use crate::kinds::{Kind, ScalePaths};

/// The Scale of an object.
///
/// # Errors
/// NotFound for an object that is not there, and for a kind that has no such subresource.
pub fn get_scale(cluster: &Cluster, kind: &dyn Kind, namespace: &str, name: &str) -> Result<Object, Status> {
    let paths = paths(kind)?;
    let object = super::get(cluster, kind, namespace, name)?;
    Ok(scale_of(kind, &object, &paths))
}

/// Sets the replicas that a Scale asks for, and returns the Scale then.
///
/// # Errors
/// As [`get_scale`]; Conflict when the Scale's resourceVersion is not the stored one; those of [`super::update`].
pub fn update_scale(
    cluster: &mut Cluster,
    kind: &dyn Kind,
    (namespace, name): (&str, &str),
    scale: &Object,
    options: &WriteOptions,
) -> Result<Object, Status> {
    let paths = paths(kind)?;
    let mut new = Object::clone(&*super::get(cluster, kind, namespace, name)?);
    new.set(paths.spec_replicas, scale.i64_at("/spec/replicas").unwrap_or(0).into());
    new.set("/metadata/resourceVersion", scale.str_at("/metadata/resourceVersion").into());
    let options = WriteOptions { subresource: "scale", ..options.clone() };
    let stored: Arc<Object> = super::update(cluster, kind, namespace, new, &options)?;
    Ok(scale_of(kind, &stored, &paths))
}

/// The table of Scales that a server answers with.
pub fn scale_table(scales: Vec<Arc<Object>>, now: Time) -> Table {
    let number = |scale: &Object, pointer: &str| scale.i64_at(pointer).unwrap_or(0).to_string();
    let rows = scales.into_iter().map(|scale| Row {
        cells: vec![
            scale.name().to_owned(),
            number(&scale, "/spec/replicas"),
            number(&scale, "/status/replicas"),
            time::age(scale.creation_timestamp(), now),
        ],
        object: scale,
    });
    Table { columns: ["Name", "Desired", "Available", "Age"].map(column).to_vec(), rows: rows.collect() }
}

fn paths(kind: &dyn Kind) -> Result<ScalePaths<'_>, Status> {
    kind.scale().ok_or_else(|| Status::new(Reason::NotFound, "the server could not find the requested resource"))
}

fn scale_of(kind: &dyn Kind, object: &Object, paths: &ScalePaths) -> Object {
    let mut scale = Object::new("autoscaling/v1", "Scale", object.namespace(), object.name());
    for field in ["uid", "resourceVersion", "creationTimestamp"] {
        if let Some(value) = object.at(&format!("/metadata/{field}")) {
            scale.set(&format!("/metadata/{field}"), value.clone());
        }
    }
    let number = |pointer: &str| object.i64_at(pointer).unwrap_or(0);
    scale.set("/spec", json!({}));
    // Go leaves out a zero here, and writes one in the status.
    if number(paths.spec_replicas) != 0 {
        scale.set("/spec/replicas", number(paths.spec_replicas).into());
    }
    scale.set("/status/replicas", number(paths.status_replicas).into());
    let selector = match kind.pod_selector(object) {
        Some(Ok(selector)) => selector.to_string(),
        _ => object.at(paths.selector).and_then(Value::as_str).unwrap_or_default().to_owned(),
    };
    if !selector.is_empty() {
        scale.set("/status/selector", selector.into());
    }
    scale
}
