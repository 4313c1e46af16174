//! What an autoscaler may be, in the order and the words of pkg/apis/autoscaling/validation.

use serde_json::Value;

use super::rules;
use crate::apimachinery::field::{Errors, Path};
use crate::apimachinery::names;
use crate::apimachinery::object::Object;
use crate::apimachinery::quantity::Quantity;
use crate::kinds::pod::{self, Fields};

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

/// The fields of a metric that hold a source, in the order in which upstream looks at them.
const FIELDS: [&str; 5] = ["object", "external", "pods", "resource", "containerResource"];

fn validate_metric(metric: &Value, path: &Path, errors: &mut Errors) {
    let kind = metric.text("type");
    if kind.is_empty() {
        errors.required(&path.child("type"), "must specify a metric source type");
    }
    let is_known = SOURCES.contains(&kind);
    if !is_known {
        errors.not_supported(&path.child("type"), kind, &SOURCES);
    }
    let present: Vec<&str> = FIELDS.into_iter().filter(|field| metric.field(field).is_some()).collect();
    // Of several sources the first is looked at, whichever is meant.
    if let Some((first, values)) = present.first().and_then(|first| Some((*first, metric.field(first)?))) {
        validate_values(first, values, &path.child(first), errors);
    }
    let mut meant = kind.to_owned();
    if let Some(first) = meant.get_mut(..1) {
        first.make_ascii_lowercase();
    }
    if is_known && !present.contains(&meant.as_str()) {
        errors.required(&path.child(&meant), "must populate information for the given metric source");
    }
    for other in present.iter().filter(|field| present.len() != 1 && **field != meant) {
        errors.forbidden(&path.child(other), "must populate the given metric source only");
    }
}

fn validate_values(source: &str, values: &Value, path: &Path, errors: &mut Errors) {
    if source.ends_with("esource") && values.text("name").is_empty() {
        errors.required(&path.child("name"), "must specify a resource name");
    }
    if source == "containerResource" {
        let (name, container) = (values.text("name"), values.text("container"));
        if !name.is_empty() {
            pod::validate_limit_name(name, true, &path.child("name"), errors);
        }
        if container.is_empty() {
            errors.required(&path.child("container"), "must specify a container");
        } else {
            let path = path.child("container");
            names::is_dns1123_label(container).iter().for_each(|p| errors.invalid(&path, container, p));
        }
    }
    if matches!(source, "pods" | "object" | "external") {
        rules::validate_metric_name(values, path, errors);
    }
    validate_target(values.field("target").unwrap_or(&Value::Null), &path.child("target"), errors);
    rules::validate_source(source, values, path, errors);
}

fn validate_target(target: &Value, path: &Path, errors: &mut Errors) {
    const TYPES: [&str; 3] = ["AverageValue", "Utilization", "Value"];
    match target.text("type") {
        "" => {
            errors.required(&path.child("type"), "must specify a metric target type");
            errors.invalid(&path.child("type"), "", "must be either Utilization, Value, or AverageValue");
        }
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
    fn each_metric_has_the_source_it_names() {
        let mut scaled = autoscaler("apps/v1", "Deployment");
        let cpu = json!({"name": "cpu", "target": {"type": "Utilization", "averageUtilization": 80}});
        scaled.set(
            "/spec/metrics",
            json!([
                {"type": "Resource", "resource": cpu}, {"type": "Pods", "resource": cpu}, {"resource": cpu},
                {"type": "Resource", "resource": cpu, "containerResource": {}},
            ]),
        );
        let texts: Vec<String> = validate(&scaled).0.iter().map(ToString::to_string).collect();
        let types = "\"ContainerResource\", \"External\", \"Object\", \"Pods\", \"Resource\"";
        assert_eq!(
            texts,
            [
                "spec.metrics[1].pods: Required value: must populate information for the given metric source"
                    .to_owned(),
                "spec.metrics[2].type: Required value: must specify a metric source type".to_owned(),
                format!("spec.metrics[2].type: Unsupported value: \"\": supported values: {types}"),
                "spec.metrics[3].containerResource: Forbidden: must populate the given metric source only".to_owned(),
            ]
        );
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
