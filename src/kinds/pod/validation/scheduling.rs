//! What decides where a pod may run: affinity, gates, tolerations.

use std::collections::BTreeSet;

use serde_json::{Map, Value};

use super::super::fields::Fields;
use super::{choice, node_affinity, pod_affinity, report};
use crate::apimachinery::field::{Errors, Path};
use crate::apimachinery::names::{is_label_value, is_qualified_name, validate_label_name};

pub(super) fn validate_affinity(spec: &Map<String, Value>, path: &Path, errors: &mut Errors) {
    let Some(affinity) = spec.field("affinity") else { return };
    if let Some(node) = affinity.field("nodeAffinity") {
        node_affinity::validate(node, &path.child("nodeAffinity"), errors);
    }
    for key in ["podAffinity", "podAntiAffinity"] {
        if let Some(pods) = affinity.field(key) {
            pod_affinity::validate(pods, &path.child(key), errors);
        }
    }
}

/// Readiness gates and scheduling gates; `path` is the spec's.
pub(super) fn validate_gates(spec: &Map<String, Value>, path: &Path, errors: &mut Errors) {
    for (i, gate) in spec.items("readinessGates").iter().enumerate() {
        let name = gate.text("conditionType");
        report(errors, &path.child("readinessGates").index(i).child("conditionType"), name, is_qualified_name(name));
    }
    let mut seen = BTreeSet::new();
    for (i, gate) in spec.items("schedulingGates").iter().enumerate() {
        let path = path.child("schedulingGates").index(i);
        let name = gate.text("name");
        report(errors, &path, name, is_qualified_name(name));
        if !seen.insert(name) {
            errors.duplicate(&path, name);
        }
    }
}

/// Validates tolerations.
pub fn validate_tolerations(tolerations: &[Value], path: &Path) -> Errors {
    let mut errors = Errors::default();
    for (i, toleration) in tolerations.iter().enumerate() {
        validate_toleration(toleration, &path.index(i), &mut errors);
    }
    errors
}

fn validate_toleration(toleration: &Value, path: &Path, errors: &mut Errors) {
    let text = |key: &str| toleration.text(key);
    let (key, operator, value, effect) = (text("key"), text("operator"), text("value"), text("effect"));
    if !key.is_empty() {
        errors.append(validate_label_name(key, &path.child("key")));
    } else if operator != "Exists" {
        let detail = "operator must be Exists when `key` is empty, which means \"match all values and all keys\"";
        errors.invalid(&path.child("operator"), operator, detail);
    }
    if toleration.int("tolerationSeconds").is_some() && effect != "NoExecute" {
        let detail = "effect must be 'NoExecute' when `tolerationSeconds` is set";
        errors.invalid(&path.child("effect"), effect, detail);
    }
    match operator {
        "Equal" | "" => {
            let problems = is_label_value(value);
            if !problems.is_empty() {
                errors.invalid(&path.child("operator"), value, &problems.join(";"));
            }
        }
        "Exists" if !value.is_empty() => {
            errors.invalid(&path.child("operator"), value, "value must be empty when `operator` is 'Exists'");
        }
        "Exists" => {}
        other => errors.not_supported(&path.child("operator"), other, &["Equal", "Exists"]),
    }
    if !effect.is_empty() {
        choice(errors, &path.child("effect"), effect, &["NoSchedule", "PreferNoSchedule", "NoExecute"], None);
    }
}
