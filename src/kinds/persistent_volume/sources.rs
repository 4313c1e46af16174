//! Where a volume's bytes are: exactly one of many sources. Knows no volume's life.

use serde_json::{Map, Value};

use crate::apimachinery::diff::{self, Form};
use crate::apimachinery::field::{Errors, Path};
use crate::apimachinery::names;
use crate::apimachinery::object::Object;

/// One kind of source.
struct Source {
    /// The field of the spec.
    field: &'static str,
    /// The field's name in errors about its content, where upstream's differs.
    named: &'static str,
    /// The texts that must not be empty, in the order they are checked.
    required: &'static [&'static str],
    /// What the server warns of.
    deprecation: &'static str,
}

const fn source(field: &'static str, required: &'static [&'static str]) -> Source {
    Source { field, named: field, required, deprecation: "" }
}

const fn deprecated(source: Source, deprecation: &'static str) -> Source {
    Source { deprecation, ..source }
}

const SINCE_22: &str = "deprecated in v1.22, non-functional in v1.25+";
const SINCE_28: &str = "deprecated in v1.28, non-functional in v1.31+";

/// In the order in which upstream looks at them.
static SOURCES: [Source; 22] = [
    source("hostPath", &["path"]),
    Source { named: "persistentDisk", ..source("gcePersistentDisk", &["pdName"]) },
    source("awsElasticBlockStore", &["volumeID"]),
    deprecated(source("glusterfs", &["endpoints", "path"]), "deprecated in v1.25, non-functional in v1.26+"),
    deprecated(source("flocker", &[]), SINCE_22),
    source("nfs", &["server", "path"]),
    deprecated(source("rbd", &["image"]), SINCE_28),
    deprecated(source("quobyte", &["registry", "volume"]), SINCE_22),
    deprecated(source("cephfs", &[]), SINCE_28),
    source("iscsi", &["targetPortal", "iqn"]),
    source("cinder", &["volumeID"]),
    source("fc", &[]),
    source("flexVolume", &["driver"]),
    source("azureFile", &["secretName", "shareName"]),
    source("vsphereVolume", &["volumePath"]),
    deprecated(source("photonPersistentDisk", &["pdID"]), "deprecated in v1.11, non-functional in v1.16+"),
    source("portworxVolume", &["volumeID"]),
    source("azureDisk", &["diskName", "diskURI"]),
    deprecated(
        source("scaleIO", &["gateway", "system", "volumeName"]),
        "deprecated in v1.16, non-functional in v1.22+",
    ),
    source("local", &["path"]),
    deprecated(source("storageos", &["volumeName"]), SINCE_22),
    source("csi", &["driver", "volumeHandle"]),
];

/// The order of the fields of the server's own type, with their names there.
static INTERNAL: [(&str, &str); 22] = [
    ("GCEPersistentDisk", "gcePersistentDisk"),
    ("AWSElasticBlockStore", "awsElasticBlockStore"),
    ("HostPath", "hostPath"),
    ("Glusterfs", "glusterfs"),
    ("NFS", "nfs"),
    ("RBD", "rbd"),
    ("Quobyte", "quobyte"),
    ("ISCSI", "iscsi"),
    ("FlexVolume", "flexVolume"),
    ("Cinder", "cinder"),
    ("CephFS", "cephfs"),
    ("FC", "fc"),
    ("Flocker", "flocker"),
    ("AzureFile", "azureFile"),
    ("VsphereVolume", "vsphereVolume"),
    ("AzureDisk", "azureDisk"),
    ("PhotonPersistentDisk", "photonPersistentDisk"),
    ("PortworxVolume", "portworxVolume"),
    ("ScaleIO", "scaleIO"),
    ("Local", "local"),
    ("StorageOS", "storageos"),
    ("CSI", "csi"),
];

/// The texts that the API fills in: source, field, value.
const DEFAULTS: [(&str, &str, &str); 10] = [
    ("hostPath", "type", ""),
    ("rbd", "pool", "rbd"),
    ("rbd", "user", "admin"),
    ("rbd", "keyring", "/etc/ceph/keyring"),
    ("iscsi", "iscsiInterface", "default"),
    ("azureDisk", "cachingMode", "ReadWrite"),
    ("azureDisk", "fsType", "ext4"),
    ("azureDisk", "kind", "Shared"),
    ("scaleIO", "storageMode", "ThinProvisioned"),
    ("scaleIO", "fsType", "xfs"),
];

fn content<'a>(volume: &'a Object, field: &str) -> Option<&'a Map<String, Value>> {
    volume.map_at(&format!("/spec/{field}"))
}

/// Fills in what the API fills in.
pub fn set_defaults(volume: &mut Object) {
    for (field, part, value) in DEFAULTS {
        if content(volume, field).is_some() {
            volume.set_default(&format!("/spec/{field}/{part}"), value);
        }
    }
}

/// Checks that there is exactly one source, and what it says.
pub fn validate(volume: &Object, path: &Path, errors: &mut Errors) {
    let mut count = 0;
    for source in &SOURCES {
        let Some(found) = content(volume, source.field) else { continue };
        count += 1;
        // Upstream counts a flexVolume but never refuses one.
        if count > 1 && source.field != "flexVolume" {
            let field = if source.field == "cephfs" { "cephFS" } else { source.field };
            errors.forbidden(&path.child(field), "may not specify more than 1 volume type");
            continue;
        }
        validate_source(source, found, &path.child(source.named), errors);
        if source.field == "local" && content(volume, "nodeAffinity").is_none() {
            errors.required(&path.child("nodeAffinity"), "Local volume requires node affinity");
        }
    }
    if count == 0 {
        errors.required(path, "must specify a volume type");
    }
    let recycled = volume.str_at("/spec/persistentVolumeReclaimPolicy") == "Recycle";
    let host_path = volume.str_at("/spec/hostPath/path");
    if recycled && !host_path.is_empty() && host_path.split('/').all(|p| p.is_empty() || p == ".") {
        let detail = "may not be 'recycle' for a hostPath mount of '/'";
        errors.forbidden(&path.child("persistentVolumeReclaimPolicy"), detail);
    }
}

fn validate_source(source: &Source, found: &Map<String, Value>, path: &Path, errors: &mut Errors) {
    let text = |part: &str| found.get(part).and_then(Value::as_str).unwrap_or_default();
    for part in source.required.iter().filter(|p| text(p).is_empty()) {
        errors.required(&path.child(part), "");
    }
    let inside = text("path");
    if ["hostPath", "local"].contains(&source.field) && inside.split('/').any(|p| p == "..") {
        errors.invalid(&path.child("path"), inside, "must not contain '..'");
    }
    match source.field {
        "hostPath" if !inside.is_empty() => validate_host_path_type(text("type"), &path.child("type"), errors),
        "nfs" if !inside.starts_with('/') => {
            errors.invalid(&path.child("path"), inside, "must be an absolute path");
        }
        "csi" if !text("driver").is_empty() => validate_driver(text("driver"), &path.child("driver"), errors),
        _ => {}
    }
}

fn validate_host_path_type(kind: &str, path: &Path, errors: &mut Errors) {
    const SUPPORTED: [&str; 8] =
        ["", "BlockDevice", "CharDevice", "Directory", "DirectoryOrCreate", "File", "FileOrCreate", "Socket"];
    if !SUPPORTED.contains(&kind) {
        errors.not_supported(path, kind, &SUPPORTED);
    }
}

fn validate_driver(driver: &str, path: &Path, errors: &mut Errors) {
    if driver.len() > 63 {
        errors.too_long(path, 63);
    }
    for problem in names::is_dns1123_subdomain(&driver.to_lowercase()) {
        errors.invalid(path, driver, &problem);
    }
}

/// The source may not change, except that a CSI volume may get its secret for growing.
pub fn validate_update(new: &Object, old: &Object, errors: &mut Errors) {
    let mut new = new.clone();
    let secret = "/spec/csi/controllerExpandSecretRef";
    if content(old, "csi").is_some() && old.at(secret).is_none() {
        new.remove(secret);
    }
    if SOURCES.iter().all(|s| content(&new, s.field) == content(old, s.field)) {
        return;
    }
    let difference = diff::unified(&internal_form(old), &internal_form(&new));
    let detail = format!("spec.persistentvolumesource is immutable after creation\n{difference}");
    errors.forbidden(&Path::new("spec.persistentvolumesource"), &detail);
}

/// The sources as Go's encoding/json writes the server's own type, which has no JSON names.
fn internal_form(volume: &Object) -> String {
    let form =
        |field: &str| content(volume, field).map_or(Form::Value(Value::Null), |found| internal_source(field, found));
    Form::Struct(INTERNAL.iter().map(|(name, field)| (*name, form(field))).collect()).to_string()
}

fn internal_source(field: &str, found: &Map<String, Value>) -> Form {
    let (null, empty, no) = (Value::Null, Value::from(""), Value::from(false));
    let fields: &[(&'static str, &str, &Value)] = match field {
        "hostPath" => &[("Path", "path", &empty), ("Type", "type", &null)],
        "nfs" => &[("Server", "server", &empty), ("Path", "path", &empty), ("ReadOnly", "readOnly", &no)],
        "local" => &[("Path", "path", &empty), ("FSType", "fsType", &null)],
        "csi" => &[
            ("Driver", "driver", &empty),
            ("VolumeHandle", "volumeHandle", &empty),
            ("ReadOnly", "readOnly", &no),
            ("FSType", "fsType", &empty),
            ("VolumeAttributes", "volumeAttributes", &null),
            ("ControllerPublishSecretRef", "controllerPublishSecretRef", &null),
            ("NodeStageSecretRef", "nodeStageSecretRef", &null),
            ("NodePublishSecretRef", "nodePublishSecretRef", &null),
            ("ControllerExpandSecretRef", "controllerExpandSecretRef", &null),
            ("NodeExpandSecretRef", "nodeExpandSecretRef", &null),
        ],
        // The rest, which clusters of today hardly mount, is shown by its JSON names.
        _ => return Form::Value(Value::Object(found.clone())),
    };
    let value = |name: &str, default: &Value| found.get(name).unwrap_or(default).clone();
    Form::Struct(fields.iter().map(|(name, json, default)| (*name, value(json, default).into())).collect())
}

/// What the server warns of: sources that are not served any more.
pub fn warnings(volume: &Object) -> Vec<String> {
    let deprecated = SOURCES.iter().filter(|s| !s.deprecation.is_empty() && content(volume, s.field).is_some());
    deprecated.map(|s| format!("spec.{}: {}", s.field, s.deprecation)).collect()
}
