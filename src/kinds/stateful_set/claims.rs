//! A StatefulSet's claims: one per template and ordinal, for ever, and who owns them.

use std::sync::Arc;

use serde_json::{Value, json};

use super::members::ordinal;
use super::{NAMES, Set};
use crate::apimachinery::key::Key;
use crate::apimachinery::object::Object;
use crate::apimachinery::status::Status;
use crate::cluster::Cluster;

/// The set's claim templates.
pub fn templates(set: &Object) -> &[Value] {
    set.list_at("/spec/volumeClaimTemplates")
}

/// A template's name.
pub fn template_name(template: &Value) -> &str {
    template.pointer("/metadata/name").and_then(Value::as_str).unwrap_or_default()
}

/// The claim of a template and an ordinal: `data-web-0`.
pub fn name(set: &Set, template: &str, ordinal: i64) -> String {
    format!("{template}-{}-{ordinal}", set.object.name())
}

/// Whether a claim has a name that a set in its namespace gives: the set makes it anew.
pub fn is_made_by_a_set(claim: &Object, cluster: &Cluster) -> Result<bool, Status> {
    let sets = cluster.list(NAMES.resource, Some(claim.namespace()))?;
    let makes = |set: &Object| {
        let prefixes = templates(set).iter().map(|t| format!("{}-{}", template_name(t), set.name()));
        prefixes.into_iter().any(|prefix| ordinal(&prefix, claim.name()).is_some())
    };
    Ok(sets.iter().any(|set| makes(set)))
}

/// The claims of one ordinal that exist.
fn existing(set: &Set, ordinal: i64, cluster: &Cluster) -> Result<Vec<Arc<Object>>, Status> {
    let mut found = Vec::new();
    for template in templates(set.object) {
        let name = name(set, template_name(template), ordinal);
        found.extend(cluster.get(&Key::new("persistentvolumeclaims", set.object.namespace(), &name))?);
    }
    Ok(found)
}

/// The claims of one ordinal that have to be made.
pub fn missing(set: &Set, ordinal: i64, cluster: &Cluster) -> Result<Vec<Object>, Status> {
    let mut claims = Vec::new();
    for template in templates(set.object) {
        let name = name(set, template_name(template), ordinal);
        if cluster.get(&Key::new("persistentvolumeclaims", set.object.namespace(), &name))?.is_none() {
            claims.push(new_claim(set, template, &name));
        }
    }
    Ok(claims)
}

fn new_claim(set: &Set, template: &Value, name: &str) -> Object {
    let mut claim = Object::new("v1", "PersistentVolumeClaim", set.object.namespace(), name);
    for part in ["labels", "annotations"] {
        if let Some(value) = template.pointer(&format!("/metadata/{part}")) {
            claim.set(&format!("/metadata/{part}"), value.clone());
        }
    }
    for (key, value) in set.object.map_at("/spec/selector/matchLabels").into_iter().flatten() {
        claim.set_label(key, value.as_str().unwrap_or_default());
    }
    claim.set("/spec", template.get("spec").cloned().unwrap_or_default());
    if set.deletes_claims("whenDeleted") {
        claim.set("/metadata/ownerReferences", json!([set.controller_reference()]));
    }
    claim
}

/// Whether a claim of this ordinal is going away with a pod that is gone already, so that its successor has to wait.
pub fn is_stale(set: &Set, ordinal: i64, cluster: &Cluster) -> Result<bool, Status> {
    let pod = Key::new("pods", set.object.namespace(), &format!("{}-{ordinal}", set.object.name()));
    let pod = cluster.get(&pod)?;
    let other = |r: &crate::apimachinery::object::OwnerReference| {
        r.kind == "Pod" && pod.as_ref().is_none_or(|p| p.uid() != r.uid)
    };
    Ok(existing(set, ordinal, cluster)?.iter().any(|c| c.owner_references().any(|r| other(&r))))
}

/// The claims of a pod with the owners that the retention policy gives them, where they have others.
pub fn with_right_owners(set: &Set, pod: &Object, ordinal: i64, cluster: &Cluster) -> Result<Vec<Object>, Status> {
    let mut changed = Vec::new();
    let condemned = !set.has_ordinal(ordinal);
    let when_scaled = set.deletes_claims("whenScaled");
    let by_pod = when_scaled && condemned;
    let by_set = set.deletes_claims("whenDeleted") && !by_pod;
    for claim in existing(set, ordinal, cluster)? {
        let mut references: Vec<Value> = claim.list_at("/metadata/ownerReferences").to_vec();
        let before = references.clone();
        put(&mut references, set.controller_reference(), by_set);
        put(&mut references, pod_reference(pod), by_pod);
        if references != before {
            let mut new = Object::clone(&claim);
            match references.is_empty() {
                true => drop(new.remove("/metadata/ownerReferences")),
                false => new.set("/metadata/ownerReferences", Value::Array(references)),
            }
            changed.push(new);
        }
    }
    Ok(changed)
}

/// Adds or takes away one owner, known by its uid.
fn put(references: &mut Vec<Value>, reference: Value, wanted: bool) {
    let has = references.iter().any(|r| r.get("uid") == reference.get("uid"));
    match (has, wanted) {
        (false, true) => references.push(reference),
        (true, false) => references.retain(|r| r.get("uid") != reference.get("uid")),
        _ => {}
    }
}

fn pod_reference(pod: &Object) -> Value {
    json!({
        "apiVersion": "v1", "kind": "Pod", "name": pod.name(), "uid": pod.uid(),
        "controller": true, "blockOwnerDeletion": true,
    })
}
