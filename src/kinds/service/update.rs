//! What an update of a Service may leave out, drops by itself, and may not change. Knows no cluster.

use serde_json::{Value, json};

use super::spec::Spec;
use crate::apimachinery::field::{Errors, Path};
use crate::apimachinery::object::Object;

/// Takes over what was allocated where the client did not say otherwise.
pub fn patch_allocated(new: &mut Object, old: &Object) {
    let (before, after) = (Spec::of(old), Spec::of(new));
    if before.needs_cluster_ip() && after.needs_cluster_ip() {
        if after.cluster_ip.is_empty() && !before.cluster_ip.is_empty() {
            new.set("/spec/clusterIP", before.cluster_ip.as_str().into());
        }
        if after.cluster_ips.is_empty() && new.str_at("/spec/clusterIP") == before.cluster_ip {
            copy(new, old, "/spec/clusterIPs");
        }
    }
    if before.may_have_node_ports() && after.may_have_node_ports() {
        patch_node_ports(new, &before, &after);
    }
    if before.needs_health_check() && after.needs_health_check() && after.health_check_node_port == 0 {
        copy(new, old, "/spec/healthCheckNodePort");
    }
    pair_cluster_ips(new, &before);
}

fn copy(new: &mut Object, old: &Object, pointer: &str) {
    if let Some(value) = old.at(pointer) {
        new.set(pointer, value.clone());
    }
}

/// By name, as long as no other port uses the number.
fn patch_node_ports(new: &mut Object, before: &Spec, after: &Spec) {
    let mut used: Vec<i64> = after.ports.iter().map(|p| p.node_port).filter(|p| *p != 0).collect();
    let Some(Value::Array(mut ports)) = new.at("/spec/ports").cloned() else { return };
    for (value, port) in ports.iter_mut().zip(&after.ports).filter(|(_, p)| p.node_port == 0) {
        let known = before.ports.iter().find(|p| p.name == port.name).map_or(0, |p| p.node_port);
        if known != 0 && !used.contains(&known) {
            value["nodePort"] = known.into();
            used.push(known);
        }
    }
    new.set("/spec/ports", Value::Array(ports));
}

/// A client that knows only one of `clusterIP` and `clusterIPs` changes both.
fn pair_cluster_ips(new: &mut Object, before: &Spec) {
    let after = Spec::of(new);
    if after.cluster_ip == before.cluster_ip {
        return;
    }
    if after.cluster_ip.is_empty() {
        if after.cluster_ips == before.cluster_ips {
            new.remove("/spec/clusterIPs");
        }
    } else if after.cluster_ips.is_empty() || after.cluster_ips == before.cluster_ips {
        new.set("/spec/clusterIPs", json!([after.cluster_ip]));
    }
}

/// Drops what a change of type makes senseless, where the client left it as it was.
pub fn drop_type_dependent(new: &mut Object, old: &Object) {
    let (before, after) = (Spec::of(old), Spec::of(new));
    let lost = |had: bool, has: bool| had && !has;
    if lost(before.needs_cluster_ip(), after.needs_cluster_ip()) {
        if new.at("/spec/clusterIPs") == old.at("/spec/clusterIPs") {
            new.remove("/spec/clusterIP");
            new.remove("/spec/clusterIPs");
        }
        drop_if_same(new, old, &["/spec/ipFamilies", "/spec/ipFamilyPolicy"]);
    }
    if lost(before.may_have_node_ports(), after.may_have_node_ports()) {
        drop_node_ports(new, &before, &after);
    }
    if lost(before.needs_health_check(), after.needs_health_check()) {
        drop_if_same(new, old, &["/spec/healthCheckNodePort"]);
    }
    if lost(before.kind == "LoadBalancer", after.kind == "LoadBalancer") {
        drop_if_same(new, old, &["/spec/allocateLoadBalancerNodePorts", "/spec/loadBalancerClass"]);
    }
    if lost(before.is_externally_accessible(), after.is_externally_accessible()) {
        drop_if_same(new, old, &["/spec/externalTrafficPolicy"]);
    }
}

fn drop_if_same(new: &mut Object, old: &Object, pointers: &[&str]) {
    for pointer in pointers {
        if new.at(pointer) == old.at(pointer) {
            new.remove(pointer);
        }
    }
}

fn drop_node_ports(new: &mut Object, before: &Spec, after: &Spec) {
    let is_new = |number: i64| number != 0 && !before.ports.iter().any(|p| p.node_port == number);
    if after.ports.iter().any(|p| is_new(p.node_port)) {
        return;
    }
    let ports = new.body_mut().get_mut("spec").and_then(|s| s.get_mut("ports")).and_then(Value::as_array_mut);
    for port in ports.into_iter().flatten().filter_map(Value::as_object_mut) {
        port.remove("nodePort");
    }
}

/// What may not change; the new Service is validated besides.
pub fn validate(new: &Object, old: &Object) -> Errors {
    let mut errors = Errors::default();
    let (before, after) = (Spec::of(old), Spec::of(new));
    if before.kind != "ExternalName" && after.kind != "ExternalName" {
        cluster_ips(&before, &after, &mut errors);
        ip_families(&before, &after, &mut errors);
    }
    let both_balance = before.kind == "LoadBalancer" && after.kind == "LoadBalancer";
    if both_balance && before.load_balancer_class != after.load_balancer_class {
        let value = after.load_balancer_class.as_deref().map_or(Value::Null, Value::from);
        errors.invalid(&Path::new("spec.loadBalancerClass"), value, "may not change once set");
    }
    // Told here, and once more with the rest of the Service.
    super::validate::balancer_class(&after, &mut errors);
    let (had, has) = (before.health_check_node_port, after.health_check_node_port);
    if before.needs_health_check() && after.needs_health_check() && had != has {
        errors.forbidden(&Path::new("spec.healthCheckNodePort"), "field is immutable");
    }
    errors
}

fn cluster_ips(before: &Spec, after: &Spec, errors: &mut Errors) {
    if before.is_headless() && after.is_headless() {
        return;
    }
    let path = Path::new("spec.clusterIPs");
    let (had, has) = (&before.cluster_ips, &after.cluster_ips);
    if has.is_empty() && !had.is_empty() {
        return errors.invalid(&path.index(0), Value::Null, "primary clusterIP can not be unset");
    }
    for (i, (a, b)) in had.iter().zip(has).enumerate() {
        // Only the first is fixed when one was added or released.
        if a != b && (i == 0 || had.len() == has.len()) {
            errors.invalid(&path.index(i), json!(has), "may not change once set");
        }
    }
    if has.len() == 1 && had.len() > 1 {
        must_be_single(after, "clusterIP", errors);
    }
}

/// Who gives up the second family says so.
fn must_be_single(after: &Spec, what: &str, errors: &mut Errors) {
    if after.ip_family_policy.as_deref() != Some("SingleStack") {
        let policy = after.ip_family_policy.as_deref().map_or(Value::Null, Value::from);
        let detail = format!("must be set to 'SingleStack' when releasing the secondary {what}");
        errors.invalid(&Path::new("spec.ipFamilyPolicy"), policy, &detail);
    }
}

fn ip_families(before: &Spec, after: &Spec, errors: &mut Errors) {
    if before.is_headless() || after.is_headless() {
        return;
    }
    let path = Path::new("spec.ipFamilies").index(0);
    let (had, has) = (&before.ip_families, &after.ip_families);
    if had.len() == has.len() {
        for _ in had.iter().zip(has).filter(|(a, b)| a != b) {
            errors.invalid(&path, json!(has), "may not change once set");
        }
        return;
    }
    if had.len() > has.len() && after.cluster_ips.is_empty() {
        errors.invalid(&path, json!(has), "primary ipFamily can not be unset");
    }
    if let (Some(a), Some(b)) = (had.first(), has.first())
        && a != b
    {
        // Upstream shows the addresses here.
        errors.invalid(&path, json!(after.cluster_ips), "may not change once set");
    }
    if had.len() > has.len() && has.len() == 1 {
        must_be_single(after, "ipFamily", errors);
    }
}
