//! A pod's quality of service, as upstream's ComputePodQOS.

use std::collections::BTreeMap;

use serde_json::Value;

use super::fields::Fields;
use crate::apimachinery::object::Object;
use crate::apimachinery::quantity::Quantity;

/// What counts; other resources do not.
const COMPUTE: [&str; 2] = ["cpu", "memory"];

/// `Guaranteed`, `Burstable` or `BestEffort`.
pub(super) fn class(pod: &Object) -> &'static str {
    if let Some(resources) = pod.at("/spec/resources").filter(|r| !r.is_null()) {
        return of([resources].into_iter());
    }
    let containers = pod.list_at("/spec/containers").iter().chain(pod.list_at("/spec/initContainers"));
    of(containers.map(|c| c.get("resources").unwrap_or(&Value::Null)))
}

fn of<'v>(all: impl Iterator<Item = &'v Value>) -> &'static str {
    let (mut requests, mut limits) = (BTreeMap::new(), BTreeMap::new());
    let mut guaranteed = true;
    for resources in all {
        add(&mut requests, resources, "requests");
        let limited = add(&mut limits, resources, "limits");
        guaranteed &= limited == COMPUTE.len();
    }
    if requests.is_empty() && limits.is_empty() {
        "BestEffort"
    } else if guaranteed && requests == limits {
        "Guaranteed"
    } else {
        "Burstable"
    }
}

/// Adds one container's part to a sum; returns how many compute resources it names, zeros apart.
fn add(sum: &mut BTreeMap<&'static str, Quantity>, resources: &Value, part: &str) -> usize {
    let mut found = 0;
    for name in COMPUTE {
        let value = resources.get(part).and_then(|p| p.field(name)).and_then(|v| Quantity::from_value(v).ok());
        if let Some(quantity) = value.filter(|q| !q.is_zero() && !q.is_negative()) {
            found += 1;
            let total = sum.entry(name).or_insert(Quantity::ZERO);
            *total = total.add(&quantity);
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn classes() {
        let cases = [
            (json!([{}]), "BestEffort"),
            (json!([{"resources": {"requests": {"cpu": "0"}}}]), "BestEffort"),
            (json!([{"resources": {"requests": {"ephemeral-storage": "1Gi"}}}]), "BestEffort"),
            (json!([{"resources": {"requests": {"cpu": "1"}}}]), "Burstable"),
            (json!([{"resources": {"limits": {"cpu": "1"}, "requests": {"cpu": "1"}}}]), "Burstable"),
            (
                json!([{"resources": {"limits": {"cpu": "1", "memory": "1Gi"}, "requests": {"cpu": "1000m", "memory": "1024Mi"}}}]),
                "Guaranteed",
            ),
            (
                json!([{"resources": {"limits": {"cpu": "1", "memory": "1Gi"}, "requests": {"cpu": "1", "memory": "1Gi"}}}, {}]),
                "Burstable",
            ),
        ];
        for (containers, want) in cases {
            let mut pod = Object::new("v1", "Pod", "default", "p");
            pod.set("/spec/containers", containers.clone());
            assert_eq!(class(&pod), want, "{containers}");
        }
    }
}
