//! What a lifecycle hook runs in its container.
//!
//! Pure.

use std::net::Ipv4Addr;

use serde_json::Value;

/// The command of a hook; empty where it runs none. A request is made from inside the pod by this machine's `curl`: as for
/// the kubelet, any answer will do.
pub fn hook_command(spec: &Value, field: &str, ip: Ipv4Addr) -> Vec<String> {
    let Some(hook) = spec.pointer(&format!("/lifecycle/{field}")) else { return Vec::new() };
    if let Some(seconds) = hook.pointer("/sleep/seconds") {
        return vec!["sleep".to_owned(), seconds.to_string()];
    }
    if let Some(get) = hook.get("httpGet") {
        return request(spec, get, ip);
    }
    let words = hook.pointer("/exec/command").and_then(Value::as_array).into_iter().flatten();
    words.filter_map(Value::as_str).map(str::to_owned).collect()
}

fn request(spec: &Value, get: &Value, ip: Ipv4Addr) -> Vec<String> {
    let text = |value: &Value, field: &str| value[field].as_str().unwrap_or_default().to_owned();
    let Some(port) = port(spec, &get["port"]) else { return Vec::new() };
    let host = match text(get, "host") {
        host if host.is_empty() => ip.to_string(),
        host => host,
    };
    let scheme = text(get, "scheme").to_lowercase();
    let scheme = if scheme.is_empty() { "http" } else { &scheme };
    let url = format!("{scheme}://{host}:{port}/{}", text(get, "path").trim_start_matches('/'));
    let headers = get["httpHeaders"].as_array().into_iter().flatten();
    let headers = headers.flat_map(|h| ["-H".to_owned(), format!("{}: {}", text(h, "name"), text(h, "value"))]);
    // The kubelet does not look at certificates either.
    let begin = ["curl", "-sk", "-o", "/dev/null"].map(str::to_owned);
    begin.into_iter().chain(headers).chain([url]).collect()
}

/// A port by its number, or by the name that the container gives it.
fn port(spec: &Value, port: &Value) -> Option<u64> {
    let named = |name: &str| spec["ports"].as_array()?.iter().find(|p| p["name"] == name)?["containerPort"].as_u64();
    port.as_u64().or_else(|| named(port.as_str()?))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn what_runs_for_each_kind_of_hook() {
        let ip = Ipv4Addr::new(172, 16, 0, 7);
        let get = json!({"path": "/bye", "port": "web", "httpHeaders": [{"name": "X-A", "value": "b"}]});
        for (hook, want) in [
            (json!({"exec": {"command": ["nginx", "-s", "quit"]}}), &["nginx", "-s", "quit"][..]),
            (json!({"sleep": {"seconds": 5}}), &["sleep", "5"]),
            (
                json!({"httpGet": get}),
                &["curl", "-sk", "-o", "/dev/null", "-H", "X-A: b", "http://172.16.0.7:8080/bye"],
            ),
            (
                json!({"httpGet": {"port": 443, "host": "db", "scheme": "HTTPS"}}),
                &["curl", "-sk", "-o", "/dev/null", "https://db:443/"],
            ),
            (json!({"httpGet": {"port": "nope"}}), &[]),
        ] {
            let ports = json!([{"name": "web", "containerPort": 8080}]);
            let spec = json!({"ports": ports, "lifecycle": {"preStop": hook}});
            assert_eq!(hook_command(&spec, "preStop", ip), want, "{spec}");
            assert!(hook_command(&spec, "postStart", ip).is_empty());
        }
    }
}
