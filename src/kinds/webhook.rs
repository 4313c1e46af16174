//! What the two kinds of webhook configurations share. Calls nobody.

use serde_json::{Map, Value, json};

use super::pod::Fields;
use super::zeros;
use crate::apimachinery::field::{Errors, Path};
use crate::apimachinery::names;
use crate::apimachinery::object::Object;

/// The versions of AdmissionReview that a server speaks.
const REVIEW_VERSIONS: [&str; 2] = ["v1", "v1beta1"];

/// Fills in what the API fills in on each webhook.
pub fn set_defaults(object: &mut Object, mutating: bool) {
    zeros::omit(object, &["/webhooks"]);
    let hooks = object.body_mut().get_mut("webhooks").and_then(Value::as_array_mut);
    for hook in hooks.into_iter().flatten().filter_map(Value::as_object_mut) {
        let mut default = |field: &str, value: Value| {
            hook.entry(field).or_insert(value);
        };
        default("failurePolicy", "Fail".into());
        default("matchPolicy", "Equivalent".into());
        default("namespaceSelector", json!({}));
        default("objectSelector", json!({}));
        default("timeoutSeconds", 10.into());
        if mutating {
            default("reinvocationPolicy", "Never".into());
        }
        default("clientConfig", json!({}));
        let service = hook.get_mut("clientConfig").and_then(|c| c.get_mut("service")).and_then(Value::as_object_mut);
        if let Some(service) = service {
            service.entry("port").or_insert(443.into());
        }
        set_scopes(hook, "rules");
    }
}

/// Rules that name no scope mean every scope.
pub fn set_scopes(parent: &mut Map<String, Value>, field: &str) {
    let rules = parent.get_mut(field).and_then(Value::as_array_mut);
    for rule in rules.into_iter().flatten().filter_map(Value::as_object_mut) {
        rule.entry("scope").or_insert("*".into());
    }
}

/// Checks every webhook, in the order of the API server.
pub fn validate(object: &Object, mutating: bool) -> Errors {
    let mut errors = Errors::default();
    let hooks = object.list_at("/webhooks");
    for (i, hook) in hooks.iter().enumerate() {
        let path = Path::new("webhooks").index(i);
        validate_hook(hook, mutating, &path, &mut errors);
        validate_review_versions(hook, &path.child("admissionReviewVersions"), &mut errors);
        let name = hook.text("name");
        if !name.is_empty() && hooks[..i].iter().any(|h| h.text("name") == name) {
            errors.duplicate(&path.child("name"), name);
        }
    }
    errors
}

fn validate_hook(hook: &Value, mutating: bool, path: &Path, errors: &mut Errors) {
    validate_name(hook.text("name"), &path.child("name"), errors);
    for (i, rule) in hook.items("rules").iter().enumerate() {
        validate_rule(rule, &path.child("rules").index(i), errors);
    }
    let mut choice = |field: &str, supported: &[&str]| {
        let value = hook.text(field);
        if hook.field(field).is_some() && !supported.contains(&value) {
            errors.not_supported(&path.child(field), value, supported);
        }
    };
    choice("failurePolicy", &["Fail", "Ignore"]);
    choice("matchPolicy", &["Equivalent", "Exact"]);
    if mutating {
        choice("reinvocationPolicy", &["IfNeeded", "Never"]);
    }
    choice("sideEffects", &["None", "NoneOnDryRun"]);
    if hook.field("sideEffects").is_none() {
        errors.required(&path.child("sideEffects"), "must specify one of None, NoneOnDryRun");
    }
    if let Some(seconds) = hook.int("timeoutSeconds").filter(|s| !(1..=30).contains(s)) {
        let why = "the timeout value must be between 1 and 30 seconds";
        errors.invalid(&path.child("timeoutSeconds"), seconds, why);
    }
    for selector in ["namespaceSelector", "objectSelector"] {
        errors.append(names::validate_label_selector(hook.field(selector), &path.child(selector)));
    }
    validate_client(hook.field("clientConfig").unwrap_or(&Value::Null), &path.child("clientConfig"), errors);
}

/// A name with at least three parts.
fn validate_name(name: &str, path: &Path, errors: &mut Errors) {
    if name.is_empty() {
        return errors.required(path, "");
    }
    let problems = names::is_dns1123_subdomain(name);
    problems.iter().for_each(|p| errors.invalid(path, name, p));
    if problems.is_empty() && name.split('.').count() < 3 {
        errors.invalid(path, name, "should be a domain with at least three segments separated by dots");
    }
}

/// Checks a rule with operations, also of an admission policy.
pub fn validate_rule(rule: &Value, path: &Path, errors: &mut Errors) {
    const OPERATIONS: [&str; 5] = ["*", "CONNECT", "CREATE", "DELETE", "UPDATE"];
    let operations = rule.texts("operations");
    if operations.is_empty() {
        errors.required(&path.child("operations"), "");
    }
    if operations.len() > 1 && operations.contains(&"*") {
        let all = rule.field("operations").cloned().unwrap_or_default();
        errors.invalid(&path.child("operations"), all, "if '*' is present, must not specify other operations");
    }
    for (i, operation) in operations.iter().enumerate().filter(|(_, o)| !OPERATIONS.contains(o)) {
        errors.not_supported(&path.child("operations").index(i), *operation, &OPERATIONS);
    }
    for (field, what) in [("apiGroups", "API groups"), ("apiVersions", "API versions")] {
        let values = rule.texts(field);
        if values.is_empty() {
            errors.required(&path.child(field), "");
        }
        if values.len() > 1 && values.contains(&"*") {
            let why = format!("if '*' is present, must not specify other {what}");
            errors.invalid(&path.child(field), rule.field(field).cloned().unwrap_or_default(), &why);
        }
    }
    let resources = rule.texts("resources");
    if resources.is_empty() {
        errors.required(&path.child("resources"), "");
    }
    for (i, _) in resources.iter().enumerate().filter(|(_, r)| r.is_empty()) {
        errors.required(&path.child("resources").index(i), "");
    }
    let scopes = ["*", "Cluster", "Namespaced"];
    if rule.field("scope").is_some() && !scopes.contains(&rule.text("scope")) {
        errors.not_supported(&path.child("scope"), rule.text("scope"), &scopes);
    }
}

fn validate_client(client: &Value, path: &Path, errors: &mut Errors) {
    let (url, service) = (client.field("url"), client.field("service"));
    if url.is_some() == service.is_some() {
        errors.required(path, "exactly one of url or service is required");
        return;
    }
    let Some(service) = service else { return };
    let path = path.child("service");
    for field in ["name", "namespace"].into_iter().filter(|f| service.text(f).is_empty()) {
        errors.required(&path.child(field), &format!("service {field} is required"));
    }
    if let Some(port) = service.int("port").filter(|p| !names::is_port_number(*p).is_empty()) {
        errors.invalid(&path.child("port"), port, "port is not valid: must be between 1 and 65535, inclusive");
    }
}

fn validate_review_versions(hook: &Value, path: &Path, errors: &mut Errors) {
    let versions = hook.texts("admissionReviewVersions");
    if versions.is_empty() {
        return errors.required(path, "must specify one of v1, v1beta1");
    }
    for (i, version) in versions.iter().enumerate() {
        if versions[..i].contains(version) {
            errors.invalid(&path.index(i), *version, "duplicate version");
            continue;
        }
        for problem in names::is_dns1035_label(version) {
            errors.invalid(&path.index(i), *version, &problem);
        }
    }
    if !versions.iter().any(|v| REVIEW_VERSIONS.contains(v)) {
        errors.invalid(path, json!(versions), "must include at least one of v1, v1beta1");
    }
}
