//! What the API fills in on a pod's spec, alone and in the templates of workloads.
//!
//! The rules are core/v1's defaulting of Kubernetes 1.36. Knows no cluster: what depends on other objects is admission.

mod image;
mod pruning;
mod volumes;

use serde_json::{Map, Value, json};

use super::aggregate;
use super::fields::Fields;
use crate::apimachinery::object::Object;
use crate::apimachinery::quantity::{Quantity, canonicalize};

/// The lists that hold containers.
pub(super) const CONTAINER_LISTS: [&str; 3] = ["initContainers", "containers", "ephemeralContainers"];

/// Sets a field that is absent, null or, for strings, empty: Go cannot tell these apart.
fn default(map: &mut Map<String, Value>, key: &str, value: Value) {
    if map.get(key).is_none_or(|v| v.is_null() || v == "") {
        map.insert(key.to_owned(), value);
    }
}

/// Sets a number that is absent or zero.
fn default_number(map: &mut Map<String, Value>, key: &str, value: i64) {
    if map.int(key).unwrap_or(0) == 0 {
        map.insert(key.to_owned(), value.into());
    }
}

fn section_mut<'m>(map: &'m mut Map<String, Value>, key: &str) -> Option<&'m mut Map<String, Value>> {
    map.get_mut(key).and_then(Value::as_object_mut)
}

fn sections_mut<'m>(map: &'m mut Map<String, Value>, key: &str) -> impl Iterator<Item = &'m mut Map<String, Value>> {
    map.get_mut(key).and_then(Value::as_array_mut).into_iter().flatten().filter_map(Value::as_object_mut)
}

/// Fills in a PodSpec, of a pod or of a template.
pub fn set_spec_defaults(spec: &mut Map<String, Value>) {
    pruning::prune(spec);
    default(spec, "dnsPolicy", "ClusterFirst".into());
    default(spec, "restartPolicy", "Always".into());
    default(spec, "schedulerName", "default-scheduler".into());
    default(spec, "securityContext", json!({}));
    default(spec, "terminationGracePeriodSeconds", 30.into());
    default_service_account(spec);
    for list in CONTAINER_LISTS {
        sections_mut(spec, list).for_each(set_container_defaults);
    }
    sections_mut(spec, "volumes").for_each(volumes::set_volume_defaults);
    if let Some(resources) = section_mut(spec, "resources") {
        round_resources(resources);
    }
    if let Some(overhead) = section_mut(spec, "overhead") {
        round_quantities(overhead);
    }
}

/// `serviceAccount` is the old name of `serviceAccountName`; both are shown, with one value.
pub(super) fn default_service_account(spec: &mut Map<String, Value>) {
    let new = spec.text("serviceAccountName");
    let name = if new.is_empty() { spec.text("serviceAccount") } else { new }.to_owned();
    if !name.is_empty() {
        spec.insert("serviceAccountName".to_owned(), name.as_str().into());
        spec.insert("serviceAccount".to_owned(), name.into());
    }
}

/// Fills in a PodTemplateSpec.
pub fn set_template_defaults(template: &mut Map<String, Value>) {
    default(template, "metadata", json!({}));
    if let Some(metadata) = section_mut(template, "metadata") {
        // A client's `creationTimestamp: null`.
        metadata.retain(|_, v| !v.is_null());
    }
    default(template, "spec", json!({}));
    if let Some(spec) = section_mut(template, "spec") {
        set_spec_defaults(spec);
    }
}

/// Fills in a pod: its spec, and what is only filled in once a template has become a pod.
pub(super) fn set_pod_defaults(pod: &mut Object) {
    pod.set_default("/spec", json!({}));
    let Some(spec) = pod.body_mut().get_mut("spec").and_then(Value::as_object_mut) else { return };
    set_spec_defaults(spec);
    default(spec, "enableServiceLinks", true.into());
    let host_network = spec.flag("hostNetwork") == Some(true);
    for list in ["containers", "initContainers"] {
        for container in sections_mut(spec, list) {
            default_requests(container);
            if host_network {
                default_host_ports(container);
            }
        }
    }
    default_pod_resources(spec);
}

/// A pod that is limited as a whole requests what its containers request together, or else all of its limit.
fn default_pod_resources(spec: &mut Map<String, Value>) {
    let sums = ["limits", "requests"].map(|part| aggregate::of_containers(spec, part));
    let Some(resources) = section_mut(spec, "resources") else { return };
    let is_set = |resources: &Map<String, Value>, part| resources.section(part).is_some_and(|p| !p.is_empty());
    if is_set(resources, "limits") || is_set(resources, "requests") {
        let [limits, _] = &sums;
        let requested = resources.section("requests").cloned().unwrap_or_default();
        let huge = limits.iter().filter(|(name, _)| is_huge(name) && !requested.contains_key(*name));
        fill(resources, "limits", huge);
    }
    if is_set(resources, "limits") {
        let [_, requests] = &sums;
        fill(resources, "requests", requests.iter().filter(|(name, _)| !is_huge(name)));
        requests_from_limits(resources);
    }
}

fn is_huge(name: &str) -> bool {
    name.starts_with("hugepages-")
}

/// Adds quantities to a part of resources where it has none.
fn fill<'q>(resources: &mut Map<String, Value>, part: &str, amounts: impl Iterator<Item = (&'q String, &'q Quantity)>) {
    let mut amounts = amounts.peekable();
    if amounts.peek().is_none() {
        return;
    }
    default(resources, part, json!({}));
    if let Some(list) = section_mut(resources, part) {
        for (name, quantity) in amounts {
            list.entry(name.clone()).or_insert_with(|| quantity.to_string().into());
        }
    }
}

/// What is not requested but limited is requested up to its limit.
fn default_requests(container: &mut Map<String, Value>) {
    if let Some(resources) = section_mut(container, "resources") {
        requests_from_limits(resources);
    }
}

fn requests_from_limits(resources: &mut Map<String, Value>) {
    let Some(limits) = resources.section("limits").filter(|l| !l.is_empty()).cloned() else { return };
    let requests = resources.entry("requests").or_insert_with(|| json!({}));
    if let Some(requests) = requests.as_object_mut() {
        for (name, limit) in limits {
            requests.entry(name).or_insert(limit);
        }
    }
}

fn default_host_ports(container: &mut Map<String, Value>) {
    for port in sections_mut(container, "ports") {
        let number = port.int("containerPort").unwrap_or(0);
        default_number(port, "hostPort", number);
    }
}

fn set_container_defaults(container: &mut Map<String, Value>) {
    default(container, "imagePullPolicy", image::pull_policy(container.text("image")).into());
    default(container, "terminationMessagePath", "/dev/termination-log".into());
    default(container, "terminationMessagePolicy", "File".into());
    default(container, "resources", json!({}));
    if let Some(resources) = section_mut(container, "resources") {
        round_resources(resources);
    }
    sections_mut(container, "ports").for_each(|port| default(port, "protocol", "TCP".into()));
    for variable in sections_mut(container, "env") {
        if let Some(source) = section_mut(variable, "valueFrom") {
            set_reference_defaults(source);
        }
    }
    for probe in ["livenessProbe", "readinessProbe", "startupProbe"] {
        if let Some(probe) = section_mut(container, probe) {
            set_probe_defaults(probe);
        }
    }
    if let Some(lifecycle) = section_mut(container, "lifecycle") {
        for hook in ["postStart", "preStop"] {
            if let Some(action) = section_mut(lifecycle, hook).and_then(|h| section_mut(h, "httpGet")) {
                set_http_defaults(action);
            }
        }
    }
}

fn set_probe_defaults(probe: &mut Map<String, Value>) {
    for (key, value) in [("timeoutSeconds", 1), ("periodSeconds", 10), ("successThreshold", 1), ("failureThreshold", 3)]
    {
        default_number(probe, key, value);
    }
    if let Some(action) = section_mut(probe, "httpGet") {
        set_http_defaults(action);
    }
    if let Some(grpc) = section_mut(probe, "grpc") {
        grpc.entry("service").or_insert_with(|| "".into());
    }
}

fn set_http_defaults(action: &mut Map<String, Value>) {
    default(action, "path", "/".into());
    default(action, "scheme", "HTTP".into());
}

/// What a variable or a file of the downward API refers to.
fn set_reference_defaults(source: &mut Map<String, Value>) {
    if let Some(field) = section_mut(source, "fieldRef") {
        default(field, "apiVersion", "v1".into());
    }
    if let Some(resource) = section_mut(source, "resourceFieldRef") {
        // A quantity that is no pointer: Go prints its zero value.
        default(resource, "divisor", "0".into());
        if let Some(divisor) = resource.get_mut("divisor") {
            canonicalize(divisor);
        }
    }
    if let Some(file) = section_mut(source, "fileKeyRef") {
        default(file, "optional", false.into());
    }
}

fn round_resources(resources: &mut Map<String, Value>) {
    for part in ["limits", "requests"] {
        if let Some(list) = section_mut(resources, part) {
            round_quantities(list);
        }
    }
}

/// SetDefaults_ResourceList: nothing finer than a thousandth. What is no quantity is left to decoding.
fn round_quantities(list: &mut Map<String, Value>) {
    for value in list.values_mut() {
        if let Ok(quantity) = Quantity::from_value(value) {
            *value = quantity.round_up_to_milli().to_string().into();
        }
    }
}

#[cfg(test)]
mod tests;
