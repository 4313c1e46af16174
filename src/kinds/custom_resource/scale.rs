//! The scale subresource of a defined kind. Knows where the numbers are, not what they do.

use serde_json::Value;

use super::names::pointer;
use crate::apimachinery::field::{Errors, Path};
use crate::apimachinery::object::Object;
use crate::kinds::ScalePaths;
use crate::kinds::pod::Fields;

/// Where the numbers are: JSON pointers.
pub struct Scale {
    spec: String,
    status: String,
    selector: String,
}

impl Scale {
    /// Reads a version's `subresources.scale`.
    pub fn new(scale: &Value) -> Scale {
        let selector = match scale.text("labelSelectorPath") {
            // A pointer that leads nowhere.
            "" => "/status/".to_owned(),
            path => pointer(path),
        };
        Scale {
            spec: pointer(scale.text("specReplicasPath")),
            status: pointer(scale.text("statusReplicasPath")),
            selector,
        }
    }

    pub fn paths(&self) -> ScalePaths<'_> {
        ScalePaths { spec_replicas: &self.spec, status_replicas: &self.status, selector: &self.selector }
    }

    /// The numbers are what an autoscaler could have written.
    pub fn validate(&self, object: &Object) -> Errors {
        let mut errors = Errors::default();
        for pointer in [&self.spec, &self.status] {
            let Some(count) = object.i64_at(pointer) else { continue };
            let path = Path::new(&pointer[1..].replace('/', "."));
            if count < 0 {
                errors.invalid(&path, count, "should be a non-negative integer");
            } else if count > i64::from(i32::MAX) {
                let why = format!("should be less than or equal to {}", i32::MAX);
                errors.invalid(&path, count, &why);
            }
        }
        errors
    }
}
