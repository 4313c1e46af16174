//! The managers of objects that only the cluster itself wrote, as they follow from the objects. Knows no request.

use std::borrow::Cow;

use serde_json::{Map, Value};

use super::compare::Comparison;
use super::entry::{self, Entry, MANAGED_FIELDS};
use super::set::Set;
use super::typed::Typed;
use super::{is_written, zero};
use crate::apimachinery::body::Body;
use crate::apimachinery::object::Object;
use crate::kinds::{self, Kind};

const CONTROLLER_MANAGER: &str = "kube-controller-manager";
const KUBELET: &str = "kubelet";

/// The volume of a pod's token, by the beginning of its name, and where it is mounted.
const TOKEN_VOLUME: &str = "kube-api-access-";
const TOKEN_PATH: &str = "/var/run/secrets/kubernetes.io/serviceaccount";

/// What a server puts into pods while it admits or binds them, so that no manager has it.
const UNMANAGED: [&[&str]; 8] = [
    &["f:spec", "f:nodeName"],
    &["f:spec", "f:priority"],
    &["f:spec", "f:preemptionPolicy"],
    &["f:spec", "f:tolerations"],
    &["f:spec", "f:serviceAccount"],
    &["f:spec", "f:serviceAccountName"],
    &["f:status", "f:qosClass"],
    &["f:status", "f:conditions", "k:{\"type\":\"PodScheduled\"}"],
];

/// Which component of a cluster writes a kind's objects, or their status.
pub fn controller(kind: &dyn Kind, subresource: &str) -> &'static str {
    match (kind.names().plural, subresource) {
        ("pods", "status") | ("nodes" | "leases" | "csinodes", _) => KUBELET,
        ("clusterroles" | "clusterrolebindings" | "priorityclasses" | "namespaces", "") => "kube-apiserver",
        ("events", _) => "kubelet",
        _ => CONTROLLER_MANAGER,
    }
}

/// The managers of an object that names none.
pub fn of(kind: &dyn Kind, object: &Object) -> Vec<Entry> {
    let created = object.str_at("/metadata/creationTimestamp").to_owned();
    let body = as_sent(kind, object);
    let comparison = Comparison::of(Typed::of(kind), &zero::of(kind).into(), &body);
    let mut all = comparison.changed();
    all.subtract(&unmanaged(kind));
    let entry = |subresource: &str, time: String| {
        let mut set = all.clone();
        set.drop_top(|step| !is_written(kind, subresource, step));
        Entry {
            manager: writer(kind, object, subresource),
            is_apply: false,
            api_version: kind.names().api_version.to_owned(),
            subresource: subresource.to_owned(),
            time: Some(time).filter(|time| !time.is_empty()),
            set,
        }
    };
    let mut entries = vec![entry("", created.clone())];
    if kind.has_status() {
        entries.push(entry("status", last_transition(object).unwrap_or(created)));
    }
    entries.retain(|entry| !entry.set.is_empty());
    entries
}

/// The object without the volume of its token, which a server puts into pods while it admits them.
fn as_sent<'o>(kind: &dyn Kind, object: &'o Object) -> Cow<'o, Body> {
    if kind.names().plural != "pods" {
        return Cow::Borrowed(object.body());
    }
    let mut body = object.body().clone();
    let Some(Value::Object(spec)) = body.get_mut("spec") else { return Cow::Owned(body) };
    keep(spec, "volumes", |v| !v["name"].as_str().is_some_and(|name| name.starts_with(TOKEN_VOLUME)));
    for containers in ["containers", "initContainers"] {
        for container in spec.get_mut(containers).and_then(Value::as_array_mut).into_iter().flatten() {
            if let Value::Object(container) = container {
                keep(container, "volumeMounts", |m| m["mountPath"] != TOKEN_PATH);
            }
        }
    }
    Cow::Owned(body)
}

/// Keeps the items of a list that are wanted; the last one takes the list with it.
fn keep(map: &mut Map<String, Value>, list: &str, is_kept: impl Fn(&Value) -> bool) {
    if let Some(Value::Array(items)) = map.get_mut(list) {
        items.retain(is_kept);
        if items.is_empty() {
            map.remove(list);
        }
    }
}

fn unmanaged(kind: &dyn Kind) -> Set {
    let mut set = Set::default();
    if kind.names().plural == "pods" {
        UNMANAGED.iter().for_each(|path| set.insert(&path.iter().map(|s| (*s).to_owned()).collect::<Vec<_>>()));
        for field in ["", "f:type", "f:status", "f:lastProbeTime", "f:lastTransitionTime", "f:observedGeneration"] {
            let path = ["f:status", "f:conditions", "k:{\"type\":\"PodScheduled\"}", field];
            let path: Vec<String> = path.iter().filter(|s| !s.is_empty()).map(|s| (*s).to_owned()).collect();
            set.insert(&path);
        }
    }
    set
}

/// An event names its source itself.
fn writer(kind: &dyn Kind, object: &Object, subresource: &str) -> String {
    let source = object.str_at("/source/component");
    if kind.names().plural == "events" && !source.is_empty() {
        let is_of_manager = source.ends_with("-controller") || source.ends_with("-controller-manager");
        return if is_of_manager { CONTROLLER_MANAGER } else { source }.to_owned();
    }
    controller(kind, subresource).to_owned()
}

/// When a status changed last, as far as its conditions say.
fn last_transition(object: &Object) -> Option<String> {
    let conditions = object.list_at("/status/conditions").iter();
    conditions.filter_map(|c| c.get("lastTransitionTime")?.as_str()).max().map(str::to_owned)
}

/// Writes derived managers into an object, or a list of them, where it is to be shown with them.
pub fn show(value: &mut Value) {
    if let Some(Value::Array(items)) = value.get_mut("items") {
        items.iter_mut().for_each(show);
        return;
    }
    let Value::Object(body) = value else { return };
    show_object(body);
}

fn show_object(body: &mut Map<String, Value>) {
    let Some(mut object) = Object::from_value(Value::Object(std::mem::take(body))) else { return };
    if !object.uid().is_empty()
        && object.at(MANAGED_FIELDS).is_none()
        && let Some(kind) = kinds::by_api_version(object.api_version(), object.kind())
    {
        let entries = of(kind, &object);
        entry::write(&mut object, entries);
    }
    if object.list_at(MANAGED_FIELDS).is_empty() {
        object.remove(MANAGED_FIELDS);
    }
    if let Value::Object(shown) = object.into_value() {
        *body = shown;
    }
}
