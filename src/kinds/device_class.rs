//! DeviceClass: devices that claims can ask for. Stored, not allocated.

use super::{Kind, Names, device_claim, zeros};
use crate::apimachinery::field::{Errors, Path};
use crate::apimachinery::object::Object;
use crate::apimachinery::table::{Column, column};
use crate::apimachinery::time::{self, Time};

/// The kind.
pub struct DeviceClass;

static NAMES: Names = Names {
    group: "resource.k8s.io",
    api_version: "resource.k8s.io/v1",
    resource: "deviceclasses.resource.k8s.io",
    namespaced: false,
    ..Names::core("DeviceClass", "deviceclasses", "deviceclass", &[])
};
static COLUMNS: [Column; 2] = [column("Name"), column("Age")];

impl Kind for DeviceClass {
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
        zeros::write(object, &[("/spec", serde_json::json!({}))]);
    }

    fn validate(&self, object: &Object) -> Errors {
        let mut errors = Errors::default();
        let path = Path::new("spec.selectors");
        device_claim::validate_selectors(object.list_at("/spec/selectors"), &path, &mut errors);
        errors
    }

    fn has_generation(&self) -> bool {
        true
    }
}
