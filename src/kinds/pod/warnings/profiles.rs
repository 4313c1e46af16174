//! Warnings of annotations that were there before the fields for seccomp and AppArmor profiles.

use serde_json::{Map, Value};

use super::containers;
use crate::apimachinery::field::Path;
use crate::kinds::pod::fields::Fields;

const SECCOMP_POD: &str = "seccomp.security.alpha.kubernetes.io/pod";
const SECCOMP: &str = "container.seccomp.security.alpha.kubernetes.io/";
const APP_ARMOR: &str = "container.apparmor.security.beta.kubernetes.io/";

fn has(of: &Map<String, Value>, field: &str) -> bool {
    of.field("securityContext").is_some_and(|s| s.field(field).is_some())
}

/// The annotation of the pod, where the pod has no seccomp profile.
pub(super) fn warn_of_pod(spec: &Map<String, Value>, annotations: &Map<String, Value>, path: &Path) -> Option<String> {
    let is_old = annotations.contains_key(SECCOMP_POD) && !has(spec, "seccompProfile");
    is_old.then(|| format!("{}: {}", path.key(SECCOMP_POD), no_function()))
}

/// The annotations of one container; AppArmor's only in a template, as a pod's are told of beforehand.
pub(super) fn warn_of_container(
    container: &Value,
    (spec, annotations): (&Map<String, Value>, &Map<String, Value>),
    path: &Path,
    is_template: bool,
    warnings: &mut Vec<String>,
) {
    let Some(fields) = container.as_object() else { return };
    let key = format!("{SECCOMP}{}", container.text("name"));
    if annotations.contains_key(&key) && !has(fields, "seccompProfile") {
        warnings.push(format!("{}: {}", path.key(&key), no_function()));
    }
    if is_template {
        warnings.extend(app_armor(container, spec, annotations, path));
    }
}

/// What is said of AppArmor's annotations on a new pod, whose containers have taken over what they say: of those that were
/// of use, and of those that nothing was made of. (A container whose own field says the same is taken for one of the first.)
pub(super) fn warn_of_app_armor(
    spec: &Map<String, Value>,
    annotations: &Map<String, Value>,
    path: &Path,
) -> Vec<String> {
    let mut warnings = Vec::new();
    for (container, _) in containers(spec, &Path::default()) {
        let key = format!("{APP_ARMOR}{}", container.text("name"));
        let Some(said) = annotations.get(&key).and_then(Value::as_str) else { continue };
        let own = container.field("securityContext").and_then(|s| s.field("appArmorProfile"));
        let is_told = match super::super::app_armor::profile(said) {
            Some(profile) => own == Some(&profile),
            None => own.is_none(),
        };
        if is_told {
            warnings.push(told(&key, path));
        }
    }
    warnings
}

fn told(key: &str, path: &Path) -> String {
    format!("{}: deprecated since v1.30; use the \"appArmorProfile\" field instead", path.key(key))
}

fn app_armor(
    container: &Value,
    spec: &Map<String, Value>,
    annotations: &Map<String, Value>,
    path: &Path,
) -> Option<String> {
    let key = format!("{APP_ARMOR}{}", container.text("name"));
    let has_field = has(spec, "appArmorProfile") || container.as_object().is_some_and(|c| has(c, "appArmorProfile"));
    let is_old = annotations.contains_key(&key) && !has_field;
    is_old.then(|| told(&key, path))
}

fn no_function() -> &'static str {
    "non-functional in v1.27+; use the \"seccompProfile\" field instead"
}
