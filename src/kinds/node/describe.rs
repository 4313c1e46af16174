//! What `describe` prints of a node: itself, and what its pods ask of it.

use std::sync::Arc;

use serde_json::Value;

use super::usage;
use crate::apimachinery::key::Key;
use crate::apimachinery::object::Object;
use crate::apimachinery::status::Status;
use crate::apimachinery::time;
use crate::kinds::describe::{Text, View, annotations, labels, or_none, resource_list, rfc1123, title_lines};
use crate::kinds::pod::Fields;

pub fn describe(node: &Object, view: &View, out: &mut Text) -> Result<(), Status> {
    out.field(0, "Name", node.name());
    out.field(0, "Roles", super::roles(node));
    labels(out, node);
    annotations(out, "Annotations", node.map_at("/metadata/annotations"));
    out.field(0, "CreationTimestamp", rfc1123(node.creation_timestamp()));
    title_lines(out, "Taints", "", &taints(node));
    out.field(0, "Unschedulable", node.bool_at("/spec/unschedulable").unwrap_or(false));
    lease(node, view, out)?;
    conditions(node.list_at("/status/conditions"), out);
    out.line(0, "Addresses:");
    node.list_at("/status/addresses").iter().for_each(|a| out.field(1, a.text("type"), a.text("address")));
    for (title, pointer) in [("Capacity", "/status/capacity"), ("Allocatable", "/status/allocatable")] {
        if let Some(resources) = node.map_at(pointer).filter(|m| !m.is_empty()) {
            out.line(0, format_args!("{title}:"));
            resource_list(1, resources, out);
        }
    }
    system(node, out);
    let pods = view.cluster.list("pods", None)?;
    let here = |p: &&Arc<Object>| {
        p.str_at("/spec/nodeName") == node.name() && !matches!(p.str_at("/status/phase"), "Succeeded" | "Failed")
    };
    usage::describe(node, &pods.iter().filter(here).collect::<Vec<_>>(), view, out);
    // A kubelet names its node by name where a controller has its uid.
    view.events_of(node, &[node.uid(), node.name()], Some("Node"), out)
}

fn taints(node: &Object) -> Vec<String> {
    let mut taints: Vec<&Value> = node.list_at("/spec/taints").iter().collect();
    taints.sort_by_key(|t| format!("{},{}", t.text("effect"), t.text("key")));
    let text = |t: &Value| match (t.text("key"), t.text("value"), t.text("effect")) {
        (key, "", "") => key.to_owned(),
        (key, value, "") => format!("{key}={value}:"),
        (key, "", effect) => format!("{key}:{effect}"),
        (key, value, effect) => format!("{key}={value}:{effect}"),
    };
    taints.into_iter().map(text).collect()
}

fn lease(node: &Object, view: &View, out: &mut Text) -> Result<(), Status> {
    const LEASES: &str = "leases.coordination.k8s.io";
    let Some(lease) = view.cluster.get(&Key::new(LEASES, "kube-node-lease", node.name()))? else {
        let why = Status::not_found(LEASES, node.name());
        out.field(0, "Lease", format_args!("Failed to get lease: {}", why.message));
        return Ok(());
    };
    out.line(0, "Lease:");
    let holder = lease.str_at("/spec/holderIdentity");
    out.field(1, "HolderIdentity", if holder.is_empty() { "<unset>" } else { holder });
    for (title, pointer) in [("AcquireTime", "/spec/acquireTime"), ("RenewTime", "/spec/renewTime")] {
        let at = lease.time_at(pointer).map_or("<unset>".to_owned(), |t| rfc1123(Some(t)));
        out.field(1, title, at);
    }
    Ok(())
}

fn conditions(conditions: &[Value], out: &mut Text) {
    if conditions.is_empty() {
        return;
    }
    out.line(0, "Conditions:\n  Type\tStatus\tLastHeartbeatTime\tLastTransitionTime\tReason\tMessage");
    out.line(1, "----\t------\t-----------------\t------------------\t------\t-------");
    for c in conditions {
        let at = |field| rfc1123(time::parse(c.text(field)));
        let (beat, changed) = (at("lastHeartbeatTime"), at("lastTransitionTime"));
        let (kind, status, reason, message) = (c.text("type"), c.text("status"), c.text("reason"), c.text("message"));
        out.line(1, format_args!("{kind} \t{status} \t{beat} \t{changed} \t{reason} \t{message}"));
    }
}

fn system(node: &Object, out: &mut Text) {
    out.line(0, "System Info:");
    for (title, field) in [
        ("Machine ID", "machineID"),
        ("System UUID", "systemUUID"),
        ("Boot ID", "bootID"),
        ("Kernel Version", "kernelVersion"),
        ("OS Image", "osImage"),
        ("Operating System", "operatingSystem"),
        ("Architecture", "architecture"),
        ("Container Runtime Version", "containerRuntimeVersion"),
        ("Kubelet Version", "kubeletVersion"),
        ("Kube-Proxy Version", "kubeProxyVersion"),
    ] {
        out.field(1, title, node.str_at(&format!("/status/nodeInfo/{field}")));
    }
    let ranges: Vec<&str> = node.list_at("/spec/podCIDRs").iter().filter_map(Value::as_str).collect();
    for (title, value) in [
        ("PodCIDR", node.str_at("/spec/podCIDR")),
        ("PodCIDRs", &ranges.join(",")),
        ("ProviderID", node.str_at("/spec/providerID")),
    ] {
        if !value.is_empty() {
            out.field(0, title, or_none(value));
        }
    }
}
