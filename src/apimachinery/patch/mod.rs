//! Patches: JSON (RFC 6902), merge (RFC 7386), strategic merge, and the three-way patches that `apply` makes.
//!
//! Pure JSON in, JSON out. Knows types where a schema is given, no kind.

use serde_json::Value;

use super::go_value::json_kind;
use super::schema::Definition;
use super::status::{Reason, Status};

mod elements;
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
        PatchType::Json => json(document, patch),
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

fn json(mut document: Value, patch: &Value) -> Result<Value, Status> {
    // The library that servers decode with knows a list of objects, and looks into them only as it applies them.
    let unfit = match patch {
        Value::Array(items) => items.iter().find(|i| !i.is_object()).map(|item| (item, "jsonpatch.Operation")),
        other => Some((other, "jsonpatch.Patch")),
    };
    if let Some((value, wanted)) = unfit {
        let why = format!("json: cannot unmarshal {} into Go value of type {wanted}", json_kind(value));
        return Err(Status::bad_request(why));
    }
    // The server says no more than this, and kubectl prints it with `The request is invalid: `.
    let refused = || Status::new(Reason::Invalid, "the server rejected our request due to an error in our request");
    let operations: json_patch::Patch = serde_json::from_value(patch.clone()).map_err(|_| refused())?;
    json_patch::patch(&mut document, &operations).map_err(|_| refused())?;
    Ok(document)
}
