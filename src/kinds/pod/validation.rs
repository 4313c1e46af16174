//! Validation of pods and of the templates of workloads: core's ValidatePodSpec and friends, in their order and words.
//!
//! Knows no cluster: whether what a pod refers to exists is asked later, by admission, the scheduler and the kubelet.

mod annotations;
mod containers;
mod devices;
mod downward;
mod env;
mod handlers;
mod mounts;
mod network;
mod node_affinity;
mod pod_affinity;
mod resources;
mod restart;
mod scheduling;
mod security;
mod spread;
mod stop_signal;
mod volume_files;
mod volume_sources;
mod volumes;
mod windows;

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value};

use super::fields::Fields;
use super::spec_path;
use crate::apimachinery::field::{Errors, Path};
use crate::apimachinery::names::{
    Problems, is_dns1123_label, name_is_dns_subdomain, range_message, validate_annotations, validate_labels,
};
use crate::apimachinery::object::Object;

pub(super) use annotations::{APP_ARMOR, validate_update as validate_annotations_update};
pub use scheduling::validate_tolerations;

/// What the parts of a spec have to know of the whole.
struct Context<'s> {
    spec: &'s Map<String, Value>,
    /// The pod's name, unless the spec is of a template.
    pod: Option<&'s str>,
    /// The volumes that are valid.
    volumes: BTreeMap<&'s str, &'s Value>,
    /// The names in `resourceClaims`.
    claims: BTreeSet<&'s str>,
}

/// Validates a new pod; its metadata is validated elsewhere, for all kinds alike.
pub(super) fn validate_new(pod: &Object) -> Errors {
    let path = spec_path();
    let mut errors = validate_pod(pod);
    let empty = Map::new();
    let spec = pod.map_at("/spec").unwrap_or(&empty);
    if !spec.items("ephemeralContainers").is_empty() {
        errors.forbidden(&path.child("ephemeralContainers"), "cannot be set on create");
    }
    if !spec.text("nodeName").is_empty() && !spec.items("schedulingGates").is_empty() {
        errors.forbidden(&path.child("nodeName"), "cannot be set until all schedulingGates have been cleared");
    }
    annotations::validate_match(pod.map_at("/metadata/annotations"), spec, &path, &mut errors);
    errors
}

/// What holds for a pod when it is made and when it is changed.
pub(super) fn validate_pod(pod: &Object) -> Errors {
    let path = spec_path();
    let empty = Map::new();
    let spec = pod.map_at("/spec").unwrap_or(&empty);
    let mut errors = validate_annotations_of(pod);
    errors.append(validate_spec(spec, &path, Some(pod.name())));
    if spec.text("serviceAccountName").is_empty() {
        forbid_tokens(spec, &path.child("volumes"), &mut errors);
    }
    for list in ["containers", "initContainers"] {
        for (i, container) in spec.items(list).iter().enumerate() {
            check_image_whitespace(container, &path.child(list).index(i), &mut errors);
        }
    }
    errors
}

/// What a pod's annotations say; an update looks at it twice.
pub(super) fn validate_annotations_of(pod: &Object) -> Errors {
    let (mut errors, empty) = (Errors::default(), Map::new());
    let spec = pod.map_at("/spec").unwrap_or(&empty);
    annotations::validate(pod.map_at("/metadata/annotations"), spec, &Path::new("metadata.annotations"), &mut errors);
    errors
}

fn forbid_tokens(spec: &Map<String, Value>, path: &Path, errors: &mut Errors) {
    for (i, volume) in spec.items("volumes").iter().enumerate() {
        let sources = volume.field("projected").map_or(&[][..], |p| p.items("sources"));
        for (j, source) in sources.iter().enumerate() {
            if source.field("serviceAccountToken").is_some() {
                let path = path.index(i).child("projected").child("sources").index(j).child("serviceAccountToken");
                errors.forbidden(&path, "must not be specified when serviceAccountName is not set");
            }
        }
    }
}

/// Only pods are checked: templates with such images exist.
fn check_image_whitespace(container: &Value, path: &Path, errors: &mut Errors) {
    let image = container.text("image");
    if image.trim().len() != image.len() {
        errors.invalid(&path.child("image"), image, "must not have leading or trailing whitespace");
    }
}

/// Validates a PodTemplateSpec; `path` is the template's.
pub fn validate_template(template: &Value, path: &Path) -> Errors {
    let metadata = |key: &str| template.field("metadata").and_then(|m| m.section(key));
    let annotations_path = path.child("annotations");
    let empty = Map::new();
    let spec = template.section("spec").unwrap_or(&empty);
    let mut errors = validate_labels(metadata("labels"), &path.child("labels"));
    errors.append(validate_annotations(metadata("annotations"), &annotations_path));
    annotations::validate(metadata("annotations"), spec, &annotations_path, &mut errors);
    errors.append(validate_spec(spec, &path.child("spec"), None));
    annotations::validate_match(metadata("annotations"), spec, &path.child("spec"), &mut errors);
    if !spec.items("ephemeralContainers").is_empty() {
        errors.forbidden(
            &path.child("spec").child("ephemeralContainers"),
            "ephemeral containers not allowed in pod template",
        );
    }
    errors
}

/// Validates a PodSpec; `pod` is the pod's name, or `None` for the spec of a template.
pub fn validate_spec(spec: &Map<String, Value>, path: &Path, pod: Option<&str>) -> Errors {
    let mut errors = Errors::default();
    if spec.int("terminationGracePeriodSeconds").is_none() {
        errors.required(&path.child("terminationGracePeriodSeconds"), "");
    }
    let volumes = volumes::validate_volumes(spec, pod, &path.child("volumes"), &mut errors);
    let claims = spec.items("resourceClaims").iter().map(|c| c.text("name")).filter(|n| !n.is_empty()).collect();
    let context = Context { spec, pod, volumes, claims };
    resources::validate_claims(spec, &path.child("resourceClaims"), &mut errors);
    containers::validate_all(&context, path, &mut errors);
    resources::validate_pod_resources(&context, &path.child("resources"), &mut errors);
    network::validate_host_ports(&context, path, &mut errors);
    validate_policies(spec, path, &mut errors);
    errors.append(validate_labels(spec.section("nodeSelector"), &path.child("nodeSelector")));
    security::validate_pod_context(spec, &path.child("securityContext"), &mut errors);
    scheduling::validate_affinity(spec, &path.child("affinity"), &mut errors);
    network::validate_dns_config(spec, &path.child("dnsConfig"), &mut errors);
    scheduling::validate_gates(spec, path, &mut errors);
    spread::validate(spec, &path.child("topologySpreadConstraints"), &mut errors);
    windows::validate_host_process(spec, path, &mut errors);
    security::validate_host_users(spec, path, &mut errors);
    network::validate_host_name(spec, path, &mut errors);
    validate_names(spec, path, &mut errors);
    errors
}

fn validate_policies(spec: &Map<String, Value>, path: &Path, errors: &mut Errors) {
    let policies = ["Always", "OnFailure", "Never"];
    choice(errors, &path.child("restartPolicy"), spec.text("restartPolicy"), &policies, Some(""));
    let policies = ["ClusterFirstWithHostNet", "ClusterFirst", "Default", "None"];
    choice(errors, &path.child("dnsPolicy"), spec.text("dnsPolicy"), &policies, Some(""));
}

/// What comes last: single names and numbers, tolerations and host aliases.
fn validate_names(spec: &Map<String, Value>, path: &Path, errors: &mut Errors) {
    for key in ["serviceAccountName", "nodeName"] {
        optional(errors, path, spec, key, |name| name_is_dns_subdomain(name, false));
    }
    if let Some(seconds) = spec.int("activeDeadlineSeconds") {
        let high = i64::from(i32::MAX);
        if !(1..=high).contains(&seconds) {
            errors.invalid(&path.child("activeDeadlineSeconds"), seconds, &range_message(1, high));
        }
    }
    for key in ["hostname", "subdomain"] {
        optional(errors, path, spec, key, is_dns1123_label);
    }
    errors.append(validate_tolerations(spec.items("tolerations"), &path.child("tolerations")));
    network::validate_host_aliases(spec, &path.child("hostAliases"), errors);
    optional(errors, path, spec, "priorityClassName", |name| name_is_dns_subdomain(name, false));
    if spec.field("runtimeClassName").is_some() {
        let name = spec.text("runtimeClassName");
        report(errors, &path.child("runtimeClassName"), name, name_is_dns_subdomain(name, false));
    }
    if spec.field("preemptionPolicy").is_some() {
        let policies = ["PreemptLowerPriority", "Never"];
        choice(errors, &path.child("preemptionPolicy"), spec.text("preemptionPolicy"), &policies, Some(""));
    }
    if let Some(overhead) = spec.field("overhead") {
        let requirements = Value::Object(Map::from_iter([("limits".to_owned(), overhead.clone())]));
        resources::validate_requirements(&requirements, &BTreeSet::new(), &path.child("overhead"), errors);
    }
    security::validate_os(spec, path, errors);
    env::validate_file_keys(spec, path, errors);
}

/// Validates requests and limits that are no container's.
pub fn validate_requirements(requirements: &Value, path: &Path) -> Errors {
    let mut errors = Errors::default();
    resources::validate_requirements(requirements, &BTreeSet::new(), path, &mut errors);
    errors
}

/// Reports each problem of a value.
fn report(errors: &mut Errors, path: &Path, value: &str, problems: Problems) {
    for problem in problems {
        errors.invalid(path, value, &problem);
    }
}

/// Checks a string unless it is empty.
fn optional(errors: &mut Errors, path: &Path, parent: &impl Fields, key: &str, check: impl FnOnce(&str) -> Problems) {
    let value = parent.text(key);
    if !value.is_empty() {
        report(errors, &path.child(key), value, check(value));
    }
}

/// Checks that a string is there.
fn required(errors: &mut Errors, path: &Path, parent: &impl Fields, key: &str) {
    if parent.text(key).is_empty() {
        errors.required(&path.child(key), "");
    }
}

/// Checks that a string is one of several. An empty one is required where `empty` says with what detail.
fn choice(errors: &mut Errors, path: &Path, value: &str, supported: &[&str], empty: Option<&str>) {
    match empty {
        Some(detail) if value.is_empty() => errors.required(path, detail),
        _ if supported.contains(&value) => {}
        _ => errors.not_supported(path, value, supported),
    }
}

/// Checks that a number is not negative.
fn non_negative(errors: &mut Errors, path: &Path, value: i64) {
    if value < 0 {
        errors.invalid(path, value, "must be greater than or equal to 0");
    }
}

#[cfg(test)]
mod tests;

pub use resources::{is_counted, is_overcommit_allowed, validate_limit_name};
pub use volume_sources::validate as validate_volume_source;
pub use volumes::TOO_LONG_PORTAL;
