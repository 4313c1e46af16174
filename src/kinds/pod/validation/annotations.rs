//! The annotations that mean something to pods: some came before a field did, and must not contradict it.
//!
//! As core's ValidatePodSpecificAnnotations, and the checks of ValidatePodCreate that compare annotations with fields. Go
//! goes through annotations in any order; here they go by name.

use serde_json::{Map, Value};

use super::super::defaults::CONTAINER_LISTS;
use super::super::fields::Fields;
use super::mounts::validate_local_descending_path;
use super::validate_tolerations;
use crate::apimachinery::field::{Errors, Path};

const MIRROR: &str = "kubernetes.io/config.mirror";
const TOLERATIONS: &str = "scheduler.alpha.kubernetes.io/tolerations";
const DELETION_COST: &str = "controller.kubernetes.io/pod-deletion-cost";
const SECCOMP_POD: &str = "seccomp.security.alpha.kubernetes.io/pod";
const SECCOMP: &str = "container.seccomp.security.alpha.kubernetes.io/";
/// What AppArmor's annotations begin with; the container's name follows.
pub(in super::super) const APP_ARMOR: &str = "container.apparmor.security.beta.kubernetes.io/";

/// Every container of a spec with its path, init containers first.
fn containers<'s>(spec: &'s Map<String, Value>, path: &Path) -> Vec<(&'s Value, Path)> {
    let of = |list: &'static str| spec.items(list).iter().enumerate().map(move |(i, c)| (c, list, i));
    CONTAINER_LISTS.into_iter().flat_map(of).map(|(c, list, i)| (c, path.child(list).index(i))).collect()
}

/// Checks what annotations say; `path` is that of the annotations.
pub(super) fn validate(
    annotations: Option<&Map<String, Value>>,
    spec: &Map<String, Value>,
    path: &Path,
    errors: &mut Errors,
) {
    let Some(annotations) = annotations else { return };
    let text = |key: &str| annotations.get(key).and_then(Value::as_str);
    if let Some(value) = text(MIRROR).filter(|_| spec.text("nodeName").is_empty()) {
        errors.invalid(&path.key(MIRROR), value, "must set spec.nodeName if mirror pod annotation is set");
    }
    if let Some(Value::Array(list)) = text(TOLERATIONS).and_then(|t| serde_json::from_str(t).ok()) {
        errors.append(validate_tolerations(&list, &path.child(TOLERATIONS)));
    }
    if let Some(cost) = text(DELETION_COST) {
        // Upstream allows no plus sign and no leading zero.
        let odd = cost.starts_with('+') || (cost.len() > 1 && cost.starts_with('0'));
        if odd || cost.parse::<i32>().is_err() {
            errors.invalid(&path.key(DELETION_COST), cost, "must be a 32bit integer");
        }
    }
    let with = |prefix: &'static str| annotations.iter().filter(move |(key, _)| key.starts_with(prefix));
    let pod = annotations.get_key_value(SECCOMP_POD);
    for (key, profile) in pod.into_iter().chain(with(SECCOMP)) {
        validate_seccomp(profile.as_str().unwrap_or_default(), &path.child(key), errors);
    }
    for (key, profile) in with(APP_ARMOR) {
        let (name, profile) = (&key[APP_ARMOR.len()..], profile.as_str().unwrap_or_default());
        if !containers(spec, path).iter().any(|(c, _)| c.text("name") == name) {
            errors.invalid(&path.key(key), name, "container not found");
        }
        if !matches!(profile, "" | "runtime/default" | "unconfined") && !profile.starts_with("localhost/") {
            errors.invalid(&path.key(key), profile, &format!("invalid AppArmor profile name: {profile:?}"));
        }
    }
}

fn validate_seccomp(profile: &str, path: &Path, errors: &mut Errors) {
    match profile.strip_prefix("localhost/") {
        Some(file) => validate_local_descending_path(file, path, errors),
        None if matches!(profile, "runtime/default" | "docker/default" | "unconfined") => {}
        None => errors.invalid(path, profile, "must be a valid seccomp profile"),
    }
}

/// Checks that annotations say what the fields say, where both do; `path` is the spec's.
pub(super) fn validate_match(
    annotations: Option<&Map<String, Value>>,
    spec: &Map<String, Value>,
    path: &Path,
    errors: &mut Errors,
) {
    let Some(annotations) = annotations else { return };
    let of_pod = spec.field("securityContext");
    let text = |key: &str| annotations.get(key).and_then(Value::as_str);
    if let (Some(said), Some(profile)) = (text(SECCOMP_POD), of_pod.and_then(|c| c.field("seccompProfile"))) {
        compare("seccomp", said, profile, &path.child("securityContext").child("seccompProfile"), errors);
    }
    for (container, path) in containers(spec, path) {
        let profile = container.field("securityContext").and_then(|c| c.field("seccompProfile"));
        if let (Some(said), Some(profile)) = (text(&format!("{SECCOMP}{}", container.text("name"))), profile) {
            compare("seccomp", said, profile, &path.child("securityContext").child("seccompProfile"), errors);
        }
    }
    if spec.field("os").is_some_and(|os| os.text("name") == "windows") {
        return;
    }
    let inherited = of_pod.and_then(|c| c.field("appArmorProfile"));
    for (container, path) in containers(spec, path) {
        let own = container.field("securityContext").and_then(|c| c.field("appArmorProfile"));
        if let (Some(said), Some(profile)) =
            (text(&format!("{APP_ARMOR}{}", container.text("name"))), own.or(inherited))
        {
            compare("apparmor", said, profile, &path.child("securityContext").child("appArmorProfile"), errors);
        }
    }
}

fn compare(what: &str, said: &str, profile: &Value, path: &Path, errors: &mut Errors) {
    let types_match = match profile.text("type") {
        "Unconfined" => said == "unconfined",
        "RuntimeDefault" => said == "runtime/default" || (what == "seccomp" && said == "docker/default"),
        "Localhost" => said.starts_with("localhost/"),
        _ => return,
    };
    if !types_match {
        return errors.forbidden(&path.child("type"), &format!("{what} type in annotation and field must match"));
    }
    let file = profile.field("localhostProfile").and_then(Value::as_str);
    if profile.text("type") == "Localhost" && said.strip_prefix("localhost/") != file {
        let detail = format!("{what} profile in annotation and field must match");
        errors.forbidden(&path.child("localhostProfile"), &detail);
    }
}

/// What an update may not do to annotations; `path` is theirs. What they say is checked besides, once more.
pub(in super::super) fn validate_update(
    new: Option<&Map<String, Value>>,
    old: Option<&Map<String, Value>>,
    path: &Path,
    errors: &mut Errors,
) {
    let kinds = |key: &str| match key {
        MIRROR => Some("mirror pod annotation"),
        key if key.starts_with(APP_ARMOR) => Some("AppArmor annotations"),
        _ => None,
    };
    for (key, value) in old.into_iter().flatten().filter(|(key, value)| new.and_then(|n| n.get(*key)) != Some(value)) {
        if let Some(what) = kinds(key).filter(|_| !value.is_null()) {
            errors.forbidden(&path.key(key), &format!("may not remove or update {what}"));
        }
    }
    for (key, _) in new.into_iter().flatten().filter(|(key, _)| old.is_none_or(|o| !o.contains_key(*key))) {
        if let Some(what) = kinds(key) {
            errors.forbidden(&path.key(key), &format!("may not add {what}"));
        }
    }
}
