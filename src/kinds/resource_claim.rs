//! ResourceClaim: devices that a pod asks for. Stored, not allocated.

use super::{Kind, Names, device_claim};
use crate::apimachinery::field::{Errors, Path};
use crate::apimachinery::object::Object;
use crate::apimachinery::table::{Column, column};
use crate::apimachinery::time::{self, Time};
use serde_json::{Value, json};

/// The kind.
pub struct ResourceClaim;

static NAMES: Names = Names {
    group: "resource.k8s.io",
    api_version: "resource.k8s.io/v1",
    resource: "resourceclaims.resource.k8s.io",
    ..Names::core("ResourceClaim", "resourceclaims", "resourceclaim", &[])
};
static COLUMNS: [Column; 3] = [column("Name"), column("State"), column("Age")];

impl Kind for ResourceClaim {
    fn names(&self) -> &Names {
        &NAMES
    }

    fn columns(&self) -> &[Column] {
        &COLUMNS
    }

    fn cells(&self, object: &Object, now: Time) -> Vec<String> {
        let state =
            match (object.deletion_timestamp(), object.at("/status/allocation"), object.list_at("/status/reservedFor"))
            {
                (Some(_), ..) => "deleted",
                (_, None, _) => "pending",
                (.., []) => "allocated",
                _ => "allocated,reserved",
            };
        vec![object.name().to_owned(), state.to_owned(), time::age(object.creation_timestamp(), now)]
    }

    fn prepare_for_create(&self, object: &mut Object) {
        object.set("/status", json!({}));
    }

    fn set_defaults(&self, object: &mut Object) {
        device_claim::set_defaults(object, "/spec");
    }

    fn validate(&self, object: &Object) -> Errors {
        device_claim::validate(object.at("/spec").unwrap_or(&Value::Null), &Path::new("spec"))
    }

    fn validate_update(&self, new: &Object, old: &Object) -> Errors {
        let mut errors = Errors::default();
        if new.at("/spec") != old.at("/spec") {
            errors.invalid(&Path::new("spec"), new.at("/spec").cloned().unwrap_or_default(), "field is immutable");
        }
        errors
    }
}
