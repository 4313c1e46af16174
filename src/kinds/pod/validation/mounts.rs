//! Where a container sees its volumes, and paths in general.

use std::collections::BTreeSet;

use serde_json::Value;

use super::super::fields::Fields;
use super::{Context, choice};
use crate::apimachinery::field::{Errors, Path};

pub(super) fn validate_mounts(container: &Value, context: &Context<'_>, path: &Path, errors: &mut Errors) {
    let devices = container.items("volumeDevices");
    let mut seen = BTreeSet::new();
    for (i, mount) in container.items("volumeMounts").iter().enumerate() {
        let (list, path) = (path, path.index(i));
        let (name, target) = (mount.text("name"), mount.text("mountPath"));
        if name.is_empty() {
            errors.required(&path.child("name"), "");
        }
        if !context.volumes.contains_key(name) {
            errors.not_found(&path.child("name"), name);
        }
        if target.is_empty() {
            errors.required(&path.child("mountPath"), "");
        }
        if !seen.insert(target) {
            errors.invalid(&path.child("mountPath"), target, "must be unique");
        }
        if devices.iter().any(|d| d.text("name") == name) {
            errors.invalid(&path.child("name"), name, "must not already exist in volumeDevices");
        }
        if devices.iter().any(|d| d.text("devicePath") == target) {
            errors.invalid(&path.child("mountPath"), target, "must not already exist as a path in volumeDevices");
        }
        validate_sub_paths(mount, list, &path, errors);
        validate_propagation(mount, container, list, errors);
        validate_recursive_read_only(mount, &list.child("recursiveReadOnly"), errors);
    }
}

/// What is wrong with the paths themselves is reported at the list, not at its element, as upstream does.
fn validate_sub_paths(mount: &Value, list: &Path, path: &Path, errors: &mut Errors) {
    let (plain, expression) = (mount.text("subPath"), mount.text("subPathExpr"));
    if !plain.is_empty() {
        validate_local_descending_path(plain, &list.child("subPath"), errors);
    }
    if !expression.is_empty() {
        if !plain.is_empty() {
            let detail = "subPathExpr and subPath are mutually exclusive";
            errors.invalid(&path.child("subPathExpr"), expression, detail);
        }
        validate_local_descending_path(expression, &list.child("subPathExpr"), errors);
    }
}

fn validate_propagation(mount: &Value, container: &Value, list: &Path, errors: &mut Errors) {
    if mount.field("mountPropagation").is_none() {
        return;
    }
    let path = list.child("mountPropagation");
    let mode = mount.text("mountPropagation");
    choice(errors, &path, mode, &["Bidirectional", "HostToContainer", "None"], None);
    let privileged = container.field("securityContext").and_then(|s| s.flag("privileged")) == Some(true);
    if mode == "Bidirectional" && !privileged {
        errors.forbidden(&path, "Bidirectional mount propagation is available only to privileged containers");
    }
}

fn validate_recursive_read_only(mount: &Value, path: &Path, errors: &mut Errors) {
    if mount.field("recursiveReadOnly").is_none() {
        return;
    }
    match mount.text("recursiveReadOnly") {
        "Disabled" => {}
        "Enabled" | "IfPossible" => {
            if mount.flag("readOnly") != Some(true) {
                errors.forbidden(path, "may only be specified when readOnly is true");
            }
            if !matches!(mount.text("mountPropagation"), "" | "None") {
                errors.forbidden(path, "may only be specified when mountPropagation is None or not specified");
            }
        }
        other => errors.not_supported(path, other, &["Disabled", "Enabled", "IfPossible"]),
    }
}

/// A relative path without `..`.
pub(super) fn validate_local_descending_path(target: &str, path: &Path, errors: &mut Errors) {
    if target.starts_with('/') {
        errors.invalid(path, target, "must be a relative path");
    }
    validate_no_backsteps(target, path, errors);
}

/// A path without `..`.
pub(super) fn validate_no_backsteps(target: &str, path: &Path, errors: &mut Errors) {
    if has_backsteps(target) {
        errors.invalid(path, target, "must not contain '..'");
    }
}

pub(super) fn has_backsteps(target: &str) -> bool {
    target.split('/').any(|part| part == "..")
}

/// A relative path that neither contains `..` nor starts with two dots.
pub(super) fn validate_local_non_reserved_path(target: &str, path: &Path, errors: &mut Errors) {
    validate_local_descending_path(target, path, errors);
    // Two dots alone are told of twice, as upstream does.
    if target.starts_with("..") && !target.starts_with("../") {
        errors.invalid(path, target, "must not start with '..'");
    }
}
