//! The defaults of a pod's volumes.

use serde_json::{Map, Value, json};

use super::super::fields::Fields;
use super::{default, image, section_mut, sections_mut, set_reference_defaults};
use crate::apimachinery::quantity::canonicalize;

/// 0644, of files made from secrets, config maps and the downward API.
const FILE_MODE: i64 = 0o644;

/// Defaults of single fields: the source, the field, its value.
const STRINGS: &[(&str, &str, &str)] = &[
    ("iscsi", "iscsiInterface", "default"),
    ("rbd", "pool", "rbd"),
    ("rbd", "user", "admin"),
    ("rbd", "keyring", "/etc/ceph/keyring"),
    ("azureDisk", "cachingMode", "ReadWrite"),
    ("azureDisk", "fsType", "ext4"),
    ("azureDisk", "kind", "Shared"),
    ("scaleIO", "storageMode", "ThinProvisioned"),
    ("scaleIO", "fsType", "xfs"),
];

pub(super) fn set_volume_defaults(volume: &mut Map<String, Value>) {
    let has_source = volume.iter().any(|(key, value)| key != "name" && !value.is_null());
    if !has_source {
        volume.insert("emptyDir".to_owned(), json!({}));
    }
    for (source, key, value) in STRINGS {
        if let Some(source) = section_mut(volume, source) {
            default(source, key, (*value).into());
        }
    }
    for source in ["secret", "configMap", "downwardAPI", "projected"] {
        if let Some(source) = section_mut(volume, source) {
            default(source, "defaultMode", FILE_MODE.into());
        }
    }
    if let Some(source) = section_mut(volume, "azureDisk") {
        default(source, "readOnly", false.into());
    }
    if let Some(source) = section_mut(volume, "hostPath") {
        // A pointer: the empty type is shown.
        if source.field("type").is_none() {
            source.insert("type".to_owned(), "".into());
        }
    }
    if let Some(source) = section_mut(volume, "image") {
        default(source, "pullPolicy", image::pull_policy(source.text("reference")).into());
    }
    if let Some(limit) = section_mut(volume, "emptyDir").and_then(|e| e.get_mut("sizeLimit")) {
        canonicalize(limit);
    }
    set_file_defaults(volume);
    set_claim_defaults(volume);
}

/// The files of the downward API and the parts of a projected volume.
fn set_file_defaults(volume: &mut Map<String, Value>) {
    if let Some(source) = section_mut(volume, "downwardAPI") {
        sections_mut(source, "items").for_each(set_reference_defaults);
    }
    let Some(projected) = section_mut(volume, "projected") else { return };
    for source in sections_mut(projected, "sources") {
        if let Some(token) = section_mut(source, "serviceAccountToken") {
            default(token, "expirationSeconds", 3600.into());
        }
        if let Some(downward) = section_mut(source, "downwardAPI") {
            sections_mut(downward, "items").for_each(set_reference_defaults);
        }
    }
}

/// The claim that a generic ephemeral volume makes.
fn set_claim_defaults(volume: &mut Map<String, Value>) {
    let template = section_mut(volume, "ephemeral").and_then(|e| section_mut(e, "volumeClaimTemplate"));
    let Some(template) = template else { return };
    template.entry("metadata").or_insert_with(|| json!({}));
    let Some(spec) = section_mut(template, "spec") else { return };
    default(spec, "volumeMode", "Filesystem".into());
    let resources = section_mut(spec, "resources");
    for quantity in resources.into_iter().flat_map(|r| r.values_mut()).filter_map(Value::as_object_mut) {
        quantity.values_mut().for_each(canonicalize);
    }
}
