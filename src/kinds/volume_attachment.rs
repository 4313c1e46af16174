//! VolumeAttachment: that a volume is to be attached to a node. Stored, not acted on.

use super::{Kind, Names};
use crate::apimachinery::field::{Errors, Path};
use crate::apimachinery::names;
use crate::apimachinery::object::Object;
use crate::apimachinery::status::Status;
use crate::apimachinery::table::{Column, column};
use crate::apimachinery::time::{self, Time};
use crate::cluster::Cluster;
use serde_json::json;

/// The kind.
pub struct VolumeAttachment;

static NAMES: Names = Names {
    group: "storage.k8s.io",
    api_version: "storage.k8s.io/v1",
    resource: "volumeattachments.storage.k8s.io",
    namespaced: false,
    ..Names::core("VolumeAttachment", "volumeattachments", "volumeattachment", &[])
};
static COLUMNS: [Column; 6] =
    [column("Name"), column("Attacher"), column("PV"), column("Node"), column("Attached"), column("Age")];

impl Kind for VolumeAttachment {
    fn names(&self) -> &Names {
        &NAMES
    }

    fn columns(&self) -> &[Column] {
        &COLUMNS
    }

    fn cells(&self, object: &Object, now: Time) -> Vec<String> {
        let volume = object.str_at("/spec/source/persistentVolumeName").to_owned();
        let attached = object.bool_at("/status/attached").unwrap_or(false).to_string();
        vec![
            object.name().to_owned(),
            object.str_at("/spec/attacher").to_owned(),
            volume,
            object.str_at("/spec/nodeName").to_owned(),
            attached,
            time::age(object.creation_timestamp(), now),
        ]
    }

    fn prepare_for_create(&self, object: &mut Object) {
        object.set("/status", json!({"attached": false}));
    }

    fn validate(&self, object: &Object) -> Errors {
        let mut errors = Errors::default();
        let spec = Path::new("spec");
        let attacher = object.str_at("/spec/attacher");
        if attacher.is_empty() {
            errors.required(&spec.child("attacher"), "");
        }
        for problem in names::is_qualified_name(&attacher.to_lowercase()).into_iter().filter(|_| !attacher.is_empty()) {
            errors.invalid(&spec.child("attacher"), attacher, &problem);
        }
        let volume = object.str_at("/spec/source/persistentVolumeName");
        let inline = object.at("/spec/source/inlineVolumeSpec").is_some();
        match (volume.is_empty(), inline) {
            (true, false) => errors.required(
                &spec.child("source"),
                "must specify exactly one of inlineVolumeSpec and persistentVolumeName",
            ),
            (false, true) => errors.invalid(
                &spec.child("source"),
                volume,
                "must specify exactly one of inlineVolumeSpec and persistentVolumeName",
            ),
            _ => {}
        }
        let node = object.str_at("/spec/nodeName");
        for problem in names::name_is_dns_subdomain(node, false) {
            errors.invalid(&spec.child("nodeName"), node, &problem);
        }
        errors
    }

    /// The attach controller makes it.
    fn export(&self, _object: &mut Object, _cluster: &Cluster) -> Result<bool, Status> {
        Ok(false)
    }
}
