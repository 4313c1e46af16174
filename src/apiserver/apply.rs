//! Server-side apply: a manifest merged into what is stored, field by field, with a record of who applied which.
//!
//! Knows the managers that apply. What other writers change is not recorded, so only appliers can conflict.

use std::sync::Arc;

use serde_json::{Value, json};

use super::WriteOptions;
use super::field_set::{self, FieldSet, Path, Schema};
use crate::apimachinery::object::Object;
use crate::apimachinery::status::{Cause, Reason, Status};
use crate::apimachinery::time;
use crate::cluster::Cluster;
use crate::kinds::Kind;

/// Options of an apply.
#[derive(Clone, Copy, Debug)]
pub struct ApplyOptions<'a> {
    /// Who applies: `--field-manager`.
    pub manager: &'a str,
    /// Takes fields over from other managers.
    pub force: bool,
    pub dry_run: bool,
}

const MANAGED_FIELDS: &str = "/metadata/managedFields";

/// Applies a manifest, and returns what is stored then.
///
/// # Errors
/// Conflict for fields that other managers applied otherwise, unless `force`; those of [`super::create`] and
/// [`super::update`].
pub fn apply(
    cluster: &mut Cluster,
    kind: &dyn Kind,
    (namespace, name): (&str, &str),
    manifest: &Object,
    options: &ApplyOptions,
) -> Result<Arc<Object>, Status> {
    let names = kind.names();
    if manifest.at(MANAGED_FIELDS).is_some() {
        return Err(Status::bad_request("metadata.managedFields must be nil"));
    }
    check_fields(kind, namespace, name, manifest)?;
    let leaves = field_set::leaves(manifest.body(), Schema::of(kind));
    let set = field_set::set_of(leaves.iter().map(|(path, _)| path));
    let write = WriteOptions { dry_run: options.dry_run, strict: true };
    let Some(old) = cluster.get(&names.key(namespace, name))? else {
        let managers = [entry(kind, options.manager, &set, cluster)];
        return super::create::create_managed(cluster, kind, namespace, manifest.clone(), &write, &managers);
    };
    let mut managers = old.list_at(MANAGED_FIELDS).to_vec();
    let before = take_entry(&mut managers, options.manager);
    let mut body = old.to_value();
    settle_conflicts(&leaves, &body, &mut managers, options.force)?;
    remove_dropped(&mut body, &before, &set, &managers);
    for (path, value) in &leaves {
        if differs(&body, path, value) {
            field_set::put(&mut body, path, value);
        }
    }
    let unchanged = before.get("fieldsV1").and_then(Value::as_object) == Some(&set);
    managers.push(if unchanged { before } else { entry(kind, options.manager, &set, cluster) });
    let mut new = Object::from_value(body).unwrap_or_default();
    new.internal = old.internal.clone();
    new.set(MANAGED_FIELDS, Value::Array(managers));
    new.set("/metadata/resourceVersion", manifest.str_at("/metadata/resourceVersion").into());
    super::update(cluster, kind, namespace, new, &write)
}

/// Refuses fields that the kind does not have, in the words of the typed patch.
fn check_fields(kind: &dyn Kind, namespace: &str, name: &str, manifest: &Object) -> Result<(), Status> {
    let names = kind.names();
    let unknown = super::unknown_fields(kind, manifest);
    let unknown: Vec<String> = unknown.iter().map(|field| format!(".{field}: field not declared in schema")).collect();
    let why = match unknown.as_slice() {
        [] => return Ok(()),
        [one] => one.clone(),
        many => format!("errors:\n{}", many.iter().map(|e| format!("  {e}")).collect::<Vec<_>>().join("\n")),
    };
    let place = if namespace.is_empty() { name.to_owned() } else { format!("{namespace}/{name}") };
    Err(Status::new(
        Reason::Unknown,
        format!(
            "failed to create typed patch object ({place}; {}, Kind={}): {why}",
            // The core group's version has nothing before its slash here.
            if names.group.is_empty() { format!("/{}", names.version) } else { names.api_version.to_owned() },
            names.kind
        ),
    ))
}

fn entry(kind: &dyn Kind, manager: &str, set: &FieldSet, cluster: &Cluster) -> Value {
    json!({
        "apiVersion": kind.names().api_version, "fieldsType": "FieldsV1", "fieldsV1": set, "manager": manager,
        "operation": "Apply", "time": time::to_rfc3339(cluster.now()),
    })
}

/// Whether a leaf of a manifest is to change something: an empty map is in every map.
fn differs(stored: &Value, path: &Path, value: &Value) -> bool {
    match (field_set::get(stored, path), value) {
        (Some(Value::Object(_)), Value::Object(new)) if new.is_empty() => false,
        (now, value) => now != Some(value),
    }
}

fn manager_of(entry: &Value) -> &str {
    entry.get("manager").and_then(Value::as_str).unwrap_or_default()
}

/// Takes a manager's entry out of the list; null when there is none.
fn take_entry(managers: &mut Vec<Value>, manager: &str) -> Value {
    let is_own = |e: &Value| manager_of(e) == manager && e.get("operation").is_some_and(|o| o == "Apply");
    managers.iter().position(is_own).map_or(Value::Null, |at| managers.remove(at))
}

/// Finds who else has a field that is to change, and takes it from them with `force`.
fn settle_conflicts(
    leaves: &[(Path, Value)],
    stored: &Value,
    managers: &mut Vec<Value>,
    force: bool,
) -> Result<(), Status> {
    let mut conflicts: Vec<(String, String)> = Vec::new();
    for (path, value) in leaves.iter().filter(|(path, value)| field_set::get(stored, path) != Some(value)) {
        debug_assert!(!path.is_empty(), "a leaf has a way to it: {value}");
        for entry in managers.iter_mut() {
            let manager = manager_of(entry).to_owned();
            let Some(Value::Object(set)) = entry.get_mut("fieldsV1") else { continue };
            if !field_set::contains(set, path) {
                continue;
            }
            if force {
                field_set::remove_from(set, path);
            } else {
                conflicts.push((manager, field_set::path_text(path)));
            }
        }
    }
    managers.retain(|e| e.get("fieldsV1").and_then(Value::as_object).is_some_and(|set| !set.is_empty()));
    if conflicts.is_empty() { Ok(()) } else { Err(conflict(conflicts)) }
}

fn conflict(mut conflicts: Vec<(String, String)>) -> Status {
    conflicts.sort();
    let message = match conflicts.as_slice() {
        [(manager, path)] => format!("Apply failed with 1 conflict: conflict with {manager:?}: {path}"),
        many => {
            let each = many.chunk_by(|a, b| a.0 == b.0).map(|group| {
                let paths: String = group.iter().map(|(_, path)| format!("\n- {path}")).collect();
                format!("conflicts with {:?}:{paths}", group[0].0)
            });
            format!("Apply failed with {} conflicts: {}", many.len(), each.collect::<Vec<_>>().join("\n"))
        }
    };
    let causes = conflicts.into_iter().map(|(manager, field)| Cause {
        reason: "FieldManagerConflict",
        field,
        message: format!("conflict with {manager:?}"),
    });
    Status { causes: causes.collect(), ..Status::new(Reason::Conflict, message) }
}

/// Removes what the manager applied before and applies no more, unless another manager has it.
fn remove_dropped(body: &mut Value, before: &Value, set: &FieldSet, managers: &[Value]) {
    let Some(Value::Object(before)) = before.get("fieldsV1") else { return };
    let sets: Vec<&FieldSet> = managers.iter().filter_map(|e| e.get("fieldsV1")?.as_object()).collect();
    for path in field_set::paths_of(before) {
        if !field_set::contains(set, &path) && !sets.iter().any(|s| field_set::contains(s, &path)) {
            field_set::take(body, &path);
        }
    }
}
