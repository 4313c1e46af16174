//! ControllerRevisions of a StatefulSet: what its template was, under a name made of a hash of it.

use std::sync::Arc;

use serde_json::{Value, json};

use super::Set;
use crate::apimachinery::object::Object;
use crate::apimachinery::status::Status;
use crate::cluster::Cluster;

const HASH_LABEL: &str = "controller.kubernetes.io/hash";
/// What hashes are written with, so that they are no words (k8s.io/apimachinery/pkg/util/rand).
const ALPHABET: &[u8] = b"bcdfghjklmnpqrstvwxz2456789";

/// The revisions of a set, oldest first.
pub fn history(set: &Set, cluster: &Cluster) -> Result<Vec<Arc<Object>>, Status> {
    let owned = cluster.owned_of(set.object.uid(), "controllerrevisions.apps")?;
    let own = |o: &Arc<Object>| o.controller_of().is_some_and(|r| r.uid == set.object.uid());
    let mut all: Vec<Arc<Object>> = owned.into_iter().filter(own).collect();
    all.sort_by(|a, b| number(a).cmp(&number(b)).then_with(|| a.name().cmp(b.name())));
    Ok(all)
}

/// A revision's number.
pub fn number(revision: &Object) -> i64 {
    revision.i64_at("/revision").unwrap_or(0)
}

/// The template a revision keeps, without the patch directive.
pub fn template(revision: &Object) -> Value {
    let mut template = revision.at("/data/spec/template").cloned().unwrap_or_default();
    if let Some(map) = template.as_object_mut() {
        map.remove("$patch");
    }
    template
}

/// A revision of the set's present template: its data, labels and hash, numbered `number`.
pub fn of_template(set: &Set, number: i64, collisions: i64) -> Object {
    let data = data(set.object);
    let hash = hash(&data, collisions);
    let name = format!("{}-{hash}", set.object.name());
    let mut revision = Object::new("apps/v1", "ControllerRevision", set.object.namespace(), &name);
    if let Some(annotations) = set.object.at("/metadata/annotations") {
        revision.set("/metadata/annotations", annotations.clone());
    }
    // As upstream, the labels are those of the template, not of the set.
    if let Some(labels) = set.object.at("/spec/template/metadata/labels") {
        revision.set("/metadata/labels", labels.clone());
    }
    revision.set_label(HASH_LABEL, &hash);
    revision.set("/metadata/ownerReferences", json!([set.controller_reference()]));
    revision.set("/data", data);
    revision.set("/revision", number.into());
    revision
}

fn data(set: &Object) -> Value {
    let mut template = set.at("/spec/template").cloned().unwrap_or_else(|| json!({}));
    template["$patch"] = "replace".into();
    json!({"spec": {"template": template}})
}

/// 32-bit FNV-1 of the data's JSON and the collision count, in Kubernetes' safe alphabet.
pub fn hash(data: &Value, collisions: i64) -> String {
    let mut hash: u32 = 2_166_136_261;
    // Go's encoder writes these five as escapes, and the hash is over its bytes.
    let json = data.to_string().replace('<', "\\u003c").replace('>', "\\u003e").replace('&', "\\u0026");
    let json = json.replace('\u{2028}', "\\u2028").replace('\u{2029}', "\\u2029");
    for byte in json.bytes().chain(collisions.to_string().bytes()) {
        hash = hash.wrapping_mul(16_777_619) ^ u32::from(byte);
    }
    let safe = |digit: u8| char::from(ALPHABET[usize::from(digit) % ALPHABET.len()]);
    hash.to_string().bytes().map(safe).collect()
}

/// Whether a revision keeps a set's present template, told without making a new one.
pub fn keeps_template(revision: &Object, set: &Set) -> bool {
    let kept = revision.map_at("/data/spec/template");
    let present = set.object.map_at("/spec/template");
    let (Some(kept), Some(present)) = (kept, present) else { return false };
    kept.len() == present.len() + 1 && present.iter().all(|(field, value)| kept.get(field) == Some(value))
}

/// Whether two revisions keep the same template.
pub fn is_equal(a: &Object, b: &Object) -> bool {
    a.at("/data") == b.at("/data")
}

/// The revisions beyond `revisionHistoryLimit`, oldest first; those in use do not count.
pub fn beyond_limit(set: &Set, history: &[Arc<Object>], in_use: impl Fn(&str) -> bool) -> Vec<Arc<Object>> {
    let limit = usize::try_from(set.object.i64_at("/spec/revisionHistoryLimit").unwrap_or(10)).unwrap_or(0);
    // Few revisions never need the look at every pod.
    if history.len() <= limit {
        return Vec::new();
    }
    let idle: Vec<&Arc<Object>> = history.iter().filter(|r| !in_use(r.name())).collect();
    idle.iter().take(idle.len().saturating_sub(limit)).map(|r| Arc::clone(r)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Recorded from a cluster: the hash of a template as that cluster named it.
    #[test]
    fn hashes_are_upstreams() {
        let template = |image: &str| {
            json!({"spec": {"template": {
                "$patch": "replace",
                "metadata": {"labels": {"app": "nginx"}},
                "spec": {
                    "containers": [{
                        "image": image, "imagePullPolicy": "IfNotPresent", "name": "nginx",
                        "ports": [{"containerPort": 80, "name": "web", "protocol": "TCP"}], "resources": {},
                        "terminationMessagePath": "/dev/termination-log", "terminationMessagePolicy": "File",
                        "volumeMounts": [{"mountPath": "/usr/share/nginx/html", "name": "www"}],
                    }],
                    "dnsPolicy": "ClusterFirst", "restartPolicy": "Always", "schedulerName": "default-scheduler",
                    "securityContext": {}, "terminationGracePeriodSeconds": 1,
                },
            }}})
        };
        assert_eq!(hash(&template("nginx:1.24"), 0), "76bc4c8984");
        assert_eq!(hash(&template("nginx:1.25"), 0), "8476db6999");
    }
}
