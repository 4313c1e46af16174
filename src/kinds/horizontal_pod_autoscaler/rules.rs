//! What an autoscaler's metric sources and scaling rules may be, in the words of pkg/apis/autoscaling/validation.

use serde_json::Value;

use crate::apimachinery::field::{Errors, Path};
use crate::apimachinery::names;
use crate::apimachinery::quantity::Quantity;
use crate::kinds::pod::Fields;

const LONGEST_WINDOW: i64 = 3600;
const LONGEST_PERIOD: i64 = 1800;

/// Checks what a source of metrics measures, and that it has the target that goes with it.
pub(super) fn validate_source(source: &str, values: &Value, path: &Path, errors: &mut Errors) {
    let target = values.field("target").unwrap_or(&Value::Null);
    let target_path = path.child("target");
    let positive = |field: &str| {
        target.field(field).and_then(|v| Quantity::from_value(v).ok()).is_some_and(|q| q > Quantity::ZERO)
    };
    let has = |field: &str| target.field(field).is_some();
    match source {
        "resource" | "containerResource" => {
            if !has("averageUtilization") && !has("averageValue") {
                let why = "must set either a target raw value or a target utilization";
                errors.required(&target_path.child("averageUtilization"), why);
            }
            if has("averageUtilization") && has("averageValue") {
                let why = "may not set both a target raw value and a target utilization";
                errors.forbidden(&target_path.child("averageValue"), why);
            }
        }
        "pods" if !positive("averageValue") => {
            errors.required(&target_path.child("averageValue"), "must specify a positive target averageValue");
        }
        "object" if !has("value") && !has("averageValue") => {
            let why = "must set either a target value or averageValue";
            errors.required(&target_path.child("averageValue"), why);
        }
        "external" if !has("value") && !has("averageValue") => {
            let why = "must set either a target value for metric or a per-pod target";
            errors.required(&target_path.child("averageValue"), why);
        }
        "external" if has("value") && has("averageValue") => {
            let why = "may not set both a target value for metric and a per-pod target";
            errors.forbidden(&target_path.child("value"), why);
        }
        _ => {}
    }
}

/// Checks the name of a metric.
pub(super) fn validate_metric_name(values: &Value, path: &Path, errors: &mut Errors) {
    let name = values.field("metric").map_or("", |m| m.text("name"));
    let path = path.child("metric").child("name");
    if name.is_empty() {
        return errors.required(&path, "must specify a metric name");
    }
    for problem in names::is_path_segment_name(name, false) {
        errors.invalid(&path, name, &problem);
    }
}

/// Checks how fast an autoscaler may scale one way.
pub(super) fn validate_rules(rules: &Value, path: &Path, errors: &mut Errors) {
    if let Some(window) = rules.int("stabilizationWindowSeconds") {
        let path = path.child("stabilizationWindowSeconds");
        if window < 0 {
            errors.invalid(&path, window, "must be greater than or equal to zero");
        }
        if window > LONGEST_WINDOW {
            errors.invalid(&path, window, &format!("must be less than or equal to {LONGEST_WINDOW}"));
        }
    }
    let select = rules.text("selectPolicy");
    if rules.field("selectPolicy").is_some() && !matches!(select, "Disabled" | "Max" | "Min") {
        errors.not_supported(&path.child("selectPolicy"), select, &["Disabled", "Max", "Min"]);
    }
    let path = path.child("policies");
    if rules.items("policies").is_empty() {
        errors.required(&path, "must specify at least one Policy");
    }
    for (i, policy) in rules.items("policies").iter().enumerate() {
        validate_policy(policy, &path.index(i), errors);
    }
}

fn validate_policy(policy: &Value, path: &Path, errors: &mut Errors) {
    if !matches!(policy.text("type"), "Percent" | "Pods") {
        errors.not_supported(&path.child("type"), policy.text("type"), &["Percent", "Pods"]);
    }
    for field in ["value", "periodSeconds"] {
        if let Some(number) = Some(policy.int(field).unwrap_or(0)).filter(|n| *n <= 0) {
            errors.invalid(&path.child(field), number, "must be greater than zero");
        }
    }
    if let Some(number) = policy.int("periodSeconds").filter(|n| *n > LONGEST_PERIOD) {
        errors.invalid(
            &path.child("periodSeconds"),
            number,
            &format!("must be less than or equal to {LONGEST_PERIOD}"),
        );
    }
}
