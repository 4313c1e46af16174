//! Preemption: pods of lower priority make room for one that fits nowhere.

use std::sync::Arc;

use serde_json::{Value, json};

use super::filter::{self, Verdict};
use super::usage::{NOMINATED, PODS_BY_NODE, Room, Usage};
use super::volumes::Claims;
use super::{NAME, histogram, node_affinity};
use crate::apimachinery::key::Key;
use crate::apimachinery::object::Object;
use crate::apimachinery::status::Status;
use crate::apimachinery::time::{self, Time};
use crate::cluster::Cluster;
use crate::kinds::plan::{Action, EventRecord, Plan};

const NOT_HELPFUL: &str = "Preemption is not helpful for scheduling";
const NO_VICTIMS: &str = "No preemption victims found for incoming pod";

/// What preemption can do for a pod.
pub enum Outcome {
    /// Nothing, and why, in the scheduler's words.
    Nothing(String),
    /// It has done something already: its victims are on their way out.
    Waits,
    /// These pods have to go from a node.
    Victims { node: String, victims: Vec<Arc<Object>> },
}

/// Looks for the node where the least important pods would have to go.
pub fn preempt(
    pod: &Object,
    nodes: &[Arc<Object>],
    verdicts: &[Verdict],
    claims: &Claims,
    room: &Room,
    cluster: &Cluster,
) -> Result<Outcome, Status> {
    if pod.str_at("/spec/preemptionPolicy") == "Never" {
        return Ok(Outcome::Nothing("preemption: not eligible due to preemptionPolicy=Never.".to_owned()));
    }
    let nominated = pod.str_at(NOMINATED);
    let is_leaving = |p: &Object| p.deletion_timestamp().is_some() && priority(p) < room.need.priority;
    if !nominated.is_empty() && cluster.indexed(&PODS_BY_NODE, nominated)?.iter().any(|(_, p)| is_leaving(p)) {
        return Ok(Outcome::Waits);
    }
    let mut reasons = Vec::new();
    let mut best: Option<Candidate> = None;
    for (node, verdict) in nodes.iter().zip(verdicts) {
        let resolvable = verdict.as_ref().err().is_some_and(|refusal| refusal.is_resolvable);
        if !resolvable {
            reasons.push(NOT_HELPFUL);
            continue;
        }
        match victims_on(pod, room, node, claims, cluster)? {
            Some(victims) => {
                let rank = (victims.iter().map(|v| priority(v)).max().unwrap_or(i64::MIN), victims.len());
                if best.as_ref().is_none_or(|least| rank < least.rank) {
                    best = Some(Candidate { rank, node: node.name().to_owned(), victims });
                }
            }
            None => reasons.push(NO_VICTIMS),
        }
    }
    Ok(match best {
        Some(Candidate { node, victims, .. }) => Outcome::Victims { node, victims },
        None => {
            let why = histogram(&reasons);
            Outcome::Nothing(format!("preemption: 0/{} nodes are available: {why}.", nodes.len()))
        }
    })
}

/// A node on which pods would make way.
struct Candidate {
    /// The highest priority of a victim, and how many there are: the least is best.
    rank: (i64, usize),
    node: String,
    victims: Vec<Arc<Object>>,
}

fn priority(pod: &Object) -> i64 {
    pod.i64_at("/spec/priority").unwrap_or(0)
}

/// The pods that have to go from a node for the pod to fit: of those of lower priority, the fewest, the most important kept.
/// (Only what is taken of a node is given back by it: spreading and affinity are as they were.)
fn victims_on(
    pod: &Object,
    room: &Room,
    node: &Object,
    claims: &Claims,
    cluster: &Cluster,
) -> Result<Option<Vec<Arc<Object>>>, Status> {
    let pods = cluster.indexed(&PODS_BY_NODE, node.name())?;
    let (mut lower, rest): (Vec<_>, Vec<_>) = pods.into_iter().partition(|(_, p)| priority(p) < room.need.priority);
    let mut usage = Usage::default();
    rest.iter().for_each(|(key, p)| usage.put(key.clone(), Some(p)));
    room.keep(&mut usage, node.name());
    let named = node_affinity::named_nodes(pod);
    let fits = |usage: &Usage| filter::on_node(pod, &room.need, node, named.as_deref(), usage).is_ok();
    if lower.is_empty() || !fits(&usage) || claims.refusal(node, cluster)?.is_some() {
        return Ok(None);
    }
    lower.sort_by(|(a, p), (b, q)| priority(q).cmp(&priority(p)).then_with(|| a.cmp(b)));
    let mut victims = Vec::new();
    for (key, other) in lower {
        usage.put(key.clone(), Some(&other));
        if !fits(&usage) {
            usage.put(key, None);
            victims.push(other);
        }
    }
    // None has to go: it is not room that the pod lacks here.
    Ok(if victims.is_empty() { None } else { Some(victims) })
}

/// Plans a victim's end, unless it is on its way out already: for another pod, as often as not.
pub fn evict(victim: &Arc<Object>, pod: &Object, node: &str, now: Time, plan: &mut Plan) {
    if victim.deletion_timestamp().is_some() {
        return;
    }
    let mut told = Object::clone(victim);
    let mut conditions: Vec<Value> = victim.list_at("/status/conditions").to_vec();
    conditions.retain(|c| c.get("type").is_none_or(|t| t != "DisruptionTarget"));
    conditions.push(json!({
        "type": "DisruptionTarget", "status": "True", "reason": "PreemptionByScheduler",
        "message": format!("{NAME}: preempting to accommodate a higher priority pod"),
        "lastProbeTime": null, "lastTransitionTime": time::to_rfc3339(now), "observedGeneration": victim.generation(),
    }));
    told.set("/status/conditions", Value::Array(conditions));
    plan.push(Action::UpdateStatus(told));
    let key = Key::new("pods", victim.namespace(), victim.name());
    let decided = format!("preempted it for pod/{}, which has a higher priority, on node {node}", pod.name());
    plan.push(Action::Delete { key: key.clone(), uid: victim.uid().to_owned() });
    let why = format!("Preempted by pod {} on node {node}", pod.uid());
    plan.push(Action::Event(EventRecord {
        action: Some("Preempting"),
        ..EventRecord::normal(victim, NAME, "Preempted", why).because(key, decided)
    }));
}
