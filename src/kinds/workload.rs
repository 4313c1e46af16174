//! What kinds with a template of pods share: the template's defaults, cells, owner references, the life of pods.
//!
//! Knows no kind but Pod.

use std::sync::Arc;

use chrono::TimeDelta;
use serde_json::{Map, Value, json};

use super::Names;
use super::plan::{Action, EventRecord, Plan};
use super::pod::Fields;
use crate::apimachinery::field::{Errors, Path};
use crate::apimachinery::key::Key;
use crate::apimachinery::labels::Selector;
use crate::apimachinery::names;
use crate::apimachinery::object::Object;
use crate::apimachinery::status::Status;
use crate::apimachinery::time::{self, Time};
use crate::cluster::Cluster;

/// Fills in the template at a pointer.
pub fn set_template_defaults(object: &mut Object, pointer: &str) {
    let mut template = match object.remove(pointer) {
        Some(Value::Object(template)) => template,
        _ => Map::new(),
    };
    super::pod::set_template_defaults(&mut template);
    object.set(pointer, Value::Object(template));
}

/// The wide columns `Containers` and `Images` of a template.
pub fn containers_and_images(template: &Value) -> (String, String) {
    let containers = template.pointer("/spec/containers").and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
    let of_all = |field: &str| containers.iter().map(|c| c.text(field)).collect::<Vec<_>>().join(",");
    (of_all("name"), of_all("image"))
}

/// `a=b,c=d`, or `<none>`: labels as tables show them.
pub fn format_labels(labels: Option<&Map<String, Value>>) -> String {
    let pairs: Vec<String> =
        labels.into_iter().flatten().map(|(k, v)| format!("{k}={}", v.as_str().unwrap_or_default())).collect();
    if pairs.is_empty() { "<none>".to_owned() } else { pairs.join(",") }
}

/// The reference by which an owner controls what it makes.
pub fn controller_reference(names: &Names, owner: &Object) -> Value {
    json!({
        "apiVersion": names.api_version, "kind": names.kind, "name": owner.name(), "uid": owner.uid(),
        "controller": true, "blockOwnerDeletion": true,
    })
}

/// The selector of a workload, be it a LabelSelector or, as of a ReplicationController, a map of labels.
pub fn selector(owner: &Object) -> Option<Selector> {
    pod_selector(owner)?.ok()
}

/// As [`selector`], with what is wrong with it.
pub fn pod_selector(owner: &Object) -> Option<Result<Selector, String>> {
    let selector = owner.at("/spec/selector").unwrap_or(&Value::Null);
    match owner.kind() {
        "ReplicationController" => selector.as_object().map(|map| Ok(Selector::from_map(map))),
        _ => Some(Selector::from_label_selector(selector).map_err(|e| e.to_string())),
    }
}

/// Checks that numbers of the spec are not negative.
pub fn not_negative(owner: &Object, fields: &[&str], errors: &mut Errors) {
    for field in fields {
        if let Some(number) = owner.i64_at(&format!("/spec/{field}")).filter(|n| *n < 0) {
            errors.invalid(&Path::new("spec").child(field), number, "must be greater than or equal to 0");
        }
    }
}

/// Checks that there is a selector, and that it selects by something. `what` is the kind's name in the message.
pub fn validate_selector(owner: &Object, what: &str, errors: &mut Errors) {
    let path = Path::new("spec.selector");
    let Some(selector) = owner.at("/spec/selector") else {
        return errors.required(&path, "");
    };
    errors.append(names::validate_label_selector(Some(selector), &path));
    if Selector::from_label_selector(selector).is_ok_and(|s| s.is_everything()) {
        errors.invalid(&path, selector.clone(), &format!("empty selector is invalid for {what}"));
    }
}

/// Checks the template of pods that are to run for ever, and that the selector selects them.
pub fn validate_template(owner: &Object, what: &str, errors: &mut Errors) {
    let path = Path::new("spec.template");
    let Some(template) = owner.at("/spec/template") else {
        return errors.required(&path, "");
    };
    if what == "ReplicaSet" && matches!(pod_selector(owner), Some(Err(_))) {
        // Of what it should select nothing more is said then.
        let shown = owner.at("/spec/selector").cloned().unwrap_or_default();
        return errors.invalid(&Path::new("spec.selector"), shown, "invalid label selector");
    }
    let labels = template.pointer("/metadata/labels").and_then(Value::as_object);
    if selector(owner).is_some_and(|s| !s.is_everything() && !s.matches(labels)) {
        let shown = labels.map_or(Value::Null, |l| Value::Object(l.clone()));
        let path = path.child("metadata").child("labels");
        errors.invalid(&path, shown, "`selector` does not match template `labels`");
    }
    errors.append(super::pod::validate_template(template, &path));
    let spec = path.child("spec");
    let policy = template.pointer("/spec/restartPolicy").and_then(Value::as_str).unwrap_or_default();
    if policy != "Always" {
        errors.not_supported(&spec.child("restartPolicy"), policy, &["Always"]);
    }
    if template.pointer("/spec/activeDeadlineSeconds").is_some_and(|v| !v.is_null()) {
        let why = format!("activeDeadlineSeconds in {what} is not Supported");
        errors.forbidden(&spec.child("activeDeadlineSeconds"), &why);
    }
}

/// What the server warns of: a new object's name that is no host name, and what is odd in the template at a pointer.
pub fn warnings(owner: &Object, old: Option<&Object>, pointer: &str) -> Vec<String> {
    let named = name_warning(owner, old).into_iter();
    named.chain(template_warnings(owner, old, pointer)).collect()
}

/// What is odd in a new object's name.
pub fn name_warning(owner: &Object, old: Option<&Object>) -> Option<String> {
    let problems = names::is_dns1123_label(owner.name());
    (old.is_none() && !problems.is_empty()).then(|| {
        format!(
            "metadata.name: this is used in Pod names and hostnames, which can result in surprising behavior; a DNS \
             label is recommended: [{}]",
            problems.join(" ")
        )
    })
}

/// What is odd in the template at a pointer; of an update that changes nothing that counts nothing is said.
pub fn template_warnings(owner: &Object, old: Option<&Object>, pointer: &str) -> Vec<String> {
    if old.is_some_and(|old| old.generation() == owner.generation()) {
        return Vec::new();
    }
    let path = Path::new(&pointer.trim_start_matches('/').replace('/', "."));
    super::pod::template_warnings(owner.at(pointer).unwrap_or(&Value::Null), &path)
}

/// Checks that an update keeps the selector.
pub fn validate_selector_is_kept(new: &Object, old: &Object, errors: &mut Errors) {
    if new.at("/spec/selector") != old.at("/spec/selector") {
        let shown = new.at("/spec/selector").cloned().unwrap_or_default();
        errors.invalid(&Path::new("spec.selector"), shown, "field is immutable");
    }
}

/// The keys of all objects of a kind.
pub fn keys_in(names: &Names, namespace: Option<&str>, cluster: &Cluster) -> Result<Vec<Key>, Status> {
    Ok(cluster.list_keyed(names.resource, namespace)?.into_iter().map(|(key, _)| key).collect())
}

/// The owners that may want to adopt something without a controller. (Its own owner is looked at in any case.)
pub fn owners_of_orphan(names: &Names, orphan: &Object, cluster: &Cluster) -> Result<Vec<Key>, Status> {
    if orphan.controller_of().is_some() {
        return Ok(Vec::new());
    }
    let owners = cluster.list_keyed(names.resource, Some(orphan.namespace()))?;
    let selects = |owner: &Object| selector(owner).is_some_and(|s| s.matches(orphan.labels()));
    Ok(owners.into_iter().filter(|(_, owner)| selects(owner)).map(|(key, _)| key).collect())
}

/// What an owner controls of a resource. Plans to adopt what it selects that nobody controls, and to let go what it
/// does not select any more. None where something is adopted: its change brings the owner back. What is let go brings nobody
/// back, so the look at the rest goes on.
pub fn claim(
    names: &Names,
    owner: &Object,
    resource: &'static str,
    cluster: &Cluster,
    plan: &mut Plan,
) -> Result<Option<Vec<Arc<Object>>>, Status> {
    let Some(selector) = selector(owner) else { return Ok(Some(Vec::new())) };
    let mut own = Vec::new();
    let mut adopts = false;
    for object in cluster.list(resource, Some(owner.namespace()))? {
        let controller = object.controller_of().map(|r| r.uid.to_owned());
        let matches = selector.matches(object.labels());
        let live = object.deletion_timestamp().is_none();
        match controller {
            Some(uid) if uid == owner.uid() && matches => own.push(object),
            Some(uid) if uid == owner.uid() && live => plan.push(Action::Update(released(&object, &uid))),
            None if matches && live && owner.deletion_timestamp().is_none() => {
                plan.push(Action::Update(adopted(&object, controller_reference(names, owner))));
                adopts = true;
            }
            _ => {}
        }
    }
    Ok((!adopts).then_some(own))
}

fn adopted(object: &Object, reference: Value) -> Object {
    let mut new = object.clone();
    let mut references = object.list_at("/metadata/ownerReferences").to_vec();
    references.push(reference);
    new.set("/metadata/ownerReferences", Value::Array(references));
    new
}

fn released(object: &Object, uid: &str) -> Object {
    let mut new = object.clone();
    let references = object.list_at("/metadata/ownerReferences").iter();
    let rest: Vec<Value> = references.filter(|r| r.text("uid") != uid).cloned().collect();
    match rest.is_empty() {
        true => drop(new.remove("/metadata/ownerReferences")),
        false => new.set("/metadata/ownerReferences", Value::Array(rest)),
    }
    new
}

/// A new pod of an owner under a name, from the owner's template.
pub fn new_pod(names: &Names, owner: &Object, template: &Value, name: &str) -> Object {
    let mut pod = Object::new("v1", "Pod", owner.namespace(), name);
    pod.set("/metadata/generateName", format!("{}-", owner.name()).into());
    for part in ["labels", "annotations", "finalizers"] {
        if let Some(value) = template.pointer(&format!("/metadata/{part}")) {
            pod.set(&format!("/metadata/{part}"), value.clone());
        }
    }
    pod.set("/metadata/ownerReferences", json!([controller_reference(names, owner)]));
    pod.set("/spec", template.get("spec").cloned().unwrap_or_else(|| json!({})));
    pod
}

/// Plans a pod, and the event that says it was made; a refusal is told instead.
pub fn create_pod(plan: &mut Plan, owner: &Object, source: &'static str, pod: Object) {
    let name = pod.name().to_owned();
    let failed = EventRecord::warning(owner, source, "FailedCreate", "Error creating: ".to_owned());
    plan.push(Action::CreateOrTell(pod, vec![failed]));
    plan.push(Action::Event(EventRecord::normal(owner, source, "SuccessfulCreate", format!("Created pod: {name}"))));
}

/// Plans the end of a pod, and the event that says so; `why` is kept for those who ask.
pub fn delete_pod(plan: &mut Plan, owner: &Object, source: &'static str, pod: &Object, why: &str) {
    let key = Key::new("pods", pod.namespace(), pod.name());
    plan.push(Action::Delete { key: key.clone(), uid: pod.uid().to_owned() });
    let message = format!("Deleted pod: {}", pod.name());
    let told = EventRecord::normal(owner, source, "SuccessfulDelete", message);
    plan.push(Action::Event(told.because(key, format!("deleted it: {why}"))));
}

/// Plans a status, unless it is the present one.
pub fn update_status(plan: &mut Plan, owner: &Object, status: Value) {
    if owner.at("/status") != Some(&status) {
        let mut new = owner.clone();
        new.set("/status", status);
        plan.push(Action::UpdateStatus(new));
    }
}

/// Whether a pod has not ended and stays.
pub fn is_active(pod: &Object) -> bool {
    !matches!(pod.str_at("/status/phase"), "Failed" | "Succeeded") && pod.deletion_timestamp().is_none()
}

fn ready_condition(pod: &Object) -> Option<&Value> {
    pod.list_at("/status/conditions").iter().find(|c| c.text("type") == "Ready" && c.text("status") == "True")
}

/// Whether a pod has a True Ready condition.
pub fn is_ready(pod: &Object) -> bool {
    ready_condition(pod).is_some()
}

/// When a ready pod is, or was, ready for long enough; `None` for one that is not ready.
pub fn available_at(pod: &Object, min_ready_seconds: i64) -> Option<Time> {
    let since = time::parse(ready_condition(pod)?.text("lastTransitionTime"))?;
    since.checked_add_signed(TimeDelta::try_seconds(min_ready_seconds)?)
}

/// Whether a pod has been ready for long enough.
pub fn is_available(pod: &Object, min_ready_seconds: i64, now: Time) -> bool {
    available_at(pod, min_ready_seconds).is_some_and(|at| min_ready_seconds == 0 || at <= now)
}

/// Asks to look again when the next ready pod becomes available.
pub fn wake_for_availability(plan: &mut Plan, pods: &[Arc<Object>], min_ready_seconds: i64, now: Time) {
    let due = pods.iter().filter_map(|p| available_at(p, min_ready_seconds)).filter(|at| *at > now);
    if let Some(at) = due.min() {
        plan.requeue(at);
    }
}
