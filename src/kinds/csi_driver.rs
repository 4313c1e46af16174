//! CSIDriver: what a driver of volumes can do. Knows no volume.

use super::pod::Fields;
use super::{Kind, Names, zeros};
use crate::apimachinery::field::{Errors, Path};
use crate::apimachinery::names;
use crate::apimachinery::object::Object;
use crate::apimachinery::table::{Column, column};
use crate::apimachinery::time::{self, Time};
use serde_json::{Value, json};

/// The kind.
pub struct CSIDriver;

static NAMES: Names = Names {
    group: "storage.k8s.io",
    api_version: "storage.k8s.io/v1",
    resource: "csidrivers.storage.k8s.io",
    namespaced: false,
    ..Names::core("CSIDriver", "csidrivers", "csidriver", &[])
};
static COLUMNS: [Column; 8] = [
    column("Name"),
    column("AttachRequired"),
    column("PodInfoOnMount"),
    column("StorageCapacity"),
    column("TokenRequests"),
    column("RequiresRepublish"),
    column("Modes"),
    column("Age"),
];

impl Kind for CSIDriver {
    fn names(&self) -> &Names {
        &NAMES
    }

    fn columns(&self) -> &[Column] {
        &COLUMNS
    }

    fn cells(&self, object: &Object, now: Time) -> Vec<String> {
        let flag = |field: &str| object.bool_at(&format!("/spec/{field}")).unwrap_or(false).to_string();
        let texts = |values: Vec<&str>| if values.is_empty() { "<unset>".to_owned() } else { values.join(",") };
        let tokens = object.list_at("/spec/tokenRequests").iter().map(|t| t.text("audience")).collect();
        let modes = object.list_at("/spec/volumeLifecycleModes").iter().filter_map(Value::as_str).collect();
        vec![
            object.name().to_owned(),
            flag("attachRequired"),
            flag("podInfoOnMount"),
            flag("storageCapacity"),
            texts(tokens),
            flag("requiresRepublish"),
            texts(modes),
            time::age(object.creation_timestamp(), now),
        ]
    }

    fn set_defaults(&self, object: &mut Object) {
        object.set_default("/spec/attachRequired", true);
        for field in ["podInfoOnMount", "storageCapacity", "requiresRepublish", "seLinuxMount"] {
            object.set_default(&format!("/spec/{field}"), false);
        }
        object.set_default("/spec/fsGroupPolicy", "ReadWriteOnceWithFSType");
        if object.list_at("/spec/volumeLifecycleModes").is_empty() {
            object.set("/spec/volumeLifecycleModes", json!(["Persistent"]));
        }
        zeros::omit(object, &["/spec/tokenRequests"]);
    }

    fn validate(&self, object: &Object) -> Errors {
        let mut errors = Errors::default();
        validate_name(object.name(), &Path::new("metadata.name"), &mut errors);
        let spec = Path::new("spec");
        let policies = ["ReadWriteOnceWithFSType", "File", "None"];
        if !policies.contains(&object.str_at("/spec/fsGroupPolicy")) {
            errors.not_supported(&spec.child("fsGroupPolicy"), object.str_at("/spec/fsGroupPolicy"), &policies);
        }
        if let Some(seconds) = object.i64_at("/spec/nodeAllocatableUpdatePeriodSeconds").filter(|s| *s < 10) {
            let path = spec.child("nodeAllocatableUpdatePeriodSeconds");
            errors.invalid(&path, seconds, "must be greater than or equal to 10 seconds");
        }
        validate_tokens(object.list_at("/spec/tokenRequests"), &spec.child("tokenRequests"), &mut errors);
        if let Some(used) = object.bool_at("/spec/serviceAccountTokenInSecrets").filter(|_| !has_tokens(object)) {
            let why = "serviceAccountTokenInSecrets is set but no tokenRequests are specified";
            errors.invalid(&spec.child("serviceAccountTokenInSecrets"), used, why);
        }
        for mode in object.list_at("/spec/volumeLifecycleModes").iter().filter_map(Value::as_str) {
            if !matches!(mode, "Persistent" | "Ephemeral") {
                let path = spec.child("volumeLifecycleModes");
                errors.not_supported(&path, mode, &["Ephemeral", "Persistent"]);
            }
        }
        errors
    }

    fn validate_update(&self, new: &Object, old: &Object) -> Errors {
        let mut errors = self.validate(new);
        for field in ["attachRequired", "volumeLifecycleModes"] {
            let pointer = format!("/spec/{field}");
            if new.at(&pointer) != old.at(&pointer) {
                let value = new.at(&pointer).cloned().unwrap_or_default();
                errors.invalid(&Path::new("spec").child(field), value, "field is immutable");
            }
        }
        errors
    }

    fn warnings(&self, new: &Object, old: Option<&Object>) -> Vec<String> {
        let is_same = old.is_some_and(|old| old.at("/spec/tokenRequests") == new.at("/spec/tokenRequests"));
        if is_same || !has_tokens(new) || new.at("/spec/serviceAccountTokenInSecrets").is_some() {
            return Vec::new();
        }
        let why =
            "if supported by this CSI driver, set to true to prevent possible logging of tokens in volume attributes";
        vec![format!("spec.serviceAccountTokenInSecrets is unset; {why}")]
    }

    fn has_generation(&self) -> bool {
        true
    }
}

fn has_tokens(driver: &Object) -> bool {
    !driver.list_at("/spec/tokenRequests").is_empty()
}

/// Checks the name of a driver, wherever it is given.
pub fn validate_name(name: &str, path: &Path, errors: &mut Errors) {
    if name.is_empty() {
        errors.required(path, "");
    }
    if name.len() > 63 {
        errors.too_long(path, 63);
    }
    for problem in names::is_dns1123_subdomain(&name.to_lowercase()) {
        errors.invalid(path, name, &problem);
    }
}

fn validate_tokens(tokens: &[Value], path: &Path, errors: &mut Errors) {
    const SHORTEST: i64 = 10 * 60;
    const LONGEST: i64 = 1 << 32;
    for (i, token) in tokens.iter().enumerate() {
        let path = path.index(i);
        if tokens[..i].iter().any(|t| t.text("audience") == token.text("audience")) {
            errors.duplicate(&path.child("audience"), token.text("audience"));
            continue;
        }
        let Some(seconds) = token.int("expirationSeconds") else { continue };
        let path = path.child("expirationSeconds");
        if seconds < SHORTEST {
            errors.invalid(&path, seconds, "may not specify a duration less than 10 minutes");
        } else if seconds > LONGEST {
            errors.invalid(&path, seconds, "may not specify a duration larger than 2^32 seconds");
        }
    }
}
