//! Names of storage classes as claims and volumes carry them. Knows no claim and no volume.

use crate::apimachinery::field::{Errors, Path};
use crate::apimachinery::names;
use crate::apimachinery::object::Object;

/// The annotation that named a class before the field did, and still wins over it.
const BETA_CLASS: &str = "volume.beta.kubernetes.io/storage-class";
/// The access modes and the table's words for them, in the table's order.
const MODES: [(&str, &str); 4] =
    [("ReadWriteOnce", "RWO"), ("ReadOnlyMany", "ROX"), ("ReadWriteMany", "RWX"), ("ReadWriteOncePod", "RWOP")];

/// The class of a claim or a volume; empty for none.
pub fn storage_class(object: &Object) -> &str {
    object.annotation(BETA_CLASS).unwrap_or_else(|| object.str_at("/spec/storageClassName"))
}

/// Whether a claim or a volume names a class, be it the empty one.
pub fn names_class(object: &Object) -> bool {
    object.annotation(BETA_CLASS).is_some() || object.at("/spec/storageClassName").is_some_and(|c| !c.is_null())
}

/// What the server warns of when the old annotation is used.
pub fn annotation_warning(object: &Object) -> Option<String> {
    let why = "deprecated since v1.8; use \"storageClassName\" attribute instead";
    object.annotation(BETA_CLASS).map(|_| format!("metadata.annotations[{BETA_CLASS}]: {why}"))
}

/// `RWO,ROX`: the access modes at a pointer, each once.
pub fn access_modes(object: &Object, pointer: &str) -> String {
    let modes = object.list_at(pointer);
    let short: Vec<&str> = MODES.iter().filter(|(m, _)| modes.iter().any(|x| x == m)).map(|(_, s)| *s).collect();
    short.join(",")
}

/// Checks the name of a class at `path`.
pub fn validate_class_name(name: &str, path: &Path, errors: &mut Errors) {
    for problem in names::name_is_dns_subdomain(name, false) {
        errors.invalid(path, name, &problem);
    }
}

/// Checks access modes, each reported at `path` itself. That there must be one is the caller's.
pub fn validate_access_modes(modes: &[String], path: &Path, errors: &mut Errors) {
    const SUPPORTED: [&str; 4] = ["ReadOnlyMany", "ReadWriteMany", "ReadWriteOnce", "ReadWriteOncePod"];
    for mode in modes {
        if !SUPPORTED.contains(&mode.as_str()) {
            errors.not_supported(path, mode.as_str(), &SUPPORTED);
        }
    }
    let alone = |m: &String| m == "ReadWriteOncePod";
    if modes.iter().any(alone) && modes.iter().any(|m| !alone(m) && SUPPORTED.contains(&m.as_str())) {
        errors.forbidden(path, "may not use ReadWriteOncePod with other access modes");
    }
}

/// Checks a `volumeMode`.
pub fn validate_volume_mode(mode: &str, path: &Path, errors: &mut Errors) {
    const SUPPORTED: [&str; 2] = ["Block", "Filesystem"];
    if !SUPPORTED.contains(&mode) {
        errors.not_supported(path, mode, &SUPPORTED);
    }
}
