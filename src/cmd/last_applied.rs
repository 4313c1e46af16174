//! The annotation that `apply` compares with: the object as it was last sent. Knows no verb.

use serde_json::{Map, Value};

use crate::apimachinery::go_value;
use crate::apimachinery::object::Object;
use crate::apimachinery::schema::{Definition, go_json_line};

/// The annotation's key.
pub const ANNOTATION: &str = "kubectl.kubernetes.io/last-applied-configuration";

/// Sets the annotation to the object itself, without the annotation, as one line of JSON.
pub fn set(object: &mut Object) {
    let pointer = format!("/metadata/annotations/{}", ANNOTATION.replace('/', "~1"));
    object.set(&pointer, "".into());
    object.remove(&pointer);
    let text = format!("{}\n", go_value::json(&object.to_value()));
    object.set(&pointer, text.into());
}

/// As [`set`], of an object that kubectl made of one of its own types: with the fields in the order of their declaration,
/// and without annotations where there are no others.
pub fn set_typed(object: &mut Object) {
    let Some(definition) = Definition::of_kind(object.api_version(), object.kind()) else { return set(object) };
    let pointer = format!("/metadata/annotations/{}", ANNOTATION.replace('/', "~1"));
    object.remove(&pointer);
    let text = format!("{}\n", go_json_line(&object.to_value(), definition));
    object.set(&pointer, text.into());
}

/// The object as it was last applied; `None` where the annotation is not there.
///
/// # Errors
/// An annotation that is not a JSON object.
pub fn get(object: &Object) -> anyhow::Result<Option<Map<String, Value>>> {
    match object.annotation(ANNOTATION) {
        None => Ok(None),
        Some(text) => match serde_json::from_str(text) {
            Ok(Value::Object(map)) => Ok(Some(map)),
            _ => anyhow::bail!("the {ANNOTATION} annotation of {:?} does not hold an object", object.name()),
        },
    }
}
