//! Which other pods a pod wants near it, or not.

use std::collections::BTreeSet;

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

/// Checks matchLabelKeys and mismatchLabelKeys, of a term or of a spread constraint. A new pod's selectors have been given
/// the expressions of its keys by then.
pub(super) fn validate_label_keys(term: &Value, path: &Path, errors: &mut Errors) {
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
    let keys = term.texts("matchLabelKeys");
    validate_selector_keys(term, &keys, path, errors);
    let mismatches = term.texts("mismatchLabelKeys");
    for (i, key) in keys.into_iter().enumerate() {
        if mismatches.contains(&key) {
            let path = path.child("matchLabelKeys").index(i);
            errors.invalid(&path, key, "exists in both matchLabelKeys and mismatchLabelKeys");
        }
    }
}

/// A key's expression is one too many where the selector asks for the key already. The path is odd upstream.
fn validate_selector_keys(term: &Value, keys: &[&str], path: &Path, errors: &mut Errors) {
    let Some(selector) = term.field("labelSelector") else { return };
    let mut known: BTreeSet<&str> =
        selector.section("matchLabels").into_iter().flatten().map(|(k, _)| k.as_str()).collect();
    for expression in selector.items("matchExpressions") {
        let key = expression.text("key");
        if let Some(i) = keys.iter().rposition(|k| *k == key).filter(|_| known.contains(key)) {
            errors.invalid(&path.index(i), key, "exists in both matchLabelKeys and labelSelector");
        }
        known.insert(key);
    }
}
