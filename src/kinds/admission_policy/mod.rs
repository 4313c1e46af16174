//! What the kinds of admission policies and their bindings share. Evaluates nothing.

use serde_json::{Value, json};

use super::pod::Fields;
use super::webhook;
use crate::apimachinery::object::Object;

mod binding;
mod policy;

pub use binding::validate as validate_binding;
pub use policy::validate;

/// Fills in a policy.
pub fn set_defaults(policy: &mut Object) {
    policy.set_default("/spec/failurePolicy", "Fail");
    set_match_defaults(policy, "matchConstraints");
}

/// Fills in what a policy or a binding matches, at a field of the spec.
pub fn set_match_defaults(object: &mut Object, field: &str) {
    let pointer = format!("/spec/{field}");
    let Some(Value::Object(mut matches)) = object.at(&pointer).cloned() else { return };
    for (field, value) in [("matchPolicy", "Equivalent".into()), ("namespaceSelector", json!({}))] {
        matches.entry(field).or_insert(value);
    }
    matches.entry("objectSelector").or_insert(json!({}));
    for rules in ["resourceRules", "excludeResourceRules"] {
        webhook::set_scopes(&mut matches, rules);
    }
    object.set(&pointer, Value::Object(matches));
}

/// The `ParamKind` column.
pub fn param_kind(policy: &Object) -> String {
    match policy.at("/spec/paramKind") {
        None => "<unset>".to_owned(),
        Some(kind) => format!("{}/{}", kind.text("apiVersion"), kind.text("kind")),
    }
}

/// The `ParamRef` column.
pub fn param_ref(binding: &Object) -> String {
    match binding.at("/spec/paramRef") {
        None => "<unset>".to_owned(),
        Some(reference) if reference.text("name").is_empty() => "*".to_owned(),
        Some(reference) => match reference.text("namespace") {
            "" => format!("*/{}", reference.text("name")),
            namespace => format!("{namespace}/{}", reference.text("name")),
        },
    }
}
