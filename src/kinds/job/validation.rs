//! What a Job may be, in the order and the words of pkg/apis/batch/validation.

use serde_json::Value;

use super::defaults::{NAME_LABEL, UID_LABEL};
use super::policies;
use crate::apimachinery::field::{Errors, Path};
use crate::apimachinery::names;
use crate::apimachinery::object::Object;
use crate::kinds::pod::{self, Fields};
use crate::kinds::workload;

const MOST_INDEXED: i64 = 100_000;
const LONGEST_MANAGER: usize = 63;

/// What is wrong with a Job.
pub fn validate(job: &Object) -> Errors {
    let mut errors = Errors::default();
    let path = Path::new("spec");
    let spec = job.at("/spec").unwrap_or(&Value::Null);
    validate_generated(job, &mut errors);
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
    validate_pod_names(job, &mut errors);
    errors
}

/// A selector that is to be made up must be the one that is. What another Job's was made up to be passes, unlike upstream: an
/// object that was exported and deleted can be created again.
fn validate_generated(job: &Object, errors: &mut Errors) {
    let Some(selector) = job.at("/spec/selector") else { return };
    if job.bool_at("/spec/manualSelector") == Some(true) {
        return;
    }
    let template = job.map_at("/spec/template/metadata/labels");
    for key in ["job-name", NAME_LABEL] {
        let path = Path::new("spec.template.metadata.labels").key(key);
        let why = format!("must be '{}'", job.name());
        match template.and_then(|labels| labels.get(key)) {
            None => errors.required(&path, &why),
            Some(name) if name != job.name() => errors.invalid(&path, Value::from(template.cloned()), &why),
            Some(_) => {}
        }
    }
    let labels = selector.section("matchLabels");
    let is_made_up = selector.items("matchExpressions").is_empty()
        && labels.is_none_or(|l| l.keys().all(|key| key == UID_LABEL || key == "controller-uid"));
    if !is_made_up {
        errors.invalid(&Path::new("spec.selector"), selector.clone(), "`selector` not auto-generated");
    }
}

/// Each pod of an indexed Job has its index in its host name, which has to fit.
fn validate_pod_names(job: &Object, errors: &mut Errors) {
    let completions = job.i64_at("/spec/completions").unwrap_or(0);
    if job.str_at("/spec/completionMode") != "Indexed" || completions <= 0 {
        return;
    }
    let longest = format!("{}-{}", job.name(), completions - 1);
    if !names::name_is_dns_label(&longest, false).is_empty() {
        let why = format!("will not able to create pod with invalid DNS label: {longest}");
        errors.invalid(&Path::new("metadata.name"), job.name(), &why);
    }
}

/// Checks a JobSpec, also a CronJob's, apart from its selector.
pub fn validate_spec(spec: &Value, path: &Path, errors: &mut Errors) {
    for field in ["parallelism", "completions", "activeDeadlineSeconds", "backoffLimit", "ttlSecondsAfterFinished"] {
        if let Some(number) = spec.int(field).filter(|n| *n < 0) {
            errors.invalid(&path.child(field), number, "must be greater than or equal to 0");
        }
    }
    for field in ["backoffLimitPerIndex", "maxFailedIndexes"] {
        if let Some(number) = spec.int(field).filter(|n| *n < 0) {
            errors.invalid(&path.child(field), number, "must be greater than or equal to 0");
        }
    }
    if spec.field("maxFailedIndexes").is_some() && spec.field("backoffLimitPerIndex").is_none() {
        errors.required(&path.child("backoffLimitPerIndex"), "when maxFailedIndexes is specified");
    }
    validate_manager(spec, &path.child("managedBy"), errors);
    validate_mode(spec, path, errors);
    policies::validate_indexed(spec, path, errors);
    policies::validate_failure(spec, path, errors);
    policies::validate_success(spec, path, errors);
    policies::validate_replacement(spec, path, errors);
    let template = spec.field("template").unwrap_or(&Value::Null);
    errors.append(pod::validate_template(template, &path.child("template")));
    let policy = template.pointer("/spec/restartPolicy").and_then(Value::as_str).unwrap_or_default();
    let path = path.child("template").child("spec").child("restartPolicy");
    match policy {
        "Always" => errors.required(&path, "valid values: \"OnFailure\", \"Never\""),
        "OnFailure" if spec.field("podFailurePolicy").is_some() => {
            errors.invalid(&path, policy, "only \"Never\" is supported when podFailurePolicy is specified");
        }
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
    let spec = Path::new("spec");
    let value = |o: &Object, field: &str| o.at(&format!("/spec/{field}")).cloned().unwrap_or_default();
    validate_completions(new, old, &spec, &mut errors);
    let is_open = old.bool_at("/spec/suspend") == Some(true) && old.at("/status/startTime").is_none();
    let free = if is_open { DIRECTIVES } else { &[] };
    let fixed = [
        "selector",
        "template",
        "completionMode",
        "podFailurePolicy",
        "backoffLimitPerIndex",
        "managedBy",
        "successPolicy",
    ];
    for field in fixed {
        let (new, old) = (value(new, field), value(old, field));
        let is_same = if field == "template" { without(&new, free) == without(&old, free) } else { new == old };
        if !is_same {
            errors.invalid(&spec.child(field), new, "field is immutable");
        }
    }
    errors
}

/// What may change in the template of a Job that is suspended and has not begun: where its pods may run, and with what.
const DIRECTIVES: &[&str] = &[
    "/metadata/annotations",
    "/metadata/labels",
    "/spec/nodeSelector",
    "/spec/affinity/nodeAffinity",
    "/spec/tolerations",
    "/spec/schedulingGates",
    "/spec/containers/*/resources",
    "/spec/initContainers/*/resources",
];

/// A template without what stands at some places; `*` is every item. What then holds nothing goes too.
fn without(template: &Value, places: &[&str]) -> Value {
    let mut rest = template.clone();
    for place in places {
        remove(&mut rest, place.trim_start_matches('/'));
    }
    rest
}

fn remove(value: &mut Value, place: &str) {
    match (place.split_once('/'), value) {
        (Some(("*", rest)), Value::Array(items)) => items.iter_mut().for_each(|item| remove(item, rest)),
        (Some((key, rest)), Value::Object(fields)) => {
            let Some(inner) = fields.get_mut(key) else { return };
            remove(inner, rest);
            if inner.as_object().is_some_and(|inner| inner.is_empty()) {
                fields.remove(key);
            }
        }
        (None, Value::Object(fields)) => drop(fields.remove(place)),
        _ => {}
    }
}

/// How often an indexed Job completes may change along with how many of its pods run at once.
fn validate_completions(new: &Object, old: &Object, spec: &Path, errors: &mut Errors) {
    let (path, count) = (spec.child("completions"), new.at("/spec/completions"));
    if count == old.at("/spec/completions") {
        return;
    }
    match count {
        Some(count) if new.str_at("/spec/completionMode") == "Indexed" => {
            if Some(count) != new.at("/spec/parallelism") {
                errors.invalid(&path, count.clone(), "can only be modified in tandem with spec.parallelism");
            }
        }
        None if new.str_at("/spec/completionMode") == "Indexed" => {}
        _ => errors.invalid(&path, count.cloned().unwrap_or_default(), "field is immutable"),
    }
}

/// Who keeps the Job, as a path below a domain.
fn validate_manager(spec: &Value, path: &Path, errors: &mut Errors) {
    let Some(manager) = spec.field("managedBy").and_then(Value::as_str) else { return };
    errors.append(names::validate_domain_prefixed_path(manager, path));
    if manager.len() > LONGEST_MANAGER {
        errors.too_long(path, LONGEST_MANAGER);
    }
}
