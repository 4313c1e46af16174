//! Pods: their table, defaults, admission and validation.
//!
//! Knows no scheduler and no kubelet: what becomes of a pod after it was stored is `control`'s.

mod admission;
mod affinity;
mod aggregate;
mod app_armor;
mod cells;
mod defaults;
mod describe;
mod ephemeral;
mod fields;
mod notes;
mod qos;
mod quota;
mod resize;
mod update;
mod validation;
mod warnings;

use std::sync::LazyLock;

use serde_json::{Value, json};

use super::describe::{Text, View};
use super::exposure::{self, Exposure};
use super::spec_part::SpecPart;
use super::written::Written;
use super::{Kind, Names, limit_range};
use crate::apimachinery::field::{Errors, Path};
use crate::apimachinery::object::Object;
use crate::apimachinery::outline::Outline;
use crate::apimachinery::status::Status;
use crate::apimachinery::table::{Column, column, wide};
use crate::apimachinery::time::Time;
use crate::cluster::Cluster;

pub use aggregate::{Amounts, of_all as amounts_of};
pub use defaults::{set_spec_defaults, set_template_defaults};
pub use fields::Fields;
pub use resize::whole;
pub use validation::{
    TOO_LONG_PORTAL, is_counted, is_overcommit_allowed, validate_limit_name, validate_requirements, validate_spec,
    validate_template, validate_tolerations, validate_volume_source,
};
pub use warnings::{node_term_warnings, old_node_label, template_warnings};

/// The kind `Pod`.
pub struct Pod;

static NAMES: Names = Names {
    group: "",
    version: "v1",
    kind: "Pod",
    plural: "pods",
    singular: "pod",
    short: &["po"],
    categories: &["all"],
    namespaced: true,
    resource: "pods",
    api_version: "v1",
};

static COLUMNS: [Column; 9] = [
    column("Name"),
    column("Ready"),
    column("Status"),
    column("Restarts"),
    column("Age"),
    wide("IP"),
    wide("Node"),
    wide("Nominated Node"),
    wide("Readiness Gates"),
];

/// What `--field-selector` may ask for. An absent `hostNetwork` reads as empty, where upstream has `false`.
const SELECTABLE: &[(&str, &str)] = &[
    ("spec.hostNetwork", "/spec/hostNetwork"),
    ("spec.nodeName", "/spec/nodeName"),
    ("spec.restartPolicy", "/spec/restartPolicy"),
    ("spec.schedulerName", "/spec/schedulerName"),
    ("spec.serviceAccountName", "/spec/serviceAccountName"),
    ("status.nominatedNodeName", "/status/nominatedNodeName"),
    ("status.phase", "/status/phase"),
    ("status.podIP", "/status/podIPs/0/ip"),
];

impl Kind for Pod {
    fn names(&self) -> &Names {
        &NAMES
    }

    fn columns(&self) -> &[Column] {
        &COLUMNS
    }

    fn cells(&self, object: &Object, now: Time) -> Vec<String> {
        cells::cells(object, now)
    }

    fn describe(&self, object: &Object, view: &View, out: &mut Text) -> Result<(), Status> {
        describe::describe(object, view, out)
    }

    fn set_defaults(&self, object: &mut Object) {
        defaults::set_pod_defaults(object);
    }

    /// As podStrategy.PrepareForCreate: a new pod is Pending, and its quality of service is settled for good.
    fn prepare_for_create(&self, object: &mut Object) {
        let class = qos::class(object);
        object.set("/status", json!({"phase": "Pending", "qosClass": class}));
        object.set("/metadata/generation", 1.into());
        if !object.list_at("/spec/schedulingGates").is_empty() {
            object.set("/status/conditions", Value::Array(vec![gated_condition()]));
        }
        affinity::merge_match_label_keys(object);
        app_armor::take_over(object);
    }

    fn admit(&self, object: &mut Object, cluster: &Cluster) -> Result<(), Status> {
        admission::admit(object, cluster)
    }

    fn admit_update(&self, new: &mut Object, old: &Object, _cluster: &Cluster) -> Result<(), Status> {
        admission::admit_update(new, old);
        Ok(())
    }

    fn admit_valid(&self, new: &Object, old: Option<&Object>, cluster: &Cluster) -> Result<(), Status> {
        if old.is_some() { Ok(()) } else { limit_range::check_pod(new, cluster) }
    }

    fn evaluator(&self) -> &'static dyn super::quota::Evaluator {
        &quota::PodQuota
    }

    fn is_visited_without_history(&self) -> bool {
        true
    }

    fn written(&self) -> Written {
        Written { pod_spec: Some("/spec"), zeros: &[] }
    }

    fn validate(&self, object: &Object) -> Errors {
        validation::validate_new(object)
    }

    fn validate_update(&self, new: &Object, old: &Object) -> Errors {
        update::validate_update(new, old)
    }

    fn spec_part(&self, subresource: &str) -> Option<&'static dyn SpecPart> {
        const PARTS: [&dyn SpecPart; 2] = [&ephemeral::Ephemeral, &resize::Resize];
        PARTS.into_iter().find(|part| part.name() == subresource)
    }

    fn selectable_fields(&self) -> &'static [(&'static str, &'static str)] {
        SELECTABLE
    }

    fn is_note(&self, old: &Object, new: &Object, cluster: &Cluster) -> Result<bool, Status> {
        notes::is_note(old, new, cluster)
    }

    fn row_outline(&self) -> Option<&'static Outline> {
        static OUTLINE: LazyLock<Outline> =
            LazyLock::new(|| Outline::of(cells::PARTS.iter().copied().chain(SELECTABLE.iter().map(|field| field.1))));
        Some(&OUTLINE)
    }

    fn warnings(&self, new: &Object, old: Option<&Object>) -> Vec<String> {
        if old.is_some() { Vec::new() } else { warnings::pod_warnings(new) }
    }

    fn exposure(&self, pod: &Object) -> Option<Exposure> {
        let labels = pod.labels().filter(|l| !l.is_empty()).cloned();
        Some(Exposure {
            selector: labels.ok_or_else(|| "the pod has no labels and cannot be exposed".to_owned()),
            ports: pod.map_at("/spec").map(exposure::container_ports).unwrap_or_default(),
        })
    }

    fn has_generation(&self) -> bool {
        true
    }

    /// podStrategy.CheckGracefulDelete. A pod without a node, or that has ended, goes at once whatever the request asks.
    fn grace_period(&self, object: &Object) -> i64 {
        let ended = matches!(object.str_at("/status/phase"), "Failed" | "Succeeded");
        if ended || object.str_at("/spec/nodeName").is_empty() {
            return 0;
        }
        match object.i64_at("/spec/terminationGracePeriodSeconds").unwrap_or(0) {
            negative if negative < 0 => 1,
            seconds => seconds,
        }
    }

    /// Where it runs, its priority's number and its token are another cluster's to say.
    fn export(&self, object: &mut Object, _cluster: &Cluster) -> Result<bool, Status> {
        admission::remove_token(object);
        object.remove("/spec/nodeName");
        object.remove("/spec/priority");
        Ok(true)
    }
}

/// What a pod asks for in all, and what it is limited to.
pub fn requests_and_limits(pod: &Object) -> (Amounts, Amounts) {
    let of = |part: &str| pod.map_at("/spec").map(|spec| quota::of_pod(spec, part)).unwrap_or_default();
    (of("requests"), of("limits"))
}

/// What a pod with scheduling gates is told about being scheduled.
fn gated_condition() -> Value {
    json!({
        "type": "PodScheduled", "status": "False", "reason": "SchedulingGated", "lastProbeTime": null,
        "lastTransitionTime": null, "message": "Scheduling is blocked due to non-empty scheduling gates",
    })
}

/// The path of a pod's spec.
fn spec_path() -> Path {
    Path::new("spec")
}

#[cfg(test)]
mod hostile;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_new_pod_is_pending_and_keeps_no_status_of_the_clients() {
        let mut pod = Object::new("v1", "Pod", "default", "p");
        pod.set("/status/phase", "Running".into());
        pod.set("/spec/schedulingGates", json!([{"name": "a/b"}]));
        Pod.prepare_for_create(&mut pod);
        assert_eq!(pod.str_at("/status/phase"), "Pending");
        assert_eq!(pod.str_at("/status/qosClass"), "BestEffort");
        assert_eq!(pod.str_at("/status/conditions/0/reason"), "SchedulingGated");
        assert_eq!(pod.generation(), 1);
    }

    #[test]
    fn grace_periods() {
        let pod = |spec: Value, phase: &str| {
            let mut pod = Object::new("v1", "Pod", "default", "p");
            pod.set("/spec", spec);
            pod.set("/status/phase", phase.into());
            Pod.grace_period(&pod)
        };
        assert_eq!(pod(json!({"terminationGracePeriodSeconds": 30}), "Pending"), 0);
        assert_eq!(pod(json!({"terminationGracePeriodSeconds": 30, "nodeName": "n"}), "Running"), 30);
        assert_eq!(pod(json!({"terminationGracePeriodSeconds": -5, "nodeName": "n"}), "Running"), 1);
        assert_eq!(pod(json!({"terminationGracePeriodSeconds": 30, "nodeName": "n"}), "Succeeded"), 0);
    }
}
