//! PersistentVolume: a piece of storage. Knows no claim but the one it is bound to.

mod describe;
mod sources;

pub use sources::deletion_problem;

use serde_json::{Map, Value, json};

use super::describe::{Text, View};
use super::persistent_volume_claim::{capacity, volume_mode};
use super::{Kind, Names, class, resource_list, zeros};
use crate::apimachinery::field::{Errors, Path};
use crate::apimachinery::names;
use crate::apimachinery::object::Object;
use crate::apimachinery::quantity::Quantity;
use crate::apimachinery::status::Status;
use crate::apimachinery::table::{Column, column, wide};
use crate::apimachinery::time::{self, Time};
use crate::cluster::Cluster;

/// The kind.
pub struct PersistentVolume;

static NAMES: Names =
    Names { namespaced: false, ..Names::core("PersistentVolume", "persistentvolumes", "persistentvolume", &["pv"]) };
static COLUMNS: [Column; 11] = [
    column("Name"),
    column("Capacity"),
    column("Access Modes"),
    column("Reclaim Policy"),
    column("Status"),
    column("Claim"),
    column("StorageClass"),
    column("VolumeAttributesClass"),
    column("Reason"),
    column("Age"),
    wide("VolumeMode"),
];

/// The annotation that held mount options before the field did.
const MOUNT_OPTIONS: &str = "volume.beta.kubernetes.io/mount-options";

const OMITTED: [&str; 11] = [
    "/spec/accessModes",
    "/spec/capacity",
    "/spec/mountOptions",
    "/spec/persistentVolumeReclaimPolicy",
    "/spec/storageClassName",
    "/spec/csi/fsType",
    "/spec/csi/readOnly",
    "/spec/csi/volumeAttributes",
    "/spec/nfs/readOnly",
    "/status/message",
    "/status/reason",
];

/// Keeps a volume while a claim is bound to it.
pub const PROTECTION: &str = "kubernetes.io/pv-protection";

impl Kind for PersistentVolume {
    fn names(&self) -> &Names {
        &NAMES
    }

    fn columns(&self) -> &[Column] {
        &COLUMNS
    }

    fn cells(&self, object: &Object, now: Time) -> Vec<String> {
        let text = |pointer| object.str_at(pointer).to_owned();
        let terminating = object.deletion_timestamp().is_some();
        let claim = object.map_at("/spec/claimRef").is_some();
        let attributes = object.at("/spec/volumeAttributesClassName").and_then(Value::as_str);
        vec![
            object.name().to_owned(),
            capacity(object, "/spec/capacity/storage"),
            class::access_modes(object, "/spec/accessModes"),
            text("/spec/persistentVolumeReclaimPolicy"),
            if terminating { "Terminating".to_owned() } else { text("/status/phase") },
            if claim {
                format!("{}/{}", text("/spec/claimRef/namespace"), text("/spec/claimRef/name"))
            } else {
                String::new()
            },
            class::storage_class(object).to_owned(),
            attributes.unwrap_or("<unset>").to_owned(),
            text("/status/reason"),
            time::age(object.creation_timestamp(), now),
            volume_mode(object),
        ]
    }

    fn describe(&self, object: &Object, view: &View, out: &mut Text) -> Result<(), Status> {
        describe::describe(object, view, out)
    }

    fn set_defaults(&self, object: &mut Object) {
        zeros::omit(object, &OMITTED);
        object.set_default("/spec/persistentVolumeReclaimPolicy", "Retain");
        object.set_default("/spec/volumeMode", "Filesystem");
        if object.str_at("/status/phase").is_empty() {
            object.set("/status/phase", "Pending".into());
        }
        resource_list::canonicalize(object, "/spec/capacity");
        sources::set_defaults(object);
    }

    fn prepare_for_create(&self, object: &mut Object) {
        object.set("/status", json!({"phase": "Pending"}));
    }

    /// StorageObjectInUseProtection; and the strategy's time of the first phase.
    fn admit(&self, object: &mut Object, cluster: &Cluster) -> Result<(), Status> {
        object.set("/status/lastPhaseTransitionTime", time::to_rfc3339(cluster.now()).into());
        object.add_finalizer(PROTECTION);
        Ok(())
    }

    fn validate(&self, object: &Object) -> Errors {
        let mut errors = Errors::default();
        let path = Path::new("spec");
        validate_modes_and_capacity(object, &path, &mut errors);
        let policy = object.str_at("/spec/persistentVolumeReclaimPolicy");
        let supported = ["Delete", "Recycle", "Retain"];
        if !policy.is_empty() && !supported.contains(&policy) {
            errors.not_supported(&path.child("persistentVolumeReclaimPolicy"), policy, &supported);
        }
        if let Some(affinity) = object.map_at("/spec/nodeAffinity") {
            validate_node_affinity(affinity, &path.child("nodeAffinity"), &mut errors);
        }
        sources::validate(object, &path, &mut errors);
        validate_class_and_mode(object, &path, &mut errors);
        errors
    }

    fn validate_update(&self, new: &Object, old: &Object) -> Errors {
        let mut errors = self.validate(new);
        sources::validate_update(new, old, &mut errors);
        if new.at("/spec/volumeMode") != old.at("/spec/volumeMode") {
            errors.invalid(&Path::new("volumeMode"), new.str_at("/spec/volumeMode"), "field is immutable");
        }
        if old.at("/spec/nodeAffinity").is_some_and(|a| !a.is_null())
            && new.at("/spec/nodeAffinity") != old.at("/spec/nodeAffinity")
        {
            let value = new.at("/spec/nodeAffinity").cloned().unwrap_or_default();
            let detail = "field is immutable, except for updating from beta label to GA";
            errors.invalid(&Path::new("nodeAffinity"), value, detail);
        }
        let has_class = |o: &Object| o.at("/spec/volumeAttributesClassName").is_some_and(|c| !c.is_null());
        if has_class(old) && !has_class(new) {
            let path = Path::new("spec.volumeAttributesClassName");
            errors.forbidden(&path, "update from non-nil value to nil is forbidden");
        }
        errors
    }

    fn selectable_fields(&self) -> &'static [(&'static str, &'static str)] {
        &[("name", "/metadata/name")]
    }

    fn warnings(&self, new: &Object, _old: Option<&Object>) -> Vec<String> {
        let terms = "/spec/nodeAffinity/required/nodeSelectorTerms";
        let path = Path::new("spec.nodeAffinity.required.nodeSelectorTerms");
        let mut warnings = super::pod::node_term_warnings(new.list_at(terms), &path);
        warnings.extend(class::annotation_warning(new));
        if new.annotation(MOUNT_OPTIONS).is_some() {
            let why = "deprecated since v1.31; use \"mountOptions\" attribute instead";
            warnings.push(format!("metadata.annotations[{MOUNT_OPTIONS}]: {why}"));
        }
        if new.str_at("/spec/persistentVolumeReclaimPolicy") == "Recycle" {
            warnings.push("spec.persistentVolumeReclaimPolicy: The Recycle reclaim policy is deprecated. Instead, the recommended approach is to use dynamic provisioning.".to_owned());
        }
        warnings.extend(sources::warnings(new));
        warnings
    }

    /// A volume that was provisioned is provisioned anew; one of a user's waits for the same claim.
    fn export(&self, object: &mut Object, _cluster: &Cluster) -> Result<bool, Status> {
        object.remove_finalizer(PROTECTION);
        object.remove_annotation("pv.kubernetes.io/bound-by-controller");
        object.remove("/spec/claimRef/uid");
        object.remove("/spec/claimRef/resourceVersion");
        Ok(object.annotation("pv.kubernetes.io/provisioned-by").is_none())
    }
}

fn validate_modes_and_capacity(object: &Object, path: &Path, errors: &mut Errors) {
    let modes: Vec<String> = object.view("/spec/accessModes");
    if modes.is_empty() {
        errors.required(&path.child("accessModes"), "");
    }
    class::validate_access_modes(&modes, &path.child("accessModes"), errors);
    let path = path.child("capacity");
    let capacity = object.map_at("/spec/capacity").filter(|c| !c.is_empty());
    if capacity.is_none() {
        errors.required(&path, "");
    }
    if capacity.is_none_or(|c| c.len() > 1 || !c.contains_key("storage")) {
        errors.not_supported(&path, capacity.map_or(Value::Null, |c| Value::Object(c.clone())), &["storage"]);
    }
    for (name, value) in capacity.into_iter().flatten() {
        let quantity = Quantity::from_value(value).unwrap_or(Quantity::ZERO);
        if quantity.is_negative() {
            errors.invalid(&path.key(name), quantity.value(), "must be a valid resource quantity");
        }
        resource_list::validate_positive(&quantity, &path.key(name), errors);
    }
}

fn validate_class_and_mode(object: &Object, path: &Path, errors: &mut Errors) {
    let class = object.str_at("/spec/storageClassName");
    if !class.is_empty() {
        class::validate_class_name(class, &path.child("storageClassName"), errors);
    }
    if let Some(mode) = object.at("/spec/volumeMode").and_then(Value::as_str) {
        class::validate_volume_mode(mode, &path.child("volumeMode"), errors);
    }
    let Some(attributes) = object.at("/spec/volumeAttributesClassName").and_then(Value::as_str) else { return };
    let attributes_path = path.child("volumeAttributesClassName");
    if attributes.is_empty() {
        errors.required(&attributes_path, "an empty string is disallowed");
    } else {
        class::validate_class_name(attributes, &attributes_path, errors);
    }
    if object.map_at("/spec/csi").is_none() {
        errors.required(&path.child("csi"), "has to be specified when using volumeAttributesClassName");
    }
}

fn validate_node_affinity(affinity: &Map<String, Value>, path: &Path, errors: &mut Errors) {
    let path = path.child("required");
    let Some(required) = affinity.get("required").filter(|r| !r.is_null()) else {
        return errors.required(&path, "must specify required node constraints");
    };
    let terms = required.get("nodeSelectorTerms").and_then(Value::as_array);
    let path = path.child("nodeSelectorTerms");
    if terms.is_none_or(Vec::is_empty) {
        errors.required(&path, "must have at least one node selector term");
    }
    for (i, term) in terms.into_iter().flatten().enumerate() {
        let expressions = term.get("matchExpressions").and_then(Value::as_array);
        for (j, expression) in expressions.into_iter().flatten().enumerate() {
            validate_requirement(expression, &path.index(i).child("matchExpressions").index(j), errors);
        }
    }
}

fn validate_requirement(requirement: &Value, path: &Path, errors: &mut Errors) {
    let text = |field: &str| requirement.get(field).and_then(Value::as_str).unwrap_or_default();
    let values = requirement.get("values").and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
    let values_path = path.child("values");
    match text("operator") {
        "In" | "NotIn" if values.is_empty() => {
            errors.required(&values_path, "must be specified when `operator` is 'In' or 'NotIn'");
        }
        "Exists" | "DoesNotExist" if !values.is_empty() => {
            errors.forbidden(&values_path, "may not be specified when `operator` is 'Exists' or 'DoesNotExist'");
        }
        "Gt" | "Lt" if values.len() != 1 => {
            errors.required(&values_path, "must be specified single value when `operator` is 'Lt' or 'Gt'");
        }
        "In" | "NotIn" | "Exists" | "DoesNotExist" | "Gt" | "Lt" => {}
        other => errors.invalid(&path.child("operator"), other, "not a valid selector operator"),
    }
    errors.append(names::validate_label_name(text("key"), &path.child("key")));
    for (i, value) in values.iter().filter_map(Value::as_str).enumerate() {
        for problem in names::is_label_value(value) {
            errors.invalid(&values_path.index(i), value, &problem);
        }
    }
}

#[cfg(test)]
mod tests;
