//! DaemonSet: one pod on each node that has a place for it.

use super::describe::{Text, View};
use super::int_or_percent;
use super::internal;
use super::plan::Plan;
use super::rollout::{Progress, Revision};
use super::written::{Written, Zero};
use super::{Kind, Names, Trigger, workload};
use crate::apimachinery::field::{Errors, Path};
use crate::apimachinery::labels::{self, Selector};
use crate::apimachinery::object::Object;
use crate::apimachinery::patch::PatchType;
use crate::apimachinery::status::Status;
use crate::apimachinery::table::{Column, column, wide};
use crate::apimachinery::time::{self, Time};
use crate::cluster::Cluster;
use serde_json::Value;
use std::sync::Arc;

mod controller;
mod describe;
mod history;
mod placement;
mod rollout;

/// The kind.
pub struct DaemonSet;

static NAMES: Names = Names {
    group: "apps",
    api_version: "apps/v1",
    resource: "daemonsets.apps",
    categories: &["all"],
    ..Names::core("DaemonSet", "daemonsets", "daemonset", &["ds"])
};
static COLUMNS: [Column; 11] = [
    column("Name"),
    column("Desired"),
    column("Current"),
    column("Ready"),
    column("Up-to-date"),
    column("Available"),
    column("Node Selector"),
    column("Age"),
    wide("Containers"),
    wide("Images"),
    wide("Selector"),
];

/// The annotation that counts the templates a set has had.
const TEMPLATE_GENERATION: &str = "deprecated.daemonset.template.generation";

impl Kind for DaemonSet {
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
            count("/status/desiredNumberScheduled").to_string(),
            count("/status/currentNumberScheduled").to_string(),
            count("/status/numberReady").to_string(),
            count("/status/updatedNumberScheduled").to_string(),
            count("/status/numberAvailable").to_string(),
            workload::format_labels(object.map_at("/spec/template/spec/nodeSelector")),
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
        let zeros = ["currentNumberScheduled", "desiredNumberScheduled", "numberMisscheduled", "numberReady"];
        let status: serde_json::Map<String, Value> = zeros.into_iter().map(|f| (f.to_owned(), 0.into())).collect();
        object.set("/status", Value::Object(status));
        let number = object.annotation(TEMPLATE_GENERATION).and_then(|n| n.parse::<i64>().ok()).unwrap_or(1);
        object.set_annotation(TEMPLATE_GENERATION, &number.max(1).to_string());
    }

    fn prepare_for_update(&self, new: &mut Object, old: &Object) {
        if let Some(status) = old.at("/status") {
            new.set("/status", status.clone());
        }
        let number = old.annotation(TEMPLATE_GENERATION).and_then(|n| n.parse::<i64>().ok()).unwrap_or(1);
        let changed = new.at("/spec/template") != old.at("/spec/template");
        new.set_annotation(TEMPLATE_GENERATION, &(number + i64::from(changed)).to_string());
    }

    fn set_defaults(&self, object: &mut Object) {
        object.set_default("/spec/updateStrategy/type", "RollingUpdate");
        if object.str_at("/spec/updateStrategy/type") == "RollingUpdate" {
            object.set_default("/spec/updateStrategy/rollingUpdate/maxUnavailable", 1);
            object.set_default("/spec/updateStrategy/rollingUpdate/maxSurge", 0);
        }
        object.set_default("/spec/revisionHistoryLimit", 10);
        workload::set_template_defaults(object, "/spec/template");
    }

    fn has_a_pod_on_each_node(&self) -> bool {
        true
    }

    fn written(&self) -> Written {
        const ZEROS: &[(&str, Zero)] = &[
            ("/spec/template/metadata/creationTimestamp", Zero::Null),
            ("/spec/updateStrategy", Zero::Struct),
            ("/status/currentNumberScheduled", Zero::Number),
            ("/status/desiredNumberScheduled", Zero::Number),
            ("/status/numberMisscheduled", Zero::Number),
            ("/status/numberReady", Zero::Number),
        ];
        Written { zeros: ZEROS, ..Written::TEMPLATE }
    }

    fn validate(&self, object: &Object) -> Errors {
        let mut errors = Errors::default();
        // Of a set without a selector nothing else is said than that the template's labels do not match.
        if object.at("/spec/selector").is_some() {
            workload::validate_selector(object, "daemonset", &mut errors);
        }
        workload::validate_template(object, "DaemonSet", &mut errors);
        workload::not_negative(object, &["minReadySeconds"], &mut errors);
        validate_strategy(object, &mut errors);
        workload::not_negative(object, &["revisionHistoryLimit"], &mut errors);
        errors
    }

    fn validate_update(&self, new: &Object, old: &Object) -> Errors {
        let mut errors = self.validate(new);
        workload::validate_selector_is_kept(new, old, &mut errors);
        errors
    }

    fn warnings(&self, new: &Object, old: Option<&Object>) -> Vec<String> {
        workload::template_warnings(new, old, "/spec/template")
    }

    fn reconcile(&self, object: &Arc<Object>, cluster: &Cluster, now: Time) -> Result<Plan, Status> {
        controller::reconcile(object, cluster, now)
    }

    fn rollout_status(&self, object: &Object, _revision: i64) -> Option<Result<Progress, String>> {
        Some(rollout::status(object))
    }

    fn rollout_history(&self, object: &Object, cluster: &Cluster) -> Result<Option<Vec<Revision>>, Status> {
        rollout::history(object, cluster).map(Some)
    }

    fn rollback(&self, _: &Object, to: &Revision) -> Result<Option<(PatchType, Value)>, String> {
        Ok(Some((PatchType::Strategic, rollout::rollback(to))))
    }

    fn restarted(&self, object: &Object, at: &str) -> Result<Object, String> {
        Ok(super::rollout::restarted(object, at))
    }

    fn has_generation(&self) -> bool {
        true
    }

    fn pod_selector(&self, object: &Object) -> Option<Result<Selector, String>> {
        workload::pod_selector(object)
    }

    fn triggers(&self) -> &'static [Trigger] {
        &[
            Trigger { resource: "pods", keys: |pod, cluster| workload::owners_of_orphan(&NAMES, pod, cluster) },
            Trigger {
                resource: "resourcequotas",
                keys: |quota, cluster| workload::keys_in(&NAMES, Some(quota.namespace()), cluster),
            },
            Trigger { resource: "nodes", keys: |_, cluster| workload::keys_in(&NAMES, None, cluster) },
        ]
    }
}

fn validate_strategy(object: &Object, errors: &mut Errors) {
    let path = Path::new("spec.updateStrategy");
    match object.str_at("/spec/updateStrategy/type") {
        "OnDelete" => {}
        "RollingUpdate" => {
            let rolling = object.at("/spec/updateStrategy/rollingUpdate").cloned().unwrap_or_default();
            validate_rolling(&rolling, &path.child("rollingUpdate"), errors);
        }
        _ => {
            let strategy = object.at("/spec/updateStrategy").unwrap_or(&Value::Null);
            let shown = internal::shown(strategy, internal::DAEMON_SET_STRATEGY);
            errors.not_supported_shown(&path, &shown, &["RollingUpdate", "OnDelete"]);
        }
    }
}

fn validate_rolling(rolling: &Value, path: &Path, errors: &mut Errors) {
    let is_zero = |v: &Value| int_or_percent::of_total(v, 100, true) == Some(0);
    let (unavailable, surge) = (&rolling["maxUnavailable"], &rolling["maxSurge"]);
    for (field, value) in [("maxUnavailable", unavailable), ("maxSurge", surge)] {
        int_or_percent::validate(value, &path.child(field), errors);
        int_or_percent::validate_at_most_all(value, &path.child(field), errors);
    }
    match (is_zero(unavailable), is_zero(surge)) {
        (false, false) => {
            errors.invalid(&path.child("maxSurge"), surge.clone(), "may not be set when maxUnavailable is non-zero");
        }
        (true, true) => errors.required(&path.child("maxUnavailable"), "cannot be 0 when maxSurge is 0"),
        _ => {}
    }
}
