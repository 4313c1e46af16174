//! What a kubelet says of its node: its labels, its capacity, its state. Every Node object without a state has a kubelet that
//! tells it one; and a cordoned node has the taint that says so.

use std::sync::Arc;

use serde_json::{Value, json};

use crate::apimachinery::object::Object;
use crate::apimachinery::status::Status;
use crate::apimachinery::time::{self, Time};
use crate::cluster::Cluster;
use crate::kinds::plan::{Action, Plan};
use crate::kinds::pod::Fields;

/// What every node can give to pods; never the host's figures.
const CAPACITY: [(&str, &str); 6] = [
    ("cpu", "1000"),
    ("ephemeral-storage", "4Ti"),
    ("hugepages-1Gi", "0"),
    ("hugepages-2Mi", "0"),
    ("memory", "4Ti"),
    ("pods", "100000"),
];
/// The node of a fresh store, whose drawn values are drawn first.
const FIRST: &str = "node-1";
/// Where a node's bookkeeping has that its taints evict pods.
const EVICTS: &str = "evicts";
const UNSCHEDULABLE: &str = "node.kubernetes.io/unschedulable";

/// Brings a node's status and taints up to date.
pub fn reconcile(node: &Arc<Object>, cluster: &Cluster, now: Time) -> Result<Plan, Status> {
    let mut plan = Plan::nothing();
    if node.deletion_timestamp().is_some() {
        return Ok(plan);
    }
    if let Some(tainted) = with_right_taint(node, now) {
        plan.push(Action::Update(tainted));
        return Ok(plan);
    }
    if node.list_at("/status/conditions").is_empty() {
        let mut labelled = Object::clone(node);
        for (key, value) in labels(node.name()) {
            if node.label(key).is_none() {
                labelled.set_label(key, value);
            }
        }
        if labelled != **node {
            plan.push(Action::Update(labelled));
            return Ok(plan);
        }
        let mut registered = Object::clone(node);
        let known = status(node.name(), &free_address(cluster)?, cluster);
        for (field, value) in known.as_object().into_iter().flatten() {
            let is_told = match node.at("/status").and_then(|s| s.field(field)) {
                Some(Value::Object(map)) => map.values().any(|v| v.as_str().is_none_or(|text| !text.is_empty())),
                Some(Value::Array(list)) => !list.is_empty(),
                _ => false,
            };
            if !is_told || field == "daemonEndpoints" {
                registered.set(&format!("/status/{field}"), value.clone());
            }
        }
        plan.push(Action::UpdateStatus(registered));
        return Ok(plan);
    }
    if let Some(more) = with_all_allocatable(node).or_else(|| with_eviction_noted(node)) {
        plan.push(Action::UpdateStatus(more));
    }
    Ok(plan)
}

/// The node with everything of its capacity to give away: what somebody adds to the capacity (an extended resource) the
/// kubelet makes allocatable; `None` when it is right as it is.
fn with_all_allocatable(node: &Object) -> Option<Object> {
    let capacity = node.map_at("/status/capacity")?;
    let known = node.map_at("/status/allocatable").cloned().unwrap_or_default();
    let mut all = known.clone();
    // What is Kubernetes' own the kubelet measures; the rest has a domain in its name.
    let extended = capacity.iter().filter(|(name, _)| name.contains('/'));
    all.extend(extended.map(|(name, amount)| (name.clone(), amount.clone())));
    all.retain(|name, _| !name.contains('/') || capacity.contains_key(name));
    if all == known {
        return None;
    }
    let mut new = node.clone();
    new.set("/status/allocatable", Value::Object(all));
    Some(new)
}

/// Whether a node has taints that pods have to go for.
pub fn evicts(node: &Object) -> bool {
    node.list_at("/spec/taints").iter().any(|taint| taint.text("effect") == "NoExecute")
}

/// Whether a node had such taints when it was looked at last: pods that were to go may stay once it has them no more.
pub fn has_evicted(node: &Object) -> bool {
    node.internal.get(EVICTS).is_some()
}

/// The node with a note of whether it has taints that pods have to go for; `None` when that is as it was.
fn with_eviction_noted(node: &Object) -> Option<Object> {
    if evicts(node) == has_evicted(node) {
        return None;
    }
    let mut new = node.clone();
    if evicts(node) {
        new.internal.insert(EVICTS, true.into());
    } else {
        new.internal.remove(EVICTS);
    }
    Some(new)
}

/// The node with the taint of a cordoned one, or without; `None` when it is right as it is.
fn with_right_taint(node: &Object, now: Time) -> Option<Object> {
    let is_cordoned = node.bool_at("/spec/unschedulable") == Some(true);
    let taints = node.list_at("/spec/taints");
    let is_ours = |t: &Value| t.text("key") == UNSCHEDULABLE && t.text("effect") == "NoSchedule";
    if taints.iter().any(is_ours) == is_cordoned {
        return None;
    }
    let mut right: Vec<Value> = taints.iter().filter(|t| !is_ours(t)).cloned().collect();
    if is_cordoned {
        right.push(json!({"key": UNSCHEDULABLE, "effect": "NoSchedule", "timeAdded": time::to_rfc3339(now)}));
    }
    let mut new = node.clone();
    match right.is_empty() {
        true => drop(new.remove("/spec/taints")),
        false => new.set("/spec/taints", Value::Array(right)),
    }
    Some(new)
}

/// The first of the nodes' addresses that no node has.
fn free_address(cluster: &Cluster) -> Result<String, Status> {
    let nodes = cluster.list("nodes", None)?;
    let taken =
        |address: &str| nodes.iter().flat_map(|n| n.list_at("/status/addresses")).any(|a| a.text("address") == address);
    let all = (0..=255_u32).flat_map(|high| (2..255_u32).map(move |low| (high, low)));
    let mut addresses = all.map(|(high, low)| match high {
        0 => format!("192.0.2.{low}"),
        high => format!("198.18.{high}.{low}"),
    });
    Ok(addresses.find(|a| !taken(a)).unwrap_or_default())
}

/// The labels of a node.
pub fn labels(name: &str) -> [(&'static str, &str); 5] {
    [
        ("beta.kubernetes.io/arch", "amd64"),
        ("beta.kubernetes.io/os", "linux"),
        ("kubernetes.io/arch", "amd64"),
        ("kubernetes.io/hostname", name),
        ("kubernetes.io/os", "linux"),
    ]
}

/// The status of a node that is well.
pub fn status(name: &str, address: &str, cluster: &Cluster) -> Value {
    let capacity: Value = CAPACITY.into_iter().map(|(name, amount)| (name.to_owned(), Value::from(amount))).collect();
    let now = time::to_rfc3339(cluster.now());
    let condition = |kind: &str, status: &str, reason: &str, message: &str| {
        json!({
            "type": kind, "status": status, "reason": reason, "message": message,
            "lastHeartbeatTime": now, "lastTransitionTime": now,
        })
    };
    let handler =
        |name: &str| json!({"name": name, "features": {"recursiveReadOnlyMounts": true, "userNamespaces": true}});
    json!({
        "addresses": [{"address": address, "type": "InternalIP"}, {"address": name, "type": "Hostname"}],
        "allocatable": capacity,
        "capacity": capacity,
        "conditions": [
            condition("MemoryPressure", "False", "KubeletHasSufficientMemory", "kubelet has sufficient memory available"),
            condition("DiskPressure", "False", "KubeletHasNoDiskPressure", "kubelet has no disk pressure"),
            condition("PIDPressure", "False", "KubeletHasSufficientPID", "kubelet has sufficient PID available"),
            condition("Ready", "True", "KubeletReady", "kubelet is posting ready status"),
        ],
        "daemonEndpoints": {"kubeletEndpoint": {"Port": 10250}},
        "features": {"supplementalGroupsPolicy": true},
        "nodeInfo": info(name, cluster),
        "runtimeHandlers": [handler(""), handler("runc")],
    })
}

/// A node like the recorded one; what would be the host's is drawn from the seed.
fn info(name: &str, cluster: &Cluster) -> Value {
    let number = if name == FIRST { 0 } else { cluster.next_resource_version() };
    let id = |purpose| cluster.seed().uuid(purpose, number);
    json!({
        "architecture": "amd64",
        "bootID": id("boot-id"),
        "containerRuntimeVersion": "containerd://2.1.9",
        "kernelVersion": "6.12.0",
        "kubeProxyVersion": "",
        "kubeletVersion": "v1.36.2",
        "machineID": id("machine-id").replace('-', ""),
        "operatingSystem": "linux",
        "osImage": "Debian GNU/Linux 12 (bookworm)",
        "systemUUID": id("system-uuid"),
    })
}
