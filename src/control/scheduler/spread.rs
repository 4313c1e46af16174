//! Topology spread constraints: pods of a kind evenly over the parts of the cluster.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::{Value, json};

use super::affinity::placed;
use super::filter::tolerates_all;
use super::node_affinity;
use crate::apimachinery::labels::Selector;
use crate::apimachinery::object::Object;
use crate::apimachinery::status::Status;
use crate::cluster::Cluster;
use crate::kinds::pod::Fields;

const MISMATCH: &str = "node(s) didn't match pod topology spread constraints";
const NO_LABEL: &str = "node(s) didn't match pod topology spread constraints (missing required label)";

/// One constraint that must hold, with how many pods each part of the cluster has.
struct Constraint {
    key: String,
    most: i64,
    fewest: i64,
    counts: BTreeMap<String, i64>,
    /// 1 when the pod itself would be counted.
    own: i64,
}

/// The constraints of a pod with `whenUnsatisfiable: DoNotSchedule`.
pub struct Spread(Vec<Constraint>);

impl Spread {
    pub fn of(pod: &Object, nodes: &[Arc<Object>], cluster: &Cluster) -> Result<Spread, Status> {
        let constraints = pod.list_at("/spec/topologySpreadConstraints");
        let hard: Vec<&Value> = constraints.iter().filter(|c| c.text("whenUnsatisfiable") == "DoNotSchedule").collect();
        if hard.is_empty() {
            return Ok(Spread(Vec::new()));
        }
        let pods = placed(nodes, cluster)?;
        Ok(Spread(hard.iter().map(|c| constraint(c, &hard, pod, nodes, &pods)).collect()))
    }

    /// Why a node is not for the pod, and whether another pod's end could change that.
    pub fn refusal(&self, node: &Object) -> Option<(&'static str, bool)> {
        for constraint in &self.0 {
            let Some(part) = node.label(&constraint.key) else { return Some((NO_LABEL, false)) };
            let here = constraint.counts.get(part).copied().unwrap_or(0);
            if here + constraint.own - constraint.fewest > constraint.most {
                return Some((MISMATCH, true));
            }
        }
        None
    }
}

fn constraint(
    of: &Value,
    all: &[&Value],
    pod: &Object,
    nodes: &[Arc<Object>],
    pods: &[(Arc<Object>, Arc<Object>)],
) -> Constraint {
    let key = of.text("topologyKey");
    let selector = selector(of, pod);
    let is_counted = |node: &Object| {
        all.iter().all(|c| node.label(c.text("topologyKey")).is_some())
            && (of.text("nodeAffinityPolicy") == "Ignore" || node_affinity::matches(pod, node))
            && (of.text("nodeTaintsPolicy") != "Honor" || tolerates_all(pod, node))
    };
    let mut counts = BTreeMap::new();
    for part in nodes.iter().filter(|n| is_counted(n)).filter_map(|n| n.label(key)) {
        counts.entry(part.to_owned()).or_insert(0);
    }
    for (other, node) in pods {
        let is_one = other.namespace() == pod.namespace()
            && other.deletion_timestamp().is_none()
            && selector.matches(other.labels());
        if let Some(count) = node.label(key).filter(|_| is_one && is_counted(node)).and_then(|p| counts.get_mut(p)) {
            *count += 1;
        }
    }
    let parts = i64::try_from(counts.len()).unwrap_or(i64::MAX);
    let fewest =
        if parts < of.int("minDomains").unwrap_or(1) { 0 } else { counts.values().copied().min().unwrap_or(0) };
    let own = i64::from(selector.matches(pod.labels()));
    Constraint { key: key.to_owned(), most: of.int("maxSkew").unwrap_or(1), fewest, counts, own }
}

/// The constraint's selector, with the pod's own values of `matchLabelKeys`.
fn selector(constraint: &Value, pod: &Object) -> Selector {
    let Some(selector) = constraint.field("labelSelector") else { return Selector::nothing() };
    let mut expressions = selector.items("matchExpressions").to_vec();
    for key in constraint.texts("matchLabelKeys") {
        if let Some(value) = pod.label(key) {
            expressions.push(json!({"key": key, "operator": "In", "values": [value]}));
        }
    }
    let labels = selector.field("matchLabels").cloned().unwrap_or_else(|| json!({}));
    let whole = json!({"matchLabels": labels, "matchExpressions": expressions});
    Selector::from_label_selector(&whole).unwrap_or_else(|_| Selector::nothing())
}
