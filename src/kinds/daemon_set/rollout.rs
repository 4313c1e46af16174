//! Rollouts of a DaemonSet as kubectl tells and undoes them. Knows no pod.

use std::sync::Arc;

use serde_json::{Value, json};

use super::history;
use crate::apimachinery::object::Object;
use crate::apimachinery::status::Status;
use crate::cluster::Cluster;
use crate::kinds::rollout::{CHANGE_CAUSE, Progress, Revision};
use crate::kinds::stateful_set::{revision_number, revision_template};

/// As kubectl's DaemonSetStatusViewer.
pub fn status(set: &Object) -> Result<Progress, String> {
    if set.str_at("/spec/updateStrategy/type") != "RollingUpdate" {
        return Err("rollout status is only available for RollingUpdate strategy type".to_owned());
    }
    let name = set.name();
    let number = |field: &str| set.i64_at(&format!("/status/{field}")).unwrap_or(0);
    let waiting = |what: String| {
        Ok(Progress { text: format!("Waiting for daemon set {name:?} rollout to finish: {what}...\n"), done: false })
    };
    if set.generation() > number("observedGeneration") {
        return Ok(Progress { text: "Waiting for daemon set spec update to be observed...\n".to_owned(), done: false });
    }
    let (wanted, updated, available) =
        (number("desiredNumberScheduled"), number("updatedNumberScheduled"), number("numberAvailable"));
    if updated < wanted {
        return waiting(format!("{updated} out of {wanted} new pods have been updated"));
    }
    if available < wanted {
        return waiting(format!("{available} of {wanted} updated pods are available"));
    }
    Ok(Progress { text: format!("daemon set {name:?} successfully rolled out\n"), done: true })
}

/// The revisions, oldest first.
pub fn history(set: &Object, cluster: &Cluster) -> Result<Vec<Revision>, Status> {
    let of = |kept: &Arc<Object>| {
        let template = revision_template(kept);
        let mut object = set.clone();
        object.set("/spec/template", template.clone());
        Revision {
            number: revision_number(kept),
            change_cause: kept.annotation(CHANGE_CAUSE).unwrap_or_default().to_owned(),
            template,
            object: Arc::new(object),
        }
    };
    Ok(history::own(set, cluster)?.iter().map(of).collect())
}

/// The patch that restores a template, also the present one, as a StatefulSet's.
pub fn rollback(to: &Revision) -> Value {
    let mut template = to.template.clone();
    if let Some(map) = template.as_object_mut() {
        map.insert("$patch".to_owned(), "replace".into());
    }
    json!({"spec": {"template": template}})
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn statuses_are_kubectls() {
        let mut set = Object::new("apps/v1", "DaemonSet", "default", "ds");
        assert!(status(&set).is_err());
        set.set("/spec/updateStrategy/type", "RollingUpdate".into());
        set.set("/status", json!({"desiredNumberScheduled": 2, "updatedNumberScheduled": 2, "numberAvailable": 1}));
        assert_eq!(
            status(&set).unwrap().text,
            "Waiting for daemon set \"ds\" rollout to finish: 1 of 2 updated pods are available...\n"
        );
        set.set("/status/numberAvailable", 2.into());
        assert!(status(&set).unwrap().done);
    }
}
