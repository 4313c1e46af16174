//! The cells of a Job's row.

use crate::apimachinery::object::Object;
use crate::apimachinery::time::{self, Time};
use crate::kinds::pod::Fields;

/// Whether a Job has a True condition of a type.
pub fn has_condition(job: &Object, kind: &str) -> bool {
    job.list_at("/status/conditions").iter().any(|c| c.text("type") == kind && c.text("status") == "True")
}

/// The `Status` column.
pub fn status(job: &Object) -> &'static str {
    let told = |kind: &'static str| has_condition(job, kind).then_some(kind);
    let ended = told("Complete").or_else(|| told("Failed"));
    let dying = || job.deletion_timestamp().map(|_| "Terminating");
    let other = || told("Suspended").or_else(|| told("FailureTarget")).or_else(|| told("SuccessCriteriaMet"));
    ended.or_else(dying).or_else(other).unwrap_or("Running")
}

/// The `Completions` column: `1/3`, or `0/1 of 2` for a Job that any of its pods completes.
pub fn completions(job: &Object) -> String {
    let succeeded = job.i64_at("/status/succeeded").unwrap_or(0);
    let parallelism = job.i64_at("/spec/parallelism").unwrap_or(0);
    match job.i64_at("/spec/completions") {
        Some(wanted) => format!("{succeeded}/{wanted}"),
        None if parallelism > 1 => format!("{succeeded}/1 of {parallelism}"),
        None => format!("{succeeded}/1"),
    }
}

/// The `Duration` column: from the start to the end, or to now.
pub fn duration(job: &Object, now: Time) -> String {
    let end = job.time_at("/status/completionTime").unwrap_or(now);
    job.time_at("/status/startTime").map(|start| time::human_duration(end - start)).unwrap_or_default()
}
