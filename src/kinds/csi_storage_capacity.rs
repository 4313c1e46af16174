//! CSIStorageCapacity: how much room a driver of volumes has for a class. Knows no volume.

use super::{Kind, Names, zeros};
use crate::apimachinery::field::{Errors, Path};
use crate::apimachinery::names;
use crate::apimachinery::object::Object;
use crate::apimachinery::quantity;
use crate::apimachinery::table::{Column, column};
use crate::apimachinery::time::Time;

/// The kind.
pub struct CSIStorageCapacity;

static NAMES: Names = Names {
    group: "storage.k8s.io",
    api_version: "storage.k8s.io/v1",
    resource: "csistoragecapacities.storage.k8s.io",
    ..Names::core("CSIStorageCapacity", "csistoragecapacities", "csistoragecapacity", &[])
};
static COLUMNS: [Column; 2] = [column("Name"), column("Created At")];

impl Kind for CSIStorageCapacity {
    fn names(&self) -> &Names {
        &NAMES
    }

    fn columns(&self) -> &[Column] {
        &COLUMNS
    }

    fn cells(&self, object: &Object, _now: Time) -> Vec<String> {
        vec![object.name().to_owned(), super::created_at(object)]
    }

    fn set_defaults(&self, object: &mut Object) {
        for field in ["/capacity", "/maximumVolumeSize"] {
            if let Some(mut size) = object.remove(field) {
                quantity::canonicalize(&mut size);
                object.set(field, size);
            }
        }
        zeros::write(object, &[("/storageClassName", "".into())]);
    }

    fn validate(&self, object: &Object) -> Errors {
        let mut errors = Errors::default();
        let class = object.str_at("/storageClassName");
        for problem in names::name_is_dns_subdomain(class, false) {
            errors.invalid(&Path::new("storageClassName"), class, &problem);
        }
        for field in ["capacity", "maximumVolumeSize"] {
            let size = object.at(&format!("/{field}")).and_then(|v| quantity::Quantity::from_value(v).ok());
            if let Some(size) = size.filter(quantity::Quantity::is_negative) {
                errors.invalid(&Path::new(field), size.to_string(), "must be greater than or equal to 0");
            }
        }
        errors
    }

    fn validate_update(&self, new: &Object, old: &Object) -> Errors {
        let mut errors = self.validate(new);
        for field in ["nodeTopology", "storageClassName"] {
            let value = |o: &Object| o.at(&format!("/{field}")).cloned().unwrap_or_default();
            if value(new) != value(old) {
                errors.invalid(&Path::new(field), value(new), "field is immutable");
            }
        }
        errors
    }
}
