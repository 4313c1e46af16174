//! Maps of quantities by resource name: capacities and requests. Knows no kind that has them.

use serde_json::Value;

use crate::apimachinery::field::{Errors, Path};
use crate::apimachinery::object::Object;
use crate::apimachinery::quantity::{self, Quantity};

/// Puts every quantity of the map at a pointer into its canonical form, as the API stores it.
pub fn canonicalize(object: &mut Object, pointer: &str) {
    let Some(Value::Object(mut map)) = object.at(pointer).cloned() else { return };
    map.values_mut().for_each(quantity::canonicalize);
    object.set(pointer, Value::Object(map));
}

/// The quantity at a pointer, if there is one.
pub fn quantity_at(object: &Object, pointer: &str) -> Option<Quantity> {
    Quantity::from_value(object.at(pointer)?).ok()
}

/// Refuses zero and less.
pub fn validate_positive(value: &Quantity, path: &Path, errors: &mut Errors) {
    if *value <= Quantity::ZERO {
        errors.invalid(path, value.to_string(), "must be greater than zero");
    }
}
