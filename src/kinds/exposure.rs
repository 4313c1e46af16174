//! What a service needs to know of what it exposes. Knows no kind.

use serde_json::{Map, Value};

use crate::apimachinery::object::Object;

use super::pod::Fields;

/// The pods behind an object, and where they listen.
#[derive(Clone, Debug, PartialEq)]
pub struct Exposure {
    /// The labels that select the pods, or why there are none.
    pub selector: Result<Map<String, Value>, String>,
    /// Ports and their protocols, in order.
    pub ports: Vec<(i64, String)>,
}

/// What stands behind an object that makes pods of a template, by a label selector. `kind` is how kubectl's errors call it.
pub fn of_template(object: &Object, kind: &str) -> Exposure {
    let labels = object.map_at("/spec/selector/matchLabels").filter(|l| !l.is_empty()).cloned();
    let expressions = object.list_at("/spec/selector/matchExpressions");
    let selector = match labels {
        None => Err(format!("invalid {kind}: no selectors, therefore cannot be exposed")),
        Some(_) if !expressions.is_empty() => {
            let all: Vec<String> = expressions.iter().map(requirement).collect();
            Err(format!("couldn't convert expressions - \"[{}]\" to map-based selector format", all.join(" ")))
        }
        Some(labels) => Ok(labels),
    };
    Exposure { selector, ports: template_ports(object) }
}

/// A requirement as Go's `%+v` has it.
fn requirement(value: &Value) -> String {
    let values: Vec<&str> = value.items("values").iter().filter_map(Value::as_str).collect();
    format!("{{Key:{} Operator:{} Values:[{}]}}", value.text("key"), value.text("operator"), values.join(" "))
}

/// The ports of an object's pod template.
pub fn template_ports(object: &Object) -> Vec<(i64, String)> {
    object.map_at("/spec/template/spec").map(container_ports).unwrap_or_default()
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
