//! Validation of a request's object: metadata for all kinds, then the kind's own.

use crate::apimachinery::field::Errors;
use crate::apimachinery::names;
use crate::apimachinery::object::Object;
use crate::kinds::Kind;

/// What is wrong with a new object.
pub fn errors_on_create(kind: &dyn Kind, object: &Object) -> Errors {
    let mut errors = names::validate_object_meta(object, kind.names().namespaced, kind.name_rule());
    errors.append(kind.validate(object));
    errors
}

/// What is wrong with an update.
pub fn errors_on_update(kind: &dyn Kind, new: &Object, old: &Object) -> Errors {
    let mut errors = names::validate_object_meta_update(new, old);
    errors.append(kind.validate_update(new, old));
    errors
}
