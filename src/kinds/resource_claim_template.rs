//! ResourceClaimTemplate: claims to make for pods. Stored, not acted on.

use super::{Kind, Names, device_claim};
use crate::apimachinery::field::{Errors, Path};
use crate::apimachinery::object::Object;
use crate::apimachinery::table::{Column, column};
use crate::apimachinery::time::{self, Time};
use serde_json::Value;

/// The kind.
pub struct ResourceClaimTemplate;

static NAMES: Names = Names {
    group: "resource.k8s.io",
    api_version: "resource.k8s.io/v1",
    resource: "resourceclaimtemplates.resource.k8s.io",
    ..Names::core("ResourceClaimTemplate", "resourceclaimtemplates", "resourceclaimtemplate", &[])
};
static COLUMNS: [Column; 2] = [column("Name"), column("Age")];

impl Kind for ResourceClaimTemplate {
    fn names(&self) -> &Names {
        &NAMES
    }

    fn columns(&self) -> &[Column] {
        &COLUMNS
    }

    fn cells(&self, object: &Object, now: Time) -> Vec<String> {
        vec![object.name().to_owned(), time::age(object.creation_timestamp(), now)]
    }

    fn set_defaults(&self, object: &mut Object) {
        device_claim::set_defaults(object, "/spec/spec");
    }

    fn validate(&self, object: &Object) -> Errors {
        device_claim::validate(object.at("/spec/spec").unwrap_or(&Value::Null), &Path::new("spec.spec"))
    }

    fn validate_update(&self, new: &Object, old: &Object) -> Errors {
        let mut errors = Errors::default();
        if new.at("/spec") != old.at("/spec") {
            errors.invalid(&Path::new("spec"), new.at("/spec").cloned().unwrap_or_default(), "field is immutable");
        }
        errors
    }
}
