//! What a Job may be, in the order and the words of pkg/apis/batch/validation.

use serde_json::Value;

use crate::apimachinery::field::{Errors, Path};
use crate::apimachinery::names;
use crate::apimachinery::object::Object;
use crate::kinds::pod::{self, Fields};
use crate::kinds::workload;

const MOST_INDEXED: i64 = 100_000;

/// What is wrong with a Job.
pub fn validate(job: &Object) -> Errors {
    let mut errors = Errors::default();
    let path = Path::new("spec");
    let spec = job.at("/spec").unwrap_or(&Value::Null);
    validate_spec(spec, &path, &mut errors);
    match job.at("/spec/selector") {
        None => errors.required(&path.child("selector"), ""),
        Some(selector) => errors.append(names::validate_label_selector(Some(selector), &path.child("selector"))),
    }
    let labels = job.map_at("/spec/template/metadata/labels");
    if workload::selector(job).is_some_and(|s| !s.matches(labels)) {
        let shown = labels.map_or(Value::Null, |l| Value::Object(l.clone()));
        let why = "`selector` does not match template `labels`";
        errors.invalid(&path.child("template").child("metadata").child("labels"), shown, why);
    }
    errors
}

/// Checks a JobSpec, also a CronJob's, apart from its selector.
pub fn validate_spec(spec: &Value, path: &Path, errors: &mut Errors) {
    for field in ["parallelism", "completions", "activeDeadlineSeconds", "backoffLimit", "ttlSecondsAfterFinished"] {
        if let Some(number) = spec.int(field).filter(|n| *n < 0) {
            errors.invalid(&path.child(field), number, "must be greater than or equal to 0");
        }
    }
    validate_mode(spec, path, errors);
    let template = spec.field("template").unwrap_or(&Value::Null);
    errors.append(pod::validate_template(template, &path.child("template")));
    let policy = template.pointer("/spec/restartPolicy").and_then(Value::as_str).unwrap_or_default();
    let path = path.child("template").child("spec").child("restartPolicy");
    match policy {
        "Always" => errors.required(&path, "valid values: \"OnFailure\", \"Never\""),
        "OnFailure" | "Never" => {}
        other => errors.not_supported(&path, other, &["OnFailure", "Never"]),
    }
}

fn validate_mode(spec: &Value, path: &Path, errors: &mut Errors) {
    let mode = spec.text("completionMode");
    if spec.field("completionMode").is_some() && !matches!(mode, "NonIndexed" | "Indexed") {
        errors.not_supported(&path.child("completionMode"), mode, &["NonIndexed", "Indexed"]);
    }
    if mode != "Indexed" {
        return;
    }
    if spec.field("completions").is_none() {
        errors.required(&path.child("completions"), "when completion mode is Indexed");
    }
    if let Some(number) = spec.int("parallelism").filter(|n| *n > MOST_INDEXED) {
        let why = format!("must be less than or equal to {MOST_INDEXED} when completion mode is Indexed");
        errors.invalid(&path.child("parallelism"), number, &why);
    }
}

/// What is wrong with an update: the new Job by itself, then what it may not change.
pub fn validate_update(new: &Object, old: &Object) -> Errors {
    let mut errors = validate(new);
    let elastic = new.str_at("/spec/completionMode") == "Indexed"
        && new.i64_at("/spec/completions") == new.i64_at("/spec/parallelism");
    let suspended = old.bool_at("/spec/suspend") == Some(true) && old.at("/status/startTime").is_none();
    for field in ["completions", "selector", "template", "completionMode", "podFailurePolicy", "backoffLimitPerIndex"] {
        let value = |o: &Object| o.at(&format!("/spec/{field}")).cloned().unwrap_or_default();
        let free = (field == "completions" && elastic) || (field == "template" && suspended);
        if !free && value(new) != value(old) {
            errors.invalid(&Path::new("spec").child(field), value(new), "field is immutable");
        }
    }
    errors
}
