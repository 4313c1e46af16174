//! HorizontalPodAutoscaler: how many pods a workload should have by what they use. Its bounds are kept;
//! nothing is measured.

use super::OtherVersion;
use super::describe::{Text, View};
use super::plan::Plan;
use super::{Kind, Names, Trigger};
use crate::apimachinery::field::Errors;
use crate::apimachinery::object::Object;
use crate::apimachinery::status::Status;
use crate::apimachinery::table::{Column, column};
use crate::apimachinery::time::{self, Time};
use crate::cluster::Cluster;
use serde_json::json;
use std::sync::Arc;
mod behavior;
mod controller;
mod describe;
mod rules;
mod targets;
mod v1;
mod validation;

/// The kind.
pub struct HorizontalPodAutoscaler;

static NAMES: Names = Names {
    group: "autoscaling",
    version: "v2",
    api_version: "autoscaling/v2",
    resource: "horizontalpodautoscalers.autoscaling",
    categories: &["all"],
    ..Names::core("HorizontalPodAutoscaler", "horizontalpodautoscalers", "horizontalpodautoscaler", &["hpa"])
};
static COLUMNS: [Column; 7] = [
    column("Name"),
    column("Reference"),
    column("Targets"),
    column("MinPods"),
    column("MaxPods"),
    column("Replicas"),
    column("Age"),
];

impl Kind for HorizontalPodAutoscaler {
    fn names(&self) -> &Names {
        &NAMES
    }

    fn columns(&self) -> &[Column] {
        &COLUMNS
    }

    fn cells(&self, object: &Object, now: Time) -> Vec<String> {
        let min = object.i64_at("/spec/minReplicas").map_or("<unset>".to_owned(), |n| n.to_string());
        vec![
            object.name().to_owned(),
            format!("{}/{}", object.str_at("/spec/scaleTargetRef/kind"), object.str_at("/spec/scaleTargetRef/name")),
            targets::cell(object),
            min,
            object.i64_at("/spec/maxReplicas").unwrap_or(0).to_string(),
            object.i64_at("/status/currentReplicas").unwrap_or(0).to_string(),
            time::age(object.creation_timestamp(), now),
        ]
    }

    fn describe(&self, object: &Object, view: &View, out: &mut Text) -> Result<(), Status> {
        describe::describe(object, view, out)
    }

    fn prepare_for_create(&self, object: &mut Object) {
        object.set("/status", json!({"currentMetrics": null, "desiredReplicas": 0}));
    }

    fn other_versions(&self) -> &'static [OtherVersion] {
        &[OtherVersion { api_version: "autoscaling/v1", convert: v1::to_v2 }]
    }

    fn set_defaults(&self, object: &mut Object) {
        object.set_default("/spec/minReplicas", 1);
        if object.list_at("/spec/metrics").is_empty() {
            let target = json!({"type": "Utilization", "averageUtilization": 80});
            object.set("/spec/metrics", json!([{"type": "Resource", "resource": {"name": "cpu", "target": target}}]));
        }
        behavior::set_defaults(object);
    }

    fn validate(&self, object: &Object) -> Errors {
        validation::validate(object)
    }

    fn validate_update(&self, new: &Object, old: &Object) -> Errors {
        validation::validate_update(new, old)
    }

    fn reconcile(&self, scaler: &Arc<Object>, cluster: &Cluster, now: Time) -> Result<Plan, Status> {
        controller::reconcile(scaler, cluster, now)
    }

    fn triggers(&self) -> &'static [Trigger] {
        &[
            Trigger { resource: "deployments.apps", keys: controller::of_target },
            Trigger { resource: "replicasets.apps", keys: controller::of_target },
            Trigger { resource: "statefulsets.apps", keys: controller::of_target },
            Trigger { resource: "replicationcontrollers", keys: controller::of_target },
        ]
    }
}
