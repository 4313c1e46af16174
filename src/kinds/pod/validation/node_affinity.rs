//! Which nodes a pod wants.

use serde_json::Value;

use super::super::fields::Fields;
use super::report;
use crate::apimachinery::field::{Errors, Path};
use crate::apimachinery::names::{is_label_value, name_is_dns_subdomain, validate_label_name};

pub(super) fn validate(affinity: &Value, path: &Path, errors: &mut Errors) {
    let key = "requiredDuringSchedulingIgnoredDuringExecution";
    if let Some(selector) = affinity.field(key) {
        let path = path.child(key).child("nodeSelectorTerms");
        let terms = selector.items("nodeSelectorTerms");
        if terms.is_empty() {
            errors.required(&path, "must have at least one node selector term");
        }
        for (i, term) in terms.iter().enumerate() {
            validate_term(term, true, &path.index(i), errors);
        }
    }
    let key = "preferredDuringSchedulingIgnoredDuringExecution";
    for (i, term) in affinity.items(key).iter().enumerate() {
        let path = path.child(key).index(i);
        validate_weight(term, &path, errors);
        if let Some(preference) = term.field("preference") {
            validate_term(preference, false, &path.child("preference"), errors);
        }
    }
}

/// Preferences have a weight.
pub(super) fn validate_weight(term: &Value, path: &Path, errors: &mut Errors) {
    let weight = term.int("weight").unwrap_or(0);
    if !(1..=100).contains(&weight) {
        errors.invalid(&path.child("weight"), weight, "must be in the range 1-100");
    }
}

/// The values of what is required must be possible ones; a preference that cannot be met does no harm.
fn validate_term(term: &Value, required: bool, path: &Path, errors: &mut Errors) {
    for (i, requirement) in term.items("matchExpressions").iter().enumerate() {
        validate_expression(requirement, required, &path.child("matchExpressions").index(i), errors);
    }
    for (i, requirement) in term.items("matchFields").iter().enumerate() {
        validate_field(requirement, &path.child("matchFields").index(i), errors);
    }
}

fn validate_expression(requirement: &Value, required: bool, path: &Path, errors: &mut Errors) {
    let values = requirement.texts("values");
    let values_path = path.child("values");
    match requirement.text("operator") {
        "In" | "NotIn" if values.is_empty() => {
            errors.required(&values_path, "must be specified when `operator` is 'In' or 'NotIn'");
        }
        "Exists" | "DoesNotExist" if !values.is_empty() => {
            errors.forbidden(&values_path, "may not be specified when `operator` is 'Exists' or 'DoesNotExist'");
        }
        "Gt" | "Lt" if values.len() != 1 => {
            errors.required(&values_path, "must be specified single value when `operator` is 'Lt' or 'Gt'");
        }
        "In" | "NotIn" | "Exists" | "DoesNotExist" | "Gt" | "Lt" => {}
        other => errors.invalid(&path.child("operator"), other, "not a valid selector operator"),
    }
    errors.append(validate_label_name(requirement.text("key"), &path.child("key")));
    if required {
        for (i, value) in values.into_iter().enumerate() {
            report(errors, &values_path.index(i), value, is_label_value(value));
        }
    }
}

fn validate_field(requirement: &Value, path: &Path, errors: &mut Errors) {
    let values = requirement.texts("values");
    match requirement.text("operator") {
        "In" | "NotIn" if values.len() != 1 => {
            let detail = "must be only one value when `operator` is 'In' or 'NotIn' for node field selector";
            errors.required(&path.child("values"), detail);
        }
        "In" | "NotIn" => {}
        other => errors.invalid(&path.child("operator"), other, "not a valid selector operator"),
    }
    let key = requirement.text("key");
    if key == "metadata.name" {
        for (i, value) in values.into_iter().enumerate() {
            report(errors, &path.child("values").index(i), value, name_is_dns_subdomain(value, false));
        }
    } else {
        errors.invalid(&path.child("key"), key, "not a valid field selector key");
    }
}
