//! What an emulated server answers a probe with as long as nobody has changed its files: known from the image and the pod.
//!
//! Pure. Whatever is not known for certain is taken to succeed.

use chrono::TimeDelta;
use serde_json::Value;

use super::health::port;
use super::life::text;
use crate::apimachinery::object::Object;
use crate::control::emulated::{Emulated, servers};
use crate::control::sandbox::ServerKind;

/// For how long `agnhost liveness` is well.
const WELL: TimeDelta = TimeDelta::seconds(10);

/// Why a container's probe fails, and from when on its run does; `None` when it succeeds.
pub fn failure(pod: &Object, container: &Value, probe: &Value) -> Option<(TimeDelta, String)> {
    let at_once = |why: String| (TimeDelta::zero(), why);
    match served(container, probe) {
        Some(ServerKind::Liveness) => {
            let is_asked = probe.get("httpGet").is_some_and(|http| slashed(text(http, "path")) == "/healthz");
            is_asked.then(|| (WELL, "HTTP probe failed with statuscode: 500".to_owned()))
        }
        _ => refusal(pod, container, probe).map(at_once),
    }
}

/// The server of its own container that a probe asks.
fn served(container: &Value, probe: &Value) -> Option<ServerKind> {
    let port = port(probe.get("httpGet")?, container)?;
    servers(container).into_iter().find(|s| s.port == port).map(|s| s.kind)
}

/// Why a probe fails from the start.
fn refusal(pod: &Object, container: &Value, probe: &Value) -> Option<String> {
    let (action, is_http) = match (probe.get("httpGet"), probe.get("tcpSocket")) {
        (Some(http), _) => (http, true),
        (None, tcp) => (tcp?, false),
    };
    let port = port(action, container)?;
    if !text(action, "host").is_empty() {
        return None;
    }
    let specs = pod.list_at("/spec/containers");
    let all: Vec<(&Value, Vec<Emulated>)> = specs.iter().map(|spec| (spec, servers(spec))).collect();
    let Some((owner, server)) = all.iter().find_map(|(c, s)| Some((c, s.iter().find(|s| s.port == port)?))) else {
        // A container that is not emulated may listen anywhere; so may one with a configuration of its own.
        let is_known = |(spec, servers): &(&Value, Vec<Emulated>)| !servers.is_empty() && mounts(spec).next().is_none();
        return all.iter().all(is_known).then(|| refused(pod, port, action, is_http));
    };
    if !is_http {
        return None;
    }
    let path = text(action, "path");
    if text(action, "scheme") == "HTTPS" {
        let url = format!("https://{}:{port}{}", pod.str_at("/status/podIP"), slashed(path));
        return Some(format!("Get {url:?}: http: server gave HTTP response to HTTPS client"));
    }
    let has_file = mounts(owner).next().is_some() || brings(server.kind, path);
    (!has_file).then(|| "HTTP probe failed with statuscode: 404".to_owned())
}

/// The mounts that a user asked for.
fn mounts(spec: &Value) -> impl Iterator<Item = &Value> {
    let all = spec.get("volumeMounts").and_then(Value::as_array).into_iter().flatten();
    all.filter(|m| text(m, "mountPath") != "/var/run/secrets/kubernetes.io/serviceaccount")
}

fn slashed(path: &str) -> String {
    if path.starts_with('/') { path.to_owned() } else { format!("/{path}") }
}

/// Whether an image answers a path with success before anybody has put a file there.
fn brings(kind: ServerKind, path: &str) -> bool {
    let path = path.split(['?', '#']).next().unwrap_or_default().trim_start_matches('/');
    let files: &[&str] = match kind {
        ServerKind::Nginx => &["", "index.html", "50x.html"],
        ServerKind::Httpd | ServerKind::Caddy => &["", "index.html"],
        // These list folders, or answer whatever is asked for.
        _ => return true,
    };
    files.contains(&path)
}

fn refused(pod: &Object, port: u16, action: &Value, is_http: bool) -> String {
    let ip = pod.str_at("/status/podIP");
    let why = format!("dial tcp {ip}:{port}: connect: connection refused");
    if !is_http {
        return why;
    }
    let scheme = text(action, "scheme").to_lowercase();
    let scheme = if scheme.is_empty() { "http" } else { &scheme };
    format!("Get \"{scheme}://{ip}:{port}{}\": {why}", slashed(text(action, "path")))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn found(image: &str, probe: Value) -> String {
        let mut pod = Object::new("v1", "Pod", "default", "p");
        pod.set("/status/podIP", "172.16.0.2".into());
        let container = json!({"name": "c", "image": image, "ports": [{"name": "web", "containerPort": 80}]});
        pod.set("/spec/containers", json!([container]));
        failure(&pod, &container, &probe).map(|(_, why)| why).unwrap_or_default()
    }

    #[test]
    fn emulated_servers_answer_what_they_have() {
        let refused = "dial tcp 172.16.0.2:81: connect: connection refused";
        for (image, probe, want) in [
            ("nginx", json!({"httpGet": {"path": "/", "port": 80}}), String::new()),
            ("nginx", json!({"httpGet": {"path": "/index.html", "port": "web"}}), String::new()),
            (
                "nginx",
                json!({"httpGet": {"path": "/healthz", "port": 80}}),
                "HTTP probe failed with statuscode: 404".into(),
            ),
            (
                "nginx",
                json!({"httpGet": {"path": "/x", "port": 81}}),
                format!("Get \"http://172.16.0.2:81/x\": {refused}"),
            ),
            ("nginx", json!({"tcpSocket": {"port": 81}}), refused.to_owned()),
            ("nginx", json!({"tcpSocket": {"port": 80}}), String::new()),
            ("nginx", json!({"exec": {"command": ["false"]}}), String::new()),
            ("my-app", json!({"httpGet": {"path": "/healthz", "port": 8080}}), String::new()),
        ] {
            assert_eq!(found(image, probe.clone()), want, "{image} {probe}");
        }
    }
}
