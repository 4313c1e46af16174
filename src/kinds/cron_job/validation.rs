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

/// What is wrong with a CronJob.
pub fn validate(cron: &Object) -> Errors {
    let mut errors = Errors::default();
    if cron.name().len() > LONGEST_NAME {
        let why = format!("must be no more than {LONGEST_NAME} characters");
        errors.invalid(&Path::new("metadata.name"), cron.name(), &why);
    }
    let spec = Path::new("spec");
    let schedule = cron.str_at("/spec/schedule");
    if schedule.is_empty() {
        errors.required(&spec.child("schedule"), "");
    } else {
        validate_schedule(schedule, cron.at("/spec/timeZone"), &spec.child("schedule"), &mut errors);
    }
    workload::not_negative(cron, &["startingDeadlineSeconds"], &mut errors);
    if let Some(zone) = cron.at("/spec/timeZone").and_then(Value::as_str) {
        validate_zone(zone, &spec.child("timeZone"), &mut errors);
    }
    match cron.str_at("/spec/concurrencyPolicy") {
        "Allow" | "Forbid" | "Replace" => {}
        "" => errors.required(&spec.child("concurrencyPolicy"), ""),
        other => errors.not_supported(&spec.child("concurrencyPolicy"), other, &["Allow", "Forbid", "Replace"]),
    }
    workload::not_negative(cron, &["successfulJobsHistoryLimit", "failedJobsHistoryLimit"], &mut errors);
    let job = cron.at("/spec/jobTemplate/spec").unwrap_or(&Value::Null);
    let path = spec.child("jobTemplate").child("spec");
    job::validation::validate_spec(job, &path, &mut errors);
    if let Some(selector) = job.get("selector").filter(|s| !s.is_null()) {
        errors.invalid(&path.child("selector"), selector.clone(), "`selector` will be auto-generated");
    }
    if job.get("manualSelector") == Some(&Value::Bool(true)) {
        errors.not_supported(&path.child("manualSelector"), true, &["nil", "false"]);
    }
    errors
}

fn validate_schedule(schedule: &str, zone: Option<&Value>, path: &Path, errors: &mut Errors) {
    if let Err(why) = Schedule::parse(schedule) {
        errors.invalid(path, schedule, &why);
    }
    if schedule.contains("TZ") {
        let why = match zone {
            Some(_) => "cannot use both timeZone field and TZ or CRON_TZ in schedule",
            None => "cannot use TZ or CRON_TZ in schedule, use timeZone field instead",
        };
        errors.invalid(path, schedule, why);
    }
}

fn validate_zone(zone: &str, path: &Path, errors: &mut Errors) {
    if zone.is_empty() {
        return errors.invalid(path, zone, "timeZone must be nil or non-empty string");
    }
    if zone.eq_ignore_ascii_case("Local") {
        let why = "timeZone must be an explicit time zone as defined in https://www.iana.org/time-zones";
        errors.invalid(path, zone, why);
    }
    if let Err(why) = Zone::named(zone).map(drop).or_else(|e| if zone == "Local" { Ok(()) } else { Err(e) }) {
        errors.invalid(path, zone, &why);
    }
}
