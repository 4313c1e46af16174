//! What `describe` prints of a pod. Knows no other object but its events.

use crate::apimachinery::object::Object;
use crate::apimachinery::status::Status;
use crate::kinds::describe::{
    Text, View, annotations, containers, controlled_by, labels, labels_at, rfc1123, tolerations, topology_spread,
    volumes,
};
use crate::kinds::pod::{Fields, qos};

const MIRROR: &str = "kubernetes.io/config.mirror";

pub fn describe(pod: &Object, view: &View, out: &mut Text) -> Result<(), Status> {
    head(pod, out);
    labels(out, pod);
    annotations(out, "Annotations", pod.map_at("/metadata/annotations"));
    status(pod, view, out);
    parts(pod, out);
    conditions(pod, out);
    volumes(pod.list_at("/spec/volumes"), out, "");
    out.field(
        0,
        "QoS Class",
        match pod.str_at("/status/qosClass") {
            "" => qos::class(pod),
            class => class,
        },
    );
    labels_at(out, "Node-Selectors", pod, "/spec/nodeSelector");
    tolerations(out, "Tolerations", pod.list_at("/spec/tolerations"));
    topology_spread(pod.list_at("/spec/topologySpreadConstraints"), out, "");
    // A static pod's events name it by the hash of its file.
    let uid = pod.annotation(MIRROR).unwrap_or(pod.uid());
    view.events_of(pod, &[uid], None, out)
}

fn given(pod: &Object, title: &str, pointer: &str, out: &mut Text) {
    if !pod.str_at(pointer).is_empty() {
        out.field(0, title, pod.str_at(pointer));
    }
}

fn head(pod: &Object, out: &mut Text) {
    out.field(0, "Name", pod.name());
    out.field(0, "Namespace", pod.namespace());
    if let Some(priority) = pod.i64_at("/spec/priority") {
        out.field(0, "Priority", priority);
    }
    given(pod, "Priority Class Name", "/spec/priorityClassName", out);
    given(pod, "Runtime Class Name", "/spec/runtimeClassName", out);
    given(pod, "Service Account", "/spec/serviceAccountName", out);
    match pod.str_at("/spec/nodeName") {
        "" => out.field(0, "Node", "<none>"),
        node => out.field(0, "Node", format_args!("{node}/{}", pod.str_at("/status/hostIP"))),
    }
    if let Some(start) = pod.time_at("/status/startTime") {
        out.field(0, "Start Time", rfc1123(Some(start)));
    }
}

fn status(pod: &Object, view: &View, out: &mut Text) {
    match pod.deletion_timestamp() {
        Some(at) if !matches!(pod.str_at("/status/phase"), "Failed" | "Succeeded") => {
            out.field(0, "Status", format_args!("Terminating (lasts {})", view.since(Some(at))));
            let grace = pod.i64_at("/metadata/deletionGracePeriodSeconds").unwrap_or(0);
            out.field(0, "Termination Grace Period", format_args!("{grace}s"));
        }
        _ => out.field(0, "Status", pod.str_at("/status/phase")),
    }
    given(pod, "Reason", "/status/reason", out);
    given(pod, "Message", "/status/message", out);
    given(pod, "SeccompProfile", "/spec/securityContext/seccompProfile/type", out);
    given(pod, "LocalhostProfile", "/spec/securityContext/seccompProfile/localhostProfile", out);
    out.field(0, "IP", pod.str_at("/status/podIP"));
    let addresses = pod.list_at("/status/podIPs");
    out.line(0, if addresses.is_empty() { "IPs:\t<none>" } else { "IPs:" });
    addresses.iter().for_each(|a| out.field(1, "IP", a.text("ip")));
    controlled_by(pod, out);
    given(pod, "NominatedNodeName", "/status/nominatedNodeName", out);
}

fn parts(pod: &Object, out: &mut Text) {
    for (title, field, statuses) in [
        ("Init Containers", "initContainers", "initContainerStatuses"),
        ("Containers", "containers", "containerStatuses"),
        ("Ephemeral Containers", "ephemeralContainers", "ephemeralContainerStatuses"),
    ] {
        let list = pod.list_at(&format!("/spec/{field}"));
        if !list.is_empty() || field == "containers" {
            containers(title, list, Some((pod, &format!("/status/{statuses}"))), out, "");
        }
    }
}

fn conditions(pod: &Object, out: &mut Text) {
    let conditions = pod.list_at("/status/conditions");
    let gates = pod.list_at("/spec/readinessGates");
    if !gates.is_empty() {
        out.line(0, "Readiness Gates:\n  Type\tStatus");
    }
    for gate in gates {
        let kind = gate.text("conditionType");
        let status = conditions.iter().find(|c| c.text("type") == kind).map_or("<none>", |c| c.text("status"));
        out.line(1, format_args!("{kind} \t{status} "));
    }
    if !conditions.is_empty() {
        out.line(0, "Conditions:\n  Type\tStatus");
    }
    conditions.iter().for_each(|c| out.line(1, format_args!("{} \t{} ", c.text("type"), c.text("status"))));
}
