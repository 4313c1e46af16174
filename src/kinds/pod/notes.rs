//! What people write on pods: labels and annotations that nobody else looks at.

use std::collections::BTreeSet;

use serde_json::{Map, Value};

use crate::apimachinery::object::Object;
use crate::apimachinery::status::Status;
use crate::cluster::Cluster;
use crate::kinds::{KINDS, pod_disruption_budget};

/// Fields of the metadata that are notes, or change with every write.
const NOTES: [&str; 4] = ["annotations", "labels", "managedFields", "resourceVersion"];
/// Labels of the controllers that have no prefix: what a pod was made from.
const HASHES: [&str; 2] = ["controller-revision-hash", "pod-template-hash"];

/// Whether a change is a note that no controller reads and no selector of the namespace names: whoever owns or selects the pod
/// sees no difference, and a set of ten thousand pods need not be looked through for a label on one of them.
///
/// # Errors
/// When the store cannot be read.
pub(super) fn is_note(old: &Object, new: &Object, cluster: &Cluster) -> Result<bool, Status> {
    // Most changes are of the status: to see that is cheapest.
    if old.at("/status") != new.at("/status") || old.internal != new.internal || !are_others_same(old, new) {
        return Ok(false);
    }
    let annotations = changed(old.map_at("/metadata/annotations"), new.map_at("/metadata/annotations"));
    let labels = changed(old.labels(), new.labels());
    let is_system = |key: &&str| key.contains("kubernetes.io/") || HASHES.contains(key);
    if annotations.iter().chain(&labels).any(is_system) {
        return Ok(false);
    }
    Ok(labels.is_empty() || !is_selected_by(&labels, new.namespace(), cluster)?)
}

/// Whether everything but notes is the same.
fn are_others_same(old: &Object, new: &Object) -> bool {
    old.body().is_same_but(new.body(), &["metadata"]) && metadata(old).eq(metadata(new))
}

fn metadata(pod: &Object) -> impl Iterator<Item = (&String, &Value)> {
    pod.map_at("/metadata").into_iter().flatten().filter(|(field, _)| !NOTES.contains(&field.as_str()))
}

/// The keys whose values are not the same in both.
fn changed<'m>(old: Option<&'m Map<String, Value>>, new: Option<&'m Map<String, Value>>) -> BTreeSet<&'m str> {
    let keys = old.into_iter().chain(new).flat_map(Map::keys);
    keys.filter(|key| old.and_then(|m| m.get(*key)) != new.and_then(|m| m.get(*key))).map(String::as_str).collect()
}

/// Whether anything in the namespace that selects pods, does so by one of these labels. Budgets are taken to.
fn is_selected_by(labels: &BTreeSet<&str>, namespace: &str, cluster: &Cluster) -> Result<bool, Status> {
    if !cluster.list(pod_disruption_budget::RESOURCE, Some(namespace))?.is_empty() {
        return Ok(true);
    }
    let selecting = KINDS.iter().filter(|kind| kind.pod_selector(&Object::default()).is_some());
    for kind in selecting {
        for object in cluster.list(kind.names().resource, Some(namespace))? {
            let Some(Ok(selector)) = kind.pod_selector(&object) else { continue };
            if selector.requirements().iter().any(|r| labels.contains(r.key())) {
                return Ok(true);
            }
        }
    }
    Ok(false)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kinds::empty_store::{EmptyStore, put};
    use serde_json::json;

    #[test]
    fn a_note_is_what_nobody_selects_by() {
        let mut cluster = Cluster::new(&EmptyStore);
        let mut service = Object::new("v1", "Service", "default", "web");
        service.set("/spec/selector", json!({"app": "web"}));
        put(&mut cluster, &service);
        let pod = Object::new("v1", "Pod", "default", "web-0");
        let with = |pointer: &str, value: Value| {
            let mut new = pod.clone();
            new.set(pointer, value);
            is_note(&pod, &new, &cluster).unwrap()
        };
        assert!(with("/metadata/labels", json!({"colour": "red"})));
        assert!(with("/metadata/annotations", json!({"note": "x"})));
        assert!(!with("/metadata/labels", json!({"app": "web"})), "the service may have to list it");
        assert!(!with("/metadata/labels", json!({"controller-revision-hash": "x"})));
        assert!(!with("/metadata/annotations", json!({"controller.kubernetes.io/pod-deletion-cost": "1"})));
        assert!(!with("/metadata/deletionTimestamp", json!("2026-01-01T00:00:00Z")));
        assert!(!with("/status/phase", json!("Running")));
        put(&mut cluster, &Object::new("policy/v1", "PodDisruptionBudget", "default", "b"));
        let mut new = pod.clone();
        new.set_label("colour", "red");
        assert!(!is_note(&pod, &new, &cluster).unwrap());
    }
}
