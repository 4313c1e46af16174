//! Who answers at an address and port: a Service's endpoint in its turn, a node's port, a pod.

use std::cell::Cell;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::net::{Ipv4Addr, SocketAddrV4};

use serde_json::Value;

use super::Owner;
use super::names::{addresses, is_ready, slices};
use crate::apimachinery::key::Key;
use crate::apimachinery::object::Object;
use crate::apimachinery::status::Status;
use crate::cluster::Cluster;
use crate::control::kubelet;
use crate::control::sandbox::Sandbox;
use crate::entropy;
use crate::runtime::network::Reach;

/// Where the round of a Service's endpoints begins: with any of them, since nobody remembers who came last.
pub fn first() -> Cell<usize> {
    let mut hasher = DefaultHasher::new();
    // Without randomness it begins with the first.
    entropy::draw().map(|seed| seed.0).unwrap_or_default().hash(&mut hasher);
    Cell::new(usize::try_from(hasher.finish() >> 16).unwrap_or_default())
}

/// Says who answers; `owners` have the address, `others` finds the owners of another one.
pub fn reach(
    cluster: &Cluster,
    owners: &[Owner],
    from: Ipv4Addr,
    to: SocketAddrV4,
    turn: &Cell<usize>,
    others: impl Fn(Ipv4Addr) -> Result<Vec<Owner>, Status>,
) -> Result<Reach, Status> {
    if owners.is_empty() {
        return Ok(Reach::Nobody);
    }
    let mut services = Vec::new();
    for owner in owners {
        if let Owner::Service(key) = owner
            && let Some(service) = cluster.get(key)?
        {
            services.push((service, "port"));
        }
    }
    if owners.contains(&Owner::Node) {
        services.extend(cluster.list("services", None)?.into_iter().map(|service| (service, "nodePort")));
    }
    for (service, field) in &services {
        let Some(port) = port_of(service, field, to.port()) else { continue };
        let all = endpoints(cluster, service, port)?;
        let Some(endpoint) = choose(service, &all, from, turn) else { return Ok(Reach::Refused) };
        return in_pods(cluster, &others(*endpoint.ip())?, endpoint.port());
    }
    in_pods(cluster, owners, to.port())
}

/// A Service's TCP port with a number, in a field of it.
fn port_of<'s>(service: &'s Object, field: &str, number: u16) -> Option<&'s Value> {
    let is_tcp = |p: &&Value| p.get("protocol").and_then(Value::as_str).is_none_or(|p| p == "TCP");
    let has_number = |p: &&Value| p.get(field).and_then(Value::as_u64) == Some(u64::from(number));
    service.list_at("/spec/ports").iter().filter(is_tcp).find(has_number)
}

/// The ready endpoints of a Service's port, in order, each with the port that it is behind there.
fn endpoints(cluster: &Cluster, service: &Object, port: &Value) -> Result<Vec<SocketAddrV4>, Status> {
    let name = |p: &Value| p.get("name").and_then(Value::as_str).unwrap_or_default().to_owned();
    let number = |p: &Value| p.get("port").and_then(Value::as_u64).and_then(|p| u16::try_from(p).ok());
    let mut all = Vec::new();
    for slice in slices(cluster, service.namespace(), service.name())? {
        let target = slice.list_at("/ports").iter().find(|p| name(p) == name(port)).and_then(number);
        let Some(target) = target else { continue };
        let ready = slice.list_at("/endpoints").iter().filter(|e| is_ready(e));
        all.extend(ready.flat_map(addresses).map(|ip| SocketAddrV4::new(ip, target)));
    }
    all.sort_unstable();
    all.dedup();
    Ok(all)
}

/// One after the other; with affinity, a client's always the same as long as there are the same.
fn choose(service: &Object, all: &[SocketAddrV4], from: Ipv4Addr, turn: &Cell<usize>) -> Option<SocketAddrV4> {
    let place = match service.str_at("/spec/sessionAffinity") {
        "ClientIP" => usize::try_from(u32::from(from)).unwrap_or_default(),
        _ => turn.replace(turn.get().wrapping_add(1)),
    };
    all.get(place.checked_rem(all.len())?).copied()
}

/// The worlds of the pods among some owners of an address.
fn in_pods(cluster: &Cluster, owners: &[Owner], port: u16) -> Result<Reach, Status> {
    let mut worlds = Vec::new();
    for owner in owners {
        if let Owner::Pod(key) = owner {
            worlds.extend(world(cluster, key)?);
        }
    }
    Ok(if worlds.is_empty() { Reach::Refused } else { Reach::Pods(worlds, port) })
}

/// A running pod's world, with the servers of its running containers alone; `None` where there is no such pod.
///
/// # Errors
/// The store's, and those of a pod whose world cannot be told.
pub fn world(cluster: &Cluster, key: &Key) -> Result<Option<Sandbox>, Status> {
    let Some(pod) = cluster.get(key)? else { return Ok(None) };
    let running: Vec<&str> = pod
        .list_at("/status/containerStatuses")
        .iter()
        .filter(|s| s.pointer("/state/running").is_some())
        .filter_map(|s| s.get("name")?.as_str())
        .collect();
    let Some(first) = running.first() else { return Ok(None) };
    let mut sandbox = kubelet::sandbox(&pod, first, cluster)?;
    sandbox.servers.retain(|s| running.contains(&s.container.as_str()));
    Ok(Some(sandbox))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn endpoints_take_turns_and_remembered_clients_do_not() {
        let service = |affinity: &str| Object::from_value(json!({"spec": {"sessionAffinity": affinity}})).unwrap();
        let all: Vec<SocketAddrV4> = (1..=3).map(|n| SocketAddrV4::new(Ipv4Addr::new(172, 16, 0, n), 80)).collect();
        let client = Ipv4Addr::new(172, 16, 0, 9);
        let turn = Cell::new(usize::MAX);
        let chosen = |affinity: &str| -> Vec<u8> {
            let service = service(affinity);
            (0..6).map(|_| choose(&service, &all, client, &turn).unwrap().ip().octets()[3]).collect()
        };
        let round = chosen("None");
        assert_eq!(round[2..5].iter().map(|n| u32::from(*n)).sum::<u32>(), 6, "{round:?}");
        assert!(chosen("ClientIP").windows(2).all(|pair| pair[0] == pair[1]));
        assert_eq!(choose(&service("None"), &[], client, &turn), None);
    }

    #[test]
    fn a_port_is_found_by_its_number_and_only_where_it_is_tcp_s() {
        let ports = json!([{"port": 53, "protocol": "UDP"}, {"name": "a", "port": 80, "nodePort": 30080}]);
        let service = Object::from_value(json!({"spec": {"ports": ports}})).unwrap();
        assert_eq!(port_of(&service, "port", 80).unwrap()["name"], "a");
        assert_eq!(port_of(&service, "nodePort", 30080).unwrap()["name"], "a");
        assert_eq!((port_of(&service, "port", 53), port_of(&service, "port", 81)), (None, None));
    }
}
