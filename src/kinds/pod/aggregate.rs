//! What the containers of a pod need together, for the resources that can also be given to a pod as a whole.
//!
//! As component-helpers' AggregateContainerRequests: containers and sidecars at one time, init containers one by one.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use super::fields::Fields;
use crate::apimachinery::quantity::Quantity;

/// Quantities by the name of their resource.
pub type Amounts = BTreeMap<String, Quantity>;

/// Whether a resource can be given to a pod as a whole.
pub(super) fn is_pod_level(name: &str) -> bool {
    matches!(name, "cpu" | "memory") || name.starts_with("hugepages-")
}

/// The sum over a spec's containers of their `requests` or `limits`, of resources that a pod can have as a whole.
pub(super) fn of_containers(spec: &Map<String, Value>, part: &str) -> Amounts {
    let mut sum = of_all(spec, part);
    sum.retain(|name, _| is_pod_level(name));
    sum
}

/// The sum over a spec's containers of their `requests` or `limits`.
pub fn of_all(spec: &Map<String, Value>, part: &str) -> Amounts {
    let mut sum = Amounts::new();
    for container in spec.items("containers") {
        add(&mut sum, &amounts(container, part));
    }
    let (mut sidecars, mut at_start) = (Amounts::new(), Amounts::new());
    for container in spec.items("initContainers") {
        let mut own = amounts(container, part);
        if container.text("restartPolicy") == "Always" {
            add(&mut sum, &own);
            add(&mut sidecars, &own);
            raise(&mut at_start, &sidecars);
        } else {
            add(&mut own, &sidecars);
            raise(&mut at_start, &own);
        }
    }
    raise(&mut sum, &at_start);
    sum
}

pub(super) fn amounts(container: &Value, part: &str) -> Amounts {
    let list = container.field("resources").and_then(|r| r.section(part)).into_iter().flatten();
    list.filter_map(|(name, value)| Some((name.clone(), Quantity::from_value(value).ok()?))).collect()
}

fn add(sum: &mut Amounts, more: &Amounts) {
    for (name, quantity) in more {
        let total = sum.entry(name.clone()).or_insert(Quantity::ZERO);
        *total = total.add(quantity);
    }
}

fn raise(least: &mut Amounts, other: &Amounts) {
    for (name, quantity) in other {
        let most = least.entry(name.clone()).or_insert(Quantity::ZERO);
        if *most < *quantity {
            *most = quantity.clone();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn init_containers_count_while_they_run() {
        let one = |cpu: &str| json!({"resources": {"requests": {"cpu": cpu, "example.com/gpu": "1"}}});
        let mut sidecar = one("1");
        sidecar["restartPolicy"] = "Always".into();
        let cases = [
            (json!({"containers": [one("1"), one("500m")]}), "1500m"),
            (json!({"containers": [one("1")], "initContainers": [one("3"), one("2")]}), "3"),
            (json!({"containers": [one("1")], "initContainers": [sidecar, one("2")]}), "3"),
            (json!({"containers": [one("3")], "initContainers": [one("2"), sidecar]}), "4"),
        ];
        for (spec, want) in cases {
            let sum = of_containers(spec.as_object().unwrap(), "requests");
            let shown: Vec<String> = sum.iter().map(|(name, q)| format!("{name}={q}")).collect();
            assert_eq!(shown, [format!("cpu={want}")], "{spec}");
        }
    }
}
