//! A StatefulSet's pods: their names, their state, and how a new one is made.

use std::sync::Arc;

use chrono::TimeDelta;
use serde_json::{Map, Value, json};

use super::Set;
use super::claims;
use crate::apimachinery::object::Object;
use crate::apimachinery::time::{self, Time};

/// The label that names a pod's revision.
pub const REVISION_LABEL: &str = "controller-revision-hash";
const POD_NAME_LABEL: &str = "statefulset.kubernetes.io/pod-name";
const POD_INDEX_LABEL: &str = "apps.kubernetes.io/pod-index";

/// The ordinal in a pod's name, when it is a name that this set gives: `web-3`.
pub fn ordinal(set: &str, pod: &str) -> Option<i64> {
    let digits = pod.strip_prefix(set)?.strip_prefix('-')?;
    let plain = !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit());
    digits.parse::<i32>().ok().filter(|_| plain).map(i64::from)
}

/// A pod as its set's controller looks at it.
pub struct Member {
    pub pod: Arc<Object>,
    /// The revision it was made from.
    pub revision: String,
    pub terminating: bool,
    /// Whether its labels say its name. (Upstream too puts the ordinal's label right only together with it.)
    pub has_identity: bool,
    /// When it became ready; `None` while it is not Running with a True Ready condition.
    pub ready_since: Option<Time>,
}

impl Member {
    /// The view of one version of a pod.
    pub fn of(pod: &Arc<Object>) -> Member {
        Member {
            revision: pod.label(REVISION_LABEL).unwrap_or_default().to_owned(),
            terminating: pod.deletion_timestamp().is_some(),
            has_identity: pod.label(POD_NAME_LABEL) == Some(pod.name()),
            ready_since: ready_since(pod),
            pod: pod.clone(),
        }
    }

    /// Whether it has ended, for whatever reason, and has to be replaced.
    pub fn is_finished(&self) -> bool {
        matches!(self.pod.str_at("/status/phase"), "Failed" | "Succeeded")
    }

    /// When it becomes available; `None` while it is not ready.
    pub fn available_at(&self, min_ready_seconds: i64) -> Option<Time> {
        self.ready_since?.checked_add_signed(TimeDelta::try_seconds(min_ready_seconds)?)
    }

    /// Ready for `minReadySeconds`.
    pub fn is_available(&self, min_ready_seconds: i64, now: Time) -> bool {
        self.available_at(min_ready_seconds).is_some_and(|at| min_ready_seconds == 0 || at <= now)
    }
}

fn ready_since(pod: &Object) -> Option<Time> {
    if pod.str_at("/status/phase") != "Running" {
        return None;
    }
    let conditions = pod.list_at("/status/conditions").iter();
    let mut ready = conditions.filter(|c| c.get("type").is_some_and(|t| t == "Ready"));
    let condition = ready.find(|c| c.get("status").is_some_and(|s| s == "True"))?;
    time::parse(condition.get("lastTransitionTime")?.as_str()?)
}

/// A pod of a set at an ordinal, from one revision's template.
pub fn new_pod(set: &Set, template: &Value, revision: &str, ordinal: i64) -> Object {
    let name = format!("{}-{ordinal}", set.object.name());
    let mut pod = Object::new("v1", "Pod", set.object.namespace(), &name);
    pod.set("/metadata/generateName", format!("{}-", set.object.name()).into());
    for part in ["labels", "annotations", "finalizers"] {
        if let Some(value) = template["metadata"].get(part) {
            pod.set(&format!("/metadata/{part}"), value.clone());
        }
    }
    pod.set("/metadata/ownerReferences", json!([set.controller_reference()]));
    pod.set("/spec", template.get("spec").cloned().unwrap_or_else(|| Value::Object(Map::new())));
    pod.set_label(REVISION_LABEL, revision);
    give_identity(set, &mut pod, ordinal);
    pod.set("/spec/hostname", name.into());
    if !set.object.str_at("/spec/serviceName").is_empty() {
        pod.set("/spec/subdomain", set.object.str_at("/spec/serviceName").into());
    }
    give_volumes(set, &mut pod, ordinal);
    pod
}

/// The labels by which a pod of a set is known.
fn give_identity(set: &Set, pod: &mut Object, ordinal: i64) {
    let name = format!("{}-{ordinal}", set.object.name());
    pod.set_label(POD_NAME_LABEL, &name);
    pod.set_label(POD_INDEX_LABEL, &ordinal.to_string());
}

/// The claims' volumes in front; volumes of the template under the same names give way.
fn give_volumes(set: &Set, pod: &mut Object, ordinal: i64) {
    let templates = claims::templates(set.object);
    if templates.is_empty() {
        return;
    }
    let mut volumes: Vec<Value> = Vec::new();
    for template in templates {
        let name = claims::template_name(template);
        volumes.push(json!({"name": name, "persistentVolumeClaim": {"claimName": claims::name(set, name, ordinal)}}));
    }
    let taken = |v: &&Value| !templates.iter().any(|t| v.get("name").is_some_and(|n| n == claims::template_name(t)));
    volumes.extend(pod.list_at("/spec/volumes").iter().filter(taken).cloned());
    pod.set("/spec/volumes", Value::Array(volumes));
}

/// A pod with its identity labels put right. (The rest of an identity cannot be changed.)
pub fn with_identity(set: &Set, pod: &Object, ordinal: i64) -> Object {
    let mut new = pod.clone();
    give_identity(set, &mut new, ordinal);
    new
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ordinals_come_from_names() {
        for (pod, want) in [
            ("web-0", Some(0)),
            ("web-12", Some(12)),
            ("web-", None),
            ("web-x", None),
            ("other-0", None),
            ("web-+1", None),
            ("web-99999999999", None),
            ("web", None),
            ("web-a-0", None),
        ] {
            assert_eq!(ordinal("web", pod), want, "{pod}");
        }
    }
}
