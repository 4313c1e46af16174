//! What the API fills in on a Job, and the selector that it makes up from the Job's uid.

use serde_json::{Map, Value, json};

use crate::apimachinery::object::{Object, escape};
use crate::kinds::workload;

pub const UID_LABEL: &str = "batch.kubernetes.io/controller-uid";
pub const NAME_LABEL: &str = "batch.kubernetes.io/job-name";

/// What a Job's pods are labelled with, in the old form and the new: uid and name.
const LABELS: [&str; 4] = ["controller-uid", "job-name", UID_LABEL, NAME_LABEL];

/// Fills in a Job.
pub fn set_defaults(job: &mut Object) {
    let absent = |job: &Object, field: &str| job.at(&format!("/spec/{field}")).is_none();
    if absent(job, "completions") && absent(job, "parallelism") {
        job.set("/spec/completions", 1.into());
    }
    job.set_default("/spec/parallelism", 1);
    let per_index = job.at("/spec/backoffLimitPerIndex").is_some();
    job.set_default("/spec/backoffLimit", if per_index { i64::from(i32::MAX) } else { 6 });
    job.set_default("/spec/completionMode", "NonIndexed");
    job.set_default("/spec/suspend", false);
    job.set_default("/spec/manualSelector", false);
    let failed_only = job.at("/spec/podFailurePolicy").is_some();
    job.set_default("/spec/podReplacementPolicy", if failed_only { "Failed" } else { "TerminatingOrFailed" });
    set_policy_defaults(job, "/spec");
    workload::set_template_defaults(job, "/spec/template");
    label(job);
}

/// Fills in the failure policy of a JobSpec at a pointer, a CronJob's too: a condition is asked for as true.
pub fn set_policy_defaults(object: &mut Object, pointer: &str) {
    let pointer = format!("{pointer}/podFailurePolicy/rules");
    let mut rules = object.list_at(&pointer).to_vec();
    let patterns = rules.iter_mut().filter_map(|rule| rule.get_mut("onPodConditions")?.as_array_mut()).flatten();
    let mut has_changed = false;
    for pattern in patterns.filter(|p| p["status"].as_str().is_none_or(str::is_empty)).filter_map(Value::as_object_mut)
    {
        pattern.insert("status".to_owned(), "True".into());
        has_changed = true;
    }
    if has_changed {
        object.set(&pointer, Value::Array(rules));
    }
}

/// A Job without labels has its template's.
fn label(job: &mut Object) {
    if job.labels().is_none_or(Map::is_empty)
        && let Some(labels) = job.at("/spec/template/metadata/labels").cloned()
    {
        job.set("/metadata/labels", labels);
    }
}

/// Labels a new Job's pods with its uid and name, and selects them by the uid; unless the user has a selector.
pub fn generate_selector(job: &mut Object) {
    if job.bool_at("/spec/manualSelector") == Some(true) {
        return;
    }
    let (uid, name) = (job.uid().to_owned(), job.name().to_owned());
    for (key, value) in LABELS.into_iter().zip([&uid, &name, &uid, &name]) {
        let pointer = format!("/spec/template/metadata/labels/{}", escape(key));
        // A name of the user's stays, to be refused if it is another one.
        if value == &uid || job.at(&pointer).is_none() {
            job.set(&pointer, Value::String(value.clone()));
        }
    }
    job.set(&format!("/spec/selector/matchLabels/{}", escape(UID_LABEL)), json!(uid));
    // What an older server made up for a Job that is created again.
    if job.at("/spec/selector/matchLabels/controller-uid").is_some() {
        job.set("/spec/selector/matchLabels/controller-uid", json!(uid));
    }
    // Upstream fills in defaults again whenever it reads the Job, by then with these labels.
    label(job);
}

/// Takes off what [`generate_selector`] made.
pub fn remove_selector(job: &mut Object) {
    job.remove("/spec/selector");
    for label in LABELS {
        job.remove_label(label);
        job.remove(&format!("/spec/template/metadata/labels/{}", escape(label)));
    }
    for map in ["/spec/template/metadata/labels", "/spec/template/metadata"] {
        if job.map_at(map).is_some_and(Map::is_empty) {
            job.remove(map);
        }
    }
}
