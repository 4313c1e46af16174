//! Where a volume's bytes are: exactly one of many sources. Knows no volume's life.

use serde_json::{Map, Value};

use crate::apimachinery::diff::{self, Form};
use crate::apimachinery::field::{Errors, Path};
use crate::apimachinery::names;
use crate::apimachinery::object::Object;
use crate::kinds::pod::{self, Fields};

/// One kind of source.
struct Source {
    /// The field of the spec.
    field: &'static str,
    /// The field's name in errors about its content, where upstream's differs.
    named: &'static str,
    /// What the server warns of.
    deprecation: &'static str,
}

const fn source(field: &'static str) -> Source {
    Source { field, named: field, deprecation: "" }
}

const fn deprecated(source: Source, deprecation: &'static str) -> Source {
    Source { deprecation, ..source }
}

const SINCE_22: &str = "deprecated in v1.22, non-functional in v1.25+";
const SINCE_28: &str = "deprecated in v1.28, non-functional in v1.31+";

/// In the order in which upstream looks at them.
static SOURCES: [Source; 22] = [
    source("hostPath"),
    Source { named: "persistentDisk", ..source("gcePersistentDisk") },
    source("awsElasticBlockStore"),
    deprecated(source("glusterfs"), "deprecated in v1.25, non-functional in v1.26+"),
    deprecated(source("flocker"), SINCE_22),
    source("nfs"),
    deprecated(source("rbd"), SINCE_28),
    deprecated(source("quobyte"), SINCE_22),
    deprecated(source("cephfs"), SINCE_28),
    source("iscsi"),
    source("cinder"),
    source("fc"),
    source("flexVolume"),
    source("azureFile"),
    source("vsphereVolume"),
    deprecated(source("photonPersistentDisk"), "deprecated in v1.11, non-functional in v1.16+"),
    source("portworxVolume"),
    source("azureDisk"),
    deprecated(source("scaleIO"), "deprecated in v1.16, non-functional in v1.22+"),
    source("local"),
    deprecated(source("storageos"), SINCE_22),
    source("csi"),
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
        validate_source(source, volume.name(), found, &path.child(source.named), errors);
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

fn validate_source(source: &Source, name: &str, found: &Map<String, Value>, path: &Path, errors: &mut Errors) {
    let content = Value::Object(found.clone());
    match source.field {
        "local" => validate_local(&content, path, errors),
        "csi" => validate_csi(&content, path, errors),
        "iscsi" => validate_iscsi(&content, name, path, errors),
        field => pod::validate_volume_source(field, &content, path, errors),
    }
    match source.field {
        "glusterfs" if content.field("endpointsNamespace").is_some() => {
            validate_endpoints_namespace(content.text("endpointsNamespace"), &path.child("endpointsNamespace"), errors);
        }
        "cinder" | "storageos" if content.field("secretRef").is_some_and(|s| s.text("namespace").is_empty()) => {
            errors.required(&path.child("secretRef").child("namespace"), "");
        }
        "azureFile" if content.field("secretNamespace").is_some() && content.text("secretNamespace").is_empty() => {
            errors.required(&path.child("secretNamespace"), "");
        }
        _ => {}
    }
}

fn validate_local(local: &Value, path: &Path, errors: &mut Errors) {
    let (inside, path) = (local.text("path"), path.child("path"));
    if inside.is_empty() {
        errors.required(&path, "");
    } else if inside.split('/').any(|p| p == "..") {
        errors.invalid(&path, inside, "must not contain '..'");
    }
}

fn validate_endpoints_namespace(namespace: &str, path: &Path, errors: &mut Errors) {
    if namespace.is_empty() {
        errors.invalid(path, namespace, "if the endpointnamespace is set, it must be a valid namespace name");
    } else {
        names::name_is_dns_label(namespace, false).iter().for_each(|p| errors.invalid(path, namespace, p));
    }
}

/// As a pod's, but for the words about a qualifier and the secret's name.
fn validate_iscsi(iscsi: &Value, volume: &str, path: &Path, errors: &mut Errors) {
    let portal = iscsi.text("targetPortal");
    if iscsi.field("initiatorName").is_some() && volume.len() + 1 + portal.len() > 64 {
        errors.invalid(&path.child("targetportal"), portal, pod::TOO_LONG_PORTAL);
    }
    let mut found = Errors::default();
    pod::validate_volume_source("iscsi", iscsi, path, &mut found);
    for error in &mut found.0 {
        error.body = error.body.replace("must be valid format starting with iqn, eui, or naa", "must be valid format");
    }
    errors.append(found);
    if iscsi.field("secretRef").is_some_and(|s| s.text("name").is_empty()) {
        errors.required(&path.child("secretRef").child("name"), "");
    }
}

fn validate_csi(csi: &Value, path: &Path, errors: &mut Errors) {
    let (driver, driver_path) = (csi.text("driver"), path.child("driver"));
    if driver.is_empty() {
        errors.required(&driver_path, "");
    }
    if driver.len() > 63 {
        errors.too_long(&driver_path, 63);
    }
    for problem in names::is_dns1123_subdomain(&driver.to_lowercase()) {
        errors.invalid(&driver_path, driver, &problem);
    }
    if csi.text("volumeHandle").is_empty() {
        errors.required(&path.child("volumeHandle"), "");
    }
    // Upstream does not look at nodeStageSecretRef.
    for key in
        ["controllerPublishSecretRef", "controllerExpandSecretRef", "nodePublishSecretRef", "nodeExpandSecretRef"]
    {
        if let Some(secret) = csi.field(key) {
            validate_secret_reference(secret, &path.child(key), errors);
        }
    }
}

fn validate_secret_reference(secret: &Value, path: &Path, errors: &mut Errors) {
    let of_name: fn(&str) -> names::Problems = names::is_dns1123_subdomain;
    for (field, check) in [("name", of_name), ("namespace", names::is_dns1123_label)] {
        let (value, path) = (secret.text(field), path.child(field));
        if value.is_empty() {
            errors.required(&path, "");
        } else {
            check(value).iter().for_each(|p| errors.invalid(&path, value, p));
        }
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

/// Why what a volume that nobody provisioned is made of cannot be deleted with it: of Kubernetes' own plugins only the host
/// path's deletes, and only below `/tmp`.
pub fn deletion_problem(volume: &Object) -> Option<String> {
    let path = volume.str_at("/spec/hostPath/path");
    if content(volume, "hostPath").is_some() {
        // Upstream's pattern, `/tmp/.+`, is looked for anywhere.
        let is_temporary = path.split_once("/tmp/").is_some_and(|(_, rest)| !rest.is_empty());
        let refusal = || format!("host_path deleter only supports /tmp/.+ but received provided {path}");
        return (!is_temporary).then(refusal);
    }
    // What its controller has a plugin for that does not delete, and what it has none for.
    let is_known = ["nfs", "csi"].iter().any(|field| content(volume, field).is_some());
    let why = if is_known { "no deletable volume plugin matched" } else { "no volume plugin matched" };
    Some(format!("error getting deleter volume plugin for volume {:?}: {why}", volume.name()))
}

/// What the server warns of: sources that are not served any more.
pub fn warnings(volume: &Object) -> Vec<String> {
    let deprecated = SOURCES.iter().filter(|s| !s.deprecation.is_empty() && content(volume, s.field).is_some());
    deprecated.map(|s| format!("spec.{}: {}", s.field, s.deprecation)).collect()
}
