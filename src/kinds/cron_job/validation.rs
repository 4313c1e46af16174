//! What a CronJob may be, in the order and the words of pkg/apis/batch/validation.

use serde_json::Value;

use super::schedule::Schedule;
use super::zone::Zone;
use crate::apimachinery::field::{Errors, Path};
use crate::apimachinery::object::Object;
use crate::kinds::job;
use crate::kinds::workload;

/// What is left of 63 characters when a Job's name has its time appended.
const LONGEST_NAME: usize = 52;

/// What is wrong with a new CronJob.
pub fn validate(cron: &Object) -> Errors {
    let mut errors = validate_spec(cron, None);
    if cron.name().len() > LONGEST_NAME {
        let why = format!("must be no more than {LONGEST_NAME} characters");
        errors.invalid(&Path::new("metadata.name"), cron.name(), &why);
    }
    errors
}

/// What is wrong with a CronJob beside the one that it replaces.
pub fn validate_spec(cron: &Object, old: Option<&Object>) -> Errors {
    let mut errors = Errors::default();
    let spec = Path::new("spec");
    let schedule = cron.str_at("/spec/schedule");
    if schedule.is_empty() {
        errors.required(&spec.child("schedule"), "");
    } else {
        validate_schedule(schedule, &spec.child("schedule"), &mut errors);
    }
    workload::not_negative(cron, &["startingDeadlineSeconds"], &mut errors);
    let zone = |cron: &'_ Object| cron.at("/spec/timeZone").cloned();
    if let Some(Value::String(zone)) = zone(cron).filter(|_| old.is_none_or(|old| zone(old) != zone(cron))) {
        validate_zone(&zone, &spec.child("timeZone"), &mut errors);
    }
    match cron.str_at("/spec/concurrencyPolicy") {
        "Allow" | "Forbid" | "Replace" => {}
        "" => errors.required(&spec.child("concurrencyPolicy"), ""),
        other => errors.not_supported(&spec.child("concurrencyPolicy"), other, &["Allow", "Forbid", "Replace"]),
    }
    let job = cron.at("/spec/jobTemplate/spec").unwrap_or(&Value::Null);
    let path = spec.child("jobTemplate").child("spec");
    job::validation::validate_spec(job, &path, &mut errors);
    if let Some(selector) = job.get("selector").filter(|s| !s.is_null()) {
        errors.invalid(&path.child("selector"), selector.clone(), "`selector` will be auto-generated");
    }
    if job.get("manualSelector") == Some(&Value::Bool(true)) {
        errors.not_supported(&path.child("manualSelector"), true, &["nil", "false"]);
    }
    workload::not_negative(cron, &["successfulJobsHistoryLimit", "failedJobsHistoryLimit"], &mut errors);
    errors
}

fn validate_schedule(schedule: &str, path: &Path, errors: &mut Errors) {
    if let Err(why) = Schedule::parse(schedule) {
        errors.invalid(path, schedule, &why);
    }
    if schedule.contains("TZ") {
        errors.invalid(path, schedule, "cannot use TZ or CRON_TZ in schedule, use timeZone field instead");
    }
}

fn validate_zone(zone: &str, path: &Path, errors: &mut Errors) {
    if zone.is_empty() {
        return errors.invalid(path, zone, "timeZone must be nil or non-empty string");
    }
    // A part is at most 14 characters long: so the database names its files.
    let is_part = |part: &str| {
        let good = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'-' | b'_' | b'+');
        !matches!(part, "" | "." | "..") && !part.starts_with('-') && part.len() <= 14 && part.bytes().all(good)
    };
    if !zone.split('/').all(is_part) {
        return errors.invalid(path, zone, &format!("unknown time zone {zone}"));
    }
    if zone.eq_ignore_ascii_case("Local") {
        let why = "timeZone must be an explicit time zone as defined in https://www.iana.org/time-zones";
        errors.invalid(path, zone, why);
    }
    if let Err(why) = Zone::named(zone).map(drop).or_else(|e| if zone == "Local" { Ok(()) } else { Err(e) }) {
        errors.invalid(path, zone, &why);
    }
}
