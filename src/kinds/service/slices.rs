//! The endpointslice controller: slices of a Service's pods, a hundred to one. Knows no Endpoints objects.

use std::sync::Arc;

use serde_json::{Value, json};

use super::endpoints::{HEADLESS, TRIGGER_TIME, trigger_time};
use super::ports::{self, Target};
use super::spec::Spec;
use crate::apimachinery::key::Key;
use crate::apimachinery::object::Object;
use crate::apimachinery::status::Status;
use crate::cluster::Cluster;
use crate::kinds::endpoint_slice::{RESOURCE, SERVICE_NAME_LABEL};
use crate::kinds::plan::{Action, Plan};

const MANAGED_BY: &str = "endpointslice.kubernetes.io/managed-by";
const CONTROLLER: &str = "endpointslice-controller.k8s.io";
const MAX_PER_SLICE: usize = 100;

/// Plans what makes the Service's slices say where its pods are.
pub fn reconcile(service: &Object, pods: &[Arc<Object>], cluster: &Cluster, plan: &mut Plan) -> Result<(), Status> {
    let mut current = cluster.owned_by(service.uid())?;
    let is_ours = |k: &Key, o: &Object| k.resource == RESOURCE && o.label(MANAGED_BY) == Some(CONTROLLER);
    current.retain(|(k, o)| is_ours(k, o) && o.deletion_timestamp().is_none());
    let at = trigger_time(service, pods);
    for content in contents(service, pods) {
        let found = current.iter().position(|(_, o)| o.list_at("/ports") == content.ports);
        // An empty slice is filled rather than replaced.
        let found = found.or_else(|| current.iter().position(|(_, o)| o.list_at("/endpoints").is_empty()));
        match found.map(|i| current.remove(i)) {
            Some((_, slice)) => update(&slice, service, &content, at.as_deref(), plan),
            None => plan.push(Action::Create(new_slice(service, &content, at.as_deref()))),
        }
    }
    for (key, slice) in current {
        plan.push(Action::Delete { key, uid: slice.uid().to_owned() });
    }
    Ok(())
}

/// What one slice holds.
#[derive(Debug, Default, PartialEq)]
struct Content {
    ports: Vec<Value>,
    endpoints: Vec<Value>,
}

/// The pods by their ports, at most a hundred together. There is always one slice, be it empty.
fn contents(service: &Object, pods: &[Arc<Object>]) -> Vec<Content> {
    let spec = Spec::of(service);
    let mut all: Vec<Content> = Vec::new();
    for pod in pods.iter().filter(|p| ports::has_address(p)) {
        let ports: Vec<Value> = ports::targets(&spec.ports, pod).into_iter().map(port_value).collect();
        let endpoint = endpoint(pod, service, spec.publish_not_ready_addresses);
        match all.iter_mut().find(|c| c.ports == ports && c.endpoints.len() < MAX_PER_SLICE) {
            Some(content) => content.endpoints.push(endpoint),
            None => all.push(Content { ports, endpoints: vec![endpoint] }),
        }
    }
    if all.is_empty() {
        all.push(Content::default());
    }
    all
}

fn port_value(target: Target) -> Value {
    let mut port = json!({"name": target.name, "port": target.port, "protocol": target.protocol});
    if let Some(protocol) = target.app_protocol {
        port["appProtocol"] = protocol.into();
    }
    port
}

fn endpoint(pod: &Object, service: &Object, publish_not_ready: bool) -> Value {
    let serving = ports::is_ready(pod);
    let terminating = pod.deletion_timestamp().is_some();
    let mut endpoint = json!({
        "addresses": [pod.str_at("/status/podIP")],
        "conditions": {
            "ready": publish_not_ready || (serving && !terminating),
            "serving": serving,
            "terminating": terminating,
        },
        "nodeName": pod.str_at("/spec/nodeName"),
        "targetRef": {"kind": "Pod", "name": pod.name(), "namespace": pod.namespace(), "uid": pod.uid()},
    });
    if let Some(hostname) = ports::hostname(pod, service) {
        endpoint["hostname"] = hostname.into();
    }
    endpoint
}

/// The Service's labels, its name, and who looks after the slice.
fn labels(service: &Object) -> Value {
    let mut labels = service.labels().cloned().unwrap_or_default();
    labels.insert(MANAGED_BY.to_owned(), CONTROLLER.into());
    labels.insert(SERVICE_NAME_LABEL.to_owned(), service.name().into());
    labels.remove(HEADLESS);
    if Spec::of(service).is_headless() {
        labels.insert(HEADLESS.to_owned(), "".into());
    }
    Value::Object(labels)
}

fn fill(slice: &mut Object, service: &Object, content: &Content) {
    slice.set("/metadata/labels", labels(service));
    slice.set("/ports", list(&content.ports));
    slice.set("/endpoints", list(&content.endpoints));
}

/// An empty list is null: so the server gives it back.
fn list(items: &[Value]) -> Value {
    if items.is_empty() { Value::Null } else { items.into() }
}

fn update(slice: &Object, service: &Object, content: &Content, at: Option<&str>, plan: &mut Plan) {
    let mut wanted = slice.clone();
    fill(&mut wanted, service, content);
    if *slice == wanted {
        return;
    }
    if let Some(at) = at {
        wanted.set_annotation(TRIGGER_TIME, at);
    }
    plan.push(Action::Update(wanted));
}

/// The server makes the name.
fn new_slice(service: &Object, content: &Content, at: Option<&str>) -> Object {
    let mut slice = Object::new("discovery.k8s.io/v1", "EndpointSlice", service.namespace(), "");
    slice.remove("/metadata/name");
    slice.set("/metadata/generateName", format!("{}-", service.name()).into());
    slice.set("/addressType", "IPv4".into());
    slice.set(
        "/metadata/ownerReferences",
        json!([{
            "apiVersion": "v1", "kind": "Service", "name": service.name(), "uid": service.uid(),
            "controller": true, "blockOwnerDeletion": true,
        }]),
    );
    if let Some(at) = at {
        slice.set_annotation(TRIGGER_TIME, at);
    }
    fill(&mut slice, service, content);
    slice
}
