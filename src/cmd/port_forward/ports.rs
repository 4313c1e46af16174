//! Pairs of ports, `LOCAL:REMOTE`, and the pod's numbers behind a Service's ports and ports' names.

use serde_json::Value;

use crate::apimachinery::object::Object;
use crate::apimachinery::quote::quote;

/// A port of this machine, 0 for any, and the pod's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ports {
    pub local: u16,
    pub remote: u16,
}

/// Reads pairs of numbers.
///
/// # Errors
/// kubectl's texts.
pub fn parse(ports: &[String]) -> anyhow::Result<Vec<Ports>> {
    ports.iter().map(|text| pair(text)).collect()
}

fn pair(text: &str) -> anyhow::Result<Ports> {
    let (local, remote) = match text.split(':').collect::<Vec<_>>().as_slice() {
        [port] => (*port, *port),
        ["", remote] => ("0", *remote),
        [local, remote] => (*local, *remote),
        _ => anyhow::bail!("invalid port format '{text}'"),
    };
    let local = number(local).map_err(|e| anyhow::anyhow!("error parsing local port '{local}': {e}"))?;
    let remote = number(remote).map_err(|e| anyhow::anyhow!("error parsing remote port '{remote}': {e}"))?;
    if remote == 0 {
        anyhow::bail!("remote port must be > 0");
    }
    Ok(Ports { local, remote })
}

/// `strconv.ParseUint(text, 10, 16)`.
fn number(text: &str) -> Result<u16, String> {
    let is_number = !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    let why = if is_number { "value out of range" } else { "invalid syntax" };
    let parsed = if is_number { text.parse().ok() } else { None };
    parsed.ok_or_else(|| format!("strconv.ParseUint: parsing {}: {why}", quote(text)))
}

/// Both sides of a pair; a port alone stands for both.
fn split(text: &str) -> (&str, &str) {
    match text.split(':').collect::<Vec<_>>().as_slice() {
        [local, remote] => (local, remote),
        parts => (parts[0], parts[0]),
    }
}

fn join(local: &str, remote: &str) -> String {
    if local == remote { remote.to_owned() } else { format!("{local}:{remote}") }
}

/// `strconv.Atoi`, as far as ports go.
fn atoi(text: &str) -> Option<i64> {
    text.parse().ok()
}

/// The pairs with the ports' names of a pod replaced by their numbers.
///
/// # Errors
/// kubectl's texts: no such name, nothing there, or only UDP.
pub fn of_pod(ports: &[String], pod: &Object) -> anyhow::Result<Vec<String>> {
    let list = pod.list_at("/spec/containers").iter().filter_map(|c| c.get("ports")?.as_array()).flatten();
    refuse_udp(ports, list.collect::<Vec<_>>().as_slice(), "containerPort", |name| container_port(pod, name))?;
    let mut all = Vec::new();
    for text in ports {
        let (local, remote) = split(text);
        if remote.is_empty() {
            anyhow::bail!("remote port cannot be empty");
        }
        let port = match atoi(remote) {
            Some(_) => remote.to_owned(),
            None => container_port(pod, remote)?.to_string(),
        };
        all.push(if local == remote { port } else { format!("{local}:{port}") });
    }
    Ok(all)
}

/// The pairs with a Service's ports replaced by those of its pod.
///
/// # Errors
/// kubectl's texts: no such port, or only UDP.
pub fn of_service(ports: &[String], service: &Object, pod: &Object) -> anyhow::Result<Vec<String>> {
    let list: Vec<&Value> = service.list_at("/spec/ports").iter().collect();
    refuse_udp(ports, &list, "port", |name| service_port(service, name))?;
    let mut all = Vec::new();
    for text in ports {
        let (local, remote) = split(text);
        let (number, local) = match atoi(remote) {
            Some(number) => (number, local.to_owned()),
            None => {
                let number = service_port(service, remote)?;
                (number, if local == remote { number.to_string() } else { local.to_owned() })
            }
        };
        all.push(join(&local, &target(service, pod, number)?.to_string()));
    }
    Ok(all)
}

/// The pod's port behind a Service's; a headless Service's ports are the pod's.
fn target(service: &Object, pod: &Object, number: i64) -> anyhow::Result<i64> {
    let port = service.list_at("/spec/ports").iter().find(|p| p["port"] == number);
    let Some(port) = port else {
        anyhow::bail!("Service {} does not have a service port {number}", service.name());
    };
    match &port["targetPort"] {
        _ if service.str_at("/spec/clusterIP") == "None" => Ok(number),
        Value::String(name) => container_port(pod, name),
        target => Ok(target.as_i64().filter(|t| *t != 0).unwrap_or(number)),
    }
}

fn container_port(pod: &Object, name: &str) -> anyhow::Result<i64> {
    let containers = ["/spec/containers", "/spec/initContainers"].into_iter().flat_map(|list| pod.list_at(list));
    let mut ports = containers.filter_map(|c| c.get("ports")?.as_array()).flatten();
    let found = ports.find(|p| p["name"] == name).and_then(|p| p["containerPort"].as_i64());
    found.ok_or_else(|| anyhow::anyhow!("Pod '{}' does not have a named port '{name}'", pod.name()))
}

fn service_port(service: &Object, name: &str) -> anyhow::Result<i64> {
    let found = service.list_at("/spec/ports").iter().find(|p| p["name"] == name);
    let found = found.and_then(|p| p["port"].as_i64());
    found.ok_or_else(|| anyhow::anyhow!("Service '{}' does not have a named port '{name}'", service.name()))
}

/// UDP is not forwarded; a port that is TCP's as well is.
fn refuse_udp(
    ports: &[String],
    list: &[&Value],
    field: &str,
    by_name: impl Fn(&str) -> anyhow::Result<i64>,
) -> anyhow::Result<()> {
    let has = |number: i64, protocol: &str| list.iter().any(|p| p[field] == number && p["protocol"] == protocol);
    for text in ports {
        let (_, remote) = split(text);
        let number = match atoi(remote) {
            Some(number) => number,
            None => by_name(remote)?,
        };
        if has(number, "UDP") && !has(number, "TCP") {
            anyhow::bail!("UDP protocol is not supported for {remote}");
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn object(body: Value) -> Object {
        Object::from_value(body).unwrap()
    }

    fn texts(list: &[&str]) -> Vec<String> {
        list.iter().map(|t| (*t).to_owned()).collect()
    }

    fn pod() -> Object {
        let ports = json!([{"name": "web", "containerPort": 80, "protocol": "TCP"},
            {"name": "dns", "containerPort": 53, "protocol": "UDP"}]);
        object(json!({"metadata": {"name": "p"}, "spec": {"containers": [{"name": "a", "ports": ports}]}}))
    }

    #[test]
    fn pairs_of_numbers() {
        let all = parse(&texts(&["80", "8080:80", ":80", "0:80"])).unwrap();
        let numbers: Vec<(u16, u16)> = all.iter().map(|p| (p.local, p.remote)).collect();
        assert_eq!(numbers, [(80, 80), (8080, 80), (0, 80), (0, 80)]);
        for (text, error) in [
            ("1:2:3", "invalid port format '1:2:3'"),
            ("a:80", "error parsing local port 'a': strconv.ParseUint: parsing \"a\": invalid syntax"),
            ("80:70000", "error parsing remote port '70000': strconv.ParseUint: parsing \"70000\": value out of range"),
            ("80:0", "remote port must be > 0"),
        ] {
            assert_eq!(parse(&texts(&[text])).unwrap_err().to_string(), error);
        }
    }

    #[test]
    fn names_of_a_pod_s_ports() {
        assert_eq!(of_pod(&texts(&["web", "8080:web", ":web", "81"]), &pod()).unwrap(), ["80", "8080:80", ":80", "81"]);
        for (text, error) in [
            ("nope", "Pod 'p' does not have a named port 'nope'"),
            ("53", "UDP protocol is not supported for 53"),
            ("5353:dns", "UDP protocol is not supported for dns"),
        ] {
            assert_eq!(of_pod(&texts(&[text]), &pod()).unwrap_err().to_string(), error);
        }
    }

    #[test]
    fn ports_of_a_service_lead_to_the_pod_s() {
        let service = |ip: &str| {
            let ports = json!([{"name": "http", "port": 8080, "targetPort": "web"}, {"port": 90, "targetPort": 9090}]);
            object(json!({"metadata": {"name": "s"}, "spec": {"clusterIP": ip, "ports": ports}}))
        };
        let of = |ip: &str, list: &[&str]| of_service(&texts(list), &service(ip), &pod());
        assert_eq!(
            of("10.0.0.1", &["http", "1:http", "8080", "90", ":90"]).unwrap(),
            ["8080:80", "1:80", "8080:80", "90:9090", ":9090"]
        );
        assert_eq!(of("None", &["8080", "90"]).unwrap(), ["8080", "90"]);
        assert_eq!(of("None", &["81"]).unwrap_err().to_string(), "Service s does not have a service port 81");
        assert_eq!(of("10.0.0.1", &["81"]).unwrap_err().to_string(), "Service s does not have a service port 81");
        assert_eq!(of("10.0.0.1", &["x"]).unwrap_err().to_string(), "Service 's' does not have a named port 'x'");
    }
}
