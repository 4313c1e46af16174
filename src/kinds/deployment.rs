//! Deployment: ReplicaSets that take over from one another as the template changes.

use super::describe::{Text, View};
use super::exposure::{self, Exposure};
use super::int_or_percent;
use super::internal;
use super::plan::Plan;
use super::rollout::{Progress, Revision};
use super::written::{Written, Zero};
use super::{Kind, Names, ScalePaths, Trigger, workload, zeros};
use crate::apimachinery::field::{Errors, Path};
use crate::apimachinery::labels::{self, Selector};
use crate::apimachinery::object::Object;
use crate::apimachinery::patch::PatchType;
use crate::apimachinery::status::Status;
use crate::apimachinery::table::{Column, column, wide};
use crate::apimachinery::time::{self, Time};
use crate::cluster::Cluster;
use serde_json::{Value, json};
use std::sync::Arc;
mod controller;
mod describe;
mod dump;
mod hash;
mod replica_sets;
mod rolling;
mod rollout;
mod status;

/// The kind.
pub struct Deployment;

static NAMES: Names = Names {
    group: "apps",
    api_version: "apps/v1",
    resource: "deployments.apps",
    categories: &["all"],
    ..Names::core("Deployment", "deployments", "deployment", &["deploy"])
};
static COLUMNS: [Column; 8] = [
    column("Name"),
    column("Ready"),
    column("Up-to-date"),
    column("Available"),
    column("Age"),
    wide("Containers"),
    wide("Images"),
    wide("Selector"),
];

impl Kind for Deployment {
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
            format!("{}/{}", count("/status/readyReplicas"), count("/spec/replicas")),
            count("/status/updatedReplicas").to_string(),
            count("/status/availableReplicas").to_string(),
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
        object.set("/status", json!({}));
    }

    fn set_defaults(&self, object: &mut Object) {
        object.set_default("/spec/replicas", 1);
        object.set_default("/spec/strategy/type", "RollingUpdate");
        if object.str_at("/spec/strategy/type") == "RollingUpdate" {
            object.set_default("/spec/strategy/rollingUpdate/maxUnavailable", "25%");
            object.set_default("/spec/strategy/rollingUpdate/maxSurge", "25%");
        }
        object.set_default("/spec/revisionHistoryLimit", 10);
        object.set_default("/spec/progressDeadlineSeconds", 600);
        zeros::omit(object, &["/spec/paused", "/spec/minReadySeconds"]);
        workload::set_template_defaults(object, "/spec/template");
    }

    /// The template alone.
    fn rollback_announcement(&self) -> &'static str {
        ""
    }

    fn written(&self) -> Written {
        const ZEROS: &[(&str, Zero)] =
            &[("/spec/template/metadata/creationTimestamp", Zero::Null), ("/spec/strategy", Zero::Struct)];
        Written { zeros: ZEROS, ..Written::TEMPLATE }
    }

    fn validate(&self, object: &Object) -> Errors {
        let mut errors = Errors::default();
        workload::not_negative(object, &["replicas"], &mut errors);
        workload::validate_selector(object, "deployment", &mut errors);
        workload::validate_template(object, "ReplicaSet", &mut errors);
        validate_strategy(object, &mut errors);
        workload::not_negative(object, &["minReadySeconds", "revisionHistoryLimit"], &mut errors);
        validate_deadline(object, &mut errors);
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

    fn rollout_status(&self, object: &Object, revision: i64) -> Option<Result<Progress, String>> {
        Some(rollout::status(object, revision))
    }

    fn rollout_history(&self, object: &Object, cluster: &Cluster) -> Result<Option<Vec<Revision>>, Status> {
        rollout::history(object, cluster).map(Some)
    }

    fn rollback(&self, object: &Object, to: &Revision) -> Result<Option<(PatchType, Value)>, String> {
        Ok(rollout::rollback(object, to)?.map(|patch| (PatchType::Json, patch)))
    }

    fn restarted(&self, object: &Object, at: &str) -> Result<Object, String> {
        rollout::restarted(object, at)
    }

    fn paused(&self, object: &Object, pause: bool) -> Result<Object, String> {
        rollout::paused(object, pause)
    }

    fn has_generation(&self) -> bool {
        true
    }

    /// They are its sets' as well.
    fn has_annotations_counted(&self) -> bool {
        true
    }

    fn exposure(&self, object: &Object) -> Option<Exposure> {
        Some(exposure::of_workload(object, "deployment"))
    }

    fn scale(&self) -> Option<ScalePaths<'_>> {
        Some(ScalePaths::REPLICAS)
    }

    fn pod_selector(&self, object: &Object) -> Option<Result<Selector, String>> {
        workload::pod_selector(object)
    }

    fn reconcile(&self, object: &Arc<Object>, cluster: &Cluster, now: Time) -> Result<Plan, Status> {
        controller::reconcile(object, cluster, now)
    }

    fn triggers(&self) -> &'static [Trigger] {
        &[
            Trigger {
                resource: "replicasets.apps",
                keys: |set, cluster| workload::owners_of_orphan(&NAMES, set, cluster),
            },
            Trigger { resource: "pods", keys: controller::deployments_of_pod },
        ]
    }

    /// The revision is counted by the controller.
    fn export(&self, object: &mut Object, _cluster: &Cluster) -> Result<bool, Status> {
        object.remove_annotation(replica_sets::REVISION);
        Ok(true)
    }
}

fn validate_strategy(object: &Object, errors: &mut Errors) {
    let path = Path::new("spec.strategy");
    let rolling = object.at("/spec/strategy/rollingUpdate");
    match (object.str_at("/spec/strategy/type"), rolling) {
        ("Recreate", Some(_)) => {
            let why = "may not be specified when strategy `type` is 'Recreate'";
            errors.forbidden(&path.child("rollingUpdate"), why);
        }
        ("RollingUpdate", Some(rolling)) => validate_rolling(rolling, &path.child("rollingUpdate"), errors),
        ("Recreate" | "RollingUpdate", None) => {}
        _ => {
            let strategy = object.at("/spec/strategy").unwrap_or(&Value::Null);
            let shown = internal::shown(strategy, internal::DEPLOYMENT_STRATEGY);
            errors.not_supported_shown(&path, &shown, &["Recreate", "RollingUpdate"]);
        }
    }
}

fn validate_rolling(rolling: &Value, path: &Path, errors: &mut Errors) {
    let is_zero = |v: &Value| int_or_percent::of_total(v, 100, true) == Some(0);
    let (unavailable, surge) = (&rolling["maxUnavailable"], &rolling["maxSurge"]);
    int_or_percent::validate(unavailable, &path.child("maxUnavailable"), errors);
    int_or_percent::validate(surge, &path.child("maxSurge"), errors);
    if is_zero(unavailable) && is_zero(surge) {
        errors.invalid(&path.child("maxUnavailable"), unavailable.clone(), "may not be 0 when `maxSurge` is 0");
    }
    int_or_percent::validate_at_most_all(unavailable, &path.child("maxUnavailable"), errors);
}

fn validate_deadline(object: &Object, errors: &mut Errors) {
    workload::not_negative(object, &["progressDeadlineSeconds"], errors);
    let seconds = object.i64_at("/spec/progressDeadlineSeconds");
    let ready = object.i64_at("/spec/minReadySeconds").unwrap_or(0);
    if let Some(seconds) = seconds.filter(|s| *s <= ready) {
        let path = Path::new("spec.progressDeadlineSeconds");
        errors.invalid(&path, seconds, "must be greater than minReadySeconds");
    }
}
