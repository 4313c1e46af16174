//! LimitRange: what pods and claims of a namespace may ask for.

use super::describe::{Text, View};
use super::pod::Fields;
use super::{Kind, Names};
use crate::apimachinery::field::{Errors, Path};
use crate::apimachinery::object::Object;
use crate::apimachinery::quantity;
use crate::apimachinery::status::Status;
use crate::apimachinery::table::{Column, column};
use crate::apimachinery::time::Time;
use serde_json::{Map, Value};
mod admission;
pub mod describe;
mod validation;

pub use admission::{check_claim, check_pod, set_pod_defaults};

/// The kind.
pub struct LimitRange;

static NAMES: Names = Names::core("LimitRange", "limitranges", "limitrange", &["limits"]);
static COLUMNS: [Column; 2] = [column("Name"), column("Created At")];

impl Kind for LimitRange {
    fn names(&self) -> &Names {
        &NAMES
    }

    fn columns(&self) -> &[Column] {
        &COLUMNS
    }

    fn cells(&self, object: &Object, _now: Time) -> Vec<String> {
        vec![object.name().to_owned(), super::created_at(object)]
    }

    fn describe(&self, object: &Object, _view: &View, out: &mut Text) -> Result<(), Status> {
        describe::describe(object, out);
        Ok(())
    }

    fn set_defaults(&self, object: &mut Object) {
        let limits = object.body_mut().get_mut("spec").and_then(|s| s.get_mut("limits")?.as_array_mut());
        for limit in limits.into_iter().flatten().filter_map(Value::as_object_mut) {
            set_item_defaults(limit);
        }
    }

    fn validate(&self, object: &Object) -> Errors {
        let mut errors = Errors::default();
        let mut seen = Vec::new();
        for (i, limit) in object.list_at("/spec/limits").iter().enumerate() {
            let path = Path::new("spec.limits").index(i);
            let kind = limit.text("type");
            if seen.contains(&kind) {
                errors.duplicate(&path.child("type"), kind);
            }
            seen.push(kind);
            validation::validate_item(limit, &path, &mut errors);
        }
        errors
    }
}

/// Of a container's limits, those that are not given follow from those that are.
fn set_item_defaults(limit: &mut Map<String, Value>) {
    for part in ["min", "max", "default", "defaultRequest", "maxLimitRequestRatio"] {
        if let Some(amounts) = limit.get_mut(part).and_then(Value::as_object_mut) {
            amounts.values_mut().for_each(quantity::canonicalize);
        }
    }
    if limit.text("type") != "Container" {
        return;
    }
    for (to, from) in [("default", "max"), ("defaultRequest", "default"), ("defaultRequest", "min")] {
        let source = limit.section(from).cloned().unwrap_or_default();
        let mut target = limit.section(to).cloned().unwrap_or_default();
        for (resource, amount) in source {
            target.entry(resource).or_insert(amount);
        }
        if !target.is_empty() {
            limit.insert(to.to_owned(), Value::Object(target));
        }
    }
}
