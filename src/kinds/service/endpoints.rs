//! The endpoints controller: one Endpoints object per Service with a selector. Knows no slices.

use std::net::IpAddr;
use std::sync::Arc;

use serde_json::{Map, Value, json};

use super::ports::{self, Target};
use super::spec::Spec;
use crate::apimachinery::key::Key;
use crate::apimachinery::object::Object;
use crate::apimachinery::status::Status;
use crate::apimachinery::time;
use crate::cluster::Cluster;
use crate::kinds::endpoints::{CONTROLLER, MANAGED_BY};
use crate::kinds::plan::{Action, Plan};

/// When what is told happened.
pub const TRIGGER_TIME: &str = "endpoints.kubernetes.io/last-change-trigger-time";
/// On the objects of a Service without an address of its own.
pub const HEADLESS: &str = "service.kubernetes.io/headless";

/// Plans what makes the Service's Endpoints say where its pods are.
pub fn reconcile(service: &Object, pods: &[Arc<Object>], cluster: &Cluster, plan: &mut Plan) -> Result<(), Status> {
    let key = Key::new("endpoints", service.namespace(), service.name());
    let current = cluster.get(&key)?;
    let mut wanted = match &current {
        Some(object) => Object::clone(object),
        None => Object::new("v1", "Endpoints", service.namespace(), service.name()),
    };
    wanted.set("/metadata/labels", labels(service));
    match subsets(service, pods) {
        subsets if subsets.is_empty() => drop(wanted.remove("/subsets")),
        subsets => wanted.set("/subsets", Value::Array(subsets)),
    }
    if current.as_deref() == Some(&wanted) {
        return Ok(());
    }
    if let Some(at) = trigger_time(service, pods) {
        wanted.set_annotation(TRIGGER_TIME, &at);
    }
    plan.push(if current.is_some() { Action::Update(wanted) } else { Action::Create(wanted) });
    Ok(())
}

/// The last pod's change, or the Service's making.
pub fn trigger_time(service: &Object, pods: &[Arc<Object>]) -> Option<String> {
    let last = pods.iter().filter_map(|p| ports::changed_at(p)).max();
    last.or_else(|| service.creation_timestamp()).map(time::to_rfc3339)
}

/// The Service's labels, and who looks after the object.
fn labels(service: &Object) -> Value {
    let mut labels = service.labels().cloned().unwrap_or_default();
    labels.insert(MANAGED_BY.to_owned(), CONTROLLER.into());
    labels.remove(HEADLESS);
    if Spec::of(service).is_headless() {
        labels.insert(HEADLESS.to_owned(), "".into());
    }
    Value::Object(labels)
}

/// The pods' addresses, those with the same ports together.
#[derive(Default)]
struct Subset {
    ports: Vec<Target>,
    ready: Vec<Value>,
    not_ready: Vec<Value>,
}

fn subsets(service: &Object, pods: &[Arc<Object>]) -> Vec<Value> {
    let spec = Spec::of(service);
    let mut all: Vec<Subset> = Vec::new();
    let is_in = |p: &Object| spec.publish_not_ready_addresses || p.deletion_timestamp().is_none();
    for pod in pods.iter().filter(|p| ports::has_address(p) && is_in(p)) {
        let targets = ports::targets(&spec.ports, pod);
        // Only a headless Service without ports has addresses without ports.
        if targets.is_empty() && !(spec.is_headless() && spec.ports.is_empty()) {
            continue;
        }
        let at = all.iter().position(|s| s.ports == targets).unwrap_or_else(|| {
            all.push(Subset { ports: targets, ..Subset::default() });
            all.len() - 1
        });
        let is_ready = spec.publish_not_ready_addresses || ports::is_ready(pod);
        let list = if is_ready { &mut all[at].ready } else { &mut all[at].not_ready };
        list.push(address(pod, service));
    }
    all.into_iter().map(subset_value).collect()
}

fn address(pod: &Object, service: &Object) -> Value {
    let mut address = json!({
        "ip": pod.str_at("/status/podIP"),
        "nodeName": pod.str_at("/spec/nodeName"),
        "targetRef": {"kind": "Pod", "name": pod.name(), "namespace": pod.namespace(), "uid": pod.uid()},
    });
    if let Some(hostname) = ports::hostname(pod, service) {
        address["hostname"] = hostname.into();
    }
    address
}

fn subset_value(subset: Subset) -> Value {
    let mut value = Map::new();
    let by_ip = |a: &Value| a["ip"].as_str().and_then(|ip| ip.parse::<IpAddr>().ok());
    for (field, mut list) in [("addresses", subset.ready), ("notReadyAddresses", subset.not_ready)] {
        list.sort_by_key(by_ip);
        if !list.is_empty() {
            value.insert(field.to_owned(), Value::Array(list));
        }
    }
    if !subset.ports.is_empty() {
        value.insert("ports".to_owned(), subset.ports.into_iter().map(port_value).collect());
    }
    Value::Object(value)
}

fn port_value(target: Target) -> Value {
    let mut port = json!({"port": target.port, "protocol": target.protocol});
    if !target.name.is_empty() {
        port["name"] = target.name.into();
    }
    if let Some(protocol) = target.app_protocol {
        port["appProtocol"] = protocol.into();
    }
    port
}
