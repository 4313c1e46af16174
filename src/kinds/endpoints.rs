//! Endpoints: the addresses behind a Service, in the old form. Knows Services by name only.
//!
//! The addresses are worked out by the Service's controller; this kind's own takes away what a deleted Service leaves.

mod describe;

use std::sync::Arc;

use serde_json::Value;

use super::describe::{Text, View};
use super::plan::{Action, Plan};
use super::{Kind, Names, Trigger, ip, zeros};
use crate::apimachinery::field::{Errors, Path};
use crate::apimachinery::key::Key;
use crate::apimachinery::names;
use crate::apimachinery::object::Object;
use crate::apimachinery::status::Status;
use crate::apimachinery::table::{Column, column};
use crate::apimachinery::time::{self, Time};
use crate::cluster::Cluster;

/// The kind.
pub struct Endpoints;

static NAMES: Names = Names::core("Endpoints", "endpoints", "endpoints", &["ep"]);
static COLUMNS: [Column; 3] = [column("Name"), column("Endpoints"), column("Age")];

/// Who looks after an Endpoints object.
pub const MANAGED_BY: &str = "endpoints.kubernetes.io/managed-by";
/// The controller's name in that label.
pub const CONTROLLER: &str = "endpoint-controller";
/// How many addresses a table's cell shows.
const SHOWN: usize = 3;

impl Kind for Endpoints {
    fn names(&self) -> &Names {
        &NAMES
    }

    fn columns(&self) -> &[Column] {
        &COLUMNS
    }

    fn cells(&self, object: &Object, now: Time) -> Vec<String> {
        vec![object.name().to_owned(), addresses(object), time::age(object.creation_timestamp(), now)]
    }

    fn describe(&self, object: &Object, view: &View, out: &mut Text) -> Result<(), Status> {
        describe::describe(object, view, out)
    }

    fn set_defaults(&self, object: &mut Object) {
        zeros::omit(object, &["/subsets"]);
        let subsets = object.body_mut().get_mut("subsets").and_then(Value::as_array_mut);
        for subset in subsets.into_iter().flatten() {
            let ports = subset.get_mut("ports").and_then(Value::as_array_mut);
            for port in ports.into_iter().flatten().filter_map(Value::as_object_mut) {
                port.entry("protocol").or_insert_with(|| "TCP".into());
            }
        }
    }

    fn prepare_for_create(&self, _object: &mut Object) {}

    fn prepare_for_update(&self, _new: &mut Object, _old: &Object) {}

    fn validate(&self, object: &Object) -> Errors {
        let mut errors = Errors::default();
        for (i, subset) in object.list_at("/subsets").iter().enumerate() {
            validate_subset(subset, &Path::new("subsets").index(i), &mut errors);
        }
        errors
    }

    fn warnings(&self, new: &Object, _old: Option<&Object>) -> Vec<String> {
        let mut warnings = Vec::new();
        let subsets = new.list_at("/subsets").iter().filter(|_| new.label(MANAGED_BY) != Some(CONTROLLER));
        for (i, subset) in subsets.enumerate() {
            for field in ["addresses", "notReadyAddresses"] {
                let path = Path::new("subsets").index(i).child(field);
                let told = |(j, address): (usize, &Value)| ip::warning(text(address, "ip"), &path.index(j).child("ip"));
                warnings.extend(list(subset, field).iter().enumerate().filter_map(told));
            }
        }
        warnings
    }

    fn deprecation(&self) -> Option<&str> {
        Some("v1 Endpoints is deprecated in v1.33+; use discovery.k8s.io/v1 EndpointSlice")
    }

    fn reconcile(&self, object: &Arc<Object>, cluster: &Cluster, _now: Time) -> Result<Plan, Status> {
        let mut plan = Plan::nothing();
        let service = Key::new("services", object.namespace(), object.name());
        let managed = object.label(MANAGED_BY) == Some(CONTROLLER);
        if managed && object.deletion_timestamp().is_none() && cluster.get(&service)?.is_none() {
            let key = NAMES.key(object.namespace(), object.name());
            plan.push(Action::Delete { key, uid: object.uid().to_owned() });
        }
        Ok(plan)
    }

    fn triggers(&self) -> &'static [Trigger] {
        &[Trigger { resource: "services", keys: |o, _| Ok(vec![NAMES.key(o.namespace(), o.name())]) }]
    }

    /// A Service makes its own.
    fn export(&self, object: &mut Object, _cluster: &Cluster) -> Result<bool, Status> {
        Ok(object.label(MANAGED_BY) != Some(CONTROLLER))
    }
}

fn list<'a>(value: &'a Value, field: &str) -> &'a [Value] {
    value.get(field).and_then(Value::as_array).map_or(&[], Vec::as_slice)
}

fn text<'a>(value: &'a Value, field: &str) -> &'a str {
    value.get(field).and_then(Value::as_str).unwrap_or_default()
}

/// `10.0.0.1:80,10.0.0.2:80,10.0.0.3:80 + 2 more...`: the ready ones.
fn addresses(object: &Object) -> String {
    if object.list_at("/subsets").is_empty() {
        return "<none>".to_owned();
    }
    let mut all: Vec<String> = Vec::new();
    for subset in object.list_at("/subsets") {
        let ips = || list(subset, "addresses").iter().map(|a| text(a, "ip"));
        let ports = list(subset, "ports");
        if ports.is_empty() {
            all.extend(ips().map(str::to_owned));
        }
        for port in ports {
            all.extend(ips().map(|ip| host_port(ip, port["port"].as_i64().unwrap_or(0))));
        }
    }
    let shown = all[..all.len().min(SHOWN)].join(",");
    if all.len() > SHOWN { format!("{shown} + {} more...", all.len() - SHOWN) } else { shown }
}

fn host_port(ip: &str, port: i64) -> String {
    if ip.contains(':') { format!("[{ip}]:{port}") } else { format!("{ip}:{port}") }
}

fn validate_subset(subset: &Value, path: &Path, errors: &mut Errors) {
    let (ready, not_ready) = (list(subset, "addresses"), list(subset, "notReadyAddresses"));
    if ready.is_empty() && not_ready.is_empty() {
        errors.required(path, "must specify `addresses` or `notReadyAddresses`");
    }
    for (field, addresses) in [("addresses", ready), ("notReadyAddresses", not_ready)] {
        for (i, address) in addresses.iter().enumerate() {
            validate_address(address, &path.child(field).index(i), errors);
        }
    }
    let ports = list(subset, "ports");
    for (i, port) in ports.iter().enumerate() {
        validate_port(port, ports.len() > 1, &path.child("ports").index(i), errors);
    }
}

fn validate_address(address: &Value, path: &Path, errors: &mut Errors) {
    let address_ip = text(address, "ip");
    ip::validate(address_ip, &path.child("ip"), errors);
    let (hostname, node) = (text(address, "hostname"), address.get("nodeName").and_then(Value::as_str));
    if !hostname.is_empty() {
        for problem in names::is_dns1123_label(hostname) {
            errors.invalid(&path.child("hostname"), hostname, &problem);
        }
    }
    for problem in node.map(|n| names::name_is_dns_subdomain(n, false)).unwrap_or_default() {
        errors.invalid(&path.child("nodeName"), node.unwrap_or_default(), &problem);
    }
    ip::validate_non_special(address_ip, &path.child("ip"), errors);
}

fn validate_port(port: &Value, needs_name: bool, path: &Path, errors: &mut Errors) {
    let name = text(port, "name");
    if needs_name && name.is_empty() {
        errors.required(&path.child("name"), "");
    } else if !name.is_empty() {
        for problem in names::is_dns1123_label(name) {
            errors.invalid(&path.child("name"), name, &problem);
        }
    }
    let number = port["port"].as_i64().unwrap_or(0);
    for problem in names::is_port_number(number) {
        errors.invalid(&path.child("port"), number, &problem);
    }
    validate_protocol(text(port, "protocol"), &path.child("protocol"), errors);
    if let Some(protocol) = port.get("appProtocol").and_then(Value::as_str) {
        for problem in names::is_qualified_name(protocol) {
            errors.invalid(&path.child("appProtocol"), protocol, &problem);
        }
    }
}

/// Checks a port's protocol: also a Service's and a slice's.
pub fn validate_protocol(protocol: &str, path: &Path, errors: &mut Errors) {
    const SUPPORTED: [&str; 3] = ["SCTP", "TCP", "UDP"];
    if protocol.is_empty() {
        errors.required(path, "");
    } else if !SUPPORTED.contains(&protocol) {
        errors.not_supported(path, protocol, &SUPPORTED);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kinds::empty_store::{EmptyStore, put};
    use serde_json::json;

    fn endpoints(subsets: Value) -> Object {
        Object::from_value(json!({"metadata": {"name": "nginx", "namespace": "default"}, "subsets": subsets})).unwrap()
    }

    #[test]
    fn cells_show_three_addresses() {
        let ips = |n: u8| (1..=n).map(|i| json!({"ip": format!("10.0.0.{i}")})).collect::<Vec<_>>();
        let cases = [
            (json!([]), "<none>"),
            (json!([{"notReadyAddresses": ips(1), "ports": [{"port": 80}]}]), ""),
            (json!([{"addresses": ips(2), "ports": [{"port": 80}]}]), "10.0.0.1:80,10.0.0.2:80"),
            (json!([{"addresses": ips(2)}]), "10.0.0.1,10.0.0.2"),
            (
                json!([{"addresses": ips(2), "ports": [{"port": 80}, {"port": 443}]}]),
                "10.0.0.1:80,10.0.0.2:80,10.0.0.1:443 + 1 more...",
            ),
            (json!([{"addresses": [{"ip": "fd00::1"}], "ports": [{"port": 80}]}]), "[fd00::1]:80"),
        ];
        for (subsets, want) in cases {
            assert_eq!(Endpoints.cells(&endpoints(subsets.clone()), Time::MAX_UTC)[1], want, "{subsets}");
        }
    }

    #[test]
    fn they_go_with_the_service_they_were_made_for() {
        let mut cluster = Cluster::new(&EmptyStore);
        let mut o = Object::new("v1", "Endpoints", "default", "nginx");
        let own = put(&mut cluster, &o);
        o.set_label(MANAGED_BY, CONTROLLER);
        let plan = |o: &Arc<Object>, cluster: &Cluster| Endpoints.reconcile(o, cluster, cluster.now()).unwrap().actions;
        assert_eq!(plan(&own, &cluster), [], "a user's own");
        let made = put(&mut cluster, &o);
        let key = Key::new("endpoints", "default", "nginx");
        assert_eq!(plan(&made, &cluster), [Action::Delete { key, uid: made.uid().to_owned() }]);
        put(&mut cluster, &Object::new("v1", "Service", "default", "nginx"));
        assert_eq!(plan(&made, &cluster), []);
    }

    #[test]
    fn subsets_are_validated() {
        let o = endpoints(json!([{"ports": [{"port": 0, "protocol": "TCP"}]}, {"addresses": [{"ip": "127.0.0.1"}]}]));
        let texts: Vec<String> = Endpoints.validate(&o).0.iter().map(ToString::to_string).collect();
        assert_eq!(
            texts,
            [
                "subsets[0]: Required value: must specify `addresses` or `notReadyAddresses`",
                "subsets[0].ports[0].port: Invalid value: 0: must be between 1 and 65535, inclusive",
                "subsets[1].addresses[0].ip: Invalid value: \"127.0.0.1\": may not be in the loopback range (127.0.0.0/8, ::1/128)",
            ]
        );
    }
}
