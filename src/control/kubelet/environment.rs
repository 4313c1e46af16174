//! A container's environment variables, as the kubelet builds them.

use std::collections::BTreeMap;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;

use super::given::Given;
use super::life::text;
use crate::apimachinery::key::Key;
use crate::apimachinery::names;
use crate::apimachinery::object::Object;
use crate::apimachinery::quantity::Quantity;
use crate::apimachinery::status::Status;
use crate::cluster::Cluster;
use crate::kinds::service_made_at;

/// The API server's address in every pod. kstate has no API server; programs only look whether they are in a cluster.
pub const API_SERVER: &str = "10.247.0.1";

/// Variables in the order they were first set; setting one again changes its value.
#[derive(Default)]
struct Variables(Vec<(String, String)>);

impl Variables {
    fn set(&mut self, name: &str, value: impl Into<String>) {
        let value = value.into();
        match self.0.iter_mut().find(|(n, _)| n == name) {
            Some(entry) => entry.1 = value,
            None => self.0.push((name.to_owned(), value)),
        }
    }

    fn get(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|(n, _)| n == name).map(|(_, v)| v.as_str())
    }
}

/// The environment of one container of a pod: services, then `envFrom`, then `env` with `$(NAME)` expanded.
pub fn of(pod: &Object, spec: &Value, cluster: &Cluster) -> Result<Vec<(String, String)>, Status> {
    let mut variables = Variables::default();
    let mut services = Variables::default();
    let given = Given::of(pod, spec, cluster)?;
    add_services(&mut services, pod, cluster, given.at)?;
    for source in list(spec, "envFrom") {
        let prefix = text(source, "prefix");
        for (field, resource) in [("configMapRef", "configmaps"), ("secretRef", "secrets")] {
            let Some(reference) = source.get(field) else { continue };
            for (key, value) in given.entries(resource, text(reference, "name")) {
                let name = format!("{prefix}{key}");
                // The kubelet leaves out what cannot be a variable's name.
                if names::is_env_var_name(&name).is_empty() {
                    variables.set(&name, value);
                }
            }
        }
    }
    for variable in list(spec, "env") {
        let known = |name: &str| variables.get(name).or(services.get(name)).map(str::to_owned);
        let value = match variable.get("valueFrom") {
            Some(from) => value_from(pod, spec, from, &given),
            None => Some(expand(text(variable, "value"), known)),
        };
        if let Some(value) = value {
            variables.set(text(variable, "name"), value);
        }
    }
    for (name, value) in services.0 {
        if variables.get(&name).is_none() {
            variables.set(&name, value);
        }
    }
    Ok(variables.0)
}

fn list<'v>(spec: &'v Value, field: &str) -> impl Iterator<Item = &'v Value> {
    spec.get(field).and_then(Value::as_array).into_iter().flatten()
}

/// The keys of a ConfigMap or Secret, decoded, in order; nothing when there is no such object.
pub fn entries(
    namespace: &str,
    resource: &'static str,
    name: &str,
    cluster: &Cluster,
) -> Result<BTreeMap<String, Vec<u8>>, Status> {
    let mut all = BTreeMap::new();
    let Some(object) = cluster.get(&Key::new(resource, namespace, name))? else { return Ok(all) };
    for (part, is_base64) in [("/data", resource == "secrets"), ("/binaryData", true)] {
        for (key, value) in object.map_at(part).into_iter().flatten() {
            let value = value.as_str().unwrap_or_default();
            let bytes = if is_base64 { STANDARD.decode(value).unwrap_or_default() } else { value.as_bytes().to_vec() };
            all.insert(key.clone(), bytes);
        }
    }
    Ok(all)
}

fn value_from(pod: &Object, spec: &Value, from: &Value, given: &Given) -> Option<String> {
    if let Some(reference) = from.get("fieldRef") {
        return Some(field(pod, text(reference, "fieldPath")));
    }
    if let Some(reference) = from.get("resourceFieldRef") {
        return Some(resource_field(pod, spec, reference));
    }
    for (field, resource) in [("configMapKeyRef", "configmaps"), ("secretKeyRef", "secrets")] {
        if let Some(reference) = from.get(field) {
            let mut all = given.entries(resource, text(reference, "name"));
            return all.find(|(key, _)| *key == text(reference, "key")).map(|(_, value)| value.clone());
        }
    }
    None
}

/// A field of the pod that the downward API offers.
pub fn field(pod: &Object, path: &str) -> String {
    let map_entry =
        |part: &str, key: &str| pod.map_at(part).and_then(|m| m.get(key)?.as_str()).unwrap_or_default().to_owned();
    if let Some((part, key)) = path.split_once("['") {
        let key = key.trim_end_matches("']");
        return map_entry(&format!("/{}", part.replace('.', "/")), key);
    }
    match path {
        "metadata.labels" | "metadata.annotations" => all_entries(pod, path),
        "status.podIPs" | "status.hostIPs" => {
            let list = pod.list_at(&format!("/{}", path.replace('.', "/")));
            list.iter().map(|ip| text(ip, "ip")).collect::<Vec<_>>().join(",")
        }
        _ => pod.str_at(&format!("/{}", path.replace('.', "/"))).to_owned(),
    }
}

/// Labels or annotations as a downward API file shows them: `key="value"`, a line each.
fn all_entries(pod: &Object, path: &str) -> String {
    let map = pod.map_at(&format!("/{}", path.replace('.', "/")));
    let line = |(k, v): (&String, &Value)| {
        format!("{k}={}", crate::apimachinery::quote::quote(v.as_str().unwrap_or_default()))
    };
    map.into_iter().flatten().map(line).collect::<Vec<_>>().join("\n")
}

/// `limits.cpu` and its like, in units of the divisor, rounded up. A limit that is not set is the node's allocatable.
pub fn resource_field(pod: &Object, spec: &Value, reference: &Value) -> String {
    let name = text(reference, "containerName");
    let other = super::container_status::specs(pod).find(|c| !name.is_empty() && text(c, "name") == name);
    let resources = other.unwrap_or(spec).get("resources");
    let path = text(reference, "resource");
    let (part, resource) = path.split_once('.').unwrap_or((path, ""));
    let set = resources.and_then(|r| r.get(part)?.get(resource)?.as_str());
    let allocatable = match (part, resource) {
        ("limits", "cpu") => "1k",
        ("limits", "memory") => "4Ti",
        _ => "0",
    };
    let value = Quantity::parse(set.unwrap_or(allocatable)).ok();
    let divisor = match text(reference, "divisor") {
        "" | "0" => "1",
        divisor => divisor,
    };
    let divisor = Quantity::parse(divisor).ok();
    let milli = |q: Option<Quantity>| q.map_or(0, |q| i128::from(q.milli_value()));
    let (value, divisor) = (milli(value), milli(divisor).max(1));
    (value.div_euclid(divisor) + i128::from(value.rem_euclid(divisor) != 0)).to_string()
}

/// Expands `$(NAME)`; `$$` is a dollar, and a name that is not known stays as it is written.
pub fn expand(text: &str, known: impl Fn(&str) -> Option<String>) -> String {
    let mut out = String::new();
    let mut rest = text;
    while let Some(at) = rest.find('$') {
        out.push_str(&rest[..at]);
        rest = &rest[at + 1..];
        if let Some(after) = rest.strip_prefix('$') {
            out.push('$');
            rest = after;
        } else if let Some((name, after)) = rest.strip_prefix('(').and_then(|r| r.split_once(')')) {
            out.push_str(&known(name).unwrap_or_else(|| format!("$({name})")));
            rest = after;
        } else {
            out.push('$');
        }
    }
    out + rest
}

/// The variables of the namespace's services (unless `enableServiceLinks` is false) and of the API server.
/// The Services that were there at a resourceVersion.
fn add_services(variables: &mut Variables, pod: &Object, cluster: &Cluster, at: u64) -> Result<(), Status> {
    if pod.bool_at("/spec/enableServiceLinks") != Some(false) {
        for service in cluster.list("services", Some(pod.namespace()))? {
            let address = service.str_at("/spec/clusterIP");
            if !address.is_empty() && address != "None" && service_made_at(&service) <= at {
                add_service(variables, service.name(), address, service.list_at("/spec/ports"));
            }
        }
    }
    let port = serde_json::json!({"name": "https", "port": 443, "protocol": "TCP"});
    add_service(variables, "kubernetes", API_SERVER, &[port]);
    Ok(())
}

fn add_service(variables: &mut Variables, service: &str, address: &str, ports: &[Value]) {
    let name = service.to_uppercase().replace('-', "_");
    let number = |p: &Value| p.get("port").map(Value::to_string).unwrap_or_default();
    variables.set(&format!("{name}_SERVICE_HOST"), address);
    if let Some(first) = ports.first() {
        variables.set(&format!("{name}_SERVICE_PORT"), number(first));
        let protocol = protocol(first).to_lowercase();
        variables.set(&format!("{name}_PORT"), format!("{protocol}://{address}:{}", number(first)));
    }
    for port in ports {
        let label = text(port, "name");
        if !label.is_empty() {
            let label = label.to_uppercase().replace('-', "_");
            variables.set(&format!("{name}_SERVICE_PORT_{label}"), number(port));
        }
        let protocol = protocol(port);
        let prefix = format!("{name}_PORT_{}_{protocol}", number(port));
        let url = format!("{}://{address}:{}", protocol.to_lowercase(), number(port));
        variables.set(&prefix, url);
        variables.set(&format!("{prefix}_PROTO"), protocol.to_lowercase());
        variables.set(&format!("{prefix}_PORT"), number(port));
        variables.set(&format!("{prefix}_ADDR"), address);
    }
}

fn protocol(port: &Value) -> &str {
    match text(port, "protocol") {
        "" => "TCP",
        protocol => protocol,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn references_are_expanded_once() {
        let known = |name: &str| (name == "A").then(|| "1".to_owned());
        for (given, want) in
            [("$(A)", "1"), ("$$(A)", "$(A)"), ("$(B)", "$(B)"), ("a$", "a$"), ("$(A", "$(A"), ("x$(A)y", "x1y")]
        {
            assert_eq!(expand(given, known), want, "{given}");
        }
    }

    #[test]
    fn services_become_variables() {
        let mut variables = Variables::default();
        let port = serde_json::json!({"name": "web-ui", "port": 80, "protocol": "TCP"});
        add_service(&mut variables, "my-svc", "10.0.0.1", &[port]);
        assert_eq!(variables.get("MY_SVC_SERVICE_PORT_WEB_UI"), Some("80"));
        assert_eq!(variables.get("MY_SVC_PORT_80_TCP"), Some("tcp://10.0.0.1:80"));
        assert_eq!(variables.get("MY_SVC_PORT"), Some("tcp://10.0.0.1:80"));
    }
}
