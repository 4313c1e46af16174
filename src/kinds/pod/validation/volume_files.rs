//! Volumes that are files made from objects: secrets, config maps, the downward API, projections of these.

use std::collections::BTreeSet;

use serde_json::Value;

use super::super::fields::Fields;
use super::mounts::validate_local_non_reserved_path;
use super::{downward, required};
use crate::apimachinery::field::{Errors, Path};
use crate::apimachinery::names::{name_is_dns_subdomain, validate_label_selector};
use crate::kinds::internal;

fn validate_mode(parent: &Value, key: &str, path: &Path, errors: &mut Errors) {
    if let Some(mode) = parent.int(key).filter(|mode| !(0..=0o777).contains(mode)) {
        errors.invalid(&path.child(key), mode, "must be a number between 0 and 0777 (octal), both inclusive");
    }
}

/// A volume made from a secret or a config map.
pub(super) fn validate_files(source: &Value, kind: &str, path: &Path, errors: &mut Errors) {
    required(errors, path, source, if kind == "secret" { "secretName" } else { "name" });
    validate_mode(source, "defaultMode", path, errors);
    for (i, item) in source.items("items").iter().enumerate() {
        validate_item(item, &path.child("items").index(i), errors);
    }
}

/// A key and where its value goes.
fn validate_item(item: &Value, path: &Path, errors: &mut Errors) {
    required(errors, path, item, "key");
    required(errors, path, item, "path");
    validate_local_non_reserved_path(item.text("path"), &path.child("path"), errors);
    validate_mode(item, "mode", path, errors);
}

/// A volume made from the pod's own fields. Its items are reported at the volume, as upstream does.
pub(super) fn validate_downward(source: &Value, path: &Path, errors: &mut Errors) {
    validate_mode(source, "defaultMode", path, errors);
    for file in source.items("items") {
        validate_downward_file(file, path, errors);
    }
}

fn validate_downward_file(file: &Value, path: &Path, errors: &mut Errors) {
    required(errors, path, file, "path");
    validate_local_non_reserved_path(file.text("path"), &path.child("path"), errors);
    match (file.field("fieldRef"), file.field("resourceFieldRef")) {
        (Some(reference), other) => {
            downward::validate_field(reference, downward::FILE_FIELDS, &path.child("fieldRef"), errors);
            if other.is_some() {
                let detail = "fieldRef and resourceFieldRef can not be specified simultaneously";
                errors.invalid(path, "resource", detail);
            }
        }
        (None, Some(reference)) => {
            downward::validate_resource(reference, true, &path.child("resourceFieldRef"), errors);
        }
        (None, None) => errors.required(path, "one of fieldRef and resourceFieldRef is required"),
    }
    validate_mode(file, "mode", path, errors);
}

/// A volume that projects several sources.
pub(super) fn validate_projected(volume: &Value, path: &Path, errors: &mut Errors) {
    validate_mode(volume, "defaultMode", path, errors);
    let mut taken = BTreeSet::new();
    for (i, source) in volume.items("sources").iter().enumerate() {
        let source_path = path.child("sources").index(i);
        for kind in ["secret", "configMap"] {
            if let Some(files) = source.field(kind) {
                validate_projected_files(files, &source_path.child(kind), path, &mut taken, errors);
            }
        }
        for file in source.field("downwardAPI").map_or(&[][..], |d| d.items("items")) {
            validate_downward_file(file, &source_path.child("downwardAPI"), errors);
            take(&mut taken, file.text("path"), file.text("path"), path, errors);
        }
        if let Some(token) = source.field("serviceAccountToken") {
            validate_token(token, &source_path.child("serviceAccountToken"), path, errors);
        }
        if let Some(bundle) = source.field("clusterTrustBundle") {
            validate_bundle(bundle, &source_path.child("clusterTrustBundle"), errors);
            take(&mut taken, bundle.text("path"), bundle.text("path"), path, errors);
        }
        let kinds =
            ["secret", "configMap", "downwardAPI", "serviceAccountToken", "clusterTrustBundle", "podCertificate"];
        if kinds.iter().filter(|kind| source.field(kind).is_some()).count() > 1 {
            errors.forbidden(&source_path, "may not specify more than 1 volume type per source");
        }
    }
}

/// Two files cannot have one path.
fn take<'s>(taken: &mut BTreeSet<&'s str>, file: &'s str, shown: &str, path: &Path, errors: &mut Errors) {
    if !file.is_empty() && !taken.insert(file) {
        errors.invalid(path, shown, "conflicting duplicate paths");
    }
}

fn validate_projected_files<'s>(
    files: &'s Value,
    path: &Path,
    volume: &Path,
    taken: &mut BTreeSet<&'s str>,
    errors: &mut Errors,
) {
    required(errors, path, files, "name");
    for (i, item) in files.items("items").iter().enumerate() {
        validate_item(item, &path.child("items").index(i), errors);
        take(taken, item.text("path"), files.text("name"), volume, errors);
    }
}

fn validate_token(token: &Value, path: &Path, volume: &Path, errors: &mut Errors) {
    let seconds = token.int("expirationSeconds").unwrap_or(0);
    let seconds_path = path.child("expirationSeconds");
    if seconds < 600 {
        errors.invalid(&seconds_path, seconds, "may not specify a duration less than 10 minutes");
    }
    if seconds > 1 << 32 {
        errors.invalid(&seconds_path, seconds, "may not specify a duration larger than 2^32 seconds");
    }
    // Reported at the volume, as upstream does.
    required(errors, volume, token, "path");
    validate_local_non_reserved_path(token.text("path"), &volume.child("path"), errors);
}

fn validate_bundle(bundle: &Value, path: &Path, errors: &mut Errors) {
    match (bundle.field("name").is_some(), bundle.field("signerName").is_some()) {
        (true, true) => errors.invalid_shown(
            path,
            &internal::shown(bundle, internal::TRUST_BUNDLE),
            "only one of name and signerName may be used",
        ),
        (true, false) => {
            let name = bundle.text("name");
            if name.is_empty() {
                errors.required(&path.child("name"), "must be a valid object name");
            }
            for problem in name_is_dns_subdomain(name.rsplit(':').next().unwrap_or_default(), false) {
                errors.invalid(&path.child("name"), name, &format!("not a valid clustertrustbundlename: {problem}"));
            }
            if let Some(selector) = bundle.field("labelSelector") {
                let detail = "labelSelector must be unset if name is specified";
                errors.invalid(&path.child("labelSelector"), selector.clone(), detail);
            }
        }
        (false, true) => {
            let selector = bundle.field("labelSelector");
            errors.append(validate_label_selector(selector, &path.child("labelSelector")));
        }
        (false, false) => errors.required(path, "either name or signerName must be specified"),
    }
    required(errors, path, bundle, "path");
    validate_local_non_reserved_path(bundle.text("path"), &path.child("path"), errors);
}
