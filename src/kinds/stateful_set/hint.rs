//! What a person may not see in a set that waits for ever: kubernetes#67250.

use super::members::{self, Member};
use super::{Set, controller::PODS_BY_CONTROLLER};
use crate::apimachinery::object::Object;
use crate::apimachinery::status::Status;
use crate::cluster::Cluster;

/// Says which pod of an older template keeps an ordered set from its update: the set waits for it to become ready, which it
/// may never, and only then would replace it.
pub fn hints(object: &Object, cluster: &Cluster) -> Result<Vec<String>, Status> {
    let set = Set::of(object);
    let is_ordered = object.str_at("/spec/podManagementPolicy") != "Parallel";
    let is_rolling = object.str_at("/spec/updateStrategy/type") == "RollingUpdate";
    if !is_ordered || !is_rolling || object.deletion_timestamp().is_some() {
        return Ok(Vec::new());
    }
    let min_ready = object.i64_at("/spec/minReadySeconds").unwrap_or(0);
    let partition = object.i64_at("/spec/updateStrategy/rollingUpdate/partition").unwrap_or(0);
    let updated = set.start.saturating_add(partition)..set.ordinals().end;
    let mut unwell: Option<(i64, Member)> = None;
    for (key, pod) in cluster.indexed(&PODS_BY_CONTROLLER, object.uid())? {
        let Some(ordinal) = members::ordinal(object.name(), &key.name).filter(|o| set.has_ordinal(*o)) else {
            continue;
        };
        let member = Member::of(&pod);
        let is_first = unwell.as_ref().is_none_or(|(first, _)| ordinal < *first);
        if is_first && !member.is_available(min_ready, cluster.now()) {
            unwell = Some((ordinal, member));
        }
    }
    let wanted = object.str_at("/status/updateRevision");
    let blocks = |(o, pod): &(i64, Member)| {
        updated.contains(o)
            && !pod.terminating
            && !pod.is_finished()
            && pod.ready_since.is_none()
            && pod.revision != wanted
    };
    Ok(unwell.filter(blocks).map(|(_, pod)| text(object, pod.pod.name())).into_iter().collect())
}

fn text(set: &Object, pod: &str) -> String {
    let (name, namespace) = (set.name(), set.namespace());
    let place = if namespace == "default" { String::new() } else { format!(" -n {namespace}") };
    format!(
        "statefulset/{name} waits for pod/{pod} to become ready, and {pod} is of an older template, which the set would \
         replace only then (kubernetes#67250). If it never will be ready, delete it: kubectl delete pod {pod}{place}"
    )
}
