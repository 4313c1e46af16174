//! VolumeAttributesClass: what of a volume may be changed while it lives. Knows no volume.

mod describe;

use super::describe::{Text, View};
use super::{Kind, Names, zeros};
use crate::apimachinery::field::{Errors, Path};
use crate::apimachinery::names;
use crate::apimachinery::object::Object;
use crate::apimachinery::status::Status;
use crate::apimachinery::table::{Column, column};
use crate::apimachinery::time::{self, Time};

/// The kind.
pub struct VolumeAttributesClass;

static NAMES: Names = Names {
    group: "storage.k8s.io",
    api_version: "storage.k8s.io/v1",
    resource: "volumeattributesclasses.storage.k8s.io",
    namespaced: false,
    ..Names::core("VolumeAttributesClass", "volumeattributesclasses", "volumeattributesclass", &["vac"])
};
static COLUMNS: [Column; 3] = [column("Name"), column("DriverName"), column("Age")];

impl Kind for VolumeAttributesClass {
    fn names(&self) -> &Names {
        &NAMES
    }

    fn columns(&self) -> &[Column] {
        &COLUMNS
    }

    fn cells(&self, object: &Object, now: Time) -> Vec<String> {
        vec![
            object.name().to_owned(),
            object.str_at("/driverName").to_owned(),
            time::age(object.creation_timestamp(), now),
        ]
    }

    fn describe(&self, object: &Object, view: &View, out: &mut Text) -> Result<(), Status> {
        describe::describe(object, view, out)
    }

    fn set_defaults(&self, object: &mut Object) {
        zeros::omit(object, &["/parameters"]);
    }

    fn validate(&self, object: &Object) -> Errors {
        let mut errors = Errors::default();
        let driver = object.str_at("/driverName");
        let path = Path::new("driverName");
        if driver.is_empty() {
            errors.required(&path, "");
        }
        for problem in names::is_qualified_name(&driver.to_lowercase()).into_iter().filter(|_| !driver.is_empty()) {
            errors.invalid(&path, driver, &problem);
        }
        if object.map_at("/parameters").is_none_or(serde_json::Map::is_empty) {
            errors.required(&Path::new("parameters"), "must contain at least one key/value pair");
        }
        errors
    }

    fn validate_update(&self, new: &Object, old: &Object) -> Errors {
        let mut errors = self.validate(new);
        for field in ["driverName", "parameters"] {
            let pointer = format!("/{field}");
            if new.at(&pointer) != old.at(&pointer) {
                let value = new.at(&pointer).cloned().unwrap_or_default();
                errors.invalid(&Path::new(field), value, "field is immutable");
            }
        }
        errors
    }
}
