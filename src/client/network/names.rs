//! Services and endpoints as DNS sees them, from Service and EndpointSlice objects.

use std::net::Ipv4Addr;

use serde_json::Value;

use super::Owner;
use crate::apimachinery::key::Key;
use crate::apimachinery::object::Object;
use crate::apimachinery::status::Status;
use crate::cluster::Cluster;
use crate::control::kubelet::API_SERVER;
use crate::kinds::endpoint_slice::{RESOURCE, SERVICE_NAME_LABEL};
use crate::runtime::dns::{Address, Endpoint, Named, Port, Service};

/// A Service, its ready endpoints and their ports.
pub fn service(cluster: &Cluster, namespace: &str, name: &str) -> Result<Option<Service>, Status> {
    let Some(service) = cluster.get(&Key::new("services", namespace, name))? else {
        return Ok(((namespace, name) == API_SERVER_NAME).then(api_server));
    };
    let address = match (service.str_at("/spec/type"), service.str_at("/spec/clusterIP")) {
        ("ExternalName", _) => Address::ExternalName(service.str_at("/spec/externalName").to_owned()),
        (_, "None") => Address::Headless,
        (_, ip) => match ip.parse() {
            Ok(ip) => Address::ClusterIp(ip),
            // It has no address yet, or one of a family that this cluster does not have.
            Err(_) => return Ok(None),
        },
    };
    let mut endpoints = Vec::new();
    for slice in slices(cluster, namespace, name)? {
        endpoints.extend(in_slice(&slice));
    }
    Ok(Some(Service { address, ports: ports(service.list_at("/spec/ports")), endpoints }))
}

/// The API server's Service, which no list shows and every pod has in its environment.
const API_SERVER_NAME: (&str, &str) = ("default", "kubernetes");

fn api_server() -> Service {
    let port = Port { name: "https".to_owned(), protocol: "TCP".to_owned(), number: 443 };
    let address = API_SERVER.parse().map_or(Address::Headless, Address::ClusterIp);
    Service { address, ports: vec![port], endpoints: Vec::new() }
}

/// A Service's EndpointSlices.
pub fn slices(cluster: &Cluster, namespace: &str, service: &str) -> Result<Vec<std::sync::Arc<Object>>, Status> {
    let mut slices = cluster.list(RESOURCE, Some(namespace))?;
    slices.retain(|s| s.label(SERVICE_NAME_LABEL) == Some(service));
    Ok(slices)
}

/// Whether an endpoint takes part: one that says nothing is ready.
pub fn is_ready(endpoint: &Value) -> bool {
    endpoint.pointer("/conditions/ready").is_none_or(|r| r != false)
}

/// An endpoint's addresses of the family that the cluster has.
pub fn addresses(endpoint: &Value) -> impl Iterator<Item = Ipv4Addr> {
    let list = endpoint.get("addresses").and_then(Value::as_array).into_iter().flatten();
    list.filter_map(|a| a.as_str()?.parse().ok())
}

fn in_slice(slice: &Object) -> Vec<Endpoint> {
    let ports = ports(slice.list_at("/ports"));
    let ready = slice.list_at("/endpoints").iter().filter(|e| is_ready(e));
    let all = ready.flat_map(|e| addresses(e).map(move |ip| (e, ip)));
    all.map(|(e, ip)| Endpoint { ip, hostname: hostname(e), ports: ports.clone() }).collect()
}

fn hostname(endpoint: &Value) -> Option<String> {
    endpoint.get("hostname").and_then(Value::as_str).filter(|h| !h.is_empty()).map(str::to_owned)
}

/// Ports with a number, of a Service or of a slice.
fn ports(list: &[Value]) -> Vec<Port> {
    let port = |p: &Value| {
        let text = |field: &str| p.get(field).and_then(Value::as_str).unwrap_or_default().to_owned();
        let protocol = Some(text("protocol")).filter(|p| !p.is_empty()).unwrap_or_else(|| "TCP".to_owned());
        Some(Port { name: text("name"), protocol, number: u16::try_from(p.get("port")?.as_u64()?).ok()? })
    };
    list.iter().filter_map(port).collect()
}

/// What an address is called: its Service, and every endpoint of a Service that has it.
pub fn of_address(cluster: &Cluster, ip: Ipv4Addr, owners: &[Owner]) -> Result<Vec<Named>, Status> {
    let mut all = Vec::new();
    if API_SERVER.parse() == Ok(ip) {
        let (namespace, name) = API_SERVER_NAME;
        all.push(Named::Service { namespace: namespace.to_owned(), name: name.to_owned() });
    }
    for owner in owners {
        let Owner::Service(key) = owner else { continue };
        let service = cluster.get(key)?;
        if service.is_some_and(|s| s.str_at("/spec/clusterIP").parse() == Ok(ip)) {
            all.push(Named::Service { namespace: key.namespace.clone(), name: key.name.clone() });
        }
    }
    for slice in cluster.list(RESOURCE, None)? {
        let Some(service) = slice.label(SERVICE_NAME_LABEL) else { continue };
        let ready = slice.list_at("/endpoints").iter().filter(|e| is_ready(e));
        for endpoint in ready.filter(|e| addresses(e).any(|a| a == ip)) {
            let (namespace, service) = (slice.namespace().to_owned(), service.to_owned());
            all.push(Named::Endpoint { namespace, service, hostname: hostname(endpoint) });
        }
    }
    // A pod's own name before those that are made of its address: many look at the first alone.
    all.sort_by_key(|named| matches!(named, Named::Endpoint { hostname: None, .. }));
    Ok(all)
}
