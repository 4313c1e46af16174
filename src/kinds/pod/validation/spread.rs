//! How pods are spread over a cluster.

use serde_json::{Map, Value};

use super::super::fields::Fields;
use super::{choice, pod_affinity};
use crate::apimachinery::field::{Errors, Path};
use crate::apimachinery::names::validate_label_selector;

pub(super) fn validate(spec: &Map<String, Value>, path: &Path, errors: &mut Errors) {
    let constraints = spec.items("topologySpreadConstraints");
    for (i, constraint) in constraints.iter().enumerate() {
        let path = path.index(i);
        let skew = constraint.int("maxSkew").unwrap_or(0);
        if skew <= 0 {
            errors.invalid(&path.child("maxSkew"), skew, "must be greater than zero");
        }
        let (key, action) = (constraint.text("topologyKey"), constraint.text("whenUnsatisfiable"));
        if key.is_empty() {
            errors.required(&path.child("topologyKey"), "can not be empty");
        }
        choice(errors, &path.child("whenUnsatisfiable"), action, &["DoNotSchedule", "ScheduleAnyway"], None);
        let same = |c: &Value| c.text("topologyKey") == key && c.text("whenUnsatisfiable") == action;
        if constraints[i + 1..].iter().any(same) {
            errors.duplicate(&path.child("{topologyKey, whenUnsatisfiable}"), format!("{{{key}, {action}}}"));
        }
        if let Some(domains) = constraint.int("minDomains") {
            validate_min_domains(domains, action, &path.child("minDomains"), errors);
        }
        for key in ["nodeAffinityPolicy", "nodeTaintsPolicy"] {
            if constraint.field(key).is_some() {
                choice(errors, &path.child(key), constraint.text(key), &["Honor", "Ignore"], None);
            }
        }
        pod_affinity::validate_label_keys(constraint, &path, errors);
        errors.append(validate_label_selector(constraint.field("labelSelector"), &path.child("labelSelector")));
    }
}

fn validate_min_domains(domains: i64, action: &str, path: &Path, errors: &mut Errors) {
    if domains <= 0 {
        errors.invalid(path, domains, "must be greater than zero");
    }
    if action != "DoNotSchedule" {
        let detail = format!("can only use minDomains if whenUnsatisfiable=DoNotSchedule, not {action}");
        errors.invalid(path, domains, &detail);
    }
}
