//! On which nodes a DaemonSet wants a pod, and what makes a pod stay on the node it is meant for.

use serde_json::{Value, json};

use crate::apimachinery::labels::Selector;
use crate::apimachinery::object::Object;
use crate::kinds::pod::Fields;

/// The taints that every daemon tolerates: key and effect.
const TOLERATED: [(&str, &str); 6] = [
    ("node.kubernetes.io/not-ready", "NoExecute"),
    ("node.kubernetes.io/unreachable", "NoExecute"),
    ("node.kubernetes.io/disk-pressure", "NoSchedule"),
    ("node.kubernetes.io/memory-pressure", "NoSchedule"),
    ("node.kubernetes.io/pid-pressure", "NoSchedule"),
    ("node.kubernetes.io/unschedulable", "NoSchedule"),
];
const TERMS: &str = "/spec/affinity/nodeAffinity/requiredDuringSchedulingIgnoredDuringExecution/nodeSelectorTerms";

/// Whether a node is to have a pod, and whether one that it has may stay.
pub fn wants(template: &Value, node: &Object) -> (bool, bool) {
    let spec = template.field("spec").unwrap_or(&Value::Null);
    let named = spec.text("nodeName");
    if (!named.is_empty() && named != node.name()) || !is_selected(template, node) {
        return (false, false);
    }
    let kept_off = |effects: &[&str]| {
        let taints = node.list_at("/spec/taints").iter();
        taints.filter(|t| effects.contains(&t.text("effect"))).any(|t| !tolerates(spec, t))
    };
    (!kept_off(&["NoSchedule", "NoExecute"]), !kept_off(&["NoExecute"]))
}

/// The node selector and the required node affinity. (`Gt` and `Lt` select nothing here.)
fn is_selected(template: &Value, node: &Object) -> bool {
    let selector = template.pointer("/spec/nodeSelector").and_then(Value::as_object);
    if selector.is_some_and(|s| !Selector::from_map(s).matches(node.labels())) {
        return false;
    }
    let Some(terms) = template.pointer(TERMS).and_then(Value::as_array) else { return true };
    terms.iter().any(|term| {
        let labels = json!({"matchExpressions": term.items("matchExpressions")});
        let by_label = Selector::from_label_selector(&labels).is_ok_and(|s| s.matches(node.labels()));
        let by_name = term.items("matchFields").iter().all(|f| {
            let is_named = f.texts("values").contains(&node.name());
            if f.text("operator") == "NotIn" { !is_named } else { is_named }
        });
        by_label && by_name
    })
}

fn tolerates(spec: &Value, taint: &Value) -> bool {
    let (key, effect) = (taint.text("key"), taint.text("effect"));
    let network = spec.flag("hostNetwork") == Some(true) && key == "node.kubernetes.io/network-unavailable";
    network
        || TOLERATED.contains(&(key, effect))
        || spec.items("tolerations").iter().any(|t| {
            let any_value = t.text("operator") == "Exists";
            (t.text("effect").is_empty() || t.text("effect") == effect)
                && (t.text("key") == key || (t.text("key").is_empty() && any_value))
                && (any_value || t.text("value") == taint.text("value"))
        })
}

/// Ties a new pod to a node, and lets it tolerate what daemons tolerate.
pub fn tie(pod: &mut Object, node: &str) {
    let by_name = json!({"key": "metadata.name", "operator": "In", "values": [node]});
    let terms = pod.list_at(TERMS).iter().map(|term| {
        let mut term = term.clone();
        term["matchFields"] = json!([by_name]);
        term
    });
    let mut terms: Vec<Value> = terms.collect();
    if terms.is_empty() {
        terms.push(json!({"matchFields": [by_name]}));
    }
    pod.set(TERMS, Value::Array(terms));
    let mut tolerations = pod.list_at("/spec/tolerations").to_vec();
    let network = ("node.kubernetes.io/network-unavailable", "NoSchedule");
    let extra = (pod.bool_at("/spec/hostNetwork") == Some(true)).then_some(network);
    for (key, effect) in TOLERATED.into_iter().chain(extra) {
        let new = json!({"key": key, "operator": "Exists", "effect": effect});
        if !tolerations.contains(&new) {
            tolerations.push(new);
        }
    }
    pod.set("/spec/tolerations", Value::Array(tolerations));
}

/// The node that a pod is meant for; the one it is on when it is tied to none.
pub fn target(pod: &Object) -> &str {
    let tied = pod.list_at(TERMS).iter().flat_map(|t| t.items("matchFields"));
    let names = tied.filter(|f| f.text("key") == "metadata.name").flat_map(|f| f.texts("values"));
    names.last().unwrap_or_else(|| pod.str_at("/spec/nodeName"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nodes_are_chosen_by_selector_and_taints() {
        let mut node = Object::new("v1", "Node", "", "n");
        node.set_label("disk", "ssd");
        let of = |node: &Object, spec: Value| wants(&json!({"spec": spec}), node);
        assert_eq!(of(&node, json!({"nodeSelector": {"disk": "ssd"}})), (true, true));
        assert_eq!(of(&node, json!({"nodeSelector": {"none": "such"}})), (false, false));
        node.set("/spec/taints", json!([{"key": "k", "value": "v", "effect": "NoSchedule"}]));
        assert_eq!(of(&node, json!({})), (false, true));
        assert_eq!(of(&node, json!({"tolerations": [{"key": "k", "operator": "Exists"}]})), (true, true));
    }

    #[test]
    fn a_tied_pod_knows_its_node() {
        let mut pod = Object::new("v1", "Pod", "default", "p");
        tie(&mut pod, "n");
        assert_eq!(target(&pod), "n");
        assert_eq!(pod.list_at("/spec/tolerations").len(), TOLERATED.len());
    }
}
