//! ControllerRevisions of a DaemonSet: what its template was, under a name made of a hash of it.

use std::sync::Arc;

use serde_json::{Value, json};

use super::NAMES;
use crate::apimachinery::key::Key;
use crate::apimachinery::object::Object;
use crate::apimachinery::status::Status;
use crate::cluster::Cluster;
use crate::kinds::plan::{Action, Plan};
use crate::kinds::stateful_set::{revision_hash, revision_number};
use crate::kinds::workload;

/// The label that names a pod's revision.
pub const HASH_LABEL: &str = "controller-revision-hash";

/// The revisions of a set, oldest first.
pub fn own(set: &Object, cluster: &Cluster) -> Result<Vec<Arc<Object>>, Status> {
    let owned = cluster.owned_by(set.uid())?.into_iter().map(|(_, o)| o);
    let mut all: Vec<Arc<Object>> = owned.filter(|o| o.kind() == "ControllerRevision").collect();
    all.sort_by_key(|r| (revision_number(r), r.name().to_owned()));
    Ok(all)
}

/// The hash of the present template. Plans its revision where there is none, or where it is not the newest.
pub fn current(set: &Object, cluster: &Cluster, plan: &mut Plan) -> Result<String, Status> {
    let mut template = set.at("/spec/template").cloned().unwrap_or_else(|| json!({}));
    template["$patch"] = "replace".into();
    let data = json!({"spec": {"template": template}});
    let all = own(set, cluster)?;
    let next = all.last().map_or(1, |r| revision_number(r) + 1);
    let hash_of = |r: &Object| r.label(HASH_LABEL).unwrap_or_default().to_owned();
    if let Some(same) = all.iter().find(|r| r.at("/data") == Some(&data)) {
        if revision_number(same) + 1 < next {
            let mut renumbered = Object::clone(same);
            renumbered.set("/revision", next.into());
            plan.push(Action::Update(renumbered));
        }
        return Ok(hash_of(same));
    }
    let hash = revision_hash(&data, set.i64_at("/status/collisionCount").unwrap_or(0));
    plan.push(Action::Create(new(set, data, &hash, next)));
    Ok(hash)
}

fn new(set: &Object, data: Value, hash: &str, number: i64) -> Object {
    let name = format!("{}-{hash}", set.name());
    let mut revision = Object::new("apps/v1", "ControllerRevision", set.namespace(), &name);
    for (from, to) in
        [("/metadata/annotations", "/metadata/annotations"), ("/spec/template/metadata/labels", "/metadata/labels")]
    {
        if let Some(value) = set.at(from) {
            revision.set(to, value.clone());
        }
    }
    revision.set_label(HASH_LABEL, hash);
    revision.set("/metadata/ownerReferences", json!([workload::controller_reference(&NAMES, set)]));
    revision.set("/data", data);
    revision.set("/revision", number.into());
    revision
}

/// Plans the end of the oldest revisions beyond the limit that no pod has.
pub fn clean_up(
    set: &Object,
    pods: &[Arc<Object>],
    current: &str,
    cluster: &Cluster,
    plan: &mut Plan,
) -> Result<(), Status> {
    let used = |r: &Object| {
        let hash = r.label(HASH_LABEL);
        hash == Some(current) || pods.iter().any(|p| p.label(HASH_LABEL) == hash)
    };
    let idle: Vec<Arc<Object>> = own(set, cluster)?.into_iter().filter(|r| !used(r)).collect();
    let limit = usize::try_from(set.i64_at("/spec/revisionHistoryLimit").unwrap_or(10)).unwrap_or(0);
    for old in idle.iter().take(idle.len().saturating_sub(limit)) {
        let key = Key::new("controllerrevisions.apps", old.namespace(), old.name());
        plan.push(Action::Delete { key, uid: old.uid().to_owned() });
    }
    Ok(())
}
