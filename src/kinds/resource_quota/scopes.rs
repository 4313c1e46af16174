//! What a quota's scopes may be, and which resources go with them.

use serde_json::Value;

use super::validation::is_standard;
use crate::apimachinery::field::{Errors, Path};
use crate::apimachinery::object::Object;
use crate::kinds::internal;
use crate::kinds::pod::Fields;

const SCOPES: [&str; 7] = [
    "BestEffort",
    "CrossNamespacePodAffinity",
    "NotBestEffort",
    "NotTerminating",
    "PriorityClass",
    "Terminating",
    "VolumeAttributesClass",
];
/// Scopes that no object is in both of.
const PAIRS: [[&str; 2]; 2] = [["BestEffort", "NotBestEffort"], ["Terminating", "NotTerminating"]];
const COMPUTE: [&str; 6] = ["cpu", "memory", "limits.cpu", "limits.memory", "requests.cpu", "requests.memory"];

pub(super) fn validate(quota: &Object, spec: &Path, errors: &mut Errors) {
    let all = quota.at("/spec/scopes").cloned().unwrap_or_default();
    let scopes: Vec<&str> = quota.list_at("/spec/scopes").iter().filter_map(Value::as_str).collect();
    let path = spec.child("scopes");
    for scope in &scopes {
        if !SCOPES.contains(scope) {
            errors.invalid(&path, all.clone(), "unsupported scope");
        }
        for _ in 0..unfit(quota, scope) {
            errors.invalid(&path, all.clone(), "unsupported scope applied to resource");
        }
    }
    conflicts(&scopes, &all, &path, errors);
    if let Some(selector) = quota.at("/spec/scopeSelector").filter(|s| !s.is_null()) {
        let path = spec.child("scopeSelector").child("matchExpressions");
        for expression in selector.items("matchExpressions") {
            validate_expression(quota, expression, selector, &path, errors);
        }
        let names: Vec<&str> = selector.items("matchExpressions").iter().map(|e| e.text("scopeName")).collect();
        conflicts(&names, &all, &path, errors);
    }
}

fn validate_expression(quota: &Object, expression: &Value, selector: &Value, path: &Path, errors: &mut Errors) {
    let (scope, operator, values) =
        (expression.text("scopeName"), expression.text("operator"), expression.items("values"));
    if !SCOPES.contains(&scope) {
        errors.invalid(&path.child("scopeName"), scope, "unsupported scope");
    }
    for _ in 0..unfit(quota, scope) {
        let shown = internal::shown(selector, internal::SCOPE_SELECTOR);
        errors.invalid_shown(path, &shown, "unsupported scope applied to resource");
    }
    let only_exists =
        ["BestEffort", "NotBestEffort", "Terminating", "NotTerminating", "CrossNamespacePodAffinity"].contains(&scope);
    if only_exists && operator != "Exists" {
        let why = "must be 'Exists' when scope is any of ResourceQuotaScopeTerminating, ResourceQuotaScopeNotTerminating, \
                   ResourceQuotaScopeBestEffort, ResourceQuotaScopeNotBestEffort or \
                   ResourceQuotaScopeCrossNamespacePodAffinity";
        errors.invalid(&path.child("operator"), operator, why);
    }
    match operator {
        "In" | "NotIn" if values.is_empty() => errors.required(
            &path.child("values"),
            "must be at least one value when `operator` is 'In' or 'NotIn' for scope selector",
        ),
        "Exists" | "DoesNotExist" if !values.is_empty() => errors.invalid(
            &path.child("values"),
            values.to_vec(),
            "must be no value when `operator` is 'Exist' or 'DoesNotExist' for scope selector",
        ),
        "In" | "NotIn" | "Exists" | "DoesNotExist" => {}
        _ => errors.invalid(&path.child("operator"), operator, "not a valid selector operator"),
    }
}

/// How many of a quota's resources a scope is not for.
fn unfit(quota: &Object, scope: &str) -> usize {
    let fits = |name: &str| match scope {
        "Terminating" | "NotTerminating" | "NotBestEffort" | "PriorityClass" | "CrossNamespacePodAffinity" => {
            name == "pods" || COMPUTE.contains(&name)
        }
        "BestEffort" => name == "pods",
        "VolumeAttributesClass" => matches!(name, "persistentvolumeclaims" | "requests.storage"),
        _ => true,
    };
    let hard = quota.map_at("/spec/hard").into_iter().flatten();
    hard.filter(|(name, _)| is_standard(name) && !fits(name)).count()
}

fn conflicts(scopes: &[&str], shown: &Value, path: &Path, errors: &mut Errors) {
    for _ in PAIRS.iter().filter(|pair| pair.iter().all(|s| scopes.contains(s))) {
        errors.invalid(path, shown.clone(), "conflicting scopes");
    }
}
