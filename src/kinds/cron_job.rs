//! CronJob: Jobs at the times of a schedule.

use super::describe::{Text, View};
use super::plan::Plan;
use super::written::{Written, Zero};
use super::{Kind, Names, job, workload, zeros};
use crate::apimachinery::field::Errors;
use crate::apimachinery::labels;
use crate::apimachinery::object::Object;
use crate::apimachinery::status::Status;
use crate::apimachinery::table::{Column, column, wide};
use crate::apimachinery::time::{self, Time};
use crate::cluster::Cluster;
use serde_json::{Value, json};
use std::sync::Arc;
mod controller;
mod describe;
mod schedule;
mod validation;
mod zone;

/// The kind.
pub struct CronJob;

static NAMES: Names = Names {
    group: "batch",
    api_version: "batch/v1",
    resource: "cronjobs.batch",
    categories: &["all"],
    ..Names::core("CronJob", "cronjobs", "cronjob", &["cj"])
};
static COLUMNS: [Column; 10] = [
    column("Name"),
    column("Schedule"),
    column("Timezone"),
    column("Suspend"),
    column("Active"),
    column("Last Schedule"),
    column("Age"),
    wide("Containers"),
    wide("Images"),
    wide("Selector"),
];

impl Kind for CronJob {
    fn names(&self) -> &Names {
        &NAMES
    }

    fn columns(&self) -> &[Column] {
        &COLUMNS
    }

    fn cells(&self, object: &Object, now: Time) -> Vec<String> {
        let template = object.at("/spec/jobTemplate/spec/template").unwrap_or(&Value::Null);
        let (containers, images) = workload::containers_and_images(template);
        let suspend = match object.bool_at("/spec/suspend") {
            None => "<unset>",
            Some(true) => "True",
            Some(false) => "False",
        };
        let last = object.time_at("/status/lastScheduleTime");
        let selector = object.at("/spec/jobTemplate/spec/selector").cloned().unwrap_or_else(|| json!({}));
        vec![
            object.name().to_owned(),
            object.str_at("/spec/schedule").to_owned(),
            object.at("/spec/timeZone").and_then(Value::as_str).unwrap_or("<none>").to_owned(),
            suspend.to_owned(),
            object.list_at("/status/active").len().to_string(),
            last.map_or("<none>".to_owned(), |t| time::age(Some(t), now)),
            time::age(object.creation_timestamp(), now),
            containers,
            images,
            labels::format_label_selector(&selector),
        ]
    }

    fn describe(&self, object: &Object, view: &View, out: &mut Text) -> Result<(), Status> {
        describe::describe(object, view, out)
    }

    fn prepare_for_create(&self, object: &mut Object) {
        object.set("/status", json!({}));
    }

    fn set_defaults(&self, object: &mut Object) {
        object.set_default("/spec/concurrencyPolicy", "Allow");
        object.set_default("/spec/suspend", false);
        object.set_default("/spec/successfulJobsHistoryLimit", 3);
        object.set_default("/spec/failedJobsHistoryLimit", 1);
        // Upstream fills in the template of a Job's pods, and of the Job itself nothing.
        zeros::write(object, &[("/spec/jobTemplate/metadata", json!({}))]);
        super::job::set_policy_defaults(object, "/spec/jobTemplate/spec");
        workload::set_template_defaults(object, "/spec/jobTemplate/spec/template");
    }

    fn is_visited_without_history(&self) -> bool {
        true
    }

    fn written(&self) -> Written {
        const ZEROS: &[(&str, Zero)] = &[
            ("/spec/jobTemplate/metadata/creationTimestamp", Zero::Null),
            ("/spec/jobTemplate/spec/template/metadata/creationTimestamp", Zero::Null),
        ];
        Written { pod_spec: Some("/spec/jobTemplate/spec/template/spec"), zeros: ZEROS }
    }

    fn validate(&self, object: &Object) -> Errors {
        validation::validate(object)
    }

    fn validate_update(&self, new: &Object, old: &Object) -> Errors {
        validation::validate_spec(new, Some(old))
    }

    fn warnings(&self, new: &Object, old: Option<&Object>) -> Vec<String> {
        job::warnings(new, old, "/spec/jobTemplate/spec")
    }

    fn reconcile(&self, object: &Arc<Object>, cluster: &Cluster, now: Time) -> Result<Plan, Status> {
        controller::reconcile(object, cluster, now)
    }

    fn has_generation(&self) -> bool {
        true
    }
}
