//! Whether what a pod asks for is left on a node.

use crate::apimachinery::object::Object;
use crate::apimachinery::quantity::Quantity;

use super::usage::{Need, Usage};

/// What a node has too little of, in the plugin's words; and whether it would have too little were it empty.
pub fn lacks(need: &Need, node: &Object, usage: &Usage) -> (Vec<String>, bool) {
    let mut reasons = Vec::new();
    let mut never = false;
    let has = |name: &str| amount(node, name);
    if let Some(most) = has("pods")
        && Quantity::new(i64::try_from(usage.pods.len() + 1).unwrap_or(i64::MAX), most.format()) > most
    {
        reasons.push("Too many pods".to_owned());
    }
    let first = ["cpu", "memory", "ephemeral-storage"];
    let others = need.amounts.keys().map(String::as_str).filter(|n| !first.contains(n));
    for name in first.into_iter().chain(others) {
        let Some(wanted) = need.amounts.get(name) else { continue };
        let all = has(name).unwrap_or(Quantity::ZERO);
        let taken = usage.total.get(name).cloned().unwrap_or(Quantity::ZERO);
        if taken.add(wanted) > all {
            reasons.push(format!("Insufficient {name}"));
            never |= *wanted > all;
        }
    }
    (reasons, never)
}

/// The first thing that a node has too little of for a pod: its name, what the pod requests, what is taken, and what there is;
/// CPU in thousandths. As for a kubelet, which knows nothing of extended resources that its node does not have.
pub fn first_lack(need: &Need, node: &Object, usage: &Usage) -> Option<(String, i64, i64, i64)> {
    let count = i64::try_from(usage.pods.len()).unwrap_or(i64::MAX);
    if let Some(most) = amount(node, "pods").map(|most| most.value()).filter(|most| count >= *most) {
        return Some(("pods".to_owned(), 1, count, most));
    }
    let first = ["cpu", "memory", "ephemeral-storage"];
    let others = need.amounts.keys().map(String::as_str).filter(|n| !first.contains(n) && amount(node, n).is_some());
    first.into_iter().chain(others).find_map(|name| {
        let of = |q: &Quantity| if name == "cpu" { q.milli_value() } else { q.value() };
        let requested = of(need.amounts.get(name)?);
        let used = usage.total.get(name).map_or(0, of);
        let capacity = amount(node, name).map_or(0, |q| of(&q));
        (used.saturating_add(requested) > capacity).then(|| (name.to_owned(), requested, used, capacity))
    })
}

/// What a node has of a resource for pods. A node that says nothing of its capacity has none.
pub fn amount(node: &Object, name: &str) -> Option<Quantity> {
    let list = node.map_at("/status/allocatable").or_else(|| node.map_at("/status/capacity"))?;
    Quantity::from_value(list.get(name)?).ok()
}
