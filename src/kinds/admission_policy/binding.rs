//! What is asked of an admission policy's binding, in the order and the words of pkg/apis/admissionregistration/validation.

use serde_json::Value;

use super::policy::{validate_matches, validate_operations};
use crate::apimachinery::field::{Errors, Path};
use crate::apimachinery::names;
use crate::apimachinery::object::Object;
use crate::kinds::pod::Fields;

/// Checks a binding; a validating one says what is done about what is found.
pub fn validate(binding: &Object, validating: bool) -> Errors {
    let mut errors = Errors::default();
    let spec = Path::new("spec");
    let policy = binding.str_at("/spec/policyName");
    if policy.is_empty() {
        errors.required(&spec.child("policyName"), "");
    }
    for problem in names::name_is_dns_subdomain(policy, false).into_iter().filter(|_| !policy.is_empty()) {
        errors.invalid(&spec.child("policyName"), policy, &problem);
    }
    if let Some(reference) = binding.at("/spec/paramRef").filter(|r| !r.is_null()) {
        validate_param_ref(reference, &spec.child("paramRef"), &mut errors);
    }
    if let Some(matches) = binding.at("/spec/matchResources").filter(|m| !m.is_null()) {
        validate_matches(matches, &spec.child("matchResources"), &mut errors);
        if !validating {
            validate_operations(matches, &spec.child("matchResources"), &mut errors);
        }
    }
    if validating {
        validate_actions(binding.list_at("/spec/validationActions"), &spec.child("validationActions"), &mut errors);
    }
    errors
}

fn validate_param_ref(reference: &Value, path: &Path, errors: &mut Errors) {
    const BOTH: &str = "name and selector are mutually exclusive";
    const ACTIONS: [&str; 2] = ["Deny", "Allow"];
    let (name, selector) = (reference.text("name"), reference.field("selector"));
    let at = path.child("name");
    if !name.is_empty() {
        names::is_path_segment_name(name, false).iter().for_each(|why| errors.invalid(&at, name, why));
        if selector.is_some() {
            errors.forbidden(&at, BOTH);
        }
    }
    errors.append(names::validate_label_selector(selector, &path.child("selector")));
    match selector {
        Some(_) if !name.is_empty() => errors.forbidden(&path.child("selector"), BOTH),
        None if name.is_empty() => errors.required(path, "one of name or selector must be specified"),
        _ => {}
    }
    let (action, at) = (reference.text("parameterNotFoundAction"), path.child("parameterNotFoundAction"));
    if action.is_empty() {
        errors.required(&at, "");
    } else if !ACTIONS.contains(&action) {
        errors.not_supported(&at, action, &ACTIONS);
    }
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
        }
        if actions[..i].contains(action) {
            errors.duplicate(&path.index(i), text);
        }
    }
    if actions.iter().any(|a| a == "Deny") && actions.iter().any(|a| a == "Warn") {
        let why = "must not contain both Deny and Warn (repeating the same validation failure information in the API \
                   response and headers serves no purpose)";
        errors.invalid(path, Value::Array(actions.to_vec()), why);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn parameters_have_a_name_or_a_selector() {
        let of = |reference: Value| {
            let spec = json!({"policyName": "p", "paramRef": reference, "validationActions": ["Deny"]});
            let binding = Object::from_value(json!({"spec": spec})).unwrap();
            validate(&binding, true).0.iter().map(ToString::to_string).collect::<Vec<_>>()
        };
        assert_eq!(
            of(json!({})),
            [
                "spec.paramRef: Required value: one of name or selector must be specified",
                "spec.paramRef.parameterNotFoundAction: Required value",
            ]
        );
        assert_eq!(
            of(json!({"name": "a/b", "selector": {}, "parameterNotFoundAction": "Skip"})),
            [
                "spec.paramRef.name: Invalid value: \"a/b\": may not contain '/'",
                "spec.paramRef.name: Forbidden: name and selector are mutually exclusive",
                "spec.paramRef.selector: Forbidden: name and selector are mutually exclusive",
                "spec.paramRef.parameterNotFoundAction: Unsupported value: \"Skip\": supported values: \"Deny\", \"Allow\"",
            ]
        );
    }
}
