//! What a StatefulSet may be, in the order and the words of pkg/apis/apps/validation.

use serde_json::{Value, json};

use crate::apimachinery::field::{Errors, Path};
use crate::apimachinery::labels::Selector;
use crate::apimachinery::names;
use crate::apimachinery::object::Object;
use crate::kinds::internal;
use crate::kinds::persistent_volume_claim::validate_claim_spec;
use crate::kinds::pod;

/// The fields of a spec that an update may change.
const CHANGEABLE: [&str; 7] = [
    "replicas",
    "ordinals",
    "template",
    "updateStrategy",
    "revisionHistoryLimit",
    "persistentVolumeClaimRetentionPolicy",
    "minReadySeconds",
];

/// What is wrong with a set.
pub fn validate(set: &Object) -> Errors {
    validate_set(set, true)
}

/// The service's name becomes the pods' subdomain, and has to look so when a set is made; it cannot be changed later, nor can the
/// claims, which are looked at since 1.34. A negative `revisionHistoryLimit` is only warned of.
fn validate_set(set: &Object, is_new: bool) -> Errors {
    let mut errors = Errors::default();
    let spec = Path::new("spec");
    policy(set, &spec, &mut errors);
    strategy(set, &spec.child("updateStrategy"), &mut errors);
    retention(set, &spec.child("persistentVolumeClaimRetentionPolicy"), &mut errors);
    if is_new {
        claim_templates(set, &spec.child("volumeClaimTemplates"), &mut errors);
    }
    for field in ["replicas", "minReadySeconds"] {
        not_negative(set, &spec.child(field), &format!("/spec/{field}"), &mut errors);
    }
    not_negative(set, &spec.child("ordinals").child("start"), "/spec/ordinals/start", &mut errors);
    let service = set.str_at("/spec/serviceName");
    if is_new && !service.is_empty() {
        for problem in names::name_is_dns_label(service, false) {
            errors.invalid(&spec.child("serviceName"), service, &problem);
        }
    }
    selector(set, &spec.child("selector"), &mut errors);
    template(set, &spec.child("template"), &mut errors);
    errors
}

/// What is wrong with an update: the new set by itself, then what it may not change.
pub fn validate_update(new: &Object, old: &Object) -> Errors {
    let mut errors = validate_set(new, false);
    let fixed = |set: &Object| {
        let mut spec = set.map_at("/spec").cloned().unwrap_or_default();
        spec.retain(|field, _| !CHANGEABLE.contains(&field.as_str()));
        spec
    };
    if fixed(new) != fixed(old) {
        let why = "updates to statefulset spec for fields other than 'replicas', 'ordinals', 'template', 'updateStrategy', \
                   'revisionHistoryLimit', 'persistentVolumeClaimRetentionPolicy' and 'minReadySeconds' are forbidden";
        errors.forbidden(&Path::new("spec"), why);
    }
    errors
}

fn policy(set: &Object, spec: &Path, errors: &mut Errors) {
    match set.str_at("/spec/podManagementPolicy") {
        "OrderedReady" | "Parallel" => {}
        "" => errors.required(&spec.child("podManagementPolicy"), ""),
        other => errors.invalid(&spec.child("podManagementPolicy"), other, "must be 'OrderedReady' or 'Parallel'"),
    }
}

fn strategy(set: &Object, path: &Path, errors: &mut Errors) {
    let rolling = set.at("/spec/updateStrategy/rollingUpdate");
    match set.str_at("/spec/updateStrategy/type") {
        "" => errors.required(path, ""),
        "OnDelete" => {
            if let Some(rolling) = rolling {
                let shown = internal::shown(rolling, internal::STATEFUL_SET_ROLLING);
                let why = "only allowed for updateStrategy 'RollingUpdate'";
                errors.invalid_shown(&path.child("rollingUpdate"), &shown, why);
            }
        }
        "RollingUpdate" => {
            let path = path.child("rollingUpdate");
            not_negative(set, &path.child("partition"), "/spec/updateStrategy/rollingUpdate/partition", errors);
            if let Some(max) = rolling.and_then(|r| r.get("maxUnavailable")) {
                max_unavailable(max, &path.child("maxUnavailable"), errors);
            }
        }
        _ => {
            let strategy = set.at("/spec/updateStrategy").unwrap_or(&Value::Null);
            let shown = internal::shown(strategy, internal::STATEFUL_SET_STRATEGY);
            errors.invalid_shown(path, &shown, "must be 'RollingUpdate' or 'OnDelete'");
        }
    }
}

/// A positive number, or a percentage up to 100.
fn max_unavailable(value: &Value, path: &Path, errors: &mut Errors) {
    match value {
        Value::String(text) => match names::is_percent(text).as_slice() {
            [] if text == "0%" => errors.invalid(path, text.as_str(), "cannot be 0"),
            [] if text.trim_end_matches('%').parse::<i64>().is_ok_and(|n| n > 100) => {
                errors.invalid(path, text.as_str(), "must not be greater than 100%");
            }
            [] => {}
            problems => problems.iter().for_each(|p| errors.invalid(path, text.as_str(), p)),
        },
        Value::Number(n) if n.as_i64() == Some(0) => errors.invalid(path, value.clone(), "cannot be 0"),
        Value::Number(n) if n.as_i64().is_none_or(|n| n < 0) => {
            errors.invalid(path, value.clone(), "must be greater than or equal to 0");
        }
        _ => {}
    }
}

fn retention(set: &Object, path: &Path, errors: &mut Errors) {
    for when in ["whenDeleted", "whenScaled"] {
        let value = set.str_at(&format!("/spec/persistentVolumeClaimRetentionPolicy/{when}"));
        if !matches!(value, "Retain" | "Delete") {
            errors.not_supported(&path.child(when), value, &["Retain", "Delete"]);
        }
    }
}

/// What the claims ask for; their names and labels are looked at when they are made.
fn claim_templates(set: &Object, path: &Path, errors: &mut Errors) {
    for (i, claim) in set.list_at("/spec/volumeClaimTemplates").iter().enumerate() {
        let spec = claim.get("spec").unwrap_or(&Value::Null);
        errors.append(validate_claim_spec(spec, &path.index(i).child("spec")));
    }
}

fn not_negative(set: &Object, path: &Path, pointer: &str, errors: &mut Errors) {
    if let Some(number) = set.i64_at(pointer).filter(|n| *n < 0) {
        errors.invalid(path, number, "must be greater than or equal to 0");
    }
}

fn selector(set: &Object, path: &Path, errors: &mut Errors) {
    let Some(selector) = set.at("/spec/selector") else {
        errors.required(path, "");
        return;
    };
    errors.append(names::validate_label_selector(Some(selector), path));
    let is_empty = |part: &str| match selector.get(part) {
        Some(Value::Object(map)) => map.is_empty(),
        Some(Value::Array(list)) => list.is_empty(),
        _ => true,
    };
    if is_empty("matchLabels") && is_empty("matchExpressions") {
        errors.invalid(path, selector.clone(), "empty selector is invalid for statefulset");
    }
}

fn template(set: &Object, path: &Path, errors: &mut Errors) {
    let selector = set.at("/spec/selector").cloned().unwrap_or(Value::Null);
    let labels = set.map_at("/spec/template/metadata/labels");
    let empty = json!({});
    let template = set.at("/spec/template").unwrap_or(&empty);
    match Selector::from_label_selector(&selector) {
        Err(_) => errors.invalid(&Path::new("spec.selector"), selector, ""),
        Ok(selector) => {
            if !selector.is_everything() && !selector.matches(labels) {
                let shown = labels.map_or(Value::Null, |l| Value::Object(l.clone()));
                let why = "`selector` does not match template `labels`";
                errors.invalid(&path.child("metadata").child("labels"), shown, why);
            }
            errors.append(pod::validate_template(&with_claims(set, template), path));
        }
    }
    let policy = template.pointer("/spec/restartPolicy").and_then(Value::as_str).unwrap_or_default();
    if policy != "Always" {
        errors.not_supported(&path.child("spec").child("restartPolicy"), policy, &["Always"]);
    }
    if template.pointer("/spec/activeDeadlineSeconds").is_some() {
        let path = path.child("spec").child("activeDeadlineSeconds");
        errors.forbidden(&path, "activeDeadlineSeconds in StatefulSet is not Supported");
    }
}

/// The template with the claims' volumes: mounts of both are good, whichever the template itself has.
fn with_claims(set: &Object, template: &Value) -> Value {
    let mut template = template.clone();
    let claims = super::claims::templates(set);
    let Some(spec) = template.get_mut("spec").and_then(Value::as_object_mut).filter(|_| !claims.is_empty()) else {
        return template;
    };
    let volumes = spec.entry("volumes").or_insert_with(|| json!([]));
    if let Some(list) = volumes.as_array_mut() {
        for claim in claims {
            let name = super::claims::template_name(claim);
            if !list.iter().any(|v| v.get("name").is_some_and(|n| n == name)) {
                list.push(json!({"name": name, "persistentVolumeClaim": {"claimName": name}}));
            }
        }
    }
    template
}
