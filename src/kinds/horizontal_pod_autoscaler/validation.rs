//! What an autoscaler may be, in the order and the words of pkg/apis/autoscaling/validation.

use serde_json::Value;

use super::rules;
use crate::apimachinery::field::{Errors, Path};
use crate::apimachinery::names;
use crate::apimachinery::object::Object;
use crate::apimachinery::quantity::Quantity;
use crate::kinds::pod::Fields;

const SOURCES: [&str; 5] = ["ContainerResource", "External", "Object", "Pods", "Resource"];

/// What is wrong with an autoscaler.
pub fn validate(autoscaler: &Object) -> Errors {
    validate_beside(autoscaler, None)
}

/// As [`validate`], for an update: a target whose version makes no sense may stay.
pub fn validate_update(new: &Object, old: &Object) -> Errors {
    validate_beside(new, Some(old))
}

fn validate_beside(autoscaler: &Object, old: Option<&Object>) -> Errors {
    let mut errors = Errors::default();
    let spec = Path::new("spec");
    let (min, max) = (autoscaler.i64_at("/spec/minReplicas"), autoscaler.i64_at("/spec/maxReplicas").unwrap_or(0));
    if let Some(min) = min.filter(|m| *m < 1) {
        errors.invalid(&spec.child("minReplicas"), min, "must be greater than or equal to 1");
    }
    if max < 1 {
        errors.invalid(&spec.child("maxReplicas"), max, "must be greater than 0");
    }
    if min.is_some_and(|min| max < min) {
        errors.invalid(&spec.child("maxReplicas"), max, "must be greater than or equal to `minReplicas`");
    }
    let path = spec.child("scaleTargetRef");
    for field in ["kind", "name"] {
        let text = autoscaler.str_at(&format!("/spec/scaleTargetRef/{field}"));
        if text.is_empty() {
            errors.required(&path.child(field), "");
        }
        for problem in names::is_path_segment_name(text, false).into_iter().filter(|_| !text.is_empty()) {
            errors.invalid(&path.child(field), text, &problem);
        }
    }
    if let Some(why) = version_problem(autoscaler)
        && old.is_none_or(|old| version_problem(old).is_none())
    {
        let version = autoscaler.str_at("/spec/scaleTargetRef/apiVersion");
        errors.invalid(&path.child("apiVersion"), version, &why);
    }
    let metrics = autoscaler.list_at("/spec/metrics");
    for (i, metric) in metrics.iter().enumerate() {
        validate_metric(metric, &spec.child("metrics").index(i), &mut errors);
    }
    if min == Some(0) && !metrics.iter().any(|m| matches!(m.text("type"), "Object" | "External")) {
        let why = "must specify at least one Object or External metric to support scaling to zero replicas";
        errors.forbidden(&spec.child("metrics"), why);
    }
    for way in ["scaleUp", "scaleDown"] {
        if let Some(rules) = autoscaler.at(&format!("/spec/behavior/{way}")).filter(|r| !r.is_null()) {
            rules::validate_rules(rules, &spec.child("behavior").child(way), &mut errors);
        }
    }
    errors
}

/// What is wrong with the version of what is scaled. Only a ReplicationController is in no group.
fn version_problem(autoscaler: &Object) -> Option<String> {
    let version = autoscaler.str_at("/spec/scaleTargetRef/apiVersion");
    if version.matches('/').count() > 1 {
        return Some(format!("unexpected GroupVersion string: {version}"));
    }
    let group = version.split_once('/').map_or("", |(group, _)| group);
    let needs_group = autoscaler.str_at("/spec/scaleTargetRef/kind") != "ReplicationController";
    (group.is_empty() && needs_group).then(|| "apiVersion must specify API group".to_owned())
}

fn validate_metric(metric: &Value, path: &Path, errors: &mut Errors) {
    let kind = metric.text("type");
    if kind.is_empty() {
        errors.required(&path.child("type"), "must specify a metric source type");
    }
    if !SOURCES.contains(&kind) {
        return errors.not_supported(&path.child("type"), kind, &SOURCES);
    }
    let mut source = kind.to_owned();
    source[..1].make_ascii_lowercase();
    for other in ["object", "external", "pods", "resource", "containerResource"] {
        if other != source && metric.field(other).is_some() {
            errors.forbidden(&path.child(other), "must populate the given metric source only");
        }
    }
    let path = path.child(&source);
    let Some(values) = metric.field(&source) else {
        return errors.required(&path, "must populate information for the given metric source");
    };
    if source.ends_with("esource") && values.text("name").is_empty() {
        errors.required(&path.child("name"), "must specify a resource name");
    }
    if matches!(source.as_str(), "pods" | "object" | "external") {
        rules::validate_metric_name(values, &path, errors);
    }
    validate_target(values.field("target").unwrap_or(&Value::Null), &path.child("target"), errors);
    rules::validate_source(&source, values, &path, errors);
}

fn validate_target(target: &Value, path: &Path, errors: &mut Errors) {
    const TYPES: [&str; 3] = ["AverageValue", "Utilization", "Value"];
    match target.text("type") {
        "" => errors.required(&path.child("type"), "must specify a metric target type"),
        kind if !TYPES.contains(&kind) => {
            errors.invalid(&path.child("type"), kind, "must be either Utilization, Value, or AverageValue");
        }
        _ => {}
    }
    for field in ["value", "averageValue"] {
        let amount = target.field(field).and_then(|v| Quantity::from_value(v).ok());
        if let Some(amount) = amount.filter(|q| *q <= Quantity::ZERO) {
            errors.invalid(&path.child(field), amount.to_string(), "must be positive");
        }
    }
    if let Some(percent) = target.int("averageUtilization").filter(|n| *n < 1) {
        errors.invalid(&path.child("averageUtilization"), percent, "must be greater than 0");
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn autoscaler(version: &str, kind: &str) -> Object {
        let target = json!({"apiVersion": version, "kind": kind, "name": "web"});
        Object::from_value(json!({"spec": {"maxReplicas": 2, "scaleTargetRef": target}})).unwrap()
    }

    #[test]
    fn what_is_scaled_is_in_a_group() {
        let texts = |errors: Errors| -> Vec<String> { errors.0.iter().map(ToString::to_string).collect() };
        let path = "spec.scaleTargetRef.apiVersion: Invalid value";
        assert_eq!(texts(validate(&autoscaler("apps/v1", "StatefulSet"))), [""; 0]);
        assert_eq!(texts(validate(&autoscaler("v1", "ReplicationController"))), [""; 0]);
        let bad = autoscaler("v1", "StatefulSet");
        assert_eq!(texts(validate(&bad)), [format!("{path}: \"v1\": apiVersion must specify API group")]);
        assert_eq!(texts(validate_update(&bad, &bad)), [""; 0]);
        assert_eq!(
            texts(validate(&autoscaler("a/b/c", "StatefulSet"))),
            [format!("{path}: \"a/b/c\": unexpected GroupVersion string: a/b/c")]
        );
    }
}
