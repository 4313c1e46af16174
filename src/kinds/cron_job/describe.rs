//! What `describe` prints of a CronJob: itself, the template of its Jobs, and the Jobs that run.

use serde_json::Value;

use crate::apimachinery::labels::Selector;
use crate::apimachinery::object::Object;
use crate::apimachinery::status::Status;
use crate::kinds::describe::{Text, View, annotations, labels, optional_flag, or_none, pod_template, rfc1123};
use crate::kinds::pod::Fields;

const UNSET: &str = "<unset>";

pub fn describe(job: &Object, view: &View, out: &mut Text) -> Result<(), Status> {
    out.field(0, "Name", job.name());
    out.field(0, "Namespace", job.namespace());
    labels(out, job);
    annotations(out, "Annotations", job.map_at("/metadata/annotations"));
    out.field(0, "Schedule", job.str_at("/spec/schedule"));
    out.field(0, "Concurrency Policy", job.str_at("/spec/concurrencyPolicy"));
    out.field(0, "Suspend", optional_flag(job.bool_at("/spec/suspend")));
    for (title, field, unit) in [
        ("Successful Job History Limit", "successfulJobsHistoryLimit", ""),
        ("Failed Job History Limit", "failedJobsHistoryLimit", ""),
        ("Starting Deadline Seconds", "startingDeadlineSeconds", "s"),
    ] {
        let value = job.i64_at(&format!("/spec/{field}")).map(|n| format!("{n}{unit}"));
        out.field(0, title, value.as_deref().unwrap_or(UNSET));
    }
    template(job.at("/spec/jobTemplate/spec").unwrap_or(&Value::Null), out)?;
    let last = job.time_at("/status/lastScheduleTime").map(|t| rfc1123(Some(t)));
    out.field(0, "Last Schedule Time", last.as_deref().unwrap_or(UNSET));
    let active: Vec<&str> = job.list_at("/status/active").iter().map(|j| j.text("name")).collect();
    out.field(0, "Active Jobs", or_none(&active.join(", ")));
    view.events(job, out)
}

fn template(spec: &Value, out: &mut Text) -> Result<(), Status> {
    match spec.field("selector") {
        Some(selector) => out.field(0, "Selector", Selector::from_label_selector(selector)?),
        None => out.field(0, "Selector", UNSET),
    }
    for (title, field) in [("Parallelism", "parallelism"), ("Completions", "completions")] {
        out.field(0, title, spec.int(field).map_or(UNSET.to_owned(), |n| n.to_string()));
    }
    if let Some(seconds) = spec.int("activeDeadlineSeconds") {
        out.field(0, "Active Deadline Seconds", format_args!("{seconds}s"));
    }
    pod_template(&spec["template"], out);
    Ok(())
}
