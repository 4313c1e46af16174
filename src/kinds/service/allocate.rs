//! Addresses and node ports for Services, drawn from the store's seed among those that are free. Knows no Service's pods.
//!
//! Order and words are those of pkg/registry/core/service/storage/alloc.go, on a cluster with IPv4 only.

use std::collections::HashSet;
use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;

use serde_json::{Map, Value, json};

use super::spec::{Port, Spec};
use super::validate;
use crate::apimachinery::field::{Errors, Path};
use crate::apimachinery::object::Object;
use crate::apimachinery::status::Status;
use crate::cluster::Cluster;

/// 10.247.0.0/16.
const NETWORK: u32 = 0x0af7_0000;
const NETWORK_SIZE: u32 = 1 << 16;
/// Addresses below this offset are drawn last, so that those a user picks stay free.
const IP_STATIC: u32 = 256;
/// The address of the Service `kubernetes`, which the API server has although it is not listed.
const API_SERVER: u32 = NETWORK + 1;
const PORTS: std::ops::RangeInclusive<i64> = 30_000..=32_767;
/// Ports below this one are drawn last.
const PORT_DYNAMIC: i64 = 30_086;

/// Fills in what a new Service gets: IP families, addresses, node ports.
pub fn create(service: &mut Object, cluster: &Cluster) -> Result<(), Status> {
    let first = service.str_at("/spec/clusterIP").to_owned();
    if !first.is_empty() && service.list_at("/spec/clusterIPs").is_empty() {
        service.set("/spec/clusterIPs", json!([first]));
    }
    families(service, None)?;
    addresses(service, cluster)?;
    node_ports(service, &[], cluster)?;
    health_check_port(service, None, cluster)
}

/// As [`create`], for what a change of type or ports asks for.
pub fn update(new: &mut Object, old: &Object, cluster: &Cluster) -> Result<(), Status> {
    families(new, Some(old))?;
    let (before, after) = (Spec::of(old), Spec::of(new));
    if before.kind == "ExternalName" && after.kind != "ExternalName" {
        addresses(new, cluster)?;
    }
    let had: Vec<i64> = before.ports.iter().map(|p| p.node_port).filter(|p| *p != 0).collect();
    node_ports(new, &had, cluster)?;
    health_check_port(new, Some(&before), cluster)
}

/// `ipFamilyPolicy` and `ipFamilies`; the addresses are checked on the way, so that a bad one is the only error.
fn families(service: &mut Object, old: Option<&Object>) -> Result<(), Status> {
    let spec = Spec::of(service);
    if spec.kind == "ExternalName" {
        return Ok(());
    }
    let selectorless = spec.cluster_ip == "None" && spec.selector.as_ref().is_none_or(Map::is_empty);
    if spec.ip_family_policy.is_none() {
        let inherited = old.and_then(|o| o.at("/spec/ipFamilyPolicy").cloned());
        let policy = if selectorless { "RequireDualStack" } else { "SingleStack" };
        service.set("/spec/ipFamilyPolicy", inherited.unwrap_or_else(|| policy.into()));
    }
    let mut spec = Spec::of(service);
    let mut errors = Errors::default();
    validate::cluster_ips(&spec, &mut errors);
    refuse(service, errors)?;
    infer_families(service, &mut spec)?;
    if spec.ip_families.is_empty() {
        spec.ip_families.push("IPv4".to_owned());
    }
    if !selectorless {
        refuse_dual_stack(service, &spec)?;
    } else if spec.ip_families.len() < 2 && spec.ip_family_policy.as_deref() != Some("SingleStack") {
        let other = if spec.ip_families[0] == "IPv4" { "IPv6" } else { "IPv4" };
        spec.ip_families.push(other.to_owned());
    }
    service.set("/spec/ipFamilies", json!(spec.ip_families));
    Ok(())
}

fn infer_families(service: &Object, spec: &mut Spec) -> Result<(), Status> {
    let mut errors = Errors::default();
    if spec.ip_family_policy.as_deref() == Some("SingleStack") {
        for (count, what) in [(spec.cluster_ips.len(), "cluster IPs"), (spec.ip_families.len(), "IP families")] {
            if count == 2 {
                let detail =
                    format!("must be 'RequireDualStack' or 'PreferDualStack' when multiple {what} are specified");
                errors.invalid(&Path::new("spec.ipFamilyPolicy"), "SingleStack", &detail);
            }
        }
    }
    for (i, ip) in spec.cluster_ips.iter().enumerate().take_while(|(_, ip)| *ip != "None") {
        if i < spec.ip_families.len() {
            continue;
        }
        if ip.contains(':') {
            let path = Path::new("spec.clusterIPs").index(i);
            errors.invalid(&path, json!(spec.cluster_ips), "IPv6 is not configured on this cluster");
        } else {
            spec.ip_families.push("IPv4".to_owned());
        }
    }
    refuse(service, errors)
}

fn refuse_dual_stack(service: &Object, spec: &Spec) -> Result<(), Status> {
    let mut errors = Errors::default();
    if spec.ip_family_policy.as_deref() == Some("RequireDualStack") {
        let detail = "this cluster is not configured for dual-stack services";
        errors.invalid(&Path::new("spec.ipFamilyPolicy"), "RequireDualStack", detail);
    }
    for (i, family) in spec.ip_families.iter().enumerate().filter(|(_, f)| *f != "IPv4") {
        let path = Path::new("spec.ipFamilies").index(i);
        errors.invalid(&path, family.as_str(), "not configured on this cluster");
    }
    refuse(service, errors)
}

fn refuse(service: &Object, errors: Errors) -> Result<(), Status> {
    if errors.is_empty() { Ok(()) } else { Err(Status::invalid("Service", service.name(), errors)) }
}

/// The cluster IP: the one that was asked for, or a free one.
fn addresses(service: &mut Object, cluster: &Cluster) -> Result<(), Status> {
    let spec = Spec::of(service);
    if spec.kind == "ExternalName" || spec.is_headless() {
        return Ok(());
    }
    let used = used_addresses(service, cluster)?;
    let ip = match spec.cluster_ips.first().filter(|ip| !ip.is_empty()) {
        Some(asked) => {
            if let Some(problem) = address_problem(asked, &used) {
                let mut errors = Errors::default();
                let detail = format!("failed to allocate IP {asked}: {problem}");
                errors.invalid(&Path::new("spec.clusterIPs"), json!(spec.cluster_ips), &detail);
                return refuse(service, errors);
            }
            asked.clone()
        }
        None => draw_address(cluster, &used)
            .ok_or_else(|| Status::internal("failed to allocate a serviceIP: range is full"))?
            .to_string(),
    };
    service.set("/spec/clusterIP", ip.as_str().into());
    service.set("/spec/clusterIPs", json!([ip]));
    Ok(())
}

/// The addresses of all Services but this one.
fn used_addresses(service: &Object, cluster: &Cluster) -> Result<HashSet<u32>, Status> {
    let mut used = HashSet::from([API_SERVER]);
    for other in others(service, cluster)? {
        let ips = other.list_at("/spec/clusterIPs").iter().filter_map(Value::as_str);
        used.extend(ips.filter_map(|ip| ip.parse::<Ipv4Addr>().ok()).map(Ipv4Addr::to_bits));
    }
    Ok(used)
}

fn others(service: &Object, cluster: &Cluster) -> Result<Vec<Arc<Object>>, Status> {
    let mut all = cluster.list("services", None)?;
    all.retain(|s| (s.namespace(), s.name()) != (service.namespace(), service.name()));
    Ok(all)
}

fn address_problem(asked: &str, used: &HashSet<u32>) -> Option<&'static str> {
    let Ok(IpAddr::V4(ip)) = asked.parse() else {
        return Some("the provided network does not match the current range");
    };
    // The network's own address and the broadcast address belong to nobody.
    match ip.to_bits().checked_sub(NETWORK) {
        Some(offset) if (1..NETWORK_SIZE - 1).contains(&offset) => {
            used.contains(&ip.to_bits()).then_some("provided IP is already allocated")
        }
        _ => Some("the provided network does not match the current range"),
    }
}

fn draw_address(cluster: &Cluster, used: &HashSet<u32>) -> Option<Ipv4Addr> {
    let upper = draw(cluster, "cluster-ip", i64::from(IP_STATIC), i64::from(NETWORK_SIZE) - 2);
    let lower = draw(cluster, "cluster-ip", 1, i64::from(IP_STATIC) - 1);
    let mut all = upper.chain(lower).filter_map(|offset| u32::try_from(offset).ok()).map(|offset| NETWORK + offset);
    all.find(|ip| !used.contains(ip)).map(Ipv4Addr::from_bits)
}

/// Every number of a range once, beginning at one drawn from the seed.
fn draw(cluster: &Cluster, purpose: &str, low: i64, high: i64) -> impl Iterator<Item = i64> + use<> {
    let digits = cluster.seed().sha256(purpose, cluster.next_resource_version());
    let start = digits.get(..12).and_then(|d| i64::from_str_radix(d, 16).ok()).unwrap_or(0);
    let len = high - low + 1;
    (0..len).map(move |i| low + (start + i) % len)
}

/// Node ports for the ports that need one. `had` are those the Service has already.
fn node_ports(service: &mut Object, had: &[i64], cluster: &Cluster) -> Result<(), Status> {
    let spec = Spec::of(service);
    if !spec.may_have_node_ports() {
        return Ok(());
    }
    let mut used = used_ports(service, cluster)?;
    let mut ports = spec.ports.clone();
    for i in 0..ports.len() {
        let asked = requested(&ports, i, had.is_empty());
        if asked == 0 && !spec.allocates_node_ports() {
            continue;
        }
        let shared = ports[..i].iter().any(|p| p.node_port == asked);
        if asked != 0
            && !shared
            && !had.contains(&asked)
            && let Some(problem) = port_problem(asked, &used)
        {
            let mut errors = Errors::default();
            errors.invalid(&Path::new("spec.ports").index(i).child("nodePort"), asked, problem);
            return refuse(service, errors);
        }
        ports[i].node_port = if asked != 0 { asked } else { draw_port(cluster, &used)? };
        used.insert(ports[i].node_port);
    }
    store_node_ports(service, &ports);
    Ok(())
}

/// The node port a port names or, in a new Service, that another port of the same number names or got: TCP and UDP share.
fn requested(ports: &[Port], i: usize, is_new: bool) -> i64 {
    let own = ports[i].node_port;
    if own != 0 || !is_new {
        return own;
    }
    let same = |p: &&Port| p.port == ports[i].port && p.node_port != 0;
    ports.iter().find(same).map_or(0, |p| p.node_port)
}

fn port_problem(port: i64, used: &HashSet<i64>) -> Option<&'static str> {
    if !PORTS.contains(&port) {
        return Some("provided port is not in the valid range. The range of valid ports is 30000-32767");
    }
    used.contains(&port).then_some("provided port is already allocated")
}

fn used_ports(service: &Object, cluster: &Cluster) -> Result<HashSet<i64>, Status> {
    let mut used = HashSet::new();
    for spec in others(service, cluster)?.iter().map(|s| Spec::of(s)) {
        used.extend(spec.ports.iter().map(|p| p.node_port).chain([spec.health_check_node_port]));
    }
    used.remove(&0);
    Ok(used)
}

fn draw_port(cluster: &Cluster, used: &HashSet<i64>) -> Result<i64, Status> {
    let upper = draw(cluster, "node-port", PORT_DYNAMIC, *PORTS.end());
    let mut all = upper.chain(draw(cluster, "node-port", *PORTS.start(), PORT_DYNAMIC - 1));
    let free = all.find(|port| !used.contains(port));
    free.ok_or_else(|| Status::internal("failed to allocate a nodePort: range is full"))
}

fn store_node_ports(service: &mut Object, ports: &[Port]) {
    let Some(Value::Array(mut list)) = service.at("/spec/ports").cloned() else { return };
    for (value, port) in list.iter_mut().zip(ports).filter(|(_, p)| p.node_port != 0) {
        value["nodePort"] = port.node_port.into();
    }
    service.set("/spec/ports", Value::Array(list));
}

/// The port on which nodes say whether they have a pod of the Service.
fn health_check_port(service: &mut Object, old: Option<&Spec>, cluster: &Cluster) -> Result<(), Status> {
    let spec = Spec::of(service);
    if !spec.needs_health_check() || old.is_some_and(Spec::needs_health_check) {
        return Ok(());
    }
    let mut used = used_ports(service, cluster)?;
    used.extend(spec.ports.iter().map(|p| p.node_port));
    let asked = spec.health_check_node_port;
    if asked != 0
        && let Some(problem) = port_problem(asked, &used)
    {
        let why = format!("failed to allocate requested HealthCheck NodePort {asked}: {problem}");
        return Err(Status::internal(why));
    }
    let port = if asked != 0 { asked } else { draw_port(cluster, &used)? };
    service.set("/spec/healthCheckNodePort", port.into());
    Ok(())
}
