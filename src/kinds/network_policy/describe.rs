//! What `describe` prints of a NetworkPolicy: which traffic it would allow.

use serde_json::Value;

use crate::apimachinery::go_value;
use crate::apimachinery::labels::format_label_selector;
use crate::apimachinery::object::Object;
use crate::kinds::describe::{Text, annotations, labels, or_none};
use crate::kinds::pod::Fields;

/// What the texts of the two directions differ in.
struct Direction {
    name: &'static str,
    rules: &'static str,
    peers: &'static str,
    title: &'static str,
    end: &'static str,
}

const DIRECTIONS: [Direction; 2] = [
    Direction { name: "Ingress", rules: "ingress", peers: "from", title: "From", end: "source" },
    Direction { name: "Egress", rules: "egress", peers: "to", title: "To", end: "destination" },
];

pub fn describe(policy: &Object, out: &mut Text) {
    out.field(0, "Name", policy.name());
    out.field(0, "Namespace", policy.namespace());
    let created = policy.creation_timestamp().map(|t| t.format("%Y-%m-%d %H:%M:%S +0000 UTC").to_string());
    out.field(0, "Created on", created.unwrap_or_default());
    labels(out, policy);
    annotations(out, "Annotations", policy.map_at("/metadata/annotations"));
    out.line(0, "Spec:");
    let selector = policy.at("/spec/podSelector").map(format_label_selector).filter(|s| s != "<none>");
    let all = "<none> (Allowing the specific traffic to all pods in this namespace)";
    // As kubectl: what follows the title is indented once more.
    out.line(1, format_args!("PodSelector:     {}", selector.as_deref().unwrap_or(all)));
    let types: Vec<&str> = policy.list_at("/spec/policyTypes").iter().filter_map(Value::as_str).collect();
    for direction in &DIRECTIONS {
        let rules = direction.rules;
        if types.contains(&direction.name) {
            out.line(1, format_args!("Allowing {rules} traffic:"));
            allowed(policy.list_at(&format!("/spec/{rules}")), direction, out);
        } else {
            out.line(1, format_args!("Not affecting {rules} traffic"));
        }
    }
    out.line(1, format_args!("Policy Types: {}", or_none(&types.join(", "))));
}

fn allowed(rules: &[Value], direction: &Direction, out: &mut Text) {
    if rules.is_empty() {
        out.line(2, format_args!("<none> (Selected pods are isolated for {} connectivity)", direction.rules));
    }
    for (i, rule) in rules.iter().enumerate() {
        if i > 0 {
            out.line(2, "----------");
        }
        let (ports, peers) = (rule.items("ports"), rule.items(direction.peers));
        if ports.is_empty() {
            out.line(2, "To Port: <any> (traffic allowed to all ports)");
        }
        ports.iter().for_each(|port| out.line(2, port_line(port)));
        let Direction { title, end, .. } = direction;
        if peers.is_empty() {
            out.line(2, format_args!("{title}: <any> (traffic not restricted by {end})"));
        }
        for peer in peers {
            out.line(2, format_args!("{title}:"));
            peer_lines(peer, out);
        }
    }
}

fn port_line(port: &Value) -> String {
    let number = go_value::display(port.field("port").unwrap_or(&Value::Null));
    let protocol = port.field("protocol").and_then(Value::as_str).unwrap_or("TCP");
    match port.int("endPort") {
        Some(end) => format!("To Port Range: {number}-{end}/{protocol}"),
        None => format!("To Port: {number}/{protocol}"),
    }
}

fn peer_lines(peer: &Value, out: &mut Text) {
    let selectors = [("NamespaceSelector", "namespaceSelector"), ("PodSelector", "podSelector")];
    let mut selected = false;
    for (title, field) in selectors {
        if let Some(selector) = peer.field(field) {
            selected = true;
            out.line(3, format_args!("{title}: {}", format_label_selector(selector)));
        }
    }
    if let Some(block) = peer.field("ipBlock").filter(|_| !selected) {
        out.line(3, "IPBlock:");
        out.line(4, format_args!("CIDR: {}", block.text("cidr")));
        out.line(4, format_args!("Except: {}", block.texts("except").join(", ")));
    }
}
