//! EndpointSlice: the addresses behind a Service, in the new form. Knows Services by label only.

mod describe;

use serde_json::Value;

use super::describe::{Text, View};
use super::{Kind, Names, endpoints, ip, zeros};
use crate::apimachinery::field::{Errors, Path};
use crate::apimachinery::names;
use crate::apimachinery::object::Object;
use crate::apimachinery::status::Status;
use crate::apimachinery::table::{Column, column};
use crate::apimachinery::time::{self, Time};

/// The kind.
pub struct EndpointSlice;

/// The group resource, as keys have it.
pub const RESOURCE: &str = "endpointslices.discovery.k8s.io";
/// The label that names a slice's Service.
pub const SERVICE_NAME_LABEL: &str = "kubernetes.io/service-name";

static NAMES: Names = Names {
    group: "discovery.k8s.io",
    api_version: "discovery.k8s.io/v1",
    resource: RESOURCE,
    ..Names::core("EndpointSlice", "endpointslices", "endpointslice", &[])
};
static COLUMNS: [Column; 5] =
    [column("Name"), column("AddressType"), column("Ports"), column("Endpoints"), column("Age")];

const MAX_ENDPOINTS: usize = 1000;
const MAX_PORTS: usize = 20_000;
const MAX_ADDRESSES: usize = 100;
/// How many ports or addresses a table's cell shows.
const SHOWN: usize = 3;

impl Kind for EndpointSlice {
    fn names(&self) -> &Names {
        &NAMES
    }

    fn columns(&self) -> &[Column] {
        &COLUMNS
    }

    fn cells(&self, object: &Object, now: Time) -> Vec<String> {
        let ports = object.list_at("/ports").iter().map(|p| match p.get("port").and_then(Value::as_i64) {
            Some(number) => number.to_string(),
            None => p.get("name").and_then(Value::as_str).unwrap_or("*").to_owned(),
        });
        let addresses = object.list_at("/endpoints").iter().flat_map(addresses).map(str::to_owned);
        vec![
            object.name().to_owned(),
            object.str_at("/addressType").to_owned(),
            shown(ports.collect()),
            shown(addresses.collect()),
            time::age(object.creation_timestamp(), now),
        ]
    }

    fn describe(&self, object: &Object, view: &View, out: &mut Text) -> Result<(), Status> {
        describe::describe(object, view, out)
    }

    fn warnings(&self, new: &Object, old: Option<&Object>) -> Vec<String> {
        if new.str_at("/addressType") == "FQDN" && old.is_none() {
            // The path is upstream's.
            return vec!["spec.addressType: FQDN endpoints are deprecated".to_owned()];
        }
        let mut warnings = Vec::new();
        for (i, endpoint) in new.list_at("/endpoints").iter().enumerate() {
            let addresses = endpoint.get("addresses").and_then(Value::as_array).into_iter().flatten();
            for (j, address) in addresses.filter_map(Value::as_str).enumerate() {
                let path = Path::new("endpoints").index(i).child("addresses").index(j);
                warnings.extend(ip::warning(address, &path));
            }
        }
        warnings
    }

    fn set_defaults(&self, object: &mut Object) {
        let ports = object.body_mut().get_mut("ports").and_then(Value::as_array_mut);
        for port in ports.into_iter().flatten().filter_map(Value::as_object_mut) {
            port.entry("name").or_insert_with(|| "".into());
            port.entry("protocol").or_insert_with(|| "TCP".into());
        }
        zeros::write(object, &[("/endpoints", Value::Null), ("/ports", Value::Null)]);
    }

    fn prepare_for_create(&self, _object: &mut Object) {}

    fn prepare_for_update(&self, _new: &mut Object, _old: &Object) {}

    fn has_generation(&self) -> bool {
        true
    }

    fn validate(&self, object: &Object) -> Errors {
        let mut errors = Errors::default();
        let kind = object.str_at("/addressType");
        let supported = ["FQDN", "IPv4", "IPv6"];
        if kind.is_empty() {
            errors.required(&Path::new("addressType"), "");
        } else if !supported.contains(&kind) {
            errors.not_supported(&Path::new("addressType"), kind, &supported);
        }
        validate_endpoints(object.list_at("/endpoints"), kind, &mut errors);
        validate_ports(object.list_at("/ports"), &mut errors);
        errors
    }

    fn validate_update(&self, new: &Object, old: &Object) -> Errors {
        let mut errors = self.validate(new);
        if new.at("/addressType") != old.at("/addressType") {
            errors.invalid(&Path::new("addressType"), new.str_at("/addressType"), "field is immutable");
        }
        errors
    }
}

fn addresses(endpoint: &Value) -> impl Iterator<Item = &str> {
    let addresses = endpoint.get("addresses").and_then(Value::as_array);
    addresses.into_iter().flatten().filter_map(Value::as_str)
}

/// `a,b,c + 2 more...`, or `<unset>` for none.
fn shown(all: Vec<String>) -> String {
    match all.len() {
        0 => "<unset>".to_owned(),
        n if n > SHOWN => format!("{} + {} more...", all[..SHOWN].join(","), n - SHOWN),
        _ => all.join(","),
    }
}

fn validate_endpoints(list: &[Value], kind: &str, errors: &mut Errors) {
    let path = Path::new("endpoints");
    if list.len() > MAX_ENDPOINTS {
        return errors.too_many(&path, list.len(), MAX_ENDPOINTS);
    }
    for (i, endpoint) in list.iter().enumerate() {
        let path = path.index(i);
        let all: Vec<&str> = addresses(endpoint).collect();
        let addresses_path = path.child("addresses");
        if all.is_empty() {
            errors.required(&addresses_path, "must contain at least 1 address");
        } else if all.len() > MAX_ADDRESSES {
            errors.too_many(&addresses_path, all.len(), MAX_ADDRESSES);
        }
        for (j, address) in all.into_iter().enumerate() {
            validate_address(address, kind, &addresses_path.index(j), errors);
        }
        if let Some(hostname) = endpoint.get("hostname").and_then(Value::as_str) {
            for problem in names::is_dns1123_label(hostname) {
                errors.invalid(&path.child("hostname"), hostname, &problem);
            }
        }
    }
}

fn validate_address(address: &str, kind: &str, path: &Path, errors: &mut Errors) {
    let is_v4 = address.parse::<std::net::Ipv4Addr>().is_ok();
    let is_v6 = address.parse::<std::net::Ipv6Addr>().is_ok();
    match kind {
        "IPv4" => {
            if ip::validate(address, path, errors) && !is_v4 {
                errors.invalid(path, address, "must be an IPv4 address");
            }
            ip::validate_non_special(address, path, errors);
        }
        "IPv6" => {
            if ip::validate(address, path, errors) && !is_v6 {
                errors.invalid(path, address, "must be an IPv6 address");
            }
            ip::validate_non_special(address, path, errors);
        }
        "FQDN" => {
            for problem in names::is_dns1123_subdomain(address) {
                errors.invalid(path, address, &problem);
            }
        }
        _ => {}
    }
}

fn validate_ports(list: &[Value], errors: &mut Errors) {
    let path = Path::new("ports");
    if list.len() > MAX_PORTS {
        return errors.too_many(&path, list.len(), MAX_PORTS);
    }
    let mut seen: Vec<&str> = Vec::new();
    for (i, port) in list.iter().enumerate() {
        let path = path.index(i);
        let text = |field: &str| port.get(field).and_then(Value::as_str).unwrap_or_default();
        let name = text("name");
        if !name.is_empty() {
            for problem in names::is_dns1123_label(name) {
                errors.invalid(&path.child("name"), name, &problem);
            }
        }
        if seen.contains(&name) {
            errors.duplicate(&path.child("name"), name);
        }
        seen.push(name);
        endpoints::validate_protocol(text("protocol"), &path.child("protocol"), errors);
        if let Some(protocol) = port.get("appProtocol").and_then(Value::as_str) {
            for problem in names::is_qualified_name(protocol) {
                errors.invalid(&path.child("appProtocol"), protocol, &problem);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn row(body: Value) -> Vec<String> {
        EndpointSlice.cells(&Object::from_value(body).unwrap(), Time::MAX_UTC)[1..4].to_vec()
    }

    #[test]
    fn rows_are_kubectls() {
        assert_eq!(row(json!({"addressType": "IPv4"})), ["IPv4", "<unset>", "<unset>"]);
        let endpoints: Vec<Value> = (1..=5).map(|i| json!({"addresses": [format!("10.0.0.{i}")]})).collect();
        assert_eq!(
            row(json!({"addressType": "IPv4", "endpoints": endpoints, "ports": [{"port": 3306}, {"name": "x"}, {}]})),
            ["IPv4", "3306,x,*", "10.0.0.1,10.0.0.2,10.0.0.3 + 2 more..."]
        );
    }

    #[test]
    fn slices_are_validated() {
        let body = json!({"addressType": "IPv4", "endpoints": [{"addresses": []}, {"addresses": ["x"]}],
            "ports": [{"name": "a", "protocol": "TCP"}, {"name": "a", "protocol": "HTTP"}]});
        let errors = EndpointSlice.validate(&Object::from_value(body).unwrap());
        let texts: Vec<String> = errors.0.iter().map(ToString::to_string).collect();
        assert_eq!(texts[0], "endpoints[0].addresses: Required value: must contain at least 1 address");
        assert!(texts[1].starts_with("endpoints[1].addresses[0]: Invalid value: \"x\": must be a valid IP address"));
        assert_eq!(texts[3], "ports[1].name: Duplicate value: \"a\"");
        assert_eq!(
            texts[4],
            "ports[1].protocol: Unsupported value: \"HTTP\": supported values: \"SCTP\", \"TCP\", \"UDP\""
        );
    }
}
