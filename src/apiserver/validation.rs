//! Validation of a request's object: metadata for all kinds, then the kind's own.

use crate::apimachinery::field::{Errors, Path};
use crate::apimachinery::names;
use crate::apimachinery::object::Object;
use crate::kinds::Kind;
use crate::kinds::spec_part::SpecPart;

/// What is wrong with a new object.
pub fn errors_on_create(kind: &dyn Kind, object: &Object) -> Errors {
    let mut errors = names::validate_object_meta(object, kind.names().namespaced, kind.name_rule());
    validate_finalizers(kind, object, &mut errors);
    errors.append(kind.validate(object));
    errors
}

/// A finalizer without a domain is one of Kubernetes' own.
fn validate_finalizers(kind: &dyn Kind, object: &Object, errors: &mut Errors) {
    if !kind.finalizers_need_domain() {
        return;
    }
    for (i, name) in object.finalizers().enumerate().filter(|(_, name)| !names::is_own_or_qualified(name)) {
        let why = "name is neither a standard finalizer name nor is it fully qualified";
        errors.invalid(&Path::new("metadata.finalizers").index(i), name, why);
    }
}

/// What is wrong with an update, of the object or of a part of its spec.
pub fn errors_on_update(kind: &dyn Kind, part: Option<&dyn SpecPart>, new: &Object, old: &Object) -> Errors {
    let mut errors = names::validate_object_meta_update(new, old);
    validate_finalizers(kind, new, &mut errors);
    errors.append(part.map_or_else(|| kind.validate_update(new, old), |part| part.validate(new, old)));
    errors
}
