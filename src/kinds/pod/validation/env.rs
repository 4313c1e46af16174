//! Environment variables and where their values come from.

use serde_json::{Map, Value};

use super::super::fields::Fields;
use super::{downward, report};
use crate::apimachinery::field::{Errors, Path};
use crate::apimachinery::names::{is_config_map_key, is_env_var_name, name_is_dns_subdomain};

pub(super) fn validate_env(container: &Value, path: &Path, errors: &mut Errors) {
    for (i, variable) in container.items("env").iter().enumerate() {
        let path = path.index(i);
        let name = variable.text("name");
        if name.is_empty() {
            errors.required(&path.child("name"), "");
        } else {
            report(errors, &path.child("name"), name, is_env_var_name(name));
        }
        if let Some(source) = variable.field("valueFrom") {
            validate_value_from(source, variable.text("value"), &path.child("valueFrom"), errors);
        }
    }
}

fn validate_value_from(source: &Value, value: &str, path: &Path, errors: &mut Errors) {
    let mut sources = 0;
    if let Some(reference) = source.field("fieldRef") {
        sources += 1;
        downward::validate_field(reference, downward::ENV_FIELDS, &path.child("fieldRef"), errors);
    }
    if let Some(reference) = source.field("resourceFieldRef") {
        sources += 1;
        downward::validate_resource(reference, false, &path.child("resourceFieldRef"), errors);
    }
    for key in ["configMapKeyRef", "secretKeyRef"] {
        if let Some(reference) = source.field(key) {
            sources += 1;
            validate_key_selector(reference, &path.child(key), errors);
        }
    }
    sources += usize::from(source.field("fileKeyRef").is_some());
    if sources == 0 {
        let detail =
            "must specify one of: `fieldRef`, `resourceFieldRef`, `configMapKeyRef`, `secretKeyRef` or `fileKeyRef`";
        errors.invalid(path, "", detail);
    } else if !value.is_empty() {
        errors.invalid(path, "", "may not be specified when `value` is not empty");
    } else if sources > 1 {
        errors.invalid(path, "", "may not have more than one field specified at a time");
    }
}

/// A variable out of a file comes from an empty directory of the pod's, which an init container can write to.
pub(super) fn validate_file_keys(spec: &Map<String, Value>, path: &Path, errors: &mut Errors) {
    let volumes = spec.items("volumes");
    for list in ["initContainers", "containers", "ephemeralContainers"] {
        for (i, container) in spec.items(list).iter().enumerate() {
            for (j, variable) in container.items("env").iter().enumerate() {
                let Some(reference) = variable.pointer("/valueFrom/fileKeyRef") else { continue };
                let path = path.child(list).index(i).child("env").index(j);
                let (path, name) = (path.child("valueFrom.fileKeyRef.volumeName"), reference.text("volumeName"));
                match volumes.iter().find(|v| v.text("name") == name) {
                    None => errors.not_found(&path, name),
                    Some(volume) if volume.field("emptyDir").is_none() => {
                        errors.invalid(&path, name, "referenced volume must be of type emptyDir");
                    }
                    Some(_) => {}
                }
            }
        }
    }
}

fn validate_key_selector(reference: &Value, path: &Path, errors: &mut Errors) {
    let (name, key) = (reference.text("name"), reference.text("key"));
    report(errors, &path.child("name"), name, name_is_dns_subdomain(name, false));
    if key.is_empty() {
        errors.required(&path.child("key"), "");
    } else {
        report(errors, &path.child("key"), key, is_config_map_key(key));
    }
}

pub(super) fn validate_env_from(container: &Value, path: &Path, errors: &mut Errors) {
    for (i, source) in container.items("envFrom").iter().enumerate() {
        let prefix = source.text("prefix");
        if !prefix.is_empty() {
            report(errors, &path.index(i).child("prefix"), prefix, is_env_var_name(prefix));
        }
        let mut sources = 0;
        for key in ["configMapRef", "secretRef"] {
            if let Some(reference) = source.field(key) {
                sources += 1;
                validate_source_name(reference, &path.index(i).child(key).child("name"), errors);
            }
        }
        // Reported at the list, not at its element, as upstream does.
        match sources {
            0 => errors.invalid(path, "", "must specify one of: `configMapRef` or `secretRef`"),
            1 => {}
            _ => errors.invalid(path, "", "may not have more than one field specified at a time"),
        }
    }
}

fn validate_source_name(reference: &Value, path: &Path, errors: &mut Errors) {
    let name = reference.text("name");
    if name.is_empty() {
        errors.required(path, "");
    } else {
        report(errors, path, name, name_is_dns_subdomain(name, true));
    }
}
