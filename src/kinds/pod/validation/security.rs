//! Security contexts of pods and containers, and what the operating system rules out.

use std::collections::BTreeSet;

use serde_json::{Map, Value};

use super::super::fields::Fields;
use super::mounts::validate_local_descending_path;
use super::{choice, windows};
use crate::apimachinery::field::{Errors, Path};
use crate::apimachinery::names::is_in_range;
use crate::kinds::internal;

/// The largest user and group number.
const MAX_ID: i64 = 0xffff_ffff;

fn validate_id(parent: &Value, key: &str, path: &Path, errors: &mut Errors) {
    if let Some(id) = parent.int(key) {
        is_in_range(id, 0, MAX_ID).iter().for_each(|p| errors.invalid(&path.child(key), id, p));
    }
}

fn optional_choice(parent: &Value, key: &str, supported: &[&str], path: &Path, errors: &mut Errors) {
    if parent.field(key).is_some() {
        choice(errors, &path.child(key), parent.text(key), supported, None);
    }
}

/// Validates a PodSecurityContext.
pub(super) fn validate_pod_context(spec: &Map<String, Value>, path: &Path, errors: &mut Errors) {
    let Some(context) = spec.field("securityContext") else { return };
    for key in ["fsGroup", "runAsUser", "runAsGroup"] {
        validate_id(context, key, path, errors);
    }
    for (i, group) in context.items("supplementalGroups").iter().enumerate() {
        let id = group.as_i64().unwrap_or(0);
        let path = path.child("supplementalGroups").index(i);
        is_in_range(id, 0, MAX_ID).iter().for_each(|p| errors.invalid(&path, id, p));
    }
    if spec.flag("hostPID") == Some(true) && spec.flag("shareProcessNamespace") == Some(true) {
        let detail = "ShareProcessNamespace and HostPID cannot both be enabled";
        errors.invalid(&path.child("shareProcessNamespace"), true, detail);
    }
    validate_sysctls(spec, context, &path.child("sysctls"), errors);
    optional_choice(context, "fsGroupChangePolicy", &["Always", "OnRootMismatch"], path, errors);
    validate_seccomp(context, &path.child("seccompProfile"), errors);
    windows::validate_options(context, path, errors);
    validate_app_armor(context, &path.child("appArmorProfile"), errors);
    optional_choice(context, "supplementalGroupsPolicy", &["Merge", "Strict"], path, errors);
    optional_choice(context, "seLinuxChangePolicy", &["MountOption", "Recursive"], path, errors);
}

fn validate_sysctls(spec: &Map<String, Value>, context: &Value, path: &Path, errors: &mut Errors) {
    let mut names = BTreeSet::new();
    for (i, sysctl) in context.items("sysctls").iter().enumerate() {
        let name = sysctl.text("name");
        let path = path.index(i).child("name");
        if name.is_empty() {
            errors.required(&path, "");
        } else if !is_sysctl_name(name) {
            let segment = "[a-z0-9]([-_a-z0-9]*[a-z0-9])?";
            let pattern = format!("^({segment}[\\./])*{segment}$");
            errors.invalid(&path, name, &format!("must have at most 253 characters and match regex {pattern}"));
        } else if names.contains(name) {
            errors.duplicate(&path, name);
        }
        names.insert(name);
        let dotted = name.replace('/', ".");
        let ipc =
            ["kernel.shm", "kernel.msg", "fs.mqueue."].iter().any(|p| dotted.starts_with(p)) || dotted == "kernel.sem";
        if dotted.starts_with("net.") && spec.flag("hostNetwork") == Some(true) {
            errors.invalid(&path, name, "may not be specified when 'hostNetwork' is true");
        } else if ipc && spec.flag("hostIPC") == Some(true) {
            errors.invalid(&path, name, "may not be specified when 'hostIPC' is true");
        }
    }
}

fn is_sysctl_name(name: &str) -> bool {
    let edge = |b: &u8| b.is_ascii_lowercase() || b.is_ascii_digit();
    name.len() <= 253
        && name.split(['.', '/']).all(|part| {
            let bytes = part.as_bytes();
            bytes.first().is_some_and(edge)
                && bytes.last().is_some_and(edge)
                && bytes.iter().all(|b| edge(b) || matches!(b, b'-' | b'_'))
        })
}

/// Validates a container's SecurityContext.
pub(super) fn validate_context(container: &Value, spec: &Map<String, Value>, path: &Path, errors: &mut Errors) {
    let Some(context) = container.field("securityContext") else { return };
    for key in ["runAsUser", "runAsGroup"] {
        validate_id(context, key, path, errors);
    }
    optional_choice(context, "procMount", &["Default", "Unmasked"], path, errors);
    if context.text("procMount") == "Unmasked" && spec.flag("hostUsers") != Some(false) {
        errors.invalid(&path.child("procMount"), "Unmasked", "`hostUsers` must be false to use `Unmasked`");
    }
    validate_seccomp(context, &path.child("seccompProfile"), errors);
    if context.flag("allowPrivilegeEscalation") == Some(false) {
        if context.flag("privileged") == Some(true) {
            let detail = "cannot set `allowPrivilegeEscalation` to false and `privileged` to true";
            errors.invalid_shown(path, &internal::shown(context, internal::SECURITY_CONTEXT), detail);
        }
        let added = context.field("capabilities").map(|c| c.texts("add")).unwrap_or_default();
        if added.contains(&"CAP_SYS_ADMIN") {
            let detail = "cannot set `allowPrivilegeEscalation` to false and `capabilities.Add` CAP_SYS_ADMIN";
            errors.invalid_shown(path, &internal::shown(context, internal::SECURITY_CONTEXT), detail);
        }
    }
    windows::validate_options(context, path, errors);
    validate_app_armor(context, &path.child("appArmorProfile"), errors);
}

const PROFILES: [&str; 3] = ["Localhost", "RuntimeDefault", "Unconfined"];

fn validate_seccomp(context: &Value, path: &Path, errors: &mut Errors) {
    let Some(profile) = context.field("seccompProfile") else { return };
    let kind = profile.text("type");
    choice(errors, &path.child("type"), kind, &PROFILES, Some("type is required when seccompProfile is set"));
    let local = path.child("localhostProfile");
    match (kind == "Localhost", profile.field("localhostProfile").is_some()) {
        (true, true) => validate_local_descending_path(profile.text("localhostProfile"), &local, errors),
        (true, false) => errors.required(&local, "must be set when seccomp type is Localhost"),
        (false, true) => {
            let shown = internal::shown(profile, internal::SECCOMP_PROFILE);
            errors.invalid_shown(&local, &shown, "can only be set when seccomp type is Localhost");
        }
        (false, false) => {}
    }
}

fn validate_app_armor(context: &Value, path: &Path, errors: &mut Errors) {
    let Some(profile) = context.field("appArmorProfile") else { return };
    let local = path.child("localhostProfile");
    let name = profile.text("localhostProfile");
    match profile.text("type") {
        "Localhost" => {
            if name.trim() != name {
                errors.invalid(&local, name, "must not be padded with whitespace");
            } else if name.is_empty() {
                errors.required(&local, "must be set when AppArmor type is Localhost");
            }
            if name.len() > 4095 {
                errors.too_long(&local, 4095);
            }
        }
        "RuntimeDefault" | "Unconfined" => {
            if profile.field("localhostProfile").is_some() {
                errors.invalid(&local, name, "can only be set when AppArmor type is Localhost");
            }
        }
        "" => errors.required(&path.child("type"), "type is required when appArmorProfile is set"),
        other => errors.not_supported(&path.child("type"), other, &PROFILES),
    }
}

/// A pod with its own users shares no other namespace with its host.
pub(super) fn validate_host_users(spec: &Map<String, Value>, path: &Path, errors: &mut Errors) {
    if spec.flag("hostUsers") != Some(false) {
        return;
    }
    const WITH_USERS: &str = "when `hostUsers` is false";
    // The paths are upstream's, capitals and all.
    for (key, name) in [("hostNetwork", "hostNetwork"), ("hostPID", "HostPID"), ("hostIPC", "HostIPC")] {
        if spec.flag(key) == Some(true) {
            errors.forbidden(&path.child(name), WITH_USERS);
        }
    }
    for list in ["initContainers", "containers", "ephemeralContainers"] {
        for (i, container) in spec.items(list).iter().enumerate() {
            if !container.items("volumeDevices").is_empty() {
                errors.forbidden(&path.child(list).index(i).child("volumeDevices"), WITH_USERS);
            }
        }
    }
}

/// What a pod of the other operating system may not set; `path` is the spec's.
pub(super) fn validate_os(spec: &Map<String, Value>, path: &Path, errors: &mut Errors) {
    let Some(os) = spec.field("os") else { return };
    match os.text("name") {
        "" => errors.required(&path.child("os").child("name"), "cannot be empty"),
        "linux" => forbid_windows_options(spec, path, errors),
        "windows" => forbid_linux_options(spec, path, errors),
        other => errors.not_supported(&path.child("os"), other, &["linux", "windows"]),
    }
}

/// The security contexts of a spec's containers, with their paths.
fn contexts<'s>(spec: &'s Map<String, Value>, path: &Path) -> Vec<(&'s Value, Path)> {
    let mut all = Vec::new();
    for list in super::super::defaults::CONTAINER_LISTS {
        for (i, container) in spec.items(list).iter().enumerate() {
            if let Some(context) = container.field("securityContext") {
                all.push((context, path.child(list).index(i).child("securityContext")));
            }
        }
    }
    all
}

fn forbid_windows_options(spec: &Map<String, Value>, path: &Path, errors: &mut Errors) {
    let pod = spec.field("securityContext").map(|c| (c, path.child("securityContext")));
    for (context, path) in pod.into_iter().chain(contexts(spec, path)) {
        if context.field("windowsOptions").is_some() {
            errors.forbidden(&path.child("windowsOptions"), "windows options cannot be set for a linux pod");
        }
    }
}

fn forbid_linux_options(spec: &Map<String, Value>, path: &Path, errors: &mut Errors) {
    const DETAIL: &str = "cannot be set for a windows pod";
    /// In upstream's order; those of the spec itself have no dot before them.
    const POD: [&str; 15] = [
        ".appArmorProfile",
        ".seLinuxOptions",
        "hostUsers",
        "hostPID",
        "hostIPC",
        ".seccompProfile",
        ".fsGroup",
        ".fsGroupChangePolicy",
        ".sysctls",
        "shareProcessNamespace",
        ".runAsUser",
        ".runAsGroup",
        ".supplementalGroups",
        ".supplementalGroupsPolicy",
        ".seLinuxChangePolicy",
    ];
    const CONTAINER: [&str; 10] = [
        "appArmorProfile",
        "seLinuxOptions",
        "seccompProfile",
        "capabilities",
        "readOnlyRootFilesystem",
        "privileged",
        "allowPrivilegeEscalation",
        "procMount",
        "runAsUser",
        "runAsGroup",
    ];
    let context = spec.field("securityContext").unwrap_or(&Value::Null);
    for key in POD {
        let (is_set, path) = match key.strip_prefix('.') {
            Some(field) => (context.field(field).is_some(), path.child("securityContext").child(field)),
            // Only these two are more than a flag.
            None if matches!(key, "hostUsers" | "shareProcessNamespace") => {
                (spec.field(key).is_some(), path.child(key))
            }
            None => (spec.flag(key) == Some(true), path.child(key)),
        };
        if is_set && !(key == ".sysctls" && context.items("sysctls").is_empty()) {
            errors.forbidden(&path, DETAIL);
        }
    }
    for (context, path) in contexts(spec, path) {
        for key in CONTAINER.into_iter().filter(|key| context.field(key).is_some()) {
            errors.forbidden(&path.child(key), DETAIL);
        }
    }
}
