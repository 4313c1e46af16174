//! What one limit of a LimitRange may be, in the words of core's ValidateLimitRange.

use serde_json::Value;

use crate::apimachinery::field::{Errors, Path};
use crate::apimachinery::names;
use crate::apimachinery::quantity::Quantity;
use crate::kinds::pod::{Fields, is_overcommit_allowed, validate_limit_name};

fn amount(limit: &Value, part: &str, resource: &str) -> Option<Quantity> {
    Quantity::from_value(limit.section(part)?.get(resource)?).ok()
}

/// Checks one limit: its type, its resources, and that its amounts are in order.
pub fn validate_item(limit: &Value, path: &Path, errors: &mut Errors) {
    let kind = limit.text("type");
    let problems = names::is_qualified_name(kind);
    if problems.is_empty() && !kind.contains('/') && !matches!(kind, "Pod" | "Container" | "PersistentVolumeClaim") {
        errors.invalid(&path.child("type"), kind, "must be a standard limit type or fully qualified");
    }
    problems.iter().for_each(|p| errors.invalid(&path.child("type"), kind, p));
    for part in ["max", "min", "default", "defaultRequest", "maxLimitRequestRatio"] {
        let names = limit.section(part).filter(|_| kind != "Pod" || !part.starts_with("default"));
        for name in names.into_iter().flatten().map(|(name, _)| name) {
            let of_containers = matches!(kind, "Pod" | "Container");
            validate_limit_name(name, of_containers, &path.child(part).key(name), errors);
        }
    }
    if kind == "Pod" {
        for part in
            ["default", "defaultRequest"].into_iter().filter(|p| limit.section(p).is_some_and(|m| !m.is_empty()))
        {
            errors.forbidden(&path.child(part), "may not be specified when `type` is 'Pod'");
        }
    }
    if kind == "PersistentVolumeClaim"
        && amount(limit, "min", "storage").is_none()
        && amount(limit, "max", "storage").is_none()
    {
        errors.required(
            &path.child("limits"),
            "either minimum or maximum storage value is required, but neither was provided",
        );
    }
    let mut resources: Vec<&String> = ["max", "min", "default", "defaultRequest", "maxLimitRequestRatio"]
        .iter()
        .filter_map(|p| limit.section(p))
        .flat_map(|m| m.keys())
        .collect();
    resources.sort();
    resources.dedup();
    for resource in resources {
        validate_order(limit, resource, path, errors);
    }
}

fn validate_order(limit: &Value, resource: &str, path: &Path, errors: &mut Errors) {
    let of = |part: &str| amount(limit, part, resource);
    let mut at_most = |low: &str, high: &str, blamed: &str, low_name: &str, high_name: &str| {
        if let (Some(small), Some(large)) = (of(low), of(high))
            && small > large
        {
            // Of a default that is out of bounds upstream shows the bound.
            let shown = if blamed == "default" { of(if high == "max" { "max" } else { "min" }) } else { of(blamed) };
            let shown = shown.map(|q| q.to_string()).unwrap_or_default();
            let why = format!("{low_name} value {small} is greater than {high_name} value {large}");
            errors.invalid(&path.child(blamed).key(resource), shown, &why);
        }
    };
    at_most("min", "max", "min", "min", "max");
    at_most("min", "defaultRequest", "defaultRequest", "min", "default request");
    at_most("defaultRequest", "max", "defaultRequest", "default request", "max");
    at_most("defaultRequest", "default", "defaultRequest", "default request", "default limit");
    at_most("min", "default", "default", "min", "default");
    at_most("default", "max", "default", "default", "max");
    if let Some(ratio) = of("maxLimitRequestRatio").filter(|r| *r < Quantity::new(1, r.format())) {
        let why = format!("ratio {ratio} is less than 1");
        errors.invalid(&path.child("maxLimitRequestRatio").key(resource), ratio.to_string(), &why);
    }
    if let (Some(ratio), Some(min), Some(max)) = (of("maxLimitRequestRatio"), of("min"), of("max")) {
        validate_ratio(&ratio, &min, &max, &path.child("maxLimitRequestRatio").key(resource), errors);
    }
    if let (Some(limit), Some(request)) = (of("default"), of("defaultRequest"))
        && !is_overcommit_allowed(resource)
        && limit != request
    {
        let why = format!("default value {limit} must equal to defaultRequest value {request} in {resource}");
        errors.invalid(&path.child("defaultRequest").key(resource), request.to_string(), &why);
    }
}

/// A ratio that `min` and `max` make impossible.
#[expect(clippy::cast_precision_loss, reason = "ratios are compared and printed as Go's float64")]
fn validate_ratio(ratio: &Quantity, min: &Quantity, max: &Quantity, path: &Path, errors: &mut Errors) {
    let most = max.milli_value() as f64 / min.milli_value() as f64;
    if ratio.milli_value() as f64 / 1000.0 > most {
        errors.invalid(path, ratio.to_string(), &format!("ratio {ratio} is greater than max/min = {most:.6}"));
    }
}
