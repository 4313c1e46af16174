//! Block devices of a container.

use std::collections::BTreeSet;

use serde_json::Value;

use super::super::fields::Fields;
use super::Context;
use super::mounts::has_backsteps;
use crate::apimachinery::field::{Errors, Path};

pub(super) fn validate_devices(container: &Value, context: &Context<'_>, path: &Path, errors: &mut Errors) {
    let mounts = container.items("volumeMounts");
    let (mut names, mut paths) = (BTreeSet::new(), BTreeSet::new());
    for (i, device) in container.items("volumeDevices").iter().enumerate() {
        let (name_path, device_path) = (path.index(i).child("name"), path.index(i).child("devicePath"));
        let (name, target) = (device.text("name"), device.text("devicePath"));
        if name.is_empty() {
            errors.required(&name_path, "");
        } else if !names.insert(name) {
            errors.invalid(&name_path, name, "must be unique");
        }
        match context.volumes.get(name) {
            Some(v) if v.field("persistentVolumeClaim").is_some() || v.field("ephemeral").is_some() => {}
            Some(_) => {
                let detail = "can only use volume source type of PersistentVolumeClaim or Ephemeral for block mode";
                errors.invalid(&name_path, name, detail);
            }
            None => errors.not_found(&name_path, name),
        }
        if target.is_empty() {
            errors.required(&device_path, "");
        }
        if paths.contains(target) {
            errors.invalid(&device_path, target, "must be unique");
        }
        if has_backsteps(target) {
            errors.invalid(&device_path, target, "can not contain backsteps ('..')");
        } else {
            paths.insert(target);
        }
        if mounts.iter().any(|m| m.text("name") == name) {
            errors.invalid(&name_path, name, "must not already exist in volumeMounts");
        }
        if mounts.iter().any(|m| m.text("mountPath") == target) {
            errors.invalid(&device_path, target, "must not already exist as a path in volumeMounts");
        }
    }
}
