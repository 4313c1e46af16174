//! Which nodes fit a pod, and why the others do not: the default scheduler's filters in their order.

use std::sync::Arc;

use serde_json::Value;

use super::affinity::Rules;
use super::spread::Spread;
use super::usage::{Need, Room, Usage};
use super::volumes::Claims;
use super::{node_affinity, resources};
use crate::apimachinery::object::Object;
use crate::apimachinery::status::Status;
use crate::cluster::Cluster;
use crate::kinds::pod::Fields;

/// What the first filter that refuses a node says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    reasons: Vec<String>,
    /// Whether taking other pods away could help.
    pub is_resolvable: bool,
}

impl Refusal {
    pub fn reasons(&self) -> impl Iterator<Item = &str> {
        self.reasons.iter().map(String::as_str)
    }

    fn lasting(reason: &str) -> Refusal {
        Refusal { reasons: vec![reason.to_owned()], is_resolvable: false }
    }
}

/// A node fits, or it does not.
pub type Verdict = Result<(), Refusal>;

/// A verdict on each node, in their order.
pub fn filter(
    pod: &Object,
    nodes: &[Arc<Object>],
    claims: &Claims,
    room: &Room,
    cluster: &Cluster,
) -> Result<Vec<Verdict>, Status> {
    let rules = Rules::of(pod, nodes, cluster)?;
    let spread = Spread::of(pod, nodes, cluster)?;
    let named = node_affinity::named_nodes(pod);
    let mut verdicts = Vec::with_capacity(nodes.len());
    for node in nodes {
        let usage = room.usage(node.name(), cluster)?;
        if claims.is_elsewhere(node) {
            verdicts.push(Err(Refusal::lasting("node(s) didn't satisfy plugin(s) [VolumeBinding]")));
            continue;
        }
        let mut verdict = on_node(pod, &room.need, node, named.as_deref(), &usage.borrow());
        if verdict.is_ok() && claims.is_taken() {
            let reason = "node has pod using PersistentVolumeClaim with the same name and ReadWriteOncePod access mode";
            verdict = Err(Refusal { reasons: vec![reason.to_owned()], is_resolvable: true });
        }
        if verdict.is_ok()
            && let Some(why) = claims.refusal(node, cluster)?
        {
            verdict = Err(Refusal::lasting(&why));
        }
        let verdict = verdict.and_then(|()| {
            let refusal = spread.refusal(node).or_else(|| rules.refusal(node));
            refusal.map_or(Ok(()), |(reason, is_resolvable)| {
                Err(Refusal { reasons: vec![reason.to_owned()], is_resolvable })
            })
        });
        verdicts.push(verdict);
    }
    Ok(verdicts)
}

/// What a node says by itself: its taints, its labels, what is taken of it.
pub fn on_node(pod: &Object, need: &Need, node: &Object, named: Option<&[&str]>, usage: &Usage) -> Verdict {
    if named.is_some_and(|names| !names.contains(&node.name())) {
        return Err(Refusal::lasting("node(s) didn't satisfy plugin(s) [NodeAffinity]"));
    }
    if node.bool_at("/spec/unschedulable") == Some(true) && !tolerates(pod, &unschedulable_taint()) {
        return Err(Refusal::lasting("node(s) were unschedulable"));
    }
    if !tolerates_all(pod, node) {
        return Err(Refusal::lasting("node(s) had untolerated taint(s)"));
    }
    if !node_affinity::matches(pod, node) {
        return Err(Refusal::lasting("node(s) didn't match Pod's node affinity/selector"));
    }
    if usage.has_taken_a_port_of(need) {
        let reason = "node(s) didn't have free ports for the requested pod ports";
        return Err(Refusal { reasons: vec![reason.to_owned()], is_resolvable: true });
    }
    let (reasons, never) = resources::lacks(need, node, usage);
    if reasons.is_empty() { Ok(()) } else { Err(Refusal { reasons, is_resolvable: !never }) }
}

fn unschedulable_taint() -> Value {
    serde_json::json!({"key": "node.kubernetes.io/unschedulable", "effect": "NoSchedule"})
}

/// Whether none of a node's taints keeps a pod away. PreferNoSchedule never does.
pub fn tolerates_all(pod: &Object, node: &Object) -> bool {
    let taints = node.list_at("/spec/taints").iter();
    taints.filter(|t| t.text("effect") != "PreferNoSchedule").all(|taint| tolerates(pod, taint))
}

/// Whether a pod tolerates a taint.
pub fn tolerates(pod: &Object, taint: &Value) -> bool {
    pod.list_at("/spec/tolerations").iter().any(|t| {
        let exists = t.text("operator") == "Exists";
        let is_of_effect = t.text("effect").is_empty() || t.text("effect") == taint.text("effect");
        let is_of_key = t.text("key") == taint.text("key") || (t.text("key").is_empty() && exists);
        is_of_effect && is_of_key && (exists || value_fits(t, taint))
    })
}

/// `Equal`, which is the default, and the comparisons of whole numbers.
fn value_fits(toleration: &Value, taint: &Value) -> bool {
    let (wanted, has) = (toleration.text("value"), taint.text("value"));
    let numbers = || Some((has.parse::<i64>().ok()?, wanted.parse::<i64>().ok()?));
    match toleration.text("operator") {
        "Gt" => numbers().is_some_and(|(has, wanted)| has > wanted),
        "Lt" => numbers().is_some_and(|(has, wanted)| has < wanted),
        _ => wanted == has,
    }
}
