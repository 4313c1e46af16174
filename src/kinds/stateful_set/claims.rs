//! A StatefulSet's claims: one per template and ordinal, for ever, and who owns them.

use std::sync::Arc;

use serde_json::{Value, json};

use super::members::ordinal;
use super::{NAMES, Set};
use crate::apimachinery::key::Key;
use crate::apimachinery::object::{Object, OwnerReference};
use crate::apimachinery::status::Status;
use crate::cluster::{Cluster, Indexer};

/// Claims that anybody owns, by their namespace.
pub static OWNED_CLAIMS: Indexer = Indexer {
    name: "owned-claims",
    resource: "persistentvolumeclaims",
    values: |claim| match claim.owner_references().next() {
        Some(_) => vec![claim.namespace().to_owned()],
        None => Vec::new(),
    },
};

/// The set's claim templates.
pub fn templates(set: &Object) -> &[Value] {
    set.list_at("/spec/volumeClaimTemplates")
}

/// A template's name.
pub fn template_name(template: &Value) -> &str {
    template["metadata"]["name"].as_str().unwrap_or_default()
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

/// The claims of the set's templates for ordinals that the set does not have.
pub fn beyond(set: &Set, cluster: &Cluster) -> Result<Vec<(i64, Arc<Object>)>, Status> {
    let stems: Vec<String> =
        templates(set.object).iter().map(|t| format!("{}-{}", template_name(t), set.object.name())).collect();
    let of = |claim: Arc<Object>| Some((stems.iter().find_map(|stem| ordinal(stem, claim.name()))?, claim));
    let all = cluster.list("persistentvolumeclaims", Some(set.object.namespace()))?;
    Ok(all.into_iter().filter_map(of).filter(|(o, _)| !set.has_ordinal(*o)).collect())
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
        if let Some(value) = template["metadata"].get(part) {
            claim.set(&format!("/metadata/{part}"), value.clone());
        }
    }
    for (key, value) in set.object.map_at("/spec/selector/matchLabels").into_iter().flatten() {
        claim.set_label(key, value.as_str().unwrap_or_default());
    }
    claim.set("/spec", template.get("spec").cloned().unwrap_or_default());
    claim
}

/// Whether a claim of this ordinal is going away with a pod that is gone already, so that its successor has to wait.
pub fn is_stale(set: &Set, ordinal: i64, cluster: &Cluster) -> Result<bool, Status> {
    if !set.deletes_claims("whenScaled") {
        return Ok(false);
    }
    let pod = Key::new("pods", set.object.namespace(), &format!("{}-{ordinal}", set.object.name()));
    let uid = cluster.get(&pod)?.map_or(String::new(), |p| p.uid().to_owned());
    let stale = |claim: &Object| matches!(owner(claim, "v1", "Pod", &pod.name), Some(r) if r.uid != uid);
    Ok(existing(set, ordinal, cluster)?.iter().any(|c| stale(c)))
}

/// The ordinals whose claims have changed in the cluster's log after its first `read` changes.
pub fn changed_since(set: &Set, read: usize, cluster: &Cluster) -> Vec<i64> {
    let name = |template| format!("{}-{}", template_name(template), set.object.name());
    let stems: Vec<String> = templates(set.object).iter().map(name).collect();
    let keys = cluster.log().get(read..).unwrap_or_default().iter();
    let keys = keys.filter(|k| k.resource == "persistentvolumeclaims" && k.namespace == set.object.namespace());
    keys.flat_map(|key| stems.iter().filter_map(|stem| ordinal(stem, &key.name))).collect()
}

/// The first claim of an ordinal that is being deleted: no pod can have it, nor can it be made anew yet.
pub fn ending(set: &Set, ordinal: i64, cluster: &Cluster) -> Result<Option<String>, Status> {
    let claims = existing(set, ordinal, cluster)?;
    Ok(claims.iter().find(|c| c.deletion_timestamp().is_some()).map(|c| c.name().to_owned()))
}

/// The claims of a pod whose owners are not those of the retention policy, as they should be; and the names of those that
/// somebody else controls.
pub fn with_right_owners(
    set: &Set,
    pod: &Object,
    ordinal: i64,
    cluster: &Cluster,
) -> Result<(Vec<Object>, Vec<String>), Status> {
    let (mut changed, mut conflicts) = (Vec::new(), Vec::new());
    for claim in existing(set, ordinal, cluster)? {
        let owners = Owners::of(set, pod, ordinal, &claim);
        if owners.are_right() {
            continue;
        }
        if owners.conflict {
            conflicts.push(claim.name().to_owned());
        }
        let mut new = Object::clone(&claim);
        match owners.put_right() {
            references if references.is_empty() => drop(new.remove("/metadata/ownerReferences")),
            references => new.set("/metadata/ownerReferences", Value::Array(references)),
        }
        changed.push(new);
    }
    Ok((changed, conflicts))
}

/// The owners a claim has and those it should have.
struct Owners<'a> {
    set: &'a Set<'a>,
    pod: &'a Object,
    claim: &'a Object,
    /// Whether the set, or the pod, is to own it.
    by_set: bool,
    by_pod: bool,
    /// Whether another controller has it already.
    conflict: bool,
}

impl Owners<'_> {
    fn of<'a>(set: &'a Set<'a>, pod: &'a Object, ordinal: i64, claim: &'a Object) -> Owners<'a> {
        let by_pod = set.deletes_claims("whenScaled") && !set.has_ordinal(ordinal);
        let by_set = set.deletes_claims("whenDeleted") && !by_pod;
        let deletes = set.deletes_claims("whenScaled") || set.deletes_claims("whenDeleted");
        let ours = |r: &OwnerReference| is_set(r, set) || is_pod(r, pod);
        let conflict = deletes && claim.owner_references().any(|r| r.controller && !ours(&r));
        Owners { set, pod, claim, by_set, by_pod, conflict }
    }

    /// Claims of a former set or pod of these names are left alone, and so are those of other controllers that do not
    /// name us.
    fn are_right(&self) -> bool {
        let (set, pod) = (self.set.object.uid(), self.pod.uid());
        let stale = |r: &OwnerReference| (is_set(r, self.set) && r.uid != set) || (is_pod(r, self.pod) && r.uid != pod);
        if self.claim.owner_references().any(|r| stale(&r)) {
            return true;
        }
        let has = |uid: &str| self.claim.owner_references().any(|r| r.uid == uid);
        if self.conflict {
            return !has(set) && !has(pod);
        }
        let loose = self.claim.owner_references().any(|r| (r.uid == set || r.uid == pod) && !r.controller);
        !loose && has(set) == self.by_set && has(pod) == self.by_pod
    }

    fn put_right(&self) -> Vec<Value> {
        let ours = |r: &Value| {
            let uid = r.get("uid").and_then(Value::as_str).unwrap_or_default();
            uid == self.set.object.uid() || uid == self.pod.uid()
        };
        let mut references: Vec<Value> =
            self.claim.list_at("/metadata/ownerReferences").iter().filter(|r| !ours(r)).cloned().collect();
        if self.by_set && !self.conflict {
            references.push(self.set.controller_reference());
        }
        if self.by_pod && !self.conflict {
            references.push(pod_reference(self.pod));
        }
        references
    }
}

fn owner<'c>(claim: &'c Object, api_version: &str, kind: &str, name: &str) -> Option<OwnerReference<'c>> {
    claim.owner_references().find(|r| r.api_version == api_version && r.kind == kind && r.name == name)
}

fn is_set(reference: &OwnerReference, set: &Set) -> bool {
    reference.kind == "StatefulSet" && reference.api_version == "apps/v1" && reference.name == set.object.name()
}

fn is_pod(reference: &OwnerReference, pod: &Object) -> bool {
    reference.kind == "Pod" && reference.api_version == "v1" && reference.name == pod.name()
}

fn pod_reference(pod: &Object) -> Value {
    json!({
        "apiVersion": "v1", "kind": "Pod", "name": pod.name(), "uid": pod.uid(),
        "controller": true, "blockOwnerDeletion": true,
    })
}
