//! Where volumes come from: a table of sources, each with its title and the fields that are shown. Knows no driver.

use serde_json::Value;

use super::Text;
use super::metadata::{LONGEST, shorten};
use crate::apimachinery::go_value;
use crate::apimachinery::quantity::Quantity;
use crate::kinds::pod::Fields;

/// How a field is shown where it is absent: as Go's zero value, or by a word.
#[derive(Clone, Copy)]
enum Zero {
    Text,
    Number,
    Flag,
    List,
    Pointer,
    /// A quantity, of which zero is none.
    Amount,
    Word(&'static str),
}

use Zero::{Amount, Flag, List, Number, Pointer, Text as Str, Word};

/// A line: its title, the JSON pointer to its value, and what an absent one is.
type Line = (&'static str, &'static str, Zero);

/// A source: its field, what it is, and its lines.
type Row = (&'static str, &'static str, &'static [Line]);

const FS: Line = ("FSType", "/fsType", Str);
const RO: Line = ("ReadOnly", "/readOnly", Flag);
const SECRET: Line = ("SecretRef", "/secretRef", Pointer);

/// In the order in which they are looked for.
const SOURCES: &[Row] = &[
    (
        "hostPath",
        "HostPath (bare host directory volume)",
        &[("Path", "/path", Str), ("HostPathType", "/type", Word("<none>"))],
    ),
    (
        "emptyDir",
        "EmptyDir (a temporary directory that shares a pod's lifetime)",
        &[("Medium", "/medium", Str), ("SizeLimit", "/sizeLimit", Amount)],
    ),
    (
        "gcePersistentDisk",
        "GCEPersistentDisk (a Persistent Disk resource in Google Compute Engine)",
        &[("PDName", "/pdName", Str), FS, ("Partition", "/partition", Number), RO],
    ),
    (
        "awsElasticBlockStore",
        "AWSElasticBlockStore (a Persistent Disk resource in AWS)",
        &[("VolumeID", "/volumeID", Str), FS, ("Partition", "/partition", Number), RO],
    ),
    (
        "gitRepo",
        "GitRepo (a volume that is pulled from git when the pod is created)",
        &[("Repository", "/repository", Str), ("Revision", "/revision", Str)],
    ),
    (
        "secret",
        "Secret (a volume populated by a Secret)",
        &[("SecretName", "/secretName", Str), ("Optional", "/optional", Flag)],
    ),
    (
        "configMap",
        "ConfigMap (a volume populated by a ConfigMap)",
        &[("Name", "/name", Str), ("Optional", "/optional", Flag)],
    ),
    (
        "nfs",
        "NFS (an NFS mount that lasts the lifetime of a pod)",
        &[("Server", "/server", Str), ("Path", "/path", Str), RO],
    ),
    (
        "iscsi",
        "ISCSI (an ISCSI Disk resource that is attached to a kubelet's host machine and then exposed to the pod)",
        &[
            ("TargetPortal", "/targetPortal", Str),
            ("IQN", "/iqn", Str),
            ("Lun", "/lun", Number),
            // kubectl forgets this one's colon.
            ("ISCSIInterface\u{0}", "/iscsiInterface", Str),
            FS,
            RO,
            ("Portals", "/portals", List),
            ("DiscoveryCHAPAuth", "/chapAuthDiscovery", Flag),
            ("SessionCHAPAuth", "/chapAuthSession", Flag),
            SECRET,
            ("InitiatorName", "/initiatorName", Word("<none>")),
        ],
    ),
    (
        "glusterfs",
        "Glusterfs (a Glusterfs mount on the host that shares a pod's lifetime)",
        &[("EndpointsName", "/endpoints", Str), ("Path", "/path", Str), RO],
    ),
    (
        "persistentVolumeClaim",
        "PersistentVolumeClaim (a reference to a PersistentVolumeClaim in the same namespace)",
        &[("ClaimName", "/claimName", Str), RO],
    ),
    (
        "rbd",
        "RBD (a Rados Block Device mount on the host that shares a pod's lifetime)",
        &[
            ("CephMonitors", "/monitors", List),
            ("RBDImage", "/image", Str),
            FS,
            ("RBDPool", "/pool", Str),
            ("RadosUser", "/user", Str),
            ("Keyring", "/keyring", Str),
            SECRET,
            RO,
        ],
    ),
    (
        "quobyte",
        "Quobyte (a Quobyte mount on the host that shares a pod's lifetime)",
        &[("Registry", "/registry", Str), ("Volume", "/volume", Str), RO],
    ),
    ("downwardAPI", "DownwardAPI (a volume populated by information about the pod)", &[]),
    (
        "azureDisk",
        "AzureDisk (an Azure Data Disk mount on the host and bind mount to the pod)",
        &[
            ("DiskName", "/diskName", Str),
            ("DiskURI", "/diskURI", Str),
            ("Kind", "/kind", Str),
            FS,
            ("CachingMode", "/cachingMode", Str),
            RO,
        ],
    ),
    (
        "vsphereVolume",
        "vSphereVolume (a Persistent Disk resource in vSphere)",
        &[("VolumePath", "/volumePath", Str), FS, ("StoragePolicyName", "/storagePolicyName", Str)],
    ),
    ("cinder", "Cinder (a Persistent Disk resource in OpenStack)", &[("VolumeID", "/volumeID", Str), FS, RO, SECRET]),
    (
        "photonPersistentDisk",
        "PhotonPersistentDisk (a Persistent Disk resource in photon platform)",
        &[("PdID", "/pdID", Str), FS],
    ),
    ("portworxVolume", "PortworxVolume (a Portworx Volume resource)", &[("VolumeID", "/volumeID", Str)]),
    (
        "scaleIO",
        "ScaleIO (a persistent volume backed by a block device in ScaleIO)",
        &[
            ("Gateway", "/gateway", Str),
            ("System", "/system", Str),
            ("Protection Domain", "/protectionDomain", Str),
            ("Storage Pool", "/storagePool", Str),
            ("Storage Mode", "/storageMode", Str),
            ("VolumeName", "/volumeName", Str),
            FS,
            RO,
        ],
    ),
    ("local", "LocalVolume (a persistent volume backed by local storage on a node)", &[("Path", "/path", Str)]),
    (
        "cephfs",
        "CephFS (a CephFS mount on the host that shares a pod's lifetime)",
        &[
            ("Monitors", "/monitors", List),
            ("Path", "/path", Str),
            ("User", "/user", Str),
            ("SecretFile", "/secretFile", Str),
            SECRET,
            RO,
        ],
    ),
    (
        "storageos",
        "StorageOS (a StorageOS Persistent Disk resource)",
        &[("VolumeName", "/volumeName", Str), ("VolumeNamespace", "/volumeNamespace", Str), FS, RO],
    ),
    ("fc", "FC (a Fibre Channel disk)", &[("TargetWWNs", "/targetWWNs", Str), ("LUN", "/lun", Word("<none>")), FS, RO]),
    (
        "azureFile",
        "AzureFile (an Azure File Service mount on the host and bind mount to the pod)",
        &[("SecretName", "/secretName", Str), ("ShareName", "/shareName", Str), RO],
    ),
    (
        "flexVolume",
        "FlexVolume (a generic volume resource that is provisioned/attached using an exec based plugin)",
        &[("Driver", "/driver", Str), FS, SECRET, RO, ("Options", "/options", Word("map[]"))],
    ),
    (
        "flocker",
        "Flocker (a Flocker volume mounted by the Flocker agent)",
        &[("DatasetName", "/datasetName", Str), ("DatasetUUID", "/datasetUUID", Str)],
    ),
    ("csi", "CSI (a Container Storage Interface (CSI) volume source)", &[("Driver", "/driver", Str), FS, RO]),
    (
        "image",
        "Image (a container image or OCI artifact)",
        &[("Reference", "/reference", Str), ("PullPolicy", "/pullPolicy", Str)],
    ),
];

/// What a persistent volume's source shows besides: after which line of which source.
const PERSISTENT: &[(&str, &str, Line)] = &[
    ("glusterfs", "EndpointsName", ("EndpointsNamespace", "/endpointsNamespace", Word("<unset>"))),
    ("scaleIO", "VolumeName", ("SecretName", "/secretRef/name", Str)),
    ("scaleIO", "VolumeName", ("SecretNamespace", "/secretRef/namespace", Str)),
    ("azureFile", "SecretName", ("SecretNamespace", "/secretNamespace", Str)),
    ("csi", "FSType", ("VolumeHandle", "/volumeHandle", Str)),
];

/// Writes the source that a volume has, or that a persistent volume's spec has; `false` when it has none that is known.
pub fn source(of: &Value, persistent: bool, out: &mut Text) -> bool {
    let Some(((field, what, lines), source)) = SOURCES.iter().find_map(|row| Some((row, of.field(row.0)?))) else {
        return false;
    };
    out.field(2, "Type", what);
    for line in *lines {
        write_line(line, source, persistent, out);
        let more = PERSISTENT.iter().filter(|(of, after, _)| persistent && of == field && *after == line.0);
        more.for_each(|(_, _, line)| write_line(line, source, persistent, out));
    }
    match *field {
        "csi" => attributes(source, out),
        "downwardAPI" => items(source, out),
        _ => {}
    }
    true
}

fn write_line((title, pointer, zero): &Line, source: &Value, persistent: bool, out: &mut Text) {
    let value = shown(source.pointer(pointer).filter(|v| !v.is_null()), *zero, persistent);
    match title.strip_suffix('\u{0}') {
        Some(bare) => out.line(2, format_args!("{bare}\t{value}")),
        None => out.field(2, title, value),
    }
}

fn shown(value: Option<&Value>, zero: Zero, persistent: bool) -> String {
    match (value, zero) {
        (Some(value), Pointer) if persistent => {
            format!("&SecretReference{{Name:{},Namespace:{},}}", value.text("name"), value.text("namespace"))
        }
        (Some(value), Pointer) => format!("&LocalObjectReference{{Name:{},}}", value.text("name")),
        (Some(Value::Array(items)), Str) => items.iter().filter_map(Value::as_str).collect::<Vec<_>>().join(", "),
        (value, Amount) => match value.and_then(|v| Quantity::from_value(v).ok()) {
            Some(amount) if amount > Quantity::ZERO => amount.to_string(),
            _ => "<unset>".to_owned(),
        },
        (Some(value), _) => go_value::display(value),
        (None, Str) => String::new(),
        (None, Number) => "0".to_owned(),
        (None, Flag) => "false".to_owned(),
        (None, List) => "[]".to_owned(),
        (None, Pointer) => "nil".to_owned(),
        (None, Word(word)) => word.to_owned(),
    }
}

fn attributes(source: &Value, out: &mut Text) {
    out.put(2, "VolumeAttributes:\t");
    let mut all: Vec<String> = source
        .section("volumeAttributes")
        .into_iter()
        .flatten()
        .map(|(k, v)| format!("{k}={}", v.as_str().unwrap_or_default()))
        .collect();
    all.sort();
    if all.is_empty() {
        out.line(0, "<none>");
    }
    for (i, line) in all.iter().enumerate() {
        // As kubectl: every part of a line is indented anew.
        let lead = if i == 0 { "" } else { "        \t" };
        out.line(0, format_args!("{lead}    {}", shorten(line, LONGEST)));
    }
}

fn items(source: &Value, out: &mut Text) {
    out.line(2, "Items:");
    for item in source.items("items") {
        let from = item.field("fieldRef").map(|f| f.text("fieldPath"));
        let from = from.or_else(|| item.field("resourceFieldRef").map(|r| r.text("resource")));
        out.line(3, format_args!("{} -> {}", from.unwrap_or_default(), item.text("path")));
    }
}
