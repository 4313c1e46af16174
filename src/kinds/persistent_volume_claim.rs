//! PersistentVolumeClaim: a request for a volume. Knows no volume; binding is the volume binder's.

mod describe;
mod quota;
mod update;
mod validate;

use serde_json::{Value, json};

use super::describe::{Text, View};
use super::{Kind, Names, class, limit_range, resource_list, stateful_set, storage_class, zeros};
use crate::apimachinery::field::{Errors, Path};
use crate::apimachinery::key::Key;
use crate::apimachinery::object::Object;
use crate::apimachinery::quantity::Quantity;
use crate::apimachinery::status::Status;
use crate::apimachinery::table::{Column, column, wide};
use crate::apimachinery::time::{self, Time};
use crate::cluster::Cluster;

pub use validate::validate_claim_spec;

/// The kind.
pub struct PersistentVolumeClaim;

static NAMES: Names = Names::core("PersistentVolumeClaim", "persistentvolumeclaims", "persistentvolumeclaim", &["pvc"]);
static COLUMNS: [Column; 8] = [
    column("Name"),
    column("Status"),
    column("Volume"),
    column("Capacity"),
    column("Access Modes"),
    column("StorageClass"),
    column("Age"),
    wide("VolumeMode"),
];

const OMITTED: [&str; 5] = [
    "/spec/accessModes",
    "/spec/resources/limits",
    "/spec/resources/requests",
    "/spec/volumeName",
    "/status/accessModes",
];

/// Keeps a claim while a pod uses it.
pub const PROTECTION: &str = "kubernetes.io/pvc-protection";

/// What the binder and the provisioner note on a claim.
const BINDING_ANNOTATIONS: [&str; 5] = [
    "pv.kubernetes.io/bind-completed",
    "pv.kubernetes.io/bound-by-controller",
    "volume.beta.kubernetes.io/storage-provisioner",
    "volume.kubernetes.io/storage-provisioner",
    "volume.kubernetes.io/selected-node",
];

impl Kind for PersistentVolumeClaim {
    fn names(&self) -> &Names {
        &NAMES
    }

    fn columns(&self) -> &[Column] {
        &COLUMNS
    }

    fn cells(&self, object: &Object, now: Time) -> Vec<String> {
        let terminating = object.deletion_timestamp().is_some();
        let phase = if terminating { "Terminating" } else { object.str_at("/status/phase") };
        let volume = object.str_at("/spec/volumeName");
        let (capacity, modes) = match volume {
            "" => (String::new(), String::new()),
            _ => (capacity(object, "/status/capacity/storage"), class::access_modes(object, "/status/accessModes")),
        };
        vec![
            object.name().to_owned(),
            phase.to_owned(),
            volume.to_owned(),
            capacity,
            modes,
            class::storage_class(object).to_owned(),
            time::age(object.creation_timestamp(), now),
            volume_mode(object),
        ]
    }

    fn describe(&self, object: &Object, view: &View, out: &mut Text) -> Result<(), Status> {
        describe::describe(object, view, out)
    }

    fn set_defaults(&self, object: &mut Object) {
        zeros::omit(object, &OMITTED);
        zeros::write(object, &[("/spec/resources", json!({}))]);
        object.set_default("/spec/volumeMode", "Filesystem");
        if object.str_at("/status/phase").is_empty() {
            object.set("/status/phase", "Pending".into());
        }
        for list in ["/spec/resources/requests", "/spec/resources/limits", "/status/capacity"] {
            resource_list::canonicalize(object, list);
        }
    }

    fn prepare_for_create(&self, object: &mut Object) {
        object.set("/status", json!({"phase": "Pending"}));
        drop_other_source(object);
        pair_data_sources(object);
    }

    fn prepare_for_update(&self, new: &mut Object, old: &Object) {
        match old.at("/status") {
            Some(status) => new.set("/status", status.clone()),
            None => drop(new.remove("/status")),
        }
        if old.at("/spec/dataSource").is_none() && old.at("/spec/dataSourceRef").is_none() {
            drop_other_source(new);
        }
        pair_data_sources(new);
    }

    /// DefaultStorageClass and StorageObjectInUseProtection.
    fn admit(&self, object: &mut Object, cluster: &Cluster) -> Result<(), Status> {
        if !class::names_class(object)
            && let Some(default) = storage_class::default_class(cluster)?
        {
            object.set("/spec/storageClassName", default.name().into());
        }
        object.add_finalizer(PROTECTION);
        Ok(())
    }

    fn admit_update(&self, new: &mut Object, old: &Object, cluster: &Cluster) -> Result<(), Status> {
        update::admit_resize(new, old, cluster)
    }

    fn admit_valid(&self, new: &Object, _old: Option<&Object>, cluster: &Cluster) -> Result<(), Status> {
        limit_range::check_claim(new, cluster)
    }

    fn evaluator(&self) -> &'static dyn super::quota::Evaluator {
        &quota::ClaimQuota
    }

    fn validate(&self, object: &Object) -> Errors {
        validate_claim_spec(object.at("/spec").unwrap_or(&Value::Null), &Path::new("spec"))
    }

    fn selectable_fields(&self) -> &'static [(&'static str, &'static str)] {
        &[("name", "/metadata/name")]
    }

    fn validate_update(&self, new: &Object, old: &Object) -> Errors {
        let mut errors = self.validate(new);
        update::validate(new, old, &mut errors);
        errors
    }

    fn warnings(&self, new: &Object, _old: Option<&Object>) -> Vec<String> {
        warnings(new)
    }

    /// A StatefulSet makes its own claims; any other is bound anew, to the same volume where a user made that.
    fn export(&self, object: &mut Object, cluster: &Cluster) -> Result<bool, Status> {
        if stateful_set::makes_claim(object, cluster)? {
            return Ok(false);
        }
        object.remove_finalizer(PROTECTION);
        for name in BINDING_ANNOTATIONS {
            object.remove_annotation(name);
        }
        let volume = Key::cluster("persistentvolumes", object.str_at("/spec/volumeName"));
        let is_provisioned = |v: &Object| v.annotation("pv.kubernetes.io/provisioned-by").is_some();
        if cluster.get(&volume)?.is_none_or(|v| is_provisioned(&v)) {
            object.remove("/spec/volumeName");
        }
        Ok(true)
    }
}

fn warnings(claim: &Object) -> Vec<String> {
    let mut warnings: Vec<String> = class::annotation_warning(claim).into_iter().collect();
    warnings.extend(spec_warnings(claim.at("/spec").unwrap_or(&Value::Null), &Path::new("spec")));
    warnings
}

/// What the server warns of in a claim's spec at a path, be it a claim's or a template's: parts of a byte.
pub fn spec_warnings(spec: &Value, path: &Path) -> Vec<String> {
    let mut warnings = Vec::new();
    for list in ["requests", "limits"] {
        let storage = spec.pointer(&format!("/resources/{list}/storage")).and_then(|q| Quantity::from_value(q).ok());
        if let Some(storage) = storage.filter(|s| s.milli_value() % 1000 != 0) {
            let path = path.child("resources").child(list).key("storage");
            let value = storage.to_string();
            warnings.push(format!("{path}: fractional byte value {value:?} is invalid, must be an integer"));
        }
    }
    warnings
}

/// A quantity as tables print it; `0` for none, as Go's zero value is.
pub(super) fn capacity(object: &Object, pointer: &str) -> String {
    resource_list::quantity_at(object, pointer).unwrap_or(Quantity::ZERO).to_string()
}

pub(super) fn volume_mode(object: &Object) -> String {
    object.at("/spec/volumeMode").and_then(Value::as_str).unwrap_or("<unset>").to_owned()
}

/// Data sources other than claims and snapshots are for `dataSourceRef` only; in `dataSource` they never counted.
fn drop_other_source(object: &mut Object) {
    let group = object.str_at("/spec/dataSource/apiGroup");
    let known = [("", "PersistentVolumeClaim"), ("snapshot.storage.k8s.io", "VolumeSnapshot")];
    if object.at("/spec/dataSourceRef").is_none() && !known.contains(&(group, object.str_at("/spec/dataSource/kind"))) {
        object.remove("/spec/dataSource");
    }
}

/// `dataSource` and `dataSourceRef` say the same where only one was given, unless the latter crosses namespaces.
fn pair_data_sources(object: &mut Object) {
    let (source, reference) = (object.at("/spec/dataSource").cloned(), object.at("/spec/dataSourceRef").cloned());
    match (source, reference) {
        (Some(source), None) => object.set("/spec/dataSourceRef", source),
        (None, Some(reference)) if reference.get("namespace").is_none() => object.set("/spec/dataSource", reference),
        _ => {}
    }
}

#[cfg(test)]
mod tests;
