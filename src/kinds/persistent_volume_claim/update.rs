//! What an update may change of a claim: a bound one may ask for more room. Knows no volume.

use serde_json::Value;

use crate::apimachinery::diff;
use crate::apimachinery::field::{Errors, Path};
use crate::apimachinery::object::Object;
use crate::apimachinery::quantity::Quantity;
use crate::apimachinery::status::Status;
use crate::cluster::Cluster;
use crate::kinds::{class, resource_list, storage_class};

const STORAGE: &str = "/spec/resources/requests/storage";
const CLASS: &str = "/spec/volumeAttributesClassName";
const IMMUTABLE: &str =
    "spec is immutable after creation except resources.requests and volumeAttributesClassName for bound claims";

/// The PersistentVolumeClaimResize plugin: only a bound claim of a class that allows it may grow.
pub fn admit_resize(new: &Object, old: &Object, cluster: &Cluster) -> Result<(), Status> {
    if storage(new) <= storage(old) {
        return Ok(());
    }
    let refuse = |why| Err(Status::forbidden("persistentvolumeclaims", new.name(), why));
    if old.str_at("/status/phase") != "Bound" {
        return refuse("Only bound persistent volume claims can be expanded");
    }
    let name = class::storage_class(new);
    let allows = match cluster.get(&crate::apimachinery::key::Key::cluster(storage_class::RESOURCE, name))? {
        Some(class) if !name.is_empty() => class.bool_at("/allowVolumeExpansion") == Some(true),
        _ => false,
    };
    if !allows {
        return refuse(
            "only dynamically provisioned pvc can be resized and the storageclass that provisions the pvc must support resize",
        );
    }
    Ok(())
}

fn storage(claim: &Object) -> Quantity {
    resource_list::quantity_at(claim, STORAGE).unwrap_or(Quantity::ZERO)
}

/// Adds what is wrong with the change from `old` to `new`.
pub fn validate(new: &Object, old: &Object, errors: &mut Errors) {
    let (before, after) = comparable(new, old);
    if before.at("/spec") != after.at("/spec") {
        let difference = diff::unified(&internal_form(&before), &internal_form(&after));
        errors.forbidden(&Path::new("spec"), &format!("{IMMUTABLE}\n{difference}"));
    }
    let allocated = resource_list::quantity_at(old, "/status/capacity/storage").unwrap_or(Quantity::ZERO);
    if storage(new) < storage(old) && storage(new) <= allocated {
        let path = Path::new("spec.resources.requests.storage");
        errors.forbidden(&path, "field can not be less than status.capacity");
    }
    if new.at("/spec/volumeMode") != old.at("/spec/volumeMode") {
        errors.invalid(&Path::new("volumeMode"), new.str_at("/spec/volumeMode"), "field is immutable");
    }
    let path = Path::new("spec.volumeAttributesClassName");
    match (old.at(CLASS), new.at(CLASS)) {
        (Some(_), None) => errors.forbidden(&path, "update from non-nil value to nil is forbidden"),
        (Some(before), Some(after)) if before != after && after == "" => {
            errors.forbidden(&path, "update from non-nil value to an empty string is forbidden");
        }
        _ => {}
    }
}

/// Both claims with what may change made equal: the binder's volume name, a first class, and a bound claim's size.
fn comparable(new: &Object, old: &Object) -> (Object, Object) {
    let (mut before, mut after) = (old.clone(), new.clone());
    let copy = |from: &Object, to: &mut Object, pointer: &str| match from.at(pointer) {
        Some(value) => to.set(pointer, value.clone()),
        None => drop(to.remove(pointer)),
    };
    if old.str_at("/spec/volumeName").is_empty() {
        copy(new, &mut before, "/spec/volumeName");
    }
    if old.at("/spec/storageClassName").is_none() {
        copy(old, &mut after, "/spec/storageClassName");
    }
    if new.str_at("/status/phase") == "Bound" {
        if new.at("/spec/resources/requests").is_some() {
            copy(old, &mut after, STORAGE);
        }
        if new.at(CLASS).is_some() {
            copy(old, &mut after, CLASS);
        }
    }
    (before, after)
}

/// The spec as Go's encoding/json writes the server's own type, which has no JSON names: that is what the difference shows.
fn internal_form(claim: &Object) -> String {
    let spec = |field: &str| claim.at(&format!("/spec/{field}")).cloned().unwrap_or(Value::Null);
    let source = |field: &str, with_namespace: bool| match spec(field) {
        Value::Object(map) => {
            let part = |name: &str| diff::Form::from(map.get(name).cloned().unwrap_or(Value::Null));
            let mut parts = vec![("APIGroup", part("apiGroup")), ("Kind", part("kind")), ("Name", part("name"))];
            if with_namespace {
                parts.push(("Namespace", part("namespace")));
            }
            diff::Form::Struct(parts)
        }
        _ => diff::Form::from(Value::Null),
    };
    let text = |field: &str| diff::Form::from(Value::from(claim.str_at(&format!("/spec/{field}"))));
    let form = diff::Form::Struct(vec![
        ("AccessModes", spec("accessModes").into()),
        ("Selector", spec("selector").into()),
        (
            "Resources",
            diff::Form::Struct(vec![
                ("Limits", spec("resources/limits").into()),
                ("Requests", spec("resources/requests").into()),
            ]),
        ),
        ("VolumeName", text("volumeName")),
        ("StorageClassName", spec("storageClassName").into()),
        ("VolumeMode", spec("volumeMode").into()),
        ("DataSource", source("dataSource", false)),
        ("DataSourceRef", source("dataSourceRef", true)),
        ("VolumeAttributesClassName", spec("volumeAttributesClassName").into()),
    ]);
    form.to_string()
}
