//! Pods that want to be near other pods, or far from them.

use std::sync::Arc;

use serde_json::{Value, json};

use super::usage::PODS_BY_NODE;
use crate::apimachinery::labels::Selector;
use crate::apimachinery::object::Object;
use crate::apimachinery::status::Status;
use crate::cluster::{Cluster, Indexer};
use crate::kinds::pod::Fields;

/// One term of a pod's affinity: the pods it is about, and the part of the cluster they are to share.
pub struct Term {
    namespaces: Vec<String>,
    selector: Selector,
    pub topology: String,
    pub weight: i64,
}

impl Term {
    fn of(term: &Value, owner: &Object, weight: i64, cluster: &Cluster) -> Result<Term, Status> {
        let selector = match term.field("labelSelector") {
            Some(selector) => with_label_keys(selector, term, owner),
            None => Selector::nothing(),
        };
        let mut namespaces: Vec<String> = term.texts("namespaces").into_iter().map(str::to_owned).collect();
        match term.field("namespaceSelector") {
            Some(selector) => {
                let selector = Selector::from_label_selector(selector).unwrap_or_else(|_| Selector::nothing());
                let found = cluster.list("namespaces", None)?;
                namespaces.extend(found.iter().filter(|n| selector.matches(n.labels())).map(|n| n.name().to_owned()));
            }
            None if namespaces.is_empty() => namespaces.push(owner.namespace().to_owned()),
            None => {}
        }
        Ok(Term { namespaces, selector, topology: term.text("topologyKey").to_owned(), weight })
    }

    /// Whether a pod is one of those the term is about.
    pub fn is_about(&self, pod: &Object) -> bool {
        self.namespaces.iter().any(|n| n == pod.namespace()) && self.selector.matches(pod.labels())
    }
}

/// `matchLabelKeys` and `mismatchLabelKeys`: the owner's own values of these labels.
fn with_label_keys(selector: &Value, term: &Value, owner: &Object) -> Selector {
    let mut expressions = selector.items("matchExpressions").to_vec();
    for (keys, operator) in [("matchLabelKeys", "In"), ("mismatchLabelKeys", "NotIn")] {
        for key in term.texts(keys) {
            if let Some(value) = owner.label(key) {
                expressions.push(json!({"key": key, "operator": operator, "values": [value]}));
            }
        }
    }
    let whole = json!({
        "matchLabels": selector.field("matchLabels").cloned().unwrap_or_else(|| json!({})),
        "matchExpressions": expressions,
    });
    Selector::from_label_selector(&whole).unwrap_or_else(|_| Selector::nothing())
}

/// The terms of `podAffinity` or `podAntiAffinity` that must hold.
pub fn required(pod: &Object, part: &str, cluster: &Cluster) -> Result<Vec<Term>, Status> {
    let terms = pod.list_at(&format!("/spec/affinity/{part}/requiredDuringSchedulingIgnoredDuringExecution"));
    terms.iter().map(|term| Term::of(term, pod, 0, cluster)).collect()
}

/// The terms that are merely preferred, those of `podAntiAffinity` with negative weights.
pub fn preferred(pod: &Object, cluster: &Cluster) -> Result<Vec<Term>, Status> {
    let mut all = Vec::new();
    for (part, sign) in [("podAffinity", 1), ("podAntiAffinity", -1)] {
        for term in pod.list_at(&format!("/spec/affinity/{part}/preferredDuringSchedulingIgnoredDuringExecution")) {
            let Some(inner) = term.field("podAffinityTerm") else { continue };
            all.push(Term::of(inner, pod, sign * term.int("weight").unwrap_or(0), cluster)?);
        }
    }
    Ok(all)
}

/// Pods on nodes that others are to stay away from, all under one value.
pub static ANTI_PODS: Indexer = Indexer {
    name: "pods-others-keep-away-from",
    resource: "pods",
    values: |pod| {
        let place = "/spec/affinity/podAntiAffinity/requiredDuringSchedulingIgnoredDuringExecution";
        let is_placed = !(PODS_BY_NODE.values)(pod).is_empty();
        if is_placed && !pod.list_at(place).is_empty() { vec![String::new()] } else { Vec::new() }
    },
};

/// What a pod and the pods that are there say of each other.
pub struct Rules {
    near: Vec<Term>,
    far: Vec<Term>,
    /// The pods on nodes, with their node; read only where a rule needs them.
    placed: Vec<(Arc<Object>, Arc<Object>)>,
    /// The label and its value of the parts of the cluster that other pods keep this one out of.
    closed: Vec<(String, String)>,
    /// Whether the pod is what its own `near` terms are about: the first of its kind may go anywhere.
    is_first: bool,
}

impl Rules {
    pub fn of(pod: &Object, nodes: &[Arc<Object>], cluster: &Cluster) -> Result<Rules, Status> {
        let near = required(pod, "podAffinity", cluster)?;
        let far = required(pod, "podAntiAffinity", cluster)?;
        let placed = if near.is_empty() && far.is_empty() { Vec::new() } else { placed(nodes, cluster)? };
        let mut closed = Vec::new();
        for (_, other) in cluster.indexed(&ANTI_PODS, "")? {
            for term in required(&other, "podAntiAffinity", cluster)? {
                let node = nodes.iter().find(|n| n.name() == other.str_at("/spec/nodeName"));
                if let Some(value) = node.and_then(|n| n.label(&term.topology)).filter(|_| term.is_about(pod)) {
                    closed.push((term.topology.clone(), value.to_owned()));
                }
            }
        }
        let is_known = |term: &Term| placed.iter().any(|(p, n)| term.is_about(p) && n.label(&term.topology).is_some());
        let is_first = !near.iter().any(is_known) && near.iter().all(|t| t.is_about(pod));
        Ok(Rules { near, far, placed, closed, is_first })
    }

    /// Why a node is not for the pod, and whether another pod's end could change that.
    pub fn refusal(&self, node: &Object) -> Option<(&'static str, bool)> {
        let shares = |term: &Term| {
            let here = node.label(&term.topology);
            here.is_some() && self.placed.iter().any(|(p, n)| term.is_about(p) && n.label(&term.topology) == here)
        };
        let is_labelled = self.near.iter().all(|t| node.label(&t.topology).is_some());
        if !is_labelled || !(self.is_first || self.near.iter().all(shares)) {
            return Some(("node(s) didn't match pod affinity rules", false));
        }
        if self.far.iter().any(shares) {
            return Some(("node(s) didn't match pod anti-affinity rules", true));
        }
        let is_closed = self.closed.iter().any(|(key, value)| node.label(key) == Some(value));
        is_closed.then_some(("node(s) didn't satisfy existing pods anti-affinity rules", true))
    }
}

/// A pod with the node it is on.
pub type Placed = (Arc<Object>, Arc<Object>);

/// Every pod on one of the nodes, with its node.
pub fn placed(nodes: &[Arc<Object>], cluster: &Cluster) -> Result<Vec<Placed>, Status> {
    let mut all = Vec::new();
    for node in nodes {
        let pods = cluster.indexed(&PODS_BY_NODE, node.name())?;
        all.extend(pods.into_iter().map(|(_, pod)| (pod, node.clone())));
    }
    Ok(all)
}
