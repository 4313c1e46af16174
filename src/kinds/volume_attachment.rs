//! VolumeAttachment: that a volume is to be attached to a node. Stored, not acted on.

use super::{Kind, Names};
use crate::apimachinery::field::{Errors, Path};
use crate::apimachinery::names;
use crate::apimachinery::object::Object;
use crate::apimachinery::status::Status;
use crate::apimachinery::table::{Column, column};
use crate::apimachinery::time::{self, Time};
use crate::cluster::Cluster;
use serde_json::{Value, json};

/// The kind.
pub struct VolumeAttachment;

const ONE_SOURCE: &str = "must specify exactly one of inlineVolumeSpec and persistentVolumeName";

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
        let volume = object.at("/spec/source/persistentVolumeName");
        let source = spec.child("source");
        match (volume, object.at("/spec/source/inlineVolumeSpec")) {
            (None, None) => errors.required(&source, ONE_SOURCE),
            (Some(_), Some(_)) => errors.forbidden(&source, ONE_SOURCE),
            (Some(name), None) if name == "" => {
                errors.required(&source.child("persistentVolumeName"), "must specify non empty persistentVolumeName");
            }
            _ => {}
        }
        let node = object.str_at("/spec/nodeName");
        for problem in names::name_is_dns_subdomain(node, false) {
            errors.invalid(&spec.child("nodeName"), node, &problem);
        }
        // What version v1 asks for beyond its predecessors comes last.
        super::csi_driver::validate_name(attacher, &spec.child("attacher"), &mut errors);
        if let Some(volume) = volume.and_then(Value::as_str) {
            for problem in names::name_is_dns_subdomain(volume, false) {
                errors.invalid(&source.child("persistentVolumeName"), volume, &problem);
            }
        }
        errors
    }

    /// The attach controller makes it.
    fn export(&self, _object: &mut Object, _cluster: &Cluster) -> Result<bool, Status> {
        Ok(false)
    }
}
