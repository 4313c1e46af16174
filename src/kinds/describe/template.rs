//! A pod template, and how the pods made from one fare. Knows no kind of workload.

use serde_json::Value;

use super::{Text, View, annotations, containers, label_lines, tolerations, topology_spread, volumes};
use crate::apimachinery::labels::Selector;
use crate::apimachinery::object::Object;
use crate::apimachinery::status::Status;
use crate::kinds::pod::Fields;

/// `Pod Template:` of a workload, or of one of its revisions.
pub fn pod_template(template: &Value, out: &mut Text) {
    out.line(0, "Pod Template:");
    let (metadata, spec) = (&template["metadata"], &template["spec"]);
    label_lines(out, "  Labels", "", metadata["labels"].as_object());
    let notes = metadata["annotations"].as_object();
    if notes.is_some_and(|n| !n.is_empty()) {
        annotations(out, "  Annotations", notes);
    }
    let named = |out: &mut Text, title: &str, field: &str| {
        if !spec.text(field).is_empty() {
            out.field(1, title, spec.text(field));
        }
    };
    named(out, "Service Account", "serviceAccountName");
    if !spec.items("initContainers").is_empty() {
        containers("Init Containers", spec.items("initContainers"), None, out, "  ");
    }
    containers("Containers", spec.items("containers"), None, out, "  ");
    volumes(spec.items("volumes"), out, "  ");
    topology_spread(spec.items("topologySpreadConstraints"), out, "  ");
    named(out, "Priority Class Name", "priorityClassName");
    label_lines(out, "  Node-Selectors", "", spec["nodeSelector"].as_object());
    tolerations(out, "  Tolerations", spec.items("tolerations"));
}

/// `2 Running / 0 Waiting / 0 Succeeded / 0 Failed`: the pods that a workload controls.
///
/// # Errors
/// The store's.
pub fn pods_status(view: &View, owner: &Object, selector: &Selector) -> Result<String, Status> {
    let pods = view.cluster.list("pods", Some(owner.namespace()))?;
    let own =
        pods.iter().filter(|p| selector.matches(p.labels()) && p.controller_of().is_some_and(|c| c.uid == owner.uid()));
    let mut counts = [0; 4];
    for pod in own {
        match pod.str_at("/status/phase") {
            "Running" => counts[0] += 1,
            "Pending" => counts[1] += 1,
            "Succeeded" => counts[2] += 1,
            "Failed" => counts[3] += 1,
            _ => {}
        }
    }
    let [running, waiting, succeeded, failed] = counts;
    Ok(format!("{running} Running / {waiting} Waiting / {succeeded} Succeeded / {failed} Failed"))
}

/// `Conditions:` of a workload, when it has any.
pub fn workload_conditions(conditions: &[Value], out: &mut Text) {
    if conditions.is_empty() {
        return;
    }
    out.line(0, "Conditions:\n  Type\tStatus\tReason");
    out.line(1, "----\t------\t------");
    for condition in conditions {
        let [kind, status, reason] = ["type", "status", "reason"].map(|field| condition.text(field));
        out.line(1, format_args!("{kind} \t{status}\t{reason}"));
    }
}
