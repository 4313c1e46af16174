//! Probes in a line each. Knows no container's state.

use serde_json::Value;

use super::super::Text;
use crate::kinds::pod::Fields;

/// The probes that a container has.
pub fn all(container: &Value, out: &mut Text) {
    for (title, field) in [("Liveness", "livenessProbe"), ("Readiness", "readinessProbe"), ("Startup", "startupProbe")]
    {
        if let Some(probe) = container.field(field) {
            out.field(2, title, line(probe));
        }
    }
}

fn line(probe: &Value) -> String {
    let number = |field: &str| probe.int(field).unwrap_or(0);
    let attributes = format!(
        "delay={}s timeout={}s period={}s #success={} #failure={}",
        number("initialDelaySeconds"),
        number("timeoutSeconds"),
        number("periodSeconds"),
        number("successThreshold"),
        number("failureThreshold")
    );
    let what = if let Some(exec) = probe.field("exec") {
        format!("exec {}", super::command(exec))
    } else if let Some(http) = probe.field("httpGet") {
        format!("http-get {}", url(http))
    } else if let Some(tcp) = probe.field("tcpSocket") {
        format!("tcp-socket {}:{}", tcp.text("host"), port(tcp))
    } else if let Some(grpc) = probe.field("grpc") {
        format!("grpc <pod>:{} {}", port(grpc), grpc.text("service"))
    } else {
        "unknown".to_owned()
    };
    format!("{what} {attributes}")
}

/// A port's number or name.
fn port(of: &Value) -> String {
    match of.field("port") {
        Some(Value::String(name)) => name.clone(),
        Some(number) => number.to_string(),
        None => "0".to_owned(),
    }
}

/// The URL as Go's net/url writes it.
fn url(http: &Value) -> String {
    let host = http.text("host");
    let host = if host.contains(':') { format!("[{host}]") } else { host.to_owned() };
    let scheme = match http.text("scheme") {
        "" => String::new(),
        scheme => format!("{}:", scheme.to_lowercase()),
    };
    let path = http.text("path");
    let slash = if path.is_empty() || path.starts_with('/') { "" } else { "/" };
    format!("{scheme}//{host}:{}{slash}{}", port(http), escape(path))
}

/// A path with what may not stand in one as `%xx` (a question mark too: all of it is path).
fn escape(path: &str) -> String {
    let plain = |b: u8| b.is_ascii_alphanumeric() || b"-_.~$&+,/:;=@!'()*".contains(&b);
    path.bytes().map(|b| if plain(b) { char::from(b).to_string() } else { format!("%{b:02X}") }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn probes_are_kubectls() {
        let rest = "delay=0s timeout=1s period=10s #success=1 #failure=3";
        let with = |handler: Value| {
            let mut probe =
                json!({"timeoutSeconds": 1, "periodSeconds": 10, "successThreshold": 1, "failureThreshold": 3});
            probe.as_object_mut().unwrap().extend(handler.as_object().unwrap().clone());
            line(&probe)
        };
        let cases = [
            (json!({"exec": {"command": ["cat", "/x"]}}), "exec [cat /x]"),
            (json!({"httpGet": {"path": "/h z", "port": 80, "scheme": "HTTP"}}), "http-get http://:80/h%20z"),
            (
                json!({"httpGet": {"path": "x", "port": "web", "scheme": "HTTPS", "host": "h"}}),
                "http-get https://h:web/x",
            ),
            (json!({"tcpSocket": {"port": 8080}}), "tcp-socket :8080"),
            (json!({"grpc": {"port": 9, "service": "s"}}), "grpc <pod>:9 s"),
            (json!({}), "unknown"),
        ];
        for (handler, want) in cases {
            assert_eq!(with(handler), format!("{want} {rest}"));
        }
    }
}
