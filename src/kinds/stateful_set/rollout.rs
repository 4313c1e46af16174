//! Rollouts of a StatefulSet as kubectl tells and undoes them. Knows no pod.

use std::sync::Arc;

use serde_json::Value;

use super::{Set, revision};
use crate::apimachinery::object::Object;
use crate::apimachinery::status::Status;
use crate::cluster::Cluster;
use crate::kinds::rollout::{CHANGE_CAUSE, Progress, Revision};

/// As kubectl's StatefulSetStatusViewer.
pub fn status(set: &Object) -> Result<Progress, String> {
    if set.str_at("/spec/updateStrategy/type") != "RollingUpdate" {
        return Err("rollout status is only available for RollingUpdate strategy type".to_owned());
    }
    let number = |pointer: &str| set.i64_at(pointer).unwrap_or(0);
    let waiting = |text: String| Ok(Progress { text, done: false });
    let observed = number("/status/observedGeneration");
    if observed == 0 || set.generation() > observed {
        return waiting("Waiting for statefulset spec update to be observed...\n".to_owned());
    }
    let (replicas, ready) = (number("/spec/replicas"), number("/status/readyReplicas"));
    if ready < replicas {
        return waiting(format!("Waiting for {} pods to be ready...\n", replicas - ready));
    }
    let updated = number("/status/updatedReplicas");
    if set.map_at("/spec/updateStrategy/rollingUpdate").is_some() {
        let wanted = set.i64_at("/spec/updateStrategy/rollingUpdate/partition").map(|p| replicas - p);
        if let Some(wanted) = wanted.filter(|w| updated < *w) {
            return waiting(format!(
                "Waiting for partitioned roll out to finish: {updated} out of {wanted} new pods have been updated...\n"
            ));
        }
        let text = format!("partitioned roll out complete: {updated} new pods have been updated...\n");
        return Ok(Progress { text, done: true });
    }
    let (current, update) = (set.str_at("/status/currentRevision"), set.str_at("/status/updateRevision"));
    if current != update {
        return waiting(format!(
            "waiting for statefulset rolling update to complete {updated} pods at revision {update}...\n"
        ));
    }
    let pods = number("/status/currentReplicas");
    let text = format!("statefulset rolling update complete {pods} pods at revision {current}...\n");
    Ok(Progress { text, done: true })
}

/// The revisions, oldest first.
pub fn history(set: &Object, cluster: &Cluster) -> Result<Vec<Revision>, Status> {
    let of = |kept: &Arc<Object>| {
        let template = revision::template(kept);
        let mut object = set.clone();
        object.set("/spec/template", template.clone());
        Revision {
            number: revision::number(kept),
            change_cause: kept.annotation(CHANGE_CAUSE).unwrap_or_default().to_owned(),
            template,
            object: Arc::new(object),
        }
    };
    Ok(revision::history(&Set::of(set), cluster)?.iter().map(of).collect())
}

/// The patch that restores a template, also the present one: kubectl 1.32 compares bytes, and writes a `creationTimestamp:
/// null` into its own that no server since 1.34 keeps.
pub fn rollback(to: &Revision) -> Value {
    let mut template = to.template.clone();
    if let Some(map) = template.as_object_mut() {
        map.insert("$patch".to_owned(), "replace".into());
    }
    serde_json::json!({"spec": {"template": template}})
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn statuses_are_kubectls() {
        let set = |strategy: Value, status: Value| {
            let body = json!({"metadata": {"name": "web", "generation": 2},
                "spec": {"replicas": 3, "updateStrategy": strategy}, "status": status});
            status_of(&Object::from_value(body).unwrap())
        };
        let rolling = || json!({"type": "RollingUpdate", "rollingUpdate": {"partition": 1}});
        let cases = [
            (
                json!({"type": "OnDelete"}),
                json!({}),
                "!rollout status is only available for RollingUpdate strategy type",
            ),
            (rolling(), json!({"observedGeneration": 1}), "...Waiting for statefulset spec update to be observed..."),
            (rolling(), json!({"observedGeneration": 2, "readyReplicas": 1}), "...Waiting for 2 pods to be ready..."),
            (
                rolling(),
                json!({"observedGeneration": 2, "readyReplicas": 3, "updatedReplicas": 1}),
                "...Waiting for partitioned roll out to finish: 1 out of 2 new pods have been updated...",
            ),
            (
                rolling(),
                json!({"observedGeneration": 2, "readyReplicas": 3, "updatedReplicas": 2}),
                "partitioned roll out complete: 2 new pods have been updated...",
            ),
            (
                json!({"type": "RollingUpdate"}),
                json!({"observedGeneration": 2, "readyReplicas": 3, "currentRevision": "a", "updateRevision": "b"}),
                "...waiting for statefulset rolling update to complete 0 pods at revision b...",
            ),
        ];
        for (strategy, status, want) in cases {
            assert_eq!(set(strategy, status), want);
        }
    }

    fn status_of(set: &Object) -> String {
        match status(set) {
            Err(why) => format!("!{why}"),
            Ok(progress) if progress.done => progress.text.trim_end_matches('\n').to_owned(),
            Ok(progress) => format!("...{}", progress.text.trim_end_matches('\n')),
        }
    }
}
