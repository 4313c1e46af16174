//! References to a pod's own fields and to its containers' resources.

use serde_json::Value;

use super::super::fields::Fields;
use super::report;
use crate::apimachinery::field::{Errors, Path};
use crate::apimachinery::names::is_qualified_name;
use crate::apimachinery::quantity::Quantity;

/// The fields a variable may show.
pub(super) const ENV_FIELDS: &[&str] = &[
    "metadata.name",
    "metadata.namespace",
    "metadata.uid",
    "spec.nodeName",
    "spec.serviceAccountName",
    "status.hostIP",
    "status.hostIPs",
    "status.podIP",
    "status.podIPs",
];

/// The fields a file may show.
pub(super) const FILE_FIELDS: &[&str] =
    &["metadata.annotations", "metadata.labels", "metadata.name", "metadata.namespace", "metadata.uid"];

/// Fields that exist for the downward API but are not for every use of it.
const KNOWN_FIELDS: &[&str] =
    &["metadata.annotations", "metadata.labels", "spec.restartPolicy", "spec.schedulerName", "status.phase"];

const RESOURCES: &[&str] = &[
    "limits.cpu",
    "limits.ephemeral-storage",
    "limits.memory",
    "requests.cpu",
    "requests.ephemeral-storage",
    "requests.memory",
];

const SIZE_DIVISORS: &[&str] = &["1", "1k", "1M", "1G", "1T", "1P", "1E", "1Ki", "1Mi", "1Gi", "1Ti", "1Pi", "1Ei"];

/// Splits `metadata.labels['app']` into its path and its subscript.
fn split_subscript(path: &str) -> Option<(&str, &str)> {
    path.strip_suffix("']")?.split_once("['").filter(|(path, _)| !path.is_empty())
}

pub(super) fn validate_field(reference: &Value, fields: &[&str], path: &Path, errors: &mut Errors) {
    for key in ["apiVersion", "fieldPath"] {
        if reference.text(key).is_empty() {
            errors.required(&path.child(key), "");
            return;
        }
    }
    let version = reference.text("apiVersion");
    let field = reference.text("fieldPath");
    let mut unconvertible = |why: String| {
        errors.invalid(&path.child("fieldPath"), field, &format!("error converting fieldPath: {why}"));
    };
    if version != "v1" {
        return unconvertible(format!("unsupported pod version: {version}"));
    }
    match split_subscript(field) {
        Some(("metadata.annotations", key)) => {
            report(errors, path, &key.to_lowercase(), is_qualified_name(&key.to_lowercase()));
        }
        Some(("metadata.labels", key)) => report(errors, path, key, is_qualified_name(key)),
        Some(_) => unconvertible(format!("field label does not support subscript: {field}")),
        // The old name of spec.nodeName.
        None if fields.contains(&field) || (field == "spec.host" && fields == ENV_FIELDS) => {}
        None if KNOWN_FIELDS.contains(&field) || ENV_FIELDS.contains(&field) => {
            errors.not_supported(&path.child("fieldPath"), field, fields);
        }
        None => unconvertible(format!("field label not supported: {field}")),
    }
}

/// Files name the container, variables mean their own.
pub(super) fn validate_resource(reference: &Value, file: bool, path: &Path, errors: &mut Errors) {
    let resource = reference.text("resource");
    let huge = resource.starts_with("limits.hugepages-") || resource.starts_with("requests.hugepages-");
    if file && reference.text("containerName").is_empty() {
        errors.required(&path.child("containerName"), "");
    } else if resource.is_empty() {
        errors.required(&path.child("resource"), "");
    } else if !RESOURCES.contains(&resource) && !huge {
        errors.not_supported(&path.child("resource"), resource, RESOURCES);
    }
    validate_divisor(reference, huge, &path.child("divisor"), errors);
}

fn validate_divisor(reference: &Value, huge: bool, path: &Path, errors: &mut Errors) {
    let divisor = reference.field("divisor").and_then(|d| Quantity::from_value(d).ok()).unwrap_or(Quantity::ZERO);
    if divisor.is_zero() {
        return;
    }
    let resource = reference.text("resource");
    let text = divisor.to_string();
    let sizes = "only divisor's values 1, 1k, 1M, 1G, 1T, 1P, 1E, 1Ki, 1Mi, 1Gi, 1Ti, 1Pi, 1Ei are supported with the";
    let kind = match resource {
        "limits.cpu" | "requests.cpu" => {
            if !["1m", "1"].contains(&text.as_str()) {
                errors.invalid(path, resource, "only divisor's values 1m and 1 are supported with the cpu resource");
            }
            return;
        }
        "limits.memory" | "requests.memory" => "memory",
        "limits.ephemeral-storage" | "requests.ephemeral-storage" => "local ephemeral storage",
        _ if huge => "hugepages",
        _ => return,
    };
    if !SIZE_DIVISORS.contains(&text.as_str()) {
        errors.invalid(path, resource, &format!("{sizes} {kind} resource"));
    }
}
