//! What a service needs to know of what it exposes. Knows no kind.

use serde_json::{Map, Value};

use super::pod::Fields;
use crate::apimachinery::object::Object;

/// The pods behind an object, and where they listen.
#[derive(Clone, Debug, PartialEq)]
pub struct Exposure {
    /// The labels that select the pods, or why there are none.
    pub selector: Result<Map<String, Value>, String>,
    /// Ports and their protocols, in order.
    pub ports: Vec<(i64, String)>,
}

/// The exposure of what makes pods from a template and selects them by a LabelSelector; `what` is its kind in messages
/// (kubectl, polymorphichelpers.mapBasedSelectorForObject).
pub fn of_workload(object: &Object, what: &str) -> Exposure {
    let expressions = object.list_at("/spec/selector/matchExpressions");
    let selector = match object.map_at("/spec/selector/matchLabels").filter(|l| !l.is_empty()) {
        None => Err(format!("invalid {what}: no selectors, therefore cannot be exposed")),
        Some(_) if !expressions.is_empty() => {
            let shown: Vec<String> = expressions.iter().map(requirement).collect();
            Err(format!("couldn't convert expressions - \"[{}]\" to map-based selector format", shown.join(" ")))
        }
        Some(labels) => Ok(labels.clone()),
    };
    Exposure { selector, ports: template_ports(object) }
}

/// The ports of a template's containers.
pub fn template_ports(object: &Object) -> Vec<(i64, String)> {
    object.map_at("/spec/template/spec").map(container_ports).unwrap_or_default()
}

/// A LabelSelectorRequirement as Go's `%+v` prints it.
fn requirement(expression: &Value) -> String {
    let values = expression.texts("values");
    let (key, operator) = (expression.text("key"), expression.text("operator"));
    format!("{{Key:{key} Operator:{operator} Values:[{}]}}", values.join(" "))
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
