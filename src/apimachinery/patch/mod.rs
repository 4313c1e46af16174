//! Patches: JSON (RFC 6902), merge (RFC 7386), strategic merge, and the three-way patches that `apply` makes.
//!
//! Pure JSON in, JSON out. Knows types where a schema is given, no kind.

use serde_json::Value;

use super::go_value::json_kind;
use super::schema::Definition;
use super::status::{Reason, Status};

mod elements;
pub mod operations;
mod strategic;
mod three_way;

pub use three_way::{merge_patch, strategic_patch, unkeyed};

/// How a patch is written; the content type of a PATCH request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PatchType {
    Json,
    Merge,
    Strategic,
}

/// The document after a patch.
///
/// # Errors
/// BadRequest for a patch that is not one, Invalid for one that does not fit the document, in the server's words.
pub fn apply(kind: PatchType, document: Value, patch: &Value, definition: Option<Definition>) -> Result<Value, Status> {
    match kind {
        // The server says no more than this, and kubectl prints it with `The request is invalid: `.
        PatchType::Json => operations::apply(document, listed(patch)?).map_err(|_| {
            Status::new(Reason::Invalid, "the server rejected our request due to an error in our request")
        }),
        PatchType::Merge => {
            let mut document = document;
            json_patch::merge(&mut document, patch);
            Ok(document)
        }
        PatchType::Strategic => match definition {
            Some(definition) => strategic::apply(document, patch, definition),
            None => Err(Status::new(
                Reason::UnsupportedMediaType,
                "the body of the request was in an unknown format - accepted media types include: application/json-patch+json, \
                 application/merge-patch+json, application/apply-patch+yaml",
            )),
        },
    }
}

/// As [`apply`], where kubectl does it by itself: it tells why an operation does not apply.
///
/// # Errors
/// As [`apply`].
pub fn apply_locally(
    kind: PatchType,
    document: Value,
    patch: &Value,
    definition: Option<Definition>,
) -> Result<Value, Status> {
    match kind {
        PatchType::Json => operations::apply(document, listed(patch)?).map_err(|e| Status::new(Reason::Invalid, e)),
        _ => apply(kind, document, patch, definition),
    }
}

/// The operations of a JSON patch.
fn listed(patch: &Value) -> Result<&[Value], Status> {
    // The library that servers decode with knows a list of objects, and looks into them only as it applies them.
    let unfit = match patch {
        Value::Array(items) => match items.iter().find(|i| !i.is_object()) {
            None => return Ok(items),
            Some(item) => (item, "jsonpatch.Operation"),
        },
        other => (other, "jsonpatch.Patch"),
    };
    let (value, wanted) = unfit;
    Err(Status::bad_request(format!("json: cannot unmarshal {} into Go value of type {wanted}", json_kind(value))))
}
