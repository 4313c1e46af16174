//! Validation of `metadata`, labels and label selectors, for all kinds alike.
//!
//! The rules are apimachinery's ValidateObjectMeta and meta/v1's validation. Knows no kind: how a name looks is an argument.

use serde_json::{Map, Value};

use super::{NameRule, is_dns1123_subdomain, is_label_value, is_qualified_name, name_is_dns_label, regex_message};
use crate::apimachinery::field::{Errors, Path};
use crate::apimachinery::object::Object;

/// The size keys and values of annotations may have together.
const ANNOTATIONS_LIMIT: usize = 256 << 10;

/// Validates the metadata of a new object, after its name was generated.
pub fn validate_object_meta(object: &Object, namespaced: bool, rule: NameRule) -> Errors {
    let path = Path::new("metadata");
    let mut errors = Errors::default();
    let prefix = object.str_at("/metadata/generateName");
    if !prefix.is_empty() {
        for problem in rule(prefix, true) {
            errors.invalid(&path.child("generateName"), prefix, &problem);
        }
    }
    if object.name().is_empty() {
        errors.required(&path.child("name"), "name or generateName is required");
    }
    for problem in if object.name().is_empty() { Vec::new() } else { rule(object.name(), false) } {
        errors.invalid(&path.child("name"), object.name(), &problem);
    }
    validate_namespace(object, namespaced, &path.child("namespace"), &mut errors);
    if object.generation() < 0 {
        errors.invalid(&path.child("generation"), object.generation(), "must be greater than or equal to 0");
    }
    errors.append(validate_collections(object, &path));
    errors
}

fn validate_namespace(object: &Object, namespaced: bool, path: &Path, errors: &mut Errors) {
    let namespace = object.namespace();
    match (namespaced, namespace.is_empty()) {
        (true, true) => errors.required(path, ""),
        (true, false) => {
            for problem in name_is_dns_label(namespace, false) {
                errors.invalid(path, namespace, &problem);
            }
        }
        (false, false) => errors.forbidden(path, "not allowed on this type"),
        (false, true) => {}
    }
}

/// Labels, annotations, owner references and finalizers.
fn validate_collections(object: &Object, path: &Path) -> Errors {
    let mut errors = validate_labels(object.labels(), &path.child("labels"));
    errors.append(validate_annotations(object.map_at("/metadata/annotations"), &path.child("annotations")));
    errors.append(validate_owner_references(object, &path.child("ownerReferences")));
    errors.append(validate_finalizers(object, &path.child("finalizers")));
    errors
}

/// Validates the metadata of an object that is put in another's place.
pub fn validate_object_meta_update(new: &Object, old: &Object) -> Errors {
    let path = Path::new("metadata");
    let mut errors = Errors::default();
    if old.deletion_timestamp().is_some() {
        let extra: Vec<&str> = new.finalizers().filter(|f| !old.has_finalizer(f)).collect();
        if !extra.is_empty() {
            // Upstream prints the list as Go source.
            let extra: Vec<String> = extra.iter().map(|f| format!("{f:?}")).collect();
            let detail = format!(
                "no new finalizers can be added if the object is being deleted, found new finalizers []string{{{}}}",
                extra.join(", ")
            );
            errors.forbidden(&path.child("finalizers"), &detail);
        }
    }
    if new.str_at("/metadata/resourceVersion").is_empty() {
        errors.invalid(&path.child("resourceVersion"), "", "must be specified for an update");
    }
    if new.generation() < old.generation() {
        errors.invalid(&path.child("generation"), new.generation(), "must not be decremented");
    }
    let immutable =
        ["name", "namespace", "uid", "creationTimestamp", "deletionTimestamp", "deletionGracePeriodSeconds"];
    for key in immutable {
        let pointer = format!("/metadata/{key}");
        let (new, old) = (new.at(&pointer), old.at(&pointer));
        if new != old {
            errors.invalid(&path.child(key), new.cloned().unwrap_or_default(), "field is immutable");
        }
    }
    errors.append(validate_collections(new, &path));
    errors
}

/// Validates labels; each error is reported at `path` itself, as upstream does.
pub fn validate_labels(labels: Option<&Map<String, Value>>, path: &Path) -> Errors {
    let mut errors = Errors::default();
    for (key, value) in labels.into_iter().flatten() {
        errors.append(validate_label_name(key, path));
        let value = value.as_str().unwrap_or_default();
        for problem in is_label_value(value) {
            errors.invalid(path, value, &problem);
        }
    }
    errors
}

/// Validates a path below a domain: `example.com/ingress-controller`.
pub fn validate_domain_prefixed_path(value: &str, path: &Path) -> Errors {
    const SEGMENTS: &str = "[A-Za-z0-9/\\-._~%!$&'()*+,;=:]+";
    let mut errors = Errors::default();
    if value.is_empty() {
        errors.required(path, "");
        return errors;
    }
    let (domain, rest) = value.split_once('/').unwrap_or((value, ""));
    if domain.is_empty() || rest.is_empty() {
        errors.invalid(path, value, "must be a domain-prefixed path (such as \"acme.io/foo\")");
        return errors;
    }
    for problem in is_dns1123_subdomain(domain) {
        errors.invalid(path, domain, &problem);
    }
    if !rest.chars().all(|c| c.is_ascii_alphanumeric() || "/-._~%!$&'()*+,;=:".contains(c)) {
        errors.invalid(path, rest, &regex_message("Invalid path", SEGMENTS, &[]));
    }
    errors
}

/// Validates one label key.
pub fn validate_label_name(name: &str, path: &Path) -> Errors {
    let mut errors = Errors::default();
    for problem in is_qualified_name(name) {
        errors.invalid(path, name, &problem);
    }
    errors
}

/// Validates annotations: their keys, whose case does not matter, and the size of all together.
pub fn validate_annotations(annotations: Option<&Map<String, Value>>, path: &Path) -> Errors {
    let mut errors = Errors::default();
    let mut size = 0;
    for (key, value) in annotations.into_iter().flatten() {
        for problem in is_qualified_name(&key.to_lowercase()) {
            errors.invalid(path, key.as_str(), &problem);
        }
        size += key.len() + value.as_str().map_or(0, str::len);
    }
    if size > ANNOTATIONS_LIMIT {
        errors.too_long(path, ANNOTATIONS_LIMIT);
    }
    errors
}

fn validate_owner_references(object: &Object, path: &Path) -> Errors {
    let mut errors = Errors::default();
    let references = object.list_at("/metadata/ownerReferences");
    let mut controller: Option<String> = None;
    for reference in references {
        let text = |key: &str| reference.get(key).and_then(Value::as_str).unwrap_or_default();
        let version = text("apiVersion").rsplit('/').next().unwrap_or_default();
        if version.is_empty() {
            errors.invalid(&path.child("apiVersion"), text("apiVersion"), "version must not be empty");
        }
        for key in ["kind", "name", "uid"] {
            if text(key).is_empty() {
                errors.invalid(&path.child(key), "", "must not be empty");
            }
        }
        if text("apiVersion") == "v1" && text("kind") == "Event" {
            errors.invalid(path, reference.clone(), "/v1, Kind=Event is disallowed from being an owner");
        }
        if reference.get("controller") == Some(&Value::Bool(true)) {
            let this = format!("{}/{}", text("kind"), text("name"));
            match &controller {
                Some(first) => errors.invalid(
                    path,
                    references.to_vec(),
                    &format!("Only one reference can have Controller set to true. Found \"true\" in references for {first} and {this}"),
                ),
                None => controller = Some(this),
            }
        }
    }
    errors
}

/// Whether a finalizer is one of Kubernetes' own, or has a domain.
pub fn is_own_or_qualified(finalizer: &str) -> bool {
    finalizer.contains('/') || ["kubernetes", "orphan", "foregroundDeletion"].contains(&finalizer)
}

fn validate_finalizers(object: &Object, path: &Path) -> Errors {
    let mut errors = Errors::default();
    for finalizer in object.finalizers() {
        for problem in is_qualified_name(finalizer) {
            errors.invalid(path, finalizer, &problem);
        }
    }
    if object.has_finalizer("orphan") && object.has_finalizer("foregroundDeletion") {
        let all = object.list_at("/metadata/finalizers").to_vec();
        errors.invalid(path, all, "finalizer orphan and foregroundDeletion cannot be both set");
    }
    errors
}

/// Validates a LabelSelector; an absent one is valid.
pub fn validate_label_selector(selector: Option<&Value>, path: &Path) -> Errors {
    let Some(selector) = selector else { return Errors::default() };
    let mut errors =
        validate_labels(selector.get("matchLabels").and_then(Value::as_object), &path.child("matchLabels"));
    let expressions = selector.get("matchExpressions").and_then(Value::as_array);
    for (i, expression) in expressions.into_iter().flatten().enumerate() {
        errors.append(validate_requirement(expression, &path.child("matchExpressions").index(i)));
    }
    errors
}

fn validate_requirement(requirement: &Value, path: &Path) -> Errors {
    let mut errors = Errors::default();
    let text = |key: &str| requirement.get(key).and_then(Value::as_str).unwrap_or_default();
    let values = requirement.get("values").and_then(Value::as_array).map_or(0, Vec::len);
    match text("operator") {
        "In" | "NotIn" if values == 0 => {
            errors.required(&path.child("values"), "must be specified when `operator` is 'In' or 'NotIn'");
        }
        "Exists" | "DoesNotExist" if values > 0 => {
            errors
                .forbidden(&path.child("values"), "may not be specified when `operator` is 'Exists' or 'DoesNotExist'");
        }
        "In" | "NotIn" | "Exists" | "DoesNotExist" => {}
        other => errors.invalid(&path.child("operator"), other, "not a valid selector operator"),
    }
    errors.append(validate_label_name(text("key"), &path.child("key")));
    errors
}

#[cfg(test)]
mod tests {
    use super::super::name_is_dns_subdomain;
    use super::*;
    use serde_json::json;

    fn texts(errors: Errors) -> Vec<String> {
        errors.0.iter().map(ToString::to_string).collect()
    }

    fn meta(metadata: Value) -> Object {
        Object::from_value(json!({"metadata": metadata})).unwrap()
    }

    #[test]
    fn new_metadata() {
        let good = meta(json!({"name": "a", "namespace": "default", "labels": {"a/b": "c"}, "annotations": {"X": ""}}));
        assert_eq!(texts(validate_object_meta(&good, true, name_is_dns_subdomain)), [""; 0]);
        let cluster = meta(json!({"namespace": "default"}));
        assert_eq!(
            texts(validate_object_meta(&cluster, false, name_is_dns_subdomain)),
            [
                "metadata.name: Required value: name or generateName is required",
                "metadata.namespace: Forbidden: not allowed on this type"
            ]
        );
        let owners = meta(json!({"name": "a", "namespace": "d", "finalizers": ["orphan", "foregroundDeletion"],
            "ownerReferences": [{"apiVersion": "v1", "kind": "Pod", "name": "p", "uid": "1", "controller": true},
                                {"apiVersion": "apps/", "kind": "Pod", "name": "q", "uid": "", "controller": true}]}));
        let found = texts(validate_object_meta(&owners, true, name_is_dns_subdomain));
        assert_eq!(found.len(), 4, "{found:?}");
        assert!(found[2].ends_with("references for Pod/p and Pod/q"), "{found:?}");
        let long = meta(json!({"name": "a", "namespace": "d", "annotations": {"a": "x".repeat(256 << 10)}}));
        assert_eq!(
            texts(validate_object_meta(&long, true, name_is_dns_subdomain)),
            ["metadata.annotations: Too long: may not be more than 262144 bytes"]
        );
    }

    #[test]
    fn updated_metadata() {
        let old = meta(json!({"name": "a", "uid": "1", "resourceVersion": "1"}));
        let new = meta(json!({"name": "a", "uid": "2", "resourceVersion": "1"}));
        assert_eq!(
            texts(validate_object_meta_update(&new, &old)),
            ["metadata.uid: Invalid value: \"2\": field is immutable"]
        );
    }

    #[test]
    fn selectors() {
        let selector = json!({"matchExpressions": [{"key": "a", "operator": "In"}, {"key": "b", "operator": "Near"}]});
        assert_eq!(
            texts(validate_label_selector(Some(&selector), &Path::new("spec.selector"))),
            [
                "spec.selector.matchExpressions[0].values: Required value: must be specified when `operator` is 'In' or 'NotIn'",
                "spec.selector.matchExpressions[1].operator: Invalid value: \"Near\": not a valid selector operator"
            ]
        );
    }
}
