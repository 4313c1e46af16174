//! Node: where pods run. Knows no pod; scheduling and heartbeats are the simulation's.

mod describe;
mod registration;
mod usage;

pub use registration::{evicts, has_evicted, labels, status};

use std::sync::Arc;

use serde_json::{Value, json};

use super::describe::{Text, View};
use super::internal;
use super::plan::Plan;
use super::{Kind, Names, resource_list, zeros};
use crate::apimachinery::field::{Errors, Path};
use crate::apimachinery::names;
use crate::apimachinery::object::Object;
use crate::apimachinery::status::Status;
use crate::apimachinery::table::{Column, column, wide};
use crate::apimachinery::time::{self, Time};
use crate::cluster::Cluster;

/// The kind.
pub struct Node;

static NAMES: Names = Names { namespaced: false, ..Names::core("Node", "nodes", "node", &["no"]) };
static COLUMNS: [Column; 10] = [
    column("Name"),
    column("Status"),
    column("Roles"),
    column("Age"),
    column("Version"),
    wide("Internal-IP"),
    wide("External-IP"),
    wide("OS-Image"),
    wide("Kernel-Version"),
    wide("Container-Runtime"),
];

impl Kind for Node {
    fn names(&self) -> &Names {
        &NAMES
    }

    fn columns(&self) -> &[Column] {
        &COLUMNS
    }

    fn cells(&self, object: &Object, now: Time) -> Vec<String> {
        let info = |field| known(object.str_at(&format!("/status/nodeInfo/{field}")), "<unknown>");
        vec![
            object.name().to_owned(),
            state(object),
            roles(object),
            time::age(object.creation_timestamp(), now),
            object.str_at("/status/nodeInfo/kubeletVersion").to_owned(),
            address(object, "InternalIP"),
            address(object, "ExternalIP"),
            info("osImage"),
            info("kernelVersion"),
            info("containerRuntimeVersion"),
        ]
    }

    fn describe(&self, object: &Object, view: &View, out: &mut Text) -> Result<(), Status> {
        describe::describe(object, view, out)
    }

    fn set_defaults(&self, object: &mut Object) {
        zeros::omit(
            object,
            &["/spec/podCIDR", "/spec/podCIDRs", "/spec/providerID", "/spec/taints", "/spec/unschedulable"],
        );
        zeros::write(object, &[("/spec", json!({})), ("/status/daemonEndpoints/kubeletEndpoint/Port", 0.into())]);
        write_node_info(object);
        if let Some(capacity) = object.at("/status/capacity").cloned() {
            object.set_default("/status/allocatable", capacity);
        }
        resource_list::canonicalize(object, "/status/capacity");
        resource_list::canonicalize(object, "/status/allocatable");
    }

    fn reconcile(&self, node: &Arc<Object>, cluster: &Cluster, now: Time) -> Result<Plan, Status> {
        registration::reconcile(node, cluster, now)
    }

    /// A node comes with its status: a kubelet registers itself so.
    fn prepare_for_create(&self, _object: &mut Object) {}

    fn takes_taints(&self) -> bool {
        true
    }

    fn validate(&self, object: &Object) -> Errors {
        let mut errors = Errors::default();
        validate_taints(object.list_at("/spec/taints"), &mut errors);
        errors
    }

    fn selectable_fields(&self) -> &'static [(&'static str, &'static str)] {
        &[("spec.unschedulable", "/spec/unschedulable")]
    }

    fn warnings(&self, new: &Object, _old: Option<&Object>) -> Vec<String> {
        let gone = [
            ("configSource", "the feature is removed"),
            ("externalID", "this field is deprecated, and is unused by Kubernetes"),
        ];
        let set = gone.into_iter().filter(|(field, _)| new.at(&format!("/spec/{field}")).is_some_and(|v| v != ""));
        set.map(|(field, why)| format!("spec.{field}: {why}")).collect()
    }

    fn validate_update(&self, new: &Object, old: &Object) -> Errors {
        let mut errors = Errors::default();
        let had = old.list_at("/spec/podCIDRs");
        let has = new.list_at("/spec/podCIDRs");
        let changes = if had.len() == has.len() { had.iter().zip(has).filter(|(a, b)| a != b).count() } else { 1 };
        if !had.is_empty() {
            for _ in 0..changes {
                let detail = "node updates may not change podCIDR except from \"\" to valid";
                errors.forbidden(&Path::new("spec.podCIDRs"), detail);
            }
        }
        let provider = old.str_at("/spec/providerID");
        if !provider.is_empty() && provider != new.str_at("/spec/providerID") {
            let detail = "node updates may not change providerID except from \"\" to valid";
            errors.forbidden(&Path::new("spec.providerID"), detail);
        }
        validate_taints(new.list_at("/spec/taints"), &mut errors);
        errors
    }

    /// A manifest brings no machine.
    fn export(&self, _object: &mut Object, _cluster: &Cluster) -> Result<bool, Status> {
        Ok(false)
    }
}

/// The texts of `nodeInfo` are there even when no kubelet said them.
fn write_node_info(node: &mut Object) {
    const FIELDS: [&str; 10] = [
        "architecture",
        "bootID",
        "containerRuntimeVersion",
        "kernelVersion",
        "kubeProxyVersion",
        "kubeletVersion",
        "machineID",
        "operatingSystem",
        "osImage",
        "systemUUID",
    ];
    for field in FIELDS {
        zeros::write(node, &[(&format!("/status/nodeInfo/{field}"), "".into())]);
    }
}

fn known(text: &str, otherwise: &str) -> String {
    if text.is_empty() { otherwise.to_owned() } else { text.to_owned() }
}

/// `Ready,SchedulingDisabled`.
fn state(node: &Object) -> String {
    let ready = node.list_at("/status/conditions").iter().find(|c| c["type"] == "Ready");
    let ready = match ready {
        Some(c) if c["status"] == "True" => "Ready",
        Some(_) => "NotReady",
        None => "Unknown",
    };
    match node.bool_at("/spec/unschedulable") {
        Some(true) => format!("{ready},SchedulingDisabled"),
        _ => ready.to_owned(),
    }
}

/// What the labels `node-role.kubernetes.io/<role>` and `kubernetes.io/role` say, sorted.
fn roles(node: &Object) -> String {
    let labels = node.labels().into_iter().flatten();
    let mut roles: Vec<&str> = labels
        .filter_map(|(key, value)| match key.strip_prefix("node-role.kubernetes.io/") {
            Some(role) => Some(role),
            None if key == "kubernetes.io/role" => value.as_str(),
            None => None,
        })
        .filter(|role| !role.is_empty())
        .collect();
    roles.sort_unstable();
    roles.dedup();
    known(&roles.join(","), "<none>")
}

fn address(node: &Object, kind: &str) -> String {
    let found = node.list_at("/status/addresses").iter().find(|a| a["type"] == kind);
    known(found.and_then(|a| a["address"].as_str()).unwrap_or_default(), "<none>")
}

/// Taints are checked at `metadata.taints`: upstream's odd path.
fn validate_taints(taints: &[Value], errors: &mut Errors) {
    const EFFECTS: [&str; 3] = ["NoExecute", "NoSchedule", "PreferNoSchedule"];
    let mut seen: Vec<(&str, &str)> = Vec::new();
    for (i, taint) in taints.iter().enumerate() {
        let path = Path::new("metadata.taints").index(i);
        let text = |field: &str| taint.get(field).and_then(Value::as_str).unwrap_or_default();
        let (key, effect) = (text("key"), text("effect"));
        errors.append(names::validate_label_name(key, &path.child("key")));
        let problems = names::is_label_value(text("value"));
        if !problems.is_empty() {
            errors.invalid(&path.child("value"), text("value"), &problems.join(";"));
        }
        if effect.is_empty() {
            errors.required(&path.child("effect"), "");
        } else if !EFFECTS.contains(&effect) {
            errors.not_supported(&path.child("effect"), effect, &["NoSchedule", "PreferNoSchedule", "NoExecute"]);
        }
        if seen.contains(&(key, effect)) {
            errors.duplicate_shown(&path, &internal::shown(taint, internal::TAINT));
        }
        seen.push((key, effect));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn node(body: Value) -> Object {
        Object::from_value(body).unwrap()
    }

    #[test]
    fn status_and_roles_are_kubectls() {
        let ready =
            |status| json!([{"type": "MemoryPressure", "status": "False"}, {"type": "Ready", "status": status}]);
        let cases = [
            (json!({"status": {"conditions": ready("True")}}), "Ready", "<none>"),
            (
                json!({"spec": {"unschedulable": true}, "status": {"conditions": ready("True")}}),
                "Ready,SchedulingDisabled",
                "<none>",
            ),
            (json!({"status": {"conditions": ready("Unknown")}}), "NotReady", "<none>"),
            (
                json!({"metadata": {"labels": {"node-role.kubernetes.io/worker": "", "kubernetes.io/role": "control", "node-role.kubernetes.io/": ""}}}),
                "Unknown",
                "control,worker",
            ),
        ];
        for (body, status, roles) in cases {
            let cells = Node.cells(&node(body.clone()), Time::MAX_UTC);
            assert_eq!((cells[1].as_str(), cells[2].as_str()), (status, roles), "{body}");
        }
    }

    #[test]
    fn wide_columns_say_what_is_not_known() {
        let cells = Node.cells(
            &node(json!({"status": {"addresses": [{"type": "InternalIP", "address": "192.0.2.2"}]}})),
            Time::MAX_UTC,
        );
        assert_eq!(cells[4..], ["", "192.0.2.2", "<none>", "<unknown>", "<unknown>", "<unknown>"]);
    }

    #[test]
    fn pod_ranges_and_taints_are_checked() {
        let old = node(json!({"spec": {"podCIDRs": ["10.0.0.0/24"]}}));
        let new =
            node(json!({"spec": {"podCIDRs": [], "taints": [{"key": "k", "effect": "Sometimes"}, {"key": "k"}]}}));
        let texts: Vec<String> = Node.validate_update(&new, &old).0.iter().map(ToString::to_string).collect();
        assert_eq!(texts.len(), 3, "{texts:?}");
        assert_eq!(texts[0], "spec.podCIDRs: Forbidden: node updates may not change podCIDR except from \"\" to valid");
        assert_eq!(texts[2], "metadata.taints[1].effect: Required value");
    }
}
