//! References to an object of any kind by group, kind and name, with the server's words for bad ones. Knows no kind.

use serde_json::Value;

use super::pod::Fields;
use crate::apimachinery::field::{Errors, Path};
use crate::apimachinery::names;

/// Checks a TypedLocalObjectReference of an Ingress or an IngressClass.
pub fn validate(reference: &Value, path: &Path, errors: &mut Errors) {
    if reference.field("apiGroup").is_some() {
        let group = reference.text("apiGroup");
        names::is_dns1123_subdomain(group).iter().for_each(|p| errors.invalid(&path.child("apiGroup"), group, p));
    }
    for field in ["kind", "name"] {
        let (value, path) = (reference.text(field), path.child(field));
        if value.is_empty() {
            errors.required(&path, "");
        } else {
            names::is_path_segment_name(value, false).iter().for_each(|p| errors.invalid(&path, value, p));
        }
    }
}
