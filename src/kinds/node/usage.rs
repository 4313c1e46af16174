//! What the pods on a node ask for, each and together, in shares of what the node has. Knows no pod's life.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::{Map, Value};

use crate::apimachinery::object::Object;
use crate::apimachinery::quantity::Quantity;
use crate::kinds::describe::{Text, View};
use crate::kinds::pod::{Amounts, amounts_of};

/// Resources that containers ask for anywhere.
const STANDARD: [&str; 3] = ["cpu", "memory", "ephemeral-storage"];

pub fn describe(node: &Object, pods: &[&Arc<Object>], view: &View, out: &mut Text) {
    let allocatable = node.map_at("/status/allocatable").filter(|m| !m.is_empty());
    let allocatable = allocatable.or_else(|| node.map_at("/status/capacity"));
    out.field(0, "Non-terminated Pods", format_args!("({} in total)", pods.len()));
    out.line(1, "Namespace\tName\t\tCPU Requests\tCPU Limits\tMemory Requests\tMemory Limits\tAge");
    out.line(1, "---------\t----\t\t------------\t----------\t---------------\t-------------\t---");
    let (mut requests, mut limits) = (Amounts::new(), Amounts::new());
    for pod in pods {
        let (own_requests, own_limits) = (of(pod, "requests"), of(pod, "limits"));
        let cells: Vec<String> = ["cpu", "memory"]
            .iter()
            .flat_map(|name| [&own_requests, &own_limits].map(|from| share(from, name, allocatable)))
            .collect();
        let age = view.since(pod.creation_timestamp());
        out.line(1, format_args!("{}\t{}\t\t{}\t{age}", pod.namespace(), pod.name(), cells.join("\t")));
        add(&mut requests, own_requests);
        add(&mut limits, own_limits);
    }
    out.line(0, "Allocated resources:\n  (Total limits may be over 100 percent, i.e., overcommitted.)");
    out.line(1, "Resource\tRequests\tLimits");
    out.line(1, "--------\t--------\t------");
    let names: Vec<&String> = allocatable.into_iter().flat_map(Map::keys).collect();
    let huge = names.iter().filter(|n| n.starts_with("hugepages-")).map(|n| n.as_str());
    for name in STANDARD.into_iter().chain(huge) {
        let (request, limit) = (share(&requests, name, allocatable), share(&limits, name, allocatable));
        out.line(1, format_args!("{name}\t{request}\t{limit}"));
    }
    let extended = |n: &&&String| !STANDARD.contains(&n.as_str()) && !n.starts_with("hugepages-") && **n != "pods";
    for name in names.iter().filter(extended) {
        out.line(1, format_args!("{name}\t{}\t{}", amount(&requests, name), amount(&limits, name)));
    }
}

fn of(pod: &Object, part: &str) -> Amounts {
    pod.map_at("/spec").map_or_else(BTreeMap::new, |spec| amounts_of(spec, part))
}

fn add(sum: &mut Amounts, more: Amounts) {
    for (name, quantity) in more {
        let total = sum.entry(name).or_insert_with(|| Quantity::ZERO.clone());
        *total = total.add(&quantity);
    }
}

fn amount(from: &Amounts, name: &str) -> Quantity {
    from.get(name).cloned().unwrap_or(Quantity::ZERO)
}

/// `100m (10%)`: a quantity, and its share of what there is; CPU is compared in thousandths.
fn share(from: &Amounts, name: &str, allocatable: Option<&Map<String, Value>>) -> String {
    let have = amount(from, name);
    let all = allocatable.and_then(|a| Quantity::from_value(a.get(name)?).ok()).unwrap_or(Quantity::ZERO);
    let (part, whole) = match name {
        "cpu" => (have.milli_value(), all.milli_value()),
        _ => (have.value(), all.value()),
    };
    let percent = if whole == 0 { 0 } else { i128::from(part) * 100 / i128::from(whole) };
    format!("{have} ({percent}%)")
}
