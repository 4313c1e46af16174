//! Which of the nodes that fit a pod gets it: what it prefers, then where fewest of its kind are, then the least loaded.

use std::cmp::Reverse;
use std::sync::Arc;

use super::affinity::{self, placed};
use super::filter::tolerates;
use super::node_affinity;
use super::resources::amount;
use super::usage::{Room, Usage};
use super::volumes::Claims;
use crate::apimachinery::object::Object;
use crate::apimachinery::status::Status;
use crate::cluster::Cluster;
use crate::kinds::pod::Fields;

/// The name of the best node; the first by name of those that are equally good.
pub fn best<'n>(
    pod: &Object,
    fitting: &[&'n Arc<Object>],
    claims: &Claims,
    room: &Room,
    cluster: &Cluster,
) -> Result<Option<&'n str>, Status> {
    if let [] | [_] = fitting {
        return Ok(fitting.first().map(|n| n.name()));
    }
    if let Some(chosen) = claims.selected_node().and_then(|name| fitting.iter().find(|n| n.name() == name)) {
        return Ok(Some(chosen.name()));
    }
    let terms = affinity::preferred(pod, cluster)?;
    let all: Vec<Arc<Object>> = fitting.iter().map(|n| Arc::clone(n)).collect();
    let pods = if terms.is_empty() { Vec::new() } else { placed(&all, cluster)? };
    let mut best = None;
    for node in fitting {
        let near: i64 = terms
            .iter()
            .map(|t| {
                let here = node.label(&t.topology);
                let shares = |n: &Object| here.is_some() && n.label(&t.topology) == here;
                let count = pods.iter().filter(|(p, n)| t.is_about(p) && shares(n)).count();
                t.weight.saturating_mul(i64::try_from(count).unwrap_or(i64::MAX))
            })
            .sum();
        let usage = room.usage(node.name(), cluster)?;
        let usage = usage.borrow();
        let kin = usage.of_controller.get(&room.need.controller).copied().unwrap_or(0);
        let kin = if room.need.controller.is_empty() { 0 } else { kin };
        let rank = (
            disliked(pod, node),
            Reverse(wished(pod, node)),
            Reverse(near),
            kin,
            load(node, &usage, room),
            usage.pods.len(),
        );
        if best.as_ref().is_none_or(|(least, _)| rank < *least) {
            best = Some((rank, node.name()));
        }
    }
    Ok(best.map(|(_, name)| name))
}

/// How many PreferNoSchedule taints a pod does not tolerate.
fn disliked(pod: &Object, node: &Object) -> usize {
    let taints = node.list_at("/spec/taints").iter();
    taints.filter(|t| t.text("effect") == "PreferNoSchedule" && !tolerates(pod, t)).count()
}

/// The weights of the preferred node affinity that match.
fn wished(pod: &Object, node: &Object) -> i64 {
    let terms = pod.list_at("/spec/affinity/nodeAffinity/preferredDuringSchedulingIgnoredDuringExecution").iter();
    let matching = terms.filter(|t| t.field("preference").is_some_and(|p| node_affinity::term_matches(p, node)));
    matching.map(|t| t.int("weight").unwrap_or(0)).sum()
}

/// The share of CPU and memory that would be taken, in ten thousandths, both together.
fn load(node: &Object, usage: &Usage, room: &Room) -> i128 {
    let share = |name: &str| {
        let of = |amounts: &crate::kinds::pod::Amounts| amounts.get(name).map_or(0, |q| i128::from(q.milli_value()));
        let all = amount(node, name).map_or(0, |q| i128::from(q.milli_value()));
        let taken = of(&usage.total) + of(&room.need.amounts);
        if all > 0 { taken * 10_000 / all } else { 10_000 }
    };
    share("cpu") + share("memory")
}
