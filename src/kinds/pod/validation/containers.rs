//! Containers, init containers and ephemeral containers.

use std::collections::BTreeSet;

use serde_json::Value;

use super::super::fields::Fields;
use super::{
    Context, check_image_whitespace, choice, devices, env, handlers, mounts, network, report, required, resources,
    restart, security,
};
use crate::apimachinery::field::{Errors, Path};
use crate::apimachinery::names::is_dns1123_label;

const NO_INIT_PROBES: &str = "may not be set for init containers without restartPolicy=Always";

/// Validates the three lists of a spec; `path` is the spec's.
pub(super) fn validate_all(context: &Context<'_>, path: &Path, errors: &mut Errors) {
    validate_containers(context, &path.child("containers"), errors);
    validate_init_containers(context, &path.child("initContainers"), errors);
    validate_ephemeral_containers(context, &path.child("ephemeralContainers"), errors);
}

fn validate_containers(context: &Context<'_>, path: &Path, errors: &mut Errors) {
    let containers = context.spec.items("containers");
    if containers.is_empty() {
        errors.required(path, "");
        return;
    }
    let mut names = BTreeSet::new();
    for (i, container) in containers.iter().enumerate() {
        let path = path.index(i);
        validate_common(container, context, &path, errors);
        if !names.insert(container.text("name")) {
            errors.duplicate(&path.child("name"), container.text("name"));
        }
        handlers::validate_handlers(container, context, &path, errors);
        restart::validate(container, &path, errors);
    }
    network::check_host_port_conflicts(containers, path, errors);
}

fn validate_init_containers(context: &Context<'_>, path: &Path, errors: &mut Errors) {
    let mut names: BTreeSet<&str> = context.spec.items("containers").iter().map(|c| c.text("name")).collect();
    for (i, container) in context.spec.items("initContainers").iter().enumerate() {
        let all = path;
        let path = path.index(i);
        validate_common(container, context, &path, errors);
        restart::validate(container, &path, errors);
        let name = container.text("name");
        if names.contains(name) {
            errors.duplicate(&path.child("name"), name);
        } else if !name.is_empty() {
            names.insert(name);
        }
        // One at a time: init containers run one by one.
        network::check_host_port_conflicts(std::slice::from_ref(container), all, errors);
        if container.text("restartPolicy") == "Always" {
            handlers::validate_handlers(container, context, &path, errors);
        } else {
            for key in ["lifecycle", "livenessProbe", "readinessProbe", "startupProbe"] {
                if container.field(key).is_some() {
                    errors.forbidden(&path.child(key), NO_INIT_PROBES);
                }
            }
        }
    }
}

/// Fields of a container that an ephemeral one may not have.
const NOT_EPHEMERAL: &[&str] = &[
    "ports",
    "resources",
    "resizePolicy",
    "restartPolicy",
    "restartPolicyRules",
    "livenessProbe",
    "readinessProbe",
    "startupProbe",
    "lifecycle",
];

fn validate_ephemeral_containers(context: &Context<'_>, path: &Path, errors: &mut Errors) {
    let others = context.spec.items("containers").iter().chain(context.spec.items("initContainers"));
    let others: BTreeSet<&str> = others.map(|c| c.text("name")).collect();
    let mut names = others.clone();
    for (i, container) in context.spec.items("ephemeralContainers").iter().enumerate() {
        let path = path.index(i);
        validate_common(container, context, &path, errors);
        check_image_whitespace(container, &path, errors);
        if !names.insert(container.text("name")) {
            errors.duplicate(&path.child("name"), container.text("name"));
        }
        let target = container.text("targetContainerName");
        if !target.is_empty() && !others.contains(target) {
            errors.not_found(&path.child("targetContainerName"), target);
        }
        for key in NOT_EPHEMERAL {
            let set = container.field(key).is_some_and(|v| v.as_object().is_none_or(|m| !m.is_empty()));
            if set {
                errors.forbidden(&path.child(key), "cannot be set for an Ephemeral Container");
            }
        }
        for (i, mount) in container.items("volumeMounts").iter().enumerate() {
            for key in ["subPath", "subPathExpr"].into_iter().filter(|key| !mount.text(key).is_empty()) {
                let path = path.child("volumeMounts").index(i).child(key);
                errors.forbidden(&path, "cannot be set for an Ephemeral Container");
            }
        }
    }
}

fn validate_common(container: &Value, context: &Context<'_>, path: &Path, errors: &mut Errors) {
    let name = container.text("name");
    if name.is_empty() {
        errors.required(&path.child("name"), "");
    } else {
        report(errors, &path.child("name"), name, is_dns1123_label(name));
    }
    required(errors, path, container, "image");
    let policy = container.text("terminationMessagePolicy");
    let policies = ["File", "FallbackToLogsOnError"];
    choice(errors, &path.child("terminationMessagePolicy"), policy, &policies, Some(""));
    network::validate_ports(container, &path.child("ports"), errors);
    env::validate_env(container, &path.child("env"), errors);
    env::validate_env_from(container, &path.child("envFrom"), errors);
    mounts::validate_mounts(container, context, &path.child("volumeMounts"), errors);
    devices::validate_devices(container, context, &path.child("volumeDevices"), errors);
    let policies = ["Always", "IfNotPresent", "Never"];
    choice(errors, &path.child("imagePullPolicy"), container.text("imagePullPolicy"), &policies, Some(""));
    if let Some(requirements) = container.field("resources") {
        resources::validate_requirements(requirements, &context.claims, &path.child("resources"), errors);
    }
    resources::validate_resize_policy(container, context.spec, &path.child("resizePolicy"), errors);
    security::validate_context(container, context.spec, &path.child("securityContext"), errors);
}
