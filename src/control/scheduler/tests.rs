use super::usage::{Need, Usage};
use super::*;
use crate::apimachinery::object::Object;

fn object(body: Value) -> Object {
    Object::from_value(body).unwrap()
}

fn node(name: &str, extra: Value) -> Object {
    let mut node = object(extra);
    node.set("/metadata/name", name.into());
    node.set("/status/allocatable", json!({"cpu": "2", "memory": "4Gi", "pods": "2"}));
    node
}

fn pod(spec: Value) -> Object {
    object(json!({"metadata": {"name": "p", "namespace": "default"}, "spec": spec}))
}

fn reasons(pod: &Object, node: &Object, usage: &Usage) -> (Vec<String>, bool) {
    let named = node_affinity::named_nodes(pod);
    match filter::on_node(pod, &Need::of(pod), node, named.as_deref(), usage) {
        Ok(()) => (Vec::new(), true),
        Err(refusal) => (refusal.reasons().map(str::to_owned).collect(), refusal.is_resolvable),
    }
}

#[test]
fn nodes_are_refused_in_the_plugins_words() {
    let taint = json!({"spec": {"taints": [{"key": "k", "value": "v", "effect": "NoSchedule"}]}});
    let of = |requests: Value| json!({"containers": [{"name": "c", "resources": {"requests": requests}}]});
    let affinity = |operator: &str, value: &str| {
        let term = json!({"matchExpressions": [{"key": "n", "operator": operator, "values": [value]}]});
        json!({"affinity": {"nodeAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": {"nodeSelectorTerms": [term]}}}})
    };
    let labelled = || json!({"metadata": {"labels": {"n": "5"}}});
    const MISMATCH: &str = "node(s) didn't match Pod's node affinity/selector";
    let cases: Vec<(Value, Value, &[&str], bool)> = vec![
        (json!({}), json!({"spec": {"unschedulable": true}}), &["node(s) were unschedulable"], false),
        (json!({}), taint.clone(), &["node(s) had untolerated taint(s)"], false),
        (json!({"tolerations": [{"key": "k", "value": "v"}]}), taint.clone(), &[], true),
        (json!({"tolerations": [{"operator": "Exists"}]}), taint, &[], true),
        (json!({"nodeSelector": {"a": "b"}}), json!({}), &[MISMATCH], false),
        (affinity("Gt", "4"), labelled(), &[], true),
        (affinity("Gt", "5"), labelled(), &[MISMATCH], false),
        (affinity("NotIn", "5"), labelled(), &[MISMATCH], false),
        (of(json!({"cpu": "1500m", "memory": "1Gi"})), json!({}), &["Insufficient cpu"], true),
        (of(json!({"cpu": "3", "memory": "5Gi"})), json!({}), &["Insufficient cpu", "Insufficient memory"], false),
        (of(json!({"example.com/gpu": 1})), json!({}), &["Insufficient example.com/gpu"], false),
        (
            json!({"containers": [{"name": "c", "ports": [{"containerPort": 80, "hostPort": 8080}]}]}),
            json!({}),
            &["node(s) didn't have free ports for the requested pod ports"],
            true,
        ),
    ];
    let mut usage = Usage::default();
    let mut other = pod(of(json!({"cpu": "1"})));
    other.body_mut().get_or_insert("spec")["containers"][0]["ports"] =
        json!([{"hostPort": 8080, "hostIP": "192.0.2.2"}]);
    usage.put(Key::new("pods", "default", "other"), Some(&Arc::new(other)));
    for (spec, extra, want, resolvable) in cases {
        let (found, is_resolvable) = reasons(&pod(spec.clone()), &node("n", extra), &usage);
        assert_eq!((found, is_resolvable), (want.iter().map(|w| (*w).to_owned()).collect(), resolvable), "{spec}");
    }
}

#[test]
fn a_full_node_has_too_many_pods_until_one_goes() {
    let mut usage = Usage::default();
    let key = |n: u8| Key::new("pods", "default", &format!("p{n}"));
    let other = Arc::new(pod(json!({})));
    usage.put(key(1), Some(&other));
    usage.put(key(2), Some(&other));
    assert_eq!(reasons(&pod(json!({})), &node("n", json!({})), &usage).0, ["Too many pods"]);
    usage.put(key(1), None);
    assert_eq!(reasons(&pod(json!({})), &node("n", json!({})), &usage).0, [""; 0]);
}

#[test]
fn reasons_are_counted_and_sorted_as_texts() {
    let reasons = ["node(s) were unschedulable", "Insufficient cpu", "Insufficient cpu"];
    assert_eq!(histogram(&reasons), "1 node(s) were unschedulable, 2 Insufficient cpu");
}

#[test]
fn a_pod_tied_to_nodes_by_name_is_looked_at_nowhere_else() {
    let term = json!({"matchFields": [{"key": "metadata.name", "operator": "In", "values": ["b"]}]});
    let tied = pod(json!({"affinity": {"nodeAffinity": {
        "requiredDuringSchedulingIgnoredDuringExecution": {"nodeSelectorTerms": [term]},
    }}}));
    assert_eq!(
        reasons(&tied, &node("a", json!({})), &Usage::default()).0,
        ["node(s) didn't satisfy plugin(s) [NodeAffinity]"]
    );
    assert_eq!(reasons(&tied, &node("b", json!({})), &Usage::default()).0, [""; 0]);
}
