//! ReplicationController: what ReplicaSets were before. Its controller is theirs.

mod describe;

use super::describe::{Text, View};
use super::exposure::{self, Exposure};
use super::plan::Plan;
use super::written::{Written, Zero};
use super::{Kind, Names, ScalePaths, Trigger, workload};
use crate::apimachinery::field::{Errors, Path};
use crate::apimachinery::labels::Selector;
use crate::apimachinery::object::Object;
use crate::apimachinery::status::Status;
use crate::apimachinery::table::{Column, column, wide};
use crate::apimachinery::time::{self, Time};
use crate::cluster::Cluster;
use serde_json::{Value, json};
use std::sync::Arc;

/// The kind.
pub struct ReplicationController;

static NAMES: Names = Names {
    categories: &["all"],
    ..Names::core("ReplicationController", "replicationcontrollers", "replicationcontroller", &["rc"])
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

impl Kind for ReplicationController {
    fn names(&self) -> &Names {
        &NAMES
    }

    fn columns(&self) -> &[Column] {
        &COLUMNS
    }

    fn cells(&self, object: &Object, now: Time) -> Vec<String> {
        let (containers, images) = workload::containers_and_images(object.at("/spec/template").unwrap_or(&Value::Null));
        let count = |pointer: &str| object.i64_at(pointer).unwrap_or(0);
        let selector = workload::format_labels(object.map_at("/spec/selector"));
        vec![
            object.name().to_owned(),
            count("/spec/replicas").to_string(),
            count("/status/replicas").to_string(),
            count("/status/readyReplicas").to_string(),
            time::age(object.creation_timestamp(), now),
            containers,
            images,
            selector,
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
        let Some(labels) = object.at("/spec/template/metadata/labels").cloned() else { return };
        for pointer in ["/spec/selector", "/metadata/labels"] {
            if object.map_at(pointer).is_none_or(serde_json::Map::is_empty) {
                object.set(pointer, labels.clone());
            }
        }
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
        workload::not_negative(object, &["minReadySeconds"], &mut errors);
        if object.map_at("/spec/selector").is_none_or(serde_json::Map::is_empty) {
            errors.required(&Path::new("spec.selector"), "");
        }
        workload::not_negative(object, &["replicas"], &mut errors);
        workload::validate_template(object, "ReplicationController", &mut errors);
        errors
    }

    fn warnings(&self, new: &Object, old: Option<&Object>) -> Vec<String> {
        workload::warnings(new, old, "/spec/template")
    }

    fn has_generation(&self) -> bool {
        true
    }

    fn exposure(&self, object: &Object) -> Option<Exposure> {
        let selector = Ok(object.map_at("/spec/selector").cloned().unwrap_or_default());
        Some(Exposure { selector, ports: exposure::template_ports(object) })
    }

    fn scale(&self) -> Option<ScalePaths<'_>> {
        Some(ScalePaths::REPLICAS)
    }

    fn pod_selector(&self, object: &Object) -> Option<Result<Selector, String>> {
        workload::pod_selector(object)
    }

    fn reconcile(&self, object: &Arc<Object>, cluster: &Cluster, now: Time) -> Result<Plan, Status> {
        super::replica_set::reconcile_as(&NAMES, object, cluster, now)
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
