//! ReplicaSet: a number of pods that are all alike. Knows no Deployment.

use super::describe::{Text, View};
use super::exposure::{self, Exposure};
use super::plan::Plan;
use super::written::{Written, Zero};
use super::{Kind, Names, ScalePaths, Trigger, workload};
use crate::apimachinery::field::Errors;
use crate::apimachinery::labels::{self, Selector};
use crate::apimachinery::object::Object;
use crate::apimachinery::status::Status;
use crate::apimachinery::table::{Column, column, wide};
use crate::apimachinery::time::{self, Time};
use crate::cluster::Cluster;
use serde_json::{Value, json};
use std::sync::Arc;
mod controller;
mod describe;

pub use controller::REPLICA_FAILURE;

/// The kind.
pub struct ReplicaSet;

static NAMES: Names = Names {
    group: "apps",
    api_version: "apps/v1",
    resource: "replicasets.apps",
    categories: &["all"],
    ..Names::core("ReplicaSet", "replicasets", "replicaset", &["rs"])
};
static COLUMNS: [Column; 8] = [
    column("Name"),
    column("Desired"),
    column("Current"),
    column("Ready"),
    column("Age"),
    wide("Containers"),
    wide("Images"),
    wide("Selector"),
];

impl Kind for ReplicaSet {
    fn names(&self) -> &Names {
        &NAMES
    }

    fn columns(&self) -> &[Column] {
        &COLUMNS
    }

    fn cells(&self, object: &Object, now: Time) -> Vec<String> {
        let (containers, images) = workload::containers_and_images(object.at("/spec/template").unwrap_or(&Value::Null));
        let count = |pointer: &str| object.i64_at(pointer).unwrap_or(0);
        vec![
            object.name().to_owned(),
            count("/spec/replicas").to_string(),
            count("/status/replicas").to_string(),
            count("/status/readyReplicas").to_string(),
            time::age(object.creation_timestamp(), now),
            containers,
            images,
            labels::format_label_selector(object.at("/spec/selector").unwrap_or(&Value::Null)),
        ]
    }

    fn describe(&self, object: &Object, view: &View, out: &mut Text) -> Result<(), Status> {
        describe::describe(object, view, out)
    }

    fn prepare_for_create(&self, object: &mut Object) {
        object.set("/status", json!({"replicas": 0}));
    }

    fn set_defaults(&self, object: &mut Object) {
        object.set_default("/spec/replicas", 1);
        workload::set_template_defaults(object, "/spec/template");
    }

    fn is_visited_without_history(&self) -> bool {
        true
    }

    fn written(&self) -> Written {
        const ZEROS: &[(&str, Zero)] =
            &[("/spec/template/metadata/creationTimestamp", Zero::Null), ("/status/replicas", Zero::Number)];
        Written { zeros: ZEROS, ..Written::TEMPLATE }
    }

    fn validate(&self, object: &Object) -> Errors {
        let mut errors = Errors::default();
        workload::not_negative(object, &["replicas", "minReadySeconds"], &mut errors);
        workload::validate_selector(object, "deployment", &mut errors);
        workload::validate_template(object, "ReplicaSet", &mut errors);
        errors
    }

    fn validate_update(&self, new: &Object, old: &Object) -> Errors {
        let mut errors = self.validate(new);
        workload::validate_selector_is_kept(new, old, &mut errors);
        errors
    }

    fn warnings(&self, new: &Object, old: Option<&Object>) -> Vec<String> {
        workload::warnings(new, old, "/spec/template")
    }

    fn has_generation(&self) -> bool {
        true
    }

    fn exposure(&self, object: &Object) -> Option<Exposure> {
        Some(exposure::of_workload(object, "replicaset"))
    }

    fn scale(&self) -> Option<ScalePaths<'_>> {
        Some(ScalePaths::REPLICAS)
    }

    fn pod_selector(&self, object: &Object) -> Option<Result<Selector, String>> {
        workload::pod_selector(object)
    }

    fn reconcile(&self, object: &Arc<Object>, cluster: &Cluster, now: Time) -> Result<Plan, Status> {
        reconcile_as(&NAMES, object, cluster, now)
    }

    fn triggers(&self) -> &'static [Trigger] {
        &[
            Trigger { resource: "pods", keys: |pod, cluster| workload::owners_of_orphan(&NAMES, pod, cluster) },
            Trigger {
                resource: "resourcequotas",
                keys: |quota, cluster| workload::keys_in(&NAMES, Some(quota.namespace()), cluster),
            },
        ]
    }
}

/// One look at a set of pods of either kind: ReplicationControllers are looked at in the same way.
pub fn reconcile_as(names: &Names, object: &Arc<Object>, cluster: &Cluster, now: Time) -> Result<Plan, Status> {
    controller::reconcile(names, object, cluster, now)
}
