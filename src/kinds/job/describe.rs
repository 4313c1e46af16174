//! What `describe` prints of a Job. Knows its pods by number only.

use serde_json::Value;

use crate::apimachinery::labels::Selector;
use crate::apimachinery::object::Object;
use crate::apimachinery::status::Status;
use crate::apimachinery::time;
use crate::kinds::describe::{Text, View, annotations, controlled_by, labels, pod_template, rfc1123};

/// From how many bytes on the list of completed indexes is cut at the next comma.
const INDEXES: usize = 50;

pub fn describe(job: &Object, view: &View, out: &mut Text) -> Result<(), Status> {
    let selector = Selector::from_label_selector(job.at("/spec/selector").unwrap_or(&Value::Null))?;
    out.field(0, "Name", job.name());
    out.field(0, "Namespace", job.namespace());
    out.field(0, "Selector", &selector);
    labels(out, job);
    annotations(out, "Annotations", job.map_at("/metadata/annotations"));
    controlled_by(job, out);
    spec(job, out);
    times(job, out);
    pods(job, out);
    pod_template(job.at("/spec/template").unwrap_or(&Value::Null), out);
    view.events(job, out)
}

fn spec(job: &Object, out: &mut Text) {
    let number = |field: &str| job.i64_at(&format!("/spec/{field}"));
    if let Some(parallelism) = number("parallelism") {
        out.field(0, "Parallelism", parallelism);
    }
    out.field(0, "Completions", number("completions").map_or("<unset>".to_owned(), |n| n.to_string()));
    if let Some(mode) = job.at("/spec/completionMode").and_then(Value::as_str) {
        out.field(0, "Completion Mode", mode);
    }
    if let Some(suspend) = job.bool_at("/spec/suspend") {
        out.field(0, "Suspend", suspend);
    }
    for (title, field) in [("Backoff Limit", "backoffLimit"), ("TTL Seconds After Finished", "ttlSecondsAfterFinished")]
    {
        if let Some(n) = number(field) {
            out.field(0, title, n);
        }
    }
}

fn times(job: &Object, out: &mut Text) {
    let (start, end) = (job.time_at("/status/startTime"), job.time_at("/status/completionTime"));
    for (title, at) in [("Start Time", start), ("Completed At", end)] {
        if at.is_some() {
            out.field(0, title, rfc1123(at));
        }
    }
    if let (Some(start), Some(end)) = (start, end) {
        out.field(0, "Duration", time::human_duration(end - start));
    }
    if let Some(seconds) = job.i64_at("/spec/activeDeadlineSeconds") {
        out.field(0, "Active Deadline Seconds", format_args!("{seconds}s"));
    }
}

fn pods(job: &Object, out: &mut Text) {
    let number = |field: &str| job.i64_at(&format!("/status/{field}"));
    let count = |field: &str| number(field).unwrap_or(0);
    let ready = number("ready").map_or(String::new(), |n| format!(" ({n} Ready)"));
    let (active, succeeded, failed) = (count("active"), count("succeeded"), count("failed"));
    out.field(0, "Pods Statuses", format_args!("{active} Active{ready} / {succeeded} Succeeded / {failed} Failed"));
    if job.str_at("/spec/completionMode") == "Indexed" {
        out.field(0, "Completed Indexes", indexes(job.str_at("/status/completedIndexes")));
    }
}

/// `0-3,5`, cut after a comma when it is long.
fn indexes(all: &str) -> String {
    match all.get(INDEXES..).and_then(|rest| rest.find(',')) {
        _ if all.is_empty() => "<none>".to_owned(),
        Some(comma) => format!("{}...", &all[..=INDEXES + comma]),
        None => all.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_lists_of_indexes_are_cut_after_a_comma() {
        assert_eq!(indexes(""), "<none>");
        assert_eq!(indexes("0-3,5"), "0-3,5");
        let long = (0..30).map(|i| (i * 2).to_string()).collect::<Vec<_>>().join(",");
        assert_eq!(indexes(&long), format!("{}...", &long[..=INDEXES + long[INDEXES..].find(',').unwrap()]));
        let last = "1".repeat(60);
        assert_eq!(indexes(&last), last);
    }
}
