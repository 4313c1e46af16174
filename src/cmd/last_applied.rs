//! The annotation that `apply` compares with: the object as it was last sent. Knows no verb.

use crate::apimachinery::object::Object;

/// The annotation's key.
pub const ANNOTATION: &str = "kubectl.kubernetes.io/last-applied-configuration";

/// Sets the annotation to the object itself, without the annotation, as one line of JSON.
pub fn set(object: &mut Object) {
    let pointer = format!("/metadata/annotations/{}", ANNOTATION.replace('/', "~1"));
    object.set(&pointer, "".into());
    object.remove(&pointer);
    let text = format!("{}\n", object.to_value());
    object.set(&pointer, text.into());
}
