//! A pod's volumes: their names, and that each has exactly one source.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value};

use super::super::fields::Fields;
use super::{report, volume_files, volume_sources};
use crate::apimachinery::field::{Errors, Path};
use crate::apimachinery::names::{is_dns1123_label, name_is_dns_subdomain, validate_annotations, validate_labels};
use crate::kinds::persistent_volume_claim::validate_claim_spec;

/// The sources in the order in which upstream looks at them; a second one is refused under the name in the second place,
/// what is wrong within a source is reported under the third.
const SOURCES: &[(&str, &str, &str)] = &[
    ("emptyDir", "emptyDir", "emptyDir"),
    ("hostPath", "hostPath", "hostPath"),
    ("gitRepo", "gitRepo", "gitRepo"),
    ("gcePersistentDisk", "gcePersistentDisk", "persistentDisk"),
    ("awsElasticBlockStore", "awsElasticBlockStore", "awsElasticBlockStore"),
    ("secret", "secret", "secret"),
    ("nfs", "nfs", "nfs"),
    ("iscsi", "iscsi", "iscsi"),
    ("glusterfs", "glusterfs", "glusterfs"),
    ("flocker", "flocker", "flocker"),
    ("persistentVolumeClaim", "persistentVolumeClaim", "persistentVolumeClaim"),
    ("rbd", "rbd", "rbd"),
    ("cinder", "cinder", "cinder"),
    ("cephfs", "cephFS", "cephfs"),
    ("quobyte", "quobyte", "quobyte"),
    ("downwardAPI", "downwarAPI", "downwardAPI"),
    ("fc", "fc", "fc"),
    ("flexVolume", "flexVolume", "flexVolume"),
    ("configMap", "configMap", "configMap"),
    ("azureFile", "azureFile", "azureFile"),
    ("vsphereVolume", "vsphereVolume", "vsphereVolume"),
    ("photonPersistentDisk", "photonPersistentDisk", "photonPersistentDisk"),
    ("portworxVolume", "portworxVolume", "portworxVolume"),
    ("azureDisk", "azureDisk", "azureDisk"),
    ("storageos", "storageos", "storageos"),
    ("projected", "projected", "projected"),
    ("scaleIO", "scaleIO", "scaleIO"),
    ("csi", "csi", "csi"),
    ("ephemeral", "ephemeral", "ephemeral"),
    ("image", "image", "image"),
];

/// What is said of a portal and a volume whose names are too long together.
pub const TOO_LONG_PORTAL: &str = "Total length of <volume name>:<iscsi.targetPortal> must be under 64 characters if iscsi.initiatorName is specified.";

/// Validates the volumes and returns the good ones by name.
pub(super) fn validate_volumes<'s>(
    spec: &'s Map<String, Value>,
    pod: Option<&str>,
    path: &Path,
    errors: &mut Errors,
) -> BTreeMap<&'s str, &'s Value> {
    let volumes = spec.items("volumes");
    let made: BTreeSet<String> = volumes
        .iter()
        .filter(|v| v.field("ephemeral").is_some())
        .filter_map(|v| Some(format!("{}-{}", pod.filter(|p| !p.is_empty())?, v.text("name"))))
        .collect();
    let mut good = BTreeMap::new();
    for (i, volume) in volumes.iter().enumerate() {
        let path = path.index(i);
        let mut wrong = Errors::default();
        validate_source(volume, pod, &path, &mut wrong);
        let name = volume.text("name");
        if name.is_empty() {
            wrong.required(&path.child("name"), "");
        } else {
            report(&mut wrong, &path.child("name"), name, is_dns1123_label(name));
        }
        if good.contains_key(name) {
            wrong.duplicate(&path.child("name"), name);
        }
        if wrong.is_empty() {
            good.insert(name, volume);
        }
        errors.append(wrong);
        let claim = volume.field("persistentVolumeClaim").map_or("", |c| c.text("claimName"));
        if made.contains(claim) {
            let path = path.child("persistentVolumeClaim").child("claimName");
            errors.invalid(&path, claim, "must not reference a PVC that gets created for an ephemeral volume");
        }
    }
    good
}

fn validate_source(volume: &Value, pod: Option<&str>, path: &Path, errors: &mut Errors) {
    let mut found = false;
    for (key, second, inner) in SOURCES {
        let Some(source) = volume.field(key) else { continue };
        if found {
            errors.forbidden(&path.child(second), "may not specify more than 1 volume type");
        } else {
            validate_one(key, volume, source, pod, (path, &path.child(inner)), errors);
        }
        if *key == "iscsi" {
            validate_portal(volume, source, path, errors);
        }
        found = true;
    }
    if !found {
        errors.required(path, "must specify a volume type");
    }
}

/// The name of a session on the node is made of both.
fn validate_portal(volume: &Value, source: &Value, path: &Path, errors: &mut Errors) {
    let (name, portal) = (volume.text("name"), source.text("targetPortal"));
    if source.field("initiatorName").is_some() && name.len() + 1 + portal.len() > 64 {
        errors.invalid(&path.child("name"), name, TOO_LONG_PORTAL);
    }
}

/// One source; the paths are the volume's and the source's.
fn validate_one(
    key: &str,
    volume: &Value,
    source: &Value,
    pod: Option<&str>,
    (path, inner): (&Path, &Path),
    errors: &mut Errors,
) {
    match key {
        "secret" | "configMap" => volume_files::validate_files(source, key, inner, errors),
        "downwardAPI" => volume_files::validate_downward(source, inner, errors),
        "projected" => volume_files::validate_projected(source, inner, errors),
        "ephemeral" => validate_ephemeral(volume, source, pod, path, errors),
        _ => {
            // A template may leave it open.
            if key == "image" && pod.is_some() && source.text("reference").is_empty() {
                errors.required(&inner.child("reference"), "");
            }
            volume_sources::validate(key, source, inner, errors);
        }
    }
}

fn validate_ephemeral(volume: &Value, source: &Value, pod: Option<&str>, path: &Path, errors: &mut Errors) {
    let template_path = path.child("ephemeral").child("volumeClaimTemplate");
    match source.field("volumeClaimTemplate") {
        None => errors.required(&template_path, ""),
        Some(template) => validate_claim_template(template, &template_path, errors),
    }
    let name = volume.text("name");
    if let Some(pod) = pod.filter(|p| !p.is_empty() && !name.is_empty()) {
        let claim = format!("{pod}-{name}");
        for problem in name_is_dns_subdomain(&claim, false) {
            errors.invalid(&path.child("name"), name, &format!("PVC name {claim:?}: {problem}"));
        }
    }
}

/// The claim that an ephemeral volume makes: of its metadata only labels and annotations are its own.
fn validate_claim_template(template: &Value, path: &Path, errors: &mut Errors) {
    let path_of = |key: &str| path.child("metadata").child(key);
    let metadata = template.section("metadata");
    errors.append(validate_annotations(metadata.and_then(|m| m.section("annotations")), &path_of("annotations")));
    errors.append(validate_labels(metadata.and_then(|m| m.section("labels")), &path_of("labels")));
    for (key, _) in
        metadata.into_iter().flatten().filter(|(k, v)| !v.is_null() && *k != "annotations" && *k != "labels")
    {
        errors.forbidden(&path_of(key), "cannot be set");
    }
    let spec = template.field("spec").unwrap_or(&Value::Null);
    errors.append(validate_claim_spec(spec, &path.child("spec")));
}
