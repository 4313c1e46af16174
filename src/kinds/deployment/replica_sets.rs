//! A Deployment's ReplicaSets: which is the new one, how one is made, and what their annotations say.

use std::sync::Arc;

use serde_json::{Value, json};

use super::{NAMES, hash};
use crate::apimachinery::object::Object;
use crate::apimachinery::status::Status;
use crate::cluster::Cluster;
use crate::kinds::plan::Plan;
use crate::kinds::{int_or_percent, workload};

pub const REVISION: &str = "deployment.kubernetes.io/revision";
const REVISION_HISTORY: &str = "deployment.kubernetes.io/revision-history";
pub const DESIRED: &str = "deployment.kubernetes.io/desired-replicas";
pub const MAX: &str = "deployment.kubernetes.io/max-replicas";
const HASH_LABEL: &str = "pod-template-hash";
/// Annotations of a Deployment that its ReplicaSets do not get.
pub const NOT_COPIED: [&str; 6] = [
    "kubectl.kubernetes.io/last-applied-configuration",
    REVISION,
    REVISION_HISTORY,
    DESIRED,
    MAX,
    "deprecated.deployment.rollback.to",
];

/// A Deployment with its ReplicaSets.
pub struct Sets {
    /// The one with the present template.
    pub new: Option<Arc<Object>>,
    /// The others, oldest first.
    pub old: Vec<Arc<Object>>,
}

impl Sets {
    /// Finds them, and plans to adopt those that nobody controls: None where there are such.
    pub fn of(deployment: &Object, cluster: &Cluster, plan: &mut Plan) -> Result<Option<Sets>, Status> {
        let claimed = workload::claim(&NAMES, deployment, "replicasets.apps", cluster, plan)?;
        let Some(mut all) = claimed else { return Ok(None) };
        all.sort_by_key(|s| (s.creation_timestamp(), s.name().to_owned()));
        let template = deployment.at("/spec/template");
        let new = all.iter().find(|s| without_hash(s).as_ref() == template).cloned();
        let old = all.into_iter().filter(|s| new.as_ref().is_none_or(|n| n.uid() != s.uid())).collect();
        Ok(Some(Sets { new, old }))
    }

    pub fn all(&self) -> impl Iterator<Item = &Arc<Object>> {
        self.old.iter().chain(&self.new)
    }

    /// How many pods all sets together are asked for.
    pub fn total(&self) -> i64 {
        self.all().map(|s| replicas(s)).sum()
    }
}

/// A set's template as the Deployment has it.
pub fn without_hash(set: &Object) -> Option<Value> {
    let mut template = set.at("/spec/template")?.clone();
    template.pointer_mut("/metadata/labels")?.as_object_mut()?.remove(HASH_LABEL);
    Some(template)
}

/// How many pods a set is asked for.
pub fn replicas(set: &Object) -> i64 {
    set.i64_at("/spec/replicas").unwrap_or(0)
}

/// A revision number, 0 without one.
pub fn revision(object: &Object) -> i64 {
    object.annotation(REVISION).and_then(|r| r.parse().ok()).unwrap_or(0)
}

/// `maxSurge` and `maxUnavailable` as numbers of pods; not both are 0.
pub fn bounds(deployment: &Object) -> (i64, i64) {
    if deployment.str_at("/spec/strategy/type") != "RollingUpdate" {
        return (0, 0);
    }
    let total = replicas(deployment);
    let of = |field: &str, up| {
        let value = deployment.at(&format!("/spec/strategy/rollingUpdate/{field}"));
        value.and_then(|v| int_or_percent::of_total(v, total, up)).unwrap_or(0)
    };
    match (of("maxSurge", true), of("maxUnavailable", false)) {
        (0, 0) => (0, 1),
        (surge, unavailable) => (surge, unavailable.min(total)),
    }
}

/// How many pods the new set should have by now: all, but never more in total than the surge allows.
pub fn new_replicas(deployment: &Object, sets: &Sets) -> i64 {
    let (wanted, (surge, _)) = (replicas(deployment), bounds(deployment));
    let now = sets.new.as_ref().map_or(0, |s| replicas(s));
    if deployment.str_at("/spec/strategy/type") != "RollingUpdate" {
        return wanted;
    }
    let room = wanted + surge - sets.total();
    if room <= 0 { now } else { now + room.min(wanted - now) }
}

/// A new set of the present template.
pub fn new_set(deployment: &Object, sets: &Sets) -> Object {
    let template = deployment.at("/spec/template").cloned().unwrap_or_else(|| json!({}));
    let hash = hash::of_template(&template, deployment.i64_at("/status/collisionCount"));
    let name = format!("{}-{hash}", deployment.name());
    let mut set = Object::new("apps/v1", "ReplicaSet", deployment.namespace(), &name);
    set.set("/spec/template", template);
    set.set("/spec/selector", deployment.at("/spec/selector").cloned().unwrap_or_else(|| json!({})));
    for pointer in ["/spec/template/metadata/labels", "/spec/selector/matchLabels"] {
        set.set(&format!("{pointer}/{HASH_LABEL}"), hash.as_str().into());
    }
    if let Some(labels) = set.at("/spec/template/metadata/labels").cloned() {
        set.set("/metadata/labels", labels);
    }
    set.set("/metadata/ownerReferences", json!([workload::controller_reference(&NAMES, deployment)]));
    set.set("/spec/replicas", new_replicas(deployment, sets).into());
    if let Some(seconds) = deployment.i64_at("/spec/minReadySeconds").filter(|s| *s != 0) {
        set.set("/spec/minReadySeconds", seconds.into());
    }
    annotate(&mut set, deployment, next_revision(sets));
    annotate_replicas(&mut set, deployment);
    set
}

/// The revision after the newest of the old sets.
pub fn next_revision(sets: &Sets) -> i64 {
    sets.old.iter().map(|s| revision(s)).max().unwrap_or(0) + 1
}

/// Copies the Deployment's annotations and numbers a set; a set that had a number keeps it in its history.
pub fn annotate(set: &mut Object, deployment: &Object, number: i64) {
    for (key, value) in deployment.map_at("/metadata/annotations").into_iter().flatten() {
        if !NOT_COPIED.contains(&key.as_str()) {
            set.set_annotation(key, value.as_str().unwrap_or_default());
        }
    }
    let old = revision(set);
    if old < number {
        if old > 0 {
            let history = set.annotation(REVISION_HISTORY).map(|h| format!("{h},{old}"));
            set.set_annotation(REVISION_HISTORY, &history.unwrap_or_else(|| old.to_string()));
        }
        set.set_annotation(REVISION, &number.to_string());
    }
}

/// Records how many pods the Deployment wants, and how many at most.
pub fn annotate_replicas(set: &mut Object, deployment: &Object) {
    let wanted = replicas(deployment);
    set.set_annotation(DESIRED, &wanted.to_string());
    set.set_annotation(MAX, &(wanted + bounds(deployment).0).to_string());
}
