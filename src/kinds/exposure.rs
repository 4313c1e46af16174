//! What a service needs to know of what it exposes. Knows no kind.

use serde_json::{Map, Value};

use super::pod::Fields;

/// The pods behind an object, and where they listen.
#[derive(Clone, Debug, PartialEq)]
pub struct Exposure {
    /// The labels that select the pods, or why there are none.
    pub selector: Result<Map<String, Value>, String>,
    /// Ports and their protocols, in order.
    pub ports: Vec<(i64, String)>,
}

/// The ports of a pod's containers.
pub fn container_ports(spec: &Map<String, Value>) -> Vec<(i64, String)> {
    let ports = spec.items("containers").iter().flat_map(|c| c.items("ports"));
    ports.map(|p| (p.int("containerPort").unwrap_or(0), protocol(p))).collect()
}

/// A port's protocol, TCP where none is named.
pub fn protocol(port: &Value) -> String {
    let protocol = port.text("protocol");
    if protocol.is_empty() { "TCP".to_owned() } else { protocol.to_owned() }
}
