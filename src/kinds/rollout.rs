//! What kinds with rollouts tell of them. Knows no kind.

use std::sync::Arc;

use serde_json::Value;

use crate::apimachinery::object::Object;

/// The annotation that says why a revision came to be.
pub const CHANGE_CAUSE: &str = "kubernetes.io/change-cause";
/// The annotation of a template that a restart sets.
pub const RESTARTED_AT: &str = "kubectl.kubernetes.io/restartedAt";

/// How far a rollout is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Progress {
    /// What is printed, with its line break.
    pub text: String,
    pub done: bool,
}

/// One revision of a workload.
#[derive(Clone, Debug)]
pub struct Revision {
    pub number: i64,
    /// Empty where none was recorded.
    pub change_cause: String,
    /// The pod template of that time.
    pub template: Value,
    /// The workload as it was then (a Deployment's is a ReplicaSet).
    pub object: Arc<Object>,
}

/// Sets the annotation of a restart in a workload's template.
pub fn restarted(object: &Object, at: &str) -> Object {
    let mut object = object.clone();
    let key = crate::apimachinery::object::escape(RESTARTED_AT);
    object.set(&format!("/spec/template/metadata/annotations/{key}"), at.into());
    object
}
