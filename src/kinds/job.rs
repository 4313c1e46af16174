//! Job: pods that run until enough of them have succeeded.

use super::describe::{Text, View};
use super::plan::Plan;
use super::written::Written;
use super::{Kind, Names, Trigger, workload};
use crate::apimachinery::field::Errors;
use crate::apimachinery::labels::{self, Selector};
use crate::apimachinery::object::Object;
use crate::apimachinery::status::Status;
use crate::apimachinery::table::{Column, column, wide};
use crate::apimachinery::time::{self, Time};
use crate::cluster::Cluster;
use serde_json::{Value, json};
use std::sync::Arc;
mod cells;
mod controller;
pub(super) mod defaults;
mod describe;
mod failures;
mod indexes;
mod policies;
pub(super) mod validation;

pub use defaults::set_policy_defaults;

/// The kind.
pub struct Job;

static NAMES: Names = Names {
    group: "batch",
    api_version: "batch/v1",
    resource: "jobs.batch",
    categories: &["all"],
    ..Names::core("Job", "jobs", "job", &[])
};
static COLUMNS: [Column; 8] = [
    column("Name"),
    column("Status"),
    column("Completions"),
    column("Duration"),
    column("Age"),
    wide("Containers"),
    wide("Images"),
    wide("Selector"),
];

impl Kind for Job {
    fn names(&self) -> &Names {
        &NAMES
    }

    fn columns(&self) -> &[Column] {
        &COLUMNS
    }

    fn cells(&self, object: &Object, now: Time) -> Vec<String> {
        let (containers, images) = workload::containers_and_images(object.at("/spec/template").unwrap_or(&Value::Null));
        vec![
            object.name().to_owned(),
            cells::status(object).to_owned(),
            cells::completions(object),
            cells::duration(object, now),
            time::age(object.creation_timestamp(), now),
            containers,
            images,
            labels::format_label_selector(object.at("/spec/selector").unwrap_or(&Value::Null)),
        ]
    }

    fn describe(&self, object: &Object, view: &View, out: &mut Text) -> Result<(), Status> {
        describe::describe(object, view, out)
    }

    fn set_defaults(&self, object: &mut Object) {
        defaults::set_defaults(object);
    }

    fn prepare_for_create(&self, object: &mut Object) {
        object.set("/status", json!({}));
        defaults::generate_selector(object);
    }

    fn is_visited_without_history(&self) -> bool {
        true
    }

    fn written(&self) -> Written {
        Written::TEMPLATE
    }

    fn validate(&self, object: &Object) -> Errors {
        validation::validate(object)
    }

    fn validate_update(&self, new: &Object, old: &Object) -> Errors {
        validation::validate_update(new, old)
    }

    fn warnings(&self, new: &Object, old: Option<&Object>) -> Vec<String> {
        warnings(new, old, "/spec")
    }

    fn reconcile(&self, object: &Arc<Object>, cluster: &Cluster, now: Time) -> Result<Plan, Status> {
        controller::reconcile(object, cluster, now)
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
        ]
    }

    /// The selector and its labels are made from the Job's uid.
    fn export(&self, object: &mut Object, _cluster: &Cluster) -> Result<bool, Status> {
        if object.bool_at("/spec/manualSelector") != Some(true) {
            defaults::remove_selector(object);
        }
        Ok(true)
    }
}

/// What the server warns of in a Job, and in what makes Jobs by the spec at a pointer.
pub fn warnings(owner: &Object, old: Option<&Object>, spec: &str) -> Vec<String> {
    const MOST_COMPLETIONS: i64 = 100_000;
    const MOST_AT_ONCE: i64 = 10_000;
    let mut all: Vec<String> = workload::name_warning(owner, old).into_iter().collect();
    let is_over = |field: &str, most: i64| owner.i64_at(&format!("{spec}/{field}")).is_some_and(|n| n > most);
    let is_changed = old.is_none_or(|old| old.generation() != owner.generation());
    let is_indexed = owner.str_at(&format!("{spec}/completionMode")) == "Indexed";
    if is_changed && is_indexed && is_over("completions", MOST_COMPLETIONS) && is_over("parallelism", MOST_AT_ONCE) {
        let path = spec.trim_start_matches('/').replace('/', ".");
        all.push(format!(
            "{path}: In Indexed Jobs with a number of completions higher than 10^5 and a parallelism higher than 10^4, \
             Kubernetes might not be able to track completedIndexes when a big number of indexes fail"
        ));
    }
    all.extend(workload::template_warnings(owner, old, &format!("{spec}/template")));
    all
}
