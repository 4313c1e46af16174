//! Validation of a request's object: metadata for all kinds, then the kind's own.

use crate::apimachinery::field::Errors;
use crate::apimachinery::object::Object;
use crate::kinds::Kind;

/// What is wrong with a new object.
pub fn errors_on_create(kind: &dyn Kind, object: &Object) -> Errors {
    kind.validate(object)
}

/// What is wrong with an update.
pub fn errors_on_update(kind: &dyn Kind, new: &Object, old: &Object) -> Errors {
    kind.validate_update(new, old)
}
