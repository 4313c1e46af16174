//! Rollouts of a Deployment as kubectl tells, undoes, pauses and restarts them. Knows no pod.

use std::sync::Arc;

use serde_json::{Map, Value, json};

use super::replica_sets::{self, NOT_COPIED};
use super::status;
use crate::apimachinery::object::Object;
use crate::apimachinery::status::Status;
use crate::cluster::Cluster;
use crate::kinds::pod::Fields;
use crate::kinds::rollout::{self, CHANGE_CAUSE, Progress, Revision};

/// As kubectl's DeploymentStatusViewer.
pub fn status(deployment: &Object, revision: i64) -> Result<Progress, String> {
    let name = deployment.name();
    let running = replica_sets::revision(deployment);
    if revision > 0 && revision != running {
        return Err(format!("desired revision ({revision}) is different from the running revision ({running})"));
    }
    let number = |field: &str| deployment.i64_at(&format!("/status/{field}")).unwrap_or(0);
    let waiting = |what: String| {
        Ok(Progress { text: format!("Waiting for deployment {name:?} rollout to finish: {what}...\n"), done: false })
    };
    if deployment.generation() > number("observedGeneration") {
        return Ok(Progress { text: "Waiting for deployment spec update to be observed...\n".to_owned(), done: false });
    }
    if status::find(deployment, "Progressing").is_some_and(|c| c.text("reason") == "ProgressDeadlineExceeded") {
        return Err(format!("deployment {name:?} exceeded its progress deadline"));
    }
    let (wanted, updated, available) =
        (replica_sets::replicas(deployment), number("updatedReplicas"), number("availableReplicas"));
    if updated < wanted {
        return waiting(format!("{updated} out of {wanted} new replicas have been updated"));
    }
    if number("replicas") > updated {
        return waiting(format!("{} old replicas are pending termination", number("replicas") - updated));
    }
    if available < updated {
        return waiting(format!("{available} of {updated} updated replicas are available"));
    }
    Ok(Progress { text: format!("deployment {name:?} successfully rolled out\n"), done: true })
}

/// The revisions, oldest first: one ReplicaSet each.
pub fn history(deployment: &Object, cluster: &Cluster) -> Result<Vec<Revision>, Status> {
    let owned = cluster.owned_by(deployment.uid())?.into_iter().map(|(_, o)| o);
    let of = |set: Arc<Object>| {
        let change_cause = set.annotation(CHANGE_CAUSE).unwrap_or_default().to_owned();
        let mut template = set.at("/spec/template").cloned().unwrap_or_default();
        // kubectl shows it with the template, where the template does not have it.
        if !change_cause.is_empty() {
            let annotations = &mut template["metadata"]["annotations"];
            if !annotations.is_object() {
                *annotations = serde_json::json!({});
            }
            annotations[CHANGE_CAUSE] = change_cause.as_str().into();
        }
        Revision { number: replica_sets::revision(&set), change_cause, template, object: set }
    };
    let mut all: Vec<Revision> = owned.filter(|o| o.kind() == "ReplicaSet").map(of).filter(|r| r.number > 0).collect();
    all.sort_by_key(|r| r.number);
    Ok(all)
}

/// The JSON patch that restores a revision's template and annotations; `None` when the template is the present one.
pub fn rollback(deployment: &Object, to: &Revision) -> Result<Option<Value>, String> {
    if is_paused(deployment) {
        let why =
            "you cannot rollback a paused deployment; resume it first with 'kubectl rollout resume' and try again";
        return Err(why.to_owned());
    }
    let template = replica_sets::without_hash(&to.object).unwrap_or_default();
    if deployment.at("/spec/template") == Some(&template) {
        return Ok(None);
    }
    let is_own = |key: &str| NOT_COPIED.contains(&key);
    let of = |object: &Object| object.map_at("/metadata/annotations").cloned().unwrap_or_default();
    let kept = of(deployment).into_iter().filter(|(k, _)| is_own(k));
    let restored = of(&to.object).into_iter().filter(|(k, _)| !is_own(k));
    let annotations: Map<String, Value> = kept.chain(restored).collect();
    Ok(Some(json!([
        {"op": "replace", "path": "/spec/template", "value": template},
        {"op": "replace", "path": "/metadata/annotations", "value": annotations},
    ])))
}

fn is_paused(deployment: &Object) -> bool {
    deployment.bool_at("/spec/paused") == Some(true)
}

/// The Deployment with a template that asks for new pods.
pub fn restarted(deployment: &Object, at: &str) -> Result<Object, String> {
    match is_paused(deployment) {
        true => Err("can't restart paused deployment (run rollout resume first)".to_owned()),
        false => Ok(rollout::restarted(deployment, at)),
    }
}

/// The Deployment paused, or resumed.
pub fn paused(deployment: &Object, pause: bool) -> Result<Object, String> {
    if is_paused(deployment) == pause {
        return Err(if pause { "is already paused" } else { "is not paused" }.to_owned());
    }
    let mut new = deployment.clone();
    match pause {
        true => new.set("/spec/paused", true.into()),
        false => drop(new.remove("/spec/paused")),
    }
    Ok(new)
}

#[cfg(test)]
mod tests {
    use super::replica_sets::REVISION;
    use super::*;

    #[test]
    fn statuses_are_kubectls() {
        let of = |status: Value| {
            let mut d = Object::new("apps/v1", "Deployment", "default", "web");
            d.set("/metadata/generation", 2.into());
            d.set_annotation(REVISION, "3");
            d.set("/spec/replicas", 2.into());
            d.set("/status", status);
            d
        };
        for (body, want) in [
            (json!({"observedGeneration": 1}), "Waiting for deployment spec update to be observed...\n"),
            (
                json!({"observedGeneration": 2, "updatedReplicas": 1}),
                "Waiting for deployment \"web\" rollout to finish: 1 out of 2 new replicas have been updated...\n",
            ),
            (
                json!({"observedGeneration": 2, "updatedReplicas": 2, "replicas": 3}),
                "Waiting for deployment \"web\" rollout to finish: 1 old replicas are pending termination...\n",
            ),
            (
                json!({"observedGeneration": 2, "updatedReplicas": 2, "replicas": 2, "availableReplicas": 1}),
                "Waiting for deployment \"web\" rollout to finish: 1 of 2 updated replicas are available...\n",
            ),
            (
                json!({"observedGeneration": 2, "updatedReplicas": 2, "replicas": 2, "availableReplicas": 2}),
                "deployment \"web\" successfully rolled out\n",
            ),
        ] {
            assert_eq!(status(&of(body), 0).unwrap().text, want);
        }
        let other = status(&of(json!({})), 2).unwrap_err();
        assert_eq!(other, "desired revision (2) is different from the running revision (3)");
    }

    #[test]
    fn pausing_twice_is_told() {
        let d = Object::new("apps/v1", "Deployment", "default", "web");
        let once = paused(&d, true).unwrap();
        assert_eq!(paused(&once, true), Err("is already paused".to_owned()));
        assert_eq!(paused(&d, false), Err("is not paused".to_owned()));
        assert_eq!(paused(&once, false).unwrap().at("/spec/paused"), None);
        assert!(restarted(&once, "now").is_err());
    }
}
