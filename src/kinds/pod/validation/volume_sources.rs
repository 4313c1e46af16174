//! Volumes that live elsewhere: on the node, in a claim, on some storage system.

use serde_json::Value;

use super::super::fields::Fields;
use super::mounts::{validate_local_descending_path, validate_no_backsteps};
use super::{choice, report, required};
use crate::apimachinery::field::{Errors, Path};
use crate::apimachinery::names::{is_dns1123_label, is_dns1123_subdomain, name_is_dns_subdomain, range_message};
use crate::apimachinery::quantity::Quantity;

/// Sources of which certain strings are required, and nothing else is asked.
const REQUIRED: &[(&str, &[&str])] = &[
    ("persistentVolumeClaim", &["claimName"]),
    ("glusterfs", &["endpoints", "path"]),
    ("cinder", &["volumeID"]),
    ("azureFile", &["secretName", "shareName"]),
    ("vsphereVolume", &["volumePath"]),
    ("photonPersistentDisk", &["pdID"]),
    ("portworxVolume", &["volumeID"]),
    ("scaleIO", &["gateway", "system", "volumeName"]),
    ("gcePersistentDisk", &["pdName"]),
    ("awsElasticBlockStore", &["volumeID"]),
    ("flexVolume", &["driver"]),
];

/// Checks one source of a volume, be it a pod's or a PersistentVolume's.
pub fn validate(kind: &str, source: &Value, path: &Path, errors: &mut Errors) {
    for key in REQUIRED.iter().filter(|(k, _)| *k == kind).flat_map(|(_, keys)| *keys) {
        required(errors, path, source, key);
    }
    match kind {
        "emptyDir" => validate_empty_dir(source, path, errors),
        "hostPath" => validate_host_path(source, path, errors),
        "gitRepo" => {
            required(errors, path, source, "repository");
            validate_local_descending_path(source.text("directory"), &path.child("directory"), errors);
        }
        "nfs" => validate_nfs(source, path, errors),
        "iscsi" => validate_iscsi(source, path, errors),
        "fc" => validate_fibre_channel(source, path, errors),
        "rbd" | "cephfs" => {
            if source.items("monitors").is_empty() {
                errors.required(&path.child("monitors"), "");
            }
            if kind == "rbd" {
                required(errors, path, source, "image");
            }
        }
        "gcePersistentDisk" | "awsElasticBlockStore" => {
            let partition = source.int("partition").unwrap_or(0);
            if !(0..=255).contains(&partition) {
                errors.invalid(&path.child("partition"), partition, &range_message(1, 255));
            }
        }
        "quobyte" => validate_quobyte(source, path, errors),
        "flexVolume" => validate_flex_options(source, &path.child("options"), errors),
        "cinder" if source.field("secretRef").is_some_and(|s| s.text("name").is_empty()) => {
            errors.required(&path.child("secretRef").child("name"), "");
        }
        "csi" => validate_csi(source, path, errors),
        "flocker" => validate_flocker(source, path, errors),
        "azureDisk" => validate_azure_disk(source, path, errors),
        "storageos" => validate_storage_os(source, path, errors),
        "image" if source.field("pullPolicy").is_some() => {
            let policies = ["Always", "IfNotPresent", "Never"];
            choice(errors, &path.child("pullPolicy"), source.text("pullPolicy"), &policies, Some(""));
        }
        _ => {}
    }
}

fn validate_empty_dir(source: &Value, path: &Path, errors: &mut Errors) {
    let limit = source.field("sizeLimit").and_then(|l| Quantity::from_value(l).ok());
    if limit.is_some_and(|l| l.is_negative()) {
        errors.forbidden(&path.child("sizeLimit"), "SizeLimit field must be a valid resource quantity");
    }
}

fn validate_host_path(source: &Value, path: &Path, errors: &mut Errors) {
    let target = source.text("path");
    if target.is_empty() {
        return errors.required(&path.child("path"), "");
    }
    validate_no_backsteps(target, &path.child("path"), errors);
    let types = ["", "BlockDevice", "CharDevice", "Directory", "DirectoryOrCreate", "File", "FileOrCreate", "Socket"];
    choice(errors, &path.child("type"), source.text("type"), &types, None);
}

fn validate_nfs(source: &Value, path: &Path, errors: &mut Errors) {
    required(errors, path, source, "server");
    required(errors, path, source, "path");
    let target = source.text("path");
    if !target.starts_with('/') {
        errors.invalid(&path.child("path"), target, "must be an absolute path");
    }
}

fn validate_iscsi(source: &Value, path: &Path, errors: &mut Errors) {
    required(errors, path, source, "targetPortal");
    required(errors, path, source, "iqn");
    if !source.text("iqn").is_empty() {
        validate_qualifier(source.text("iqn"), &path.child("iqn"), errors);
    }
    let lun = source.int("lun").unwrap_or(0);
    if !(0..=255).contains(&lun) {
        errors.invalid(&path.child("lun"), lun, &range_message(0, 255));
    }
    let chap = ["chapAuthDiscovery", "chapAuthSession"].iter().any(|key| source.flag(key) == Some(true));
    if chap && source.field("secretRef").is_none() {
        errors.required(&path.child("secretRef"), "");
    }
    if source.field("initiatorName").is_some() {
        validate_qualifier(source.text("initiatorName"), &path.child("initiatorname"), errors);
    }
}

/// An iSCSI qualified name of one of three forms.
fn validate_qualifier(name: &str, path: &Path, errors: &mut Errors) {
    let alphanumeric = |rest: &str, n: usize| rest.len() == n && rest.bytes().all(|b| b.is_ascii_alphanumeric());
    let good = match name.get(..3) {
        // `.` stands for any character in upstream's patterns.
        Some("eui") => alphanumeric(name.get(4..).unwrap_or_default(), 16),
        Some("naa") => alphanumeric(name.get(4..).unwrap_or_default(), 32),
        Some("iqn") => is_iqn(name),
        _ => return errors.invalid(path, name, "must be valid format starting with iqn, eui, or naa"),
    };
    if !good {
        errors.invalid(path, name, "must be valid format");
    }
}

/// `iqn.2001-04.com.example:storage.disk1`.
fn is_iqn(name: &str) -> bool {
    let Some((authority, rest)) = name.split_once(':') else { return false };
    let mut parts = authority.splitn(3, '.').skip(1);
    let date = parts.next().unwrap_or_default();
    let digits = |s: &str, n: usize| s.len() == n && s.bytes().all(|b| b.is_ascii_digit());
    let dated = date.split_once('-').is_some_and(|(year, month)| digits(year, 4) && digits(month, 2));
    let domain = parts.next().unwrap_or_default();
    let named = !domain.is_empty() && domain.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'.'));
    dated && named && !rest.is_empty() && !rest.contains(|c: char| ",;*&$|".contains(c) || c.is_whitespace())
}

fn validate_fibre_channel(source: &Value, path: &Path, errors: &mut Errors) {
    let (names, ids) = (source.items("targetWWNs"), source.items("wwids"));
    let names_path = path.child("targetWWNs");
    if names.is_empty() && ids.is_empty() {
        errors.required(&names_path, "must specify either targetWWNs or wwids, but not both");
    }
    if !names.is_empty() && !ids.is_empty() {
        errors.invalid(&names_path, names.to_vec(), "targetWWNs and wwids can not be specified simultaneously");
    }
    if !names.is_empty() {
        match source.int("lun") {
            None => errors.required(&path.child("lun"), "lun is required if targetWWNs is specified"),
            Some(lun) if !(0..=255).contains(&lun) => {
                errors.invalid(&path.child("lun"), lun, &range_message(0, 255));
            }
            Some(_) => {}
        }
    }
}

fn validate_quobyte(source: &Value, path: &Path, errors: &mut Errors) {
    const PAIRS: &str = "must be a host:port pair or multiple pairs separated by commas";
    let registry = source.text("registry");
    if registry.is_empty() {
        errors.required(&path.child("registry"), PAIRS);
    } else if source.text("tenant").len() >= 65 {
        errors.required(&path.child("tenant"), "must be a UUID and may not exceed a length of 64 characters");
    } else {
        for _ in registry.split(',').filter(|pair| !is_host_and_port(pair)) {
            errors.invalid(&path.child("registry"), registry, PAIRS);
        }
    }
    required(errors, path, source, "volume");
}

/// Whether Go's `SplitHostPort` takes a text.
fn is_host_and_port(text: &str) -> bool {
    match text.strip_prefix('[').and_then(|rest| rest.split_once("]:")) {
        Some((host, port)) => !host.contains(['[', ']']) && !port.contains([':', '[', ']']),
        None => text.matches(':').count() == 1 && !text.contains(['[', ']']),
    }
}

/// Kubernetes' own names are not for a driver's options.
fn validate_flex_options(source: &Value, path: &Path, errors: &mut Errors) {
    for key in source.section("options").into_iter().flat_map(|options| options.keys()) {
        let namespace = key.split_once('/').map_or(key.as_str(), |(namespace, _)| namespace);
        let dotted = format!(".{}", namespace.to_lowercase());
        if dotted.ends_with(".kubernetes.io") || dotted.ends_with(".k8s.io") {
            errors.invalid(&path.key(key), key.as_str(), "kubernetes.io and k8s.io namespaces are reserved");
        }
    }
}

fn validate_csi(source: &Value, path: &Path, errors: &mut Errors) {
    let driver = source.text("driver");
    let driver_path = path.child("driver");
    if driver.is_empty() {
        errors.required(&driver_path, "");
    }
    if driver.len() > 63 {
        errors.too_long(&driver_path, 63);
    }
    report(errors, &driver_path, driver, is_dns1123_subdomain(&driver.to_lowercase()));
    if let Some(secret) = source.field("nodePublishSecretRef") {
        let name = secret.text("name");
        if name.is_empty() {
            errors.required(&path.child("nodePublishSecretRef").child("name"), "");
        } else {
            report(errors, &path.child("name"), name, name_is_dns_subdomain(name, false));
        }
    }
}

fn validate_flocker(source: &Value, path: &Path, errors: &mut Errors) {
    let (name, uuid) = (source.text("datasetName"), source.text("datasetUUID"));
    if name.is_empty() && uuid.is_empty() {
        errors.required(path, "one of datasetName and datasetUUID is required");
    }
    if !name.is_empty() && !uuid.is_empty() {
        errors.invalid(path, "resource", "datasetName and datasetUUID can not be specified simultaneously");
    }
    if name.contains('/') {
        errors.invalid(&path.child("datasetName"), name, "must not contain '/'");
    }
}

fn validate_azure_disk(source: &Value, path: &Path, errors: &mut Errors) {
    required(errors, path, source, "diskName");
    required(errors, path, source, "diskURI");
    choice(errors, &path.child("cachingMode"), source.text("cachingMode"), &["None", "ReadOnly", "ReadWrite"], None);
    choice(errors, &path.child("kind"), source.text("kind"), &["Dedicated", "Managed", "Shared"], None);
    let uri = source.text("diskURI");
    let (prefix, form) = if source.text("kind") == "Managed" {
        (
            "/subscriptions/",
            "/subscriptions/{sub-id}/resourcegroups/{group-name}/providers/microsoft.compute/disks/{disk-id}",
        )
    } else {
        ("https://", "https://{account-name}.blob.core.windows.net/{container-name}/{disk-name}.vhd")
    };
    if !uri.starts_with(prefix) {
        errors.not_supported(&path.child("diskURI"), uri, &[form]);
    }
}

fn validate_storage_os(source: &Value, path: &Path, errors: &mut Errors) {
    let name = source.text("volumeName");
    required(errors, path, source, "volumeName");
    if !name.is_empty() {
        report(errors, &path.child("volumeName"), name, is_dns1123_label(name));
    }
    let namespace = source.text("volumeNamespace");
    if !namespace.is_empty() {
        report(errors, &path.child("volumeNamespace"), namespace, is_dns1123_label(namespace));
    }
    if source.field("secretRef").is_some_and(|s| s.text("name").is_empty()) {
        errors.required(&path.child("secretRef").child("name"), "");
    }
}
