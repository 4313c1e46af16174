//! A request's body as an object of its kind.

use crate::apimachinery::decode;
use crate::apimachinery::object::Object;
use crate::apimachinery::status::Status;
use crate::apimachinery::zeros;
use crate::kinds::Kind;

/// Metadata that is not kept when it is empty.
const OMITTED: [&str; 5] = [
    "/metadata/annotations",
    "/metadata/finalizers",
    "/metadata/generateName",
    "/metadata/labels",
    "/metadata/ownerReferences",
];

/// Checks a body against its kind's schema and drops nulls, as decoding into the server's types does.
///
/// # Errors
/// BadRequest in the server's words: unknown fields (when `strict`), wrong types, quantities that are none.
pub fn decode(kind: &dyn Kind, object: Object, strict: bool) -> Result<Object, Status> {
    let names = kind.names();
    let internal = object.internal.clone();
    let other = kind.other_versions().iter().find(|v| v.api_version == object.api_version());
    let version = other.map_or(names.api_version, |v| v.api_version);
    let body = decode::decode_body(version, names.kind, object.into_value(), strict)?;
    let mut object =
        Object::from_value(body).ok_or_else(|| Status::bad_request(format!("{} is not a JSON object", names.kind)))?;
    object.internal = internal;
    if let Some(other) = other {
        (other.convert)(&mut object);
    }
    zeros::omit(&mut object, &OMITTED);
    Ok(object)
}
