//! Which other pods a pod wants near it, or not.

use serde_json::Value;

use super::super::fields::Fields;
use super::node_affinity::validate_weight;
use super::report;
use crate::apimachinery::field::{Errors, Path};
use crate::apimachinery::names::{name_is_dns_label, validate_label_name, validate_label_selector};

pub(super) fn validate(affinity: &Value, path: &Path, errors: &mut Errors) {
    let key = "requiredDuringSchedulingIgnoredDuringExecution";
    for (i, term) in affinity.items(key).iter().enumerate() {
        validate_term(term, &path.child(key).index(i), errors);
    }
    let key = "preferredDuringSchedulingIgnoredDuringExecution";
    for (i, weighted) in affinity.items(key).iter().enumerate() {
        let path = path.child(key).index(i);
        validate_weight(weighted, &path, errors);
        let term = weighted.field("podAffinityTerm").unwrap_or(&Value::Null);
        validate_term(term, &path.child("podAffinityTerm"), errors);
    }
}

fn validate_term(term: &Value, path: &Path, errors: &mut Errors) {
    errors.append(validate_label_selector(term.field("labelSelector"), &path.child("labelSelector")));
    errors.append(validate_label_selector(term.field("namespaceSelector"), &path.child("namespaceSelector")));
    for namespace in term.texts("namespaces") {
        report(errors, &path.child("namespace"), namespace, name_is_dns_label(namespace, false));
    }
    validate_label_keys(term, path, errors);
    let topology = term.text("topologyKey");
    if topology.is_empty() {
        errors.required(&path.child("topologyKey"), "can not be empty");
    }
    errors.append(validate_label_name(topology, &path.child("topologyKey")));
}

fn validate_label_keys(term: &Value, path: &Path, errors: &mut Errors) {
    for list in ["matchLabelKeys", "mismatchLabelKeys"] {
        let keys = term.texts(list);
        if !keys.is_empty() && term.field("labelSelector").is_none() {
            errors.forbidden(&path.child(list), "must not be specified when labelSelector is not set");
            continue;
        }
        for (i, key) in keys.into_iter().enumerate() {
            errors.append(validate_label_name(key, &path.child(list).index(i)));
        }
    }
    let mismatches = term.texts("mismatchLabelKeys");
    for (i, key) in term.texts("matchLabelKeys").into_iter().enumerate() {
        if mismatches.contains(&key) {
            let path = path.child("matchLabelKeys").index(i);
            errors.invalid(&path, key, "exists in both matchLabelKeys and mismatchLabelKeys");
        }
    }
}
