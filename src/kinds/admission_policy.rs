//! What the kinds of admission policies and their bindings share. Evaluates nothing.

use serde_json::{Value, json};

use super::pod::Fields;
use super::webhook;
use crate::apimachinery::cel;
use crate::apimachinery::field::{Errors, Path};
use crate::apimachinery::names;
use crate::apimachinery::object::Object;

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

/// Checks a policy; `list` is the field with what it does.
pub fn validate(policy: &Object, list: &str) -> Errors {
    let mut errors = Errors::default();
    let spec = Path::new("spec");
    let policies = ["Fail", "Ignore"];
    if !policies.contains(&policy.str_at("/spec/failurePolicy")) {
        errors.not_supported(&spec.child("failurePolicy"), policy.str_at("/spec/failurePolicy"), &policies);
    }
    let path = spec.child("matchConstraints");
    match policy.at("/spec/matchConstraints") {
        None => errors.required(&path, ""),
        Some(constraints) => {
            let rules = constraints.items("resourceRules");
            if rules.is_empty() {
                errors.required(&path.child("resourceRules"), "");
            }
            for (i, rule) in rules.iter().enumerate() {
                webhook::validate_rule(rule, &path.child("resourceRules").index(i), &mut errors);
            }
        }
    }
    let actions = policy.list_at(&format!("/spec/{list}"));
    if actions.is_empty() && policy.list_at("/spec/auditAnnotations").is_empty() {
        let why = match list {
            "validations" => "validations or auditAnnotations must contain at least one item",
            _ => "mutations must contain at least one item",
        };
        errors.required(&spec.child(list), why);
    }
    for (i, action) in actions.iter().enumerate().filter(|_| list == "validations") {
        validate_validation(policy, action, &spec.child(list).index(i), &mut errors);
    }
    errors
}

/// Checks one validation, in the order and the words of pkg/apis/admissionregistration/validation.
fn validate_validation(policy: &Object, validation: &Value, path: &Path, errors: &mut Errors) {
    const REASONS: [&str; 4] = ["Forbidden", "Invalid", "RequestEntityTooLarge", "Unauthorized"];
    let mut variables = vec!["object", "oldObject", "namespaceObject", "request", "authorizer", "variables"];
    if policy.at("/spec/paramKind").is_some_and(|k| !k.is_null()) {
        variables.push("params");
    }
    for field in ["expression", "messageExpression"] {
        let text = validation.text(field);
        if field == "expression" && text.trim().is_empty() {
            errors.required(&path.child(field), "expression is not specified");
        } else if let Some(why) = cel::compile_error(text, &variables, &|_| true).filter(|_| !text.trim().is_empty()) {
            errors.invalid(&path.child(field), text, &why);
        }
    }
    let message = validation.text("message");
    if !message.is_empty() && message.trim().is_empty() {
        errors.invalid(&path.child("message"), message, "message must be non-empty if specified");
    } else if message.trim().contains(['\n', '\r']) {
        errors.invalid(&path.child("message"), message, "message must not contain line breaks");
    }
    let reason = validation.text("reason");
    if !reason.is_empty() && !REASONS.contains(&reason) {
        errors.not_supported(&path.child("reason"), reason, &REASONS);
    }
}

/// Checks a binding; a validating one says what is done about what is found.
pub fn validate_binding(binding: &Object, validating: bool) -> Errors {
    let mut errors = Errors::default();
    let spec = Path::new("spec");
    let policy = binding.str_at("/spec/policyName");
    if policy.is_empty() {
        errors.required(&spec.child("policyName"), "");
    }
    for problem in names::name_is_dns_subdomain(policy, false).into_iter().filter(|_| !policy.is_empty()) {
        errors.invalid(&spec.child("policyName"), policy, &problem);
    }
    if validating {
        validate_actions(binding.list_at("/spec/validationActions"), &spec.child("validationActions"), &mut errors);
    }
    errors
}

fn validate_actions(actions: &[Value], path: &Path, errors: &mut Errors) {
    const SUPPORTED: [&str; 3] = ["Audit", "Deny", "Warn"];
    if actions.is_empty() {
        errors.required(path, "at least one validation action is required");
    }
    for (i, action) in actions.iter().enumerate() {
        let text = action.as_str().unwrap_or_default();
        if !SUPPORTED.contains(&text) {
            errors.not_supported(&path.index(i), text, &SUPPORTED);
        } else if actions[..i].contains(action) {
            errors.duplicate(&path.index(i), text);
        }
    }
    if actions.iter().any(|a| a == "Deny") && actions.iter().any(|a| a == "Warn") {
        let why = "must not contain both Deny and Warn (repeating the same validation failure information in the API \
                   response and headers serves no purpose)";
        errors.invalid(path, Value::Array(actions.to_vec()), why);
    }
}
