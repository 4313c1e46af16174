//! What a claim's spec must look like, in a claim or in a template of one. Knows no cluster.

use serde::Deserialize;
use serde_json::Value;

use crate::apimachinery::field::{Errors, Path};
use crate::apimachinery::names;
use crate::apimachinery::quantity::Quantity;
use crate::kinds::{class, resource_list};

/// The fields that are looked at.
#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Spec {
    access_modes: Vec<String>,
    storage_class_name: Option<String>,
    volume_mode: Option<String>,
    data_source: Option<DataSource>,
    data_source_ref: Option<DataSource>,
    volume_attributes_class_name: Option<String>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct DataSource {
    api_group: Option<String>,
    kind: String,
    name: String,
    namespace: Option<String>,
}

/// Validates a claim's spec at `path`: also of a StatefulSet's claim templates and a pod's ephemeral volumes.
pub fn validate_claim_spec(value: &Value, path: &Path) -> Errors {
    let mut errors = Errors::default();
    let spec = Spec::deserialize(value).unwrap_or_default();
    let modes = path.child("accessModes");
    if spec.access_modes.is_empty() {
        errors.required(&modes, "at least 1 access mode is required");
    }
    errors.append(names::validate_label_selector(value.get("selector"), &path.child("selector")));
    class::validate_access_modes(&spec.access_modes, &modes, &mut errors);
    validate_storage(value, &path.child("resources").key("storage"), &mut errors);
    if let Some(name) = spec.storage_class_name.filter(|n| !n.is_empty()) {
        class::validate_class_name(&name, &path.child("storageClassName"), &mut errors);
    }
    if let Some(mode) = spec.volume_mode {
        class::validate_volume_mode(&mode, &path.child("volumeMode"), &mut errors);
    }
    validate_data_sources(spec.data_source.as_ref(), spec.data_source_ref.as_ref(), path, &mut errors);
    if let Some(name) = spec.volume_attributes_class_name.filter(|n| !n.is_empty()) {
        class::validate_class_name(&name, &path.child("volumeAttributesClassName"), &mut errors);
    }
    errors
}

fn validate_storage(spec: &Value, path: &Path, errors: &mut Errors) {
    match spec.pointer("/resources/requests/storage").map(Quantity::from_value) {
        Some(Ok(storage)) => resource_list::validate_positive(&storage, path, errors),
        // What is no quantity never gets here: decoding refuses it.
        Some(Err(_)) | None => errors.required(path, ""),
    }
}

fn validate_data_sources(
    source: Option<&DataSource>,
    reference: Option<&DataSource>,
    path: &Path,
    errors: &mut Errors,
) {
    if let Some(source) = source {
        validate_data_source(source, &path.child("dataSource"), errors);
    }
    let Some(reference) = reference else { return };
    let reference_path = path.child("dataSourceRef");
    validate_data_source(reference, &reference_path, errors);
    let namespace = reference.namespace.as_deref().filter(|n| !n.is_empty());
    for problem in namespace.map(|n| names::name_is_dns_label(n, false)).unwrap_or_default() {
        errors.invalid(&reference_path.child("namespace"), namespace.unwrap_or_default(), &problem);
    }
    let Some(source) = source else { return };
    // The server shows the path of the field, of which Go's JSON has nothing to tell.
    let nothing = "{}";
    let same =
        (&source.api_group, &source.kind, &source.name) == (&reference.api_group, &reference.kind, &reference.name);
    if namespace.is_some() {
        errors.invalid_shown(path, nothing, "may not be specified when dataSourceRef.namespace is specified");
    } else if !same {
        errors.invalid_shown(path, nothing, "must match dataSourceRef");
    }
}

fn validate_data_source(source: &DataSource, path: &Path, errors: &mut Errors) {
    if source.name.is_empty() {
        errors.required(&path.child("name"), "");
    }
    if source.kind.is_empty() {
        errors.required(&path.child("kind"), "");
    }
    let group = source.api_group.as_deref().unwrap_or_default();
    if group.is_empty() && source.kind != "PersistentVolumeClaim" {
        let detail = "must be 'PersistentVolumeClaim' when referencing the default apiGroup";
        errors.invalid(path, source.kind.as_str(), detail);
    }
    if !group.is_empty() {
        for problem in names::is_dns1123_subdomain(group) {
            errors.invalid(&path.child("apiGroup"), group, &problem);
        }
    }
}
