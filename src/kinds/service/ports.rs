//! Which pods are behind a Service and at which ports. Knows pods by their spec and status only.

use serde_json::Value;

use super::spec::Port;
use crate::apimachinery::object::Object;
use crate::apimachinery::time::{self, Time};

/// A port of a pod that a Service's port leads to.
#[derive(Clone, Debug, PartialEq)]
pub struct Target {
    pub name: String,
    pub protocol: String,
    pub port: i64,
    pub app_protocol: Option<String>,
}

/// The ports of a pod that a Service's ports lead to; a named one that the pod does not have is left out.
pub fn targets(ports: &[Port], pod: &Object) -> Vec<Target> {
    let target = |port: &Port| {
        Some(Target {
            name: port.name.clone(),
            protocol: port.protocol.clone(),
            port: find(port, pod)?,
            app_protocol: port.app_protocol.clone(),
        })
    };
    ports.iter().filter_map(target).collect()
}

fn find(port: &Port, pod: &Object) -> Option<i64> {
    let name = match &port.target_port {
        Value::String(name) => name.as_str(),
        number => return number.as_i64(),
    };
    // Sidecars among the init containers serve too.
    let sidecars = pod.list_at("/spec/initContainers").iter().filter(|c| c["restartPolicy"] == "Always");
    let containers = pod.list_at("/spec/containers").iter().chain(sidecars);
    let mut all = containers.filter_map(|c| c.get("ports")?.as_array()).flatten();
    let protocol = |p: &Value| p.get("protocol").and_then(Value::as_str).unwrap_or("TCP") == port.protocol;
    all.find(|p| p["name"] == name && protocol(p))?.get("containerPort")?.as_i64()
}

/// Whether a pod can be behind a Service at all: it has an address and has not ended.
pub fn has_address(pod: &Object) -> bool {
    let ended = ["Succeeded", "Failed"].contains(&pod.str_at("/status/phase"));
    !ended && !pod.str_at("/status/podIP").is_empty()
}

pub fn is_ready(pod: &Object) -> bool {
    ready_condition(pod).is_some_and(|c| c["status"] == "True")
}

fn ready_condition(pod: &Object) -> Option<&Value> {
    pod.list_at("/status/conditions").iter().find(|c| c["type"] == "Ready")
}

/// When a pod last became ready or stopped being so.
pub fn changed_at(pod: &Object) -> Option<Time> {
    time::parse(ready_condition(pod)?.get("lastTransitionTime")?.as_str()?)
}

/// The hostname that a Service of the pod's subdomain gives it a DNS name with.
pub fn hostname<'a>(pod: &'a Object, service: &Object) -> Option<&'a str> {
    let hostname = pod.str_at("/spec/hostname");
    (!hostname.is_empty() && pod.str_at("/spec/subdomain") == service.name()).then_some(hostname)
}
