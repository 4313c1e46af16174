//! What may be changed on a pod: images, deadlines, more tolerations, fewer scheduling gates; nothing else.

use serde_json::{Map, Value};

use super::fields::Fields;
use super::spec_path;
use super::validation::{validate_annotations_of, validate_annotations_update, validate_pod, validate_tolerations};
use crate::apimachinery::field::{Errors, Path};
use crate::apimachinery::names::range_message;
use crate::apimachinery::object::Object;
use crate::kinds::internal;

/// Upstream adds a diff of two Go structs after a line break; its layout is random by design, so it is left out.
const IMMUTABLE: &str = "pod updates may not change fields other than `spec.containers[*].image`,`spec.initContainers[*].image`,`spec.activeDeadlineSeconds`,`spec.tolerations` (only additions to existing tolerations),`spec.terminationGracePeriodSeconds` (allow it to be set to 1 if it was previously negative)\n";

/// Validates a pod that is to replace another; metadata is validated elsewhere.
pub(super) fn validate_update(new: &Object, old: &Object) -> Errors {
    let path = spec_path();
    let mut errors = validate_pod(new);
    let annotations = |pod: &'_ Object| pod.map_at("/metadata/annotations").cloned();
    let annotations_path = Path::new("metadata.annotations");
    validate_annotations_update(annotations(new).as_ref(), annotations(old).as_ref(), &annotations_path, &mut errors);
    errors.append(validate_annotations_of(new));
    let empty = Map::new();
    let (new, old) = (new.map_at("/spec").unwrap_or(&empty), old.map_at("/spec").unwrap_or(&empty));
    for list in ["containers", "initContainers"] {
        if !validate_containers(new, old, list, &path, &mut errors) {
            return errors;
        }
    }
    if !validate_deadline(new, old, &path.child("activeDeadlineSeconds"), &mut errors) {
        return errors;
    }
    let tolerations = path.child("tolerations");
    validate_only_added(new.items("tolerations"), old.items("tolerations"), &tolerations, &mut errors);
    validate_gates(new, old, &path.child("schedulingGates"), &mut errors);
    let mut munged = munge(new, old);
    if !old.items("schedulingGates").is_empty() {
        validate_gated(&mut munged, old, &path, &mut errors);
    }
    if munged != *old {
        errors.forbidden(&path, IMMUTABLE);
    }
    errors
}

/// Whether the rest can be compared at all.
fn validate_containers(
    new: &Map<String, Value>,
    old: &Map<String, Value>,
    list: &str,
    path: &Path,
    errors: &mut Errors,
) -> bool {
    let path = path.child(list);
    if new.items(list).len() != old.items(list).len() {
        errors.forbidden(&path, "pod updates may not add or remove containers");
        return false;
    }
    for (i, container) in new.items(list).iter().enumerate() {
        let image = container.text("image");
        let path = path.index(i).child("image");
        if image.is_empty() {
            errors.required(&path, "");
        }
        if image.trim().len() != image.len() {
            errors.invalid(&path, image, "must not have leading or trailing whitespace");
        }
    }
    true
}

/// A deadline may be set, or come closer. Whether to go on.
fn validate_deadline(new: &Map<String, Value>, old: &Map<String, Value>, path: &Path, errors: &mut Errors) -> bool {
    let high = i64::from(i32::MAX);
    match (new.int("activeDeadlineSeconds"), old.int("activeDeadlineSeconds")) {
        (Some(seconds), _) if !(0..=high).contains(&seconds) => {
            errors.invalid(path, seconds, &range_message(0, high));
            return false;
        }
        (Some(seconds), Some(before)) if before < seconds => {
            errors.invalid(path, seconds, "must be less than or equal to previous value");
            return false;
        }
        (None, Some(_)) => errors.invalid(path, Value::Null, "must not update from a positive integer to nil value"),
        _ => {}
    }
    true
}

/// Tolerations stay, except for their seconds; others may join.
fn validate_only_added(new: &[Value], old: &[Value], path: &Path, errors: &mut Errors) {
    let without_seconds = |toleration: &Value| {
        let mut map = toleration.as_object().cloned().unwrap_or_default();
        map.remove("tolerationSeconds");
        map
    };
    if !old.iter().all(|o| new.iter().any(|n| without_seconds(n) == without_seconds(o))) {
        return errors.forbidden(path, "existing toleration can not be modified except its tolerationSeconds");
    }
    errors.append(validate_tolerations(new, path));
}

fn validate_gates(new: &Map<String, Value>, old: &Map<String, Value>, path: &Path, errors: &mut Errors) {
    for (i, gate) in new.items("schedulingGates").iter().enumerate() {
        let name = gate.text("name");
        if !old.items("schedulingGates").iter().any(|g| g.text("name") == name) {
            let detail = format!("only deletion is allowed, but found new scheduling gate '{name}'");
            errors.forbidden(&path.index(i).child("name"), &detail);
        }
    }
}

/// The new spec with everything put back that may change.
fn munge(new: &Map<String, Value>, old: &Map<String, Value>) -> Map<String, Value> {
    let mut munged = new.clone();
    for list in ["containers", "initContainers"] {
        let containers = munged.get_mut(list).and_then(Value::as_array_mut).into_iter().flatten();
        for (container, before) in containers.zip(old.items(list)) {
            if let (Some(container), Some(image)) = (container.as_object_mut(), before.get("image")) {
                container.insert("image".to_owned(), image.clone());
            }
        }
    }
    for key in ["activeDeadlineSeconds", "schedulingGates", "tolerations"] {
        put_back(&mut munged, old, key);
    }
    let negative = old.int("terminationGracePeriodSeconds").is_some_and(|s| s < 0);
    if negative && munged.int("terminationGracePeriodSeconds") == Some(1) {
        put_back(&mut munged, old, "terminationGracePeriodSeconds");
    }
    munged
}

fn put_back(munged: &mut Map<String, Value>, old: &Map<String, Value>, key: &str) {
    match old.get(key) {
        Some(value) => munged.insert(key.to_owned(), value.clone()),
        None => munged.remove(key),
    };
}

/// While a pod is gated its node selector and what it requires of nodes may grow.
fn validate_gated(munged: &mut Map<String, Value>, old: &Map<String, Value>, path: &Path, errors: &mut Errors) {
    let before = old.section("nodeSelector").cloned().unwrap_or_default();
    let after = munged.section("nodeSelector").cloned().unwrap_or_default();
    if before.iter().any(|(key, value)| after.get(key) != Some(value)) {
        let detail = "only additions to spec.nodeSelector are allowed (no mutations or deletions)";
        errors.invalid(&path.child("nodeSelector"), Value::Object(after), detail);
    }
    put_back(munged, old, "nodeSelector");
    validate_gated_affinity(munged, old, &path.child("affinity").child("nodeAffinity"), errors);
}

const REQUIRED: &str = "requiredDuringSchedulingIgnoredDuringExecution";

/// Terms stay as many as they are, where there are any; each may get more requirements. What is preferred may be anything.
fn validate_gated_affinity(
    munged: &mut Map<String, Value>,
    old: &Map<String, Value>,
    path: &Path,
    errors: &mut Errors,
) {
    let of = |spec: &Map<String, Value>| spec.field("affinity").and_then(|a| a.field("nodeAffinity")).cloned();
    let (before, after) = (of(old), of(munged));
    if before == after {
        return;
    }
    let terms = |affinity: &Option<Value>| {
        let selector = affinity.as_ref().and_then(|a| a.field(REQUIRED));
        selector.map(|s| s.items("nodeSelectorTerms").to_vec()).unwrap_or_default()
    };
    let (had, has) = (terms(&before), terms(&after));
    let path = path.child(REQUIRED).child("nodeSelectorTerms");
    if !had.is_empty() && had.len() != has.len() {
        let detail = "no additions/deletions to non-empty NodeSelectorTerms list are allowed";
        errors.invalid_shown(&path, &internal::shown_items(&has, internal::NODE_SELECTOR_TERM), detail);
    } else {
        for (i, (_, has)) in had.iter().zip(&has).enumerate().filter(|(_, (had, has))| !only_adds(had, has)) {
            let shown = internal::shown(has, internal::NODE_SELECTOR_TERM);
            errors.invalid_shown(&path.index(i), &shown, "only additions are allowed (no mutations or deletions)");
        }
    }
    let mut affinity = munged.section("affinity").cloned().unwrap_or_default();
    match before {
        Some(before) => affinity.insert("nodeAffinity".to_owned(), before),
        None => affinity.remove("nodeAffinity"),
    };
    if affinity.is_empty() && old.field("affinity").is_none() {
        munged.remove("affinity");
    } else {
        munged.insert("affinity".to_owned(), Value::Object(affinity));
    }
}

/// Whether a term has what it had, in front of what it has besides.
fn only_adds(had: &Value, has: &Value) -> bool {
    let lists = ["matchExpressions", "matchFields"];
    let was_empty = lists.iter().all(|list| had.items(list).is_empty());
    if was_empty {
        return lists.iter().all(|list| has.items(list).is_empty());
    }
    lists.iter().all(|list| has.items(list).starts_with(had.items(list)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn pod() -> Object {
        let mut pod = Object::new("v1", "Pod", "default", "p");
        pod.set(
            "/spec",
            json!({"containers": [{"name": "a", "image": "nginx:1"}], "tolerations": [{"key": "a", "operator": "Exists"}]}),
        );
        super::super::defaults::set_pod_defaults(&mut pod);
        pod
    }

    fn changed(change: impl FnOnce(&mut Object)) -> Vec<String> {
        let mut new = pod();
        change(&mut new);
        validate_update(&new, &pod()).0.iter().map(ToString::to_string).collect()
    }

    #[test]
    fn what_may_change() {
        let image = json!([{"key": "a", "operator": "Exists"}, {"key": "b", "operator": "Exists"}]);
        assert_eq!(changed(|p| p.set("/spec/tolerations", image)), [""; 0]);
        assert_eq!(changed(|p| p.set("/spec/activeDeadlineSeconds", 5.into())), [""; 0]);
        assert_eq!(
            changed(|p| p.body_mut().get_or_insert("spec")["containers"][0]["image"] = "nginx:2".into()),
            [""; 0]
        );
    }

    #[test]
    fn what_may_not() {
        let found = changed(|p| p.set("/spec/hostname", "x".into()));
        assert!(found.len() == 1 && found[0].starts_with("spec: Forbidden: pod updates may not change"), "{found:?}");
        assert_eq!(
            changed(|p| p.set("/spec/containers", json!([]))),
            [
                "spec.containers: Required value",
                "spec.containers: Forbidden: pod updates may not add or remove containers"
            ]
        );
        assert_eq!(
            changed(|p| p.set("/spec/tolerations", json!([]))),
            ["spec.tolerations: Forbidden: existing toleration can not be modified except its tolerationSeconds"]
        );
        assert_eq!(
            changed(|p| p.body_mut().get_or_insert("spec")["containers"][0]["image"] = "".into()),
            ["spec.containers[0].image: Required value", "spec.containers[0].image: Required value"]
        );
    }
}
