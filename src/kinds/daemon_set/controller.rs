//! The DaemonSet controller: one pod on each node that wants one, replaced as the template changes.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::{Value, json};

use super::{NAMES, history, placement};
use crate::apimachinery::key::Key;
use crate::apimachinery::object::Object;
use crate::apimachinery::status::Status;
use crate::apimachinery::time::Time;
use crate::cluster::Cluster;
use crate::kinds::plan::{Action, EventRecord, Plan};
use crate::kinds::why::Reason;
use crate::kinds::{int_or_percent, workload};

const SOURCE: &str = "daemonset-controller";
const OUTDATED: &str = "it was of an older template";

/// Plans one step.
pub fn reconcile(set: &Arc<Object>, cluster: &Cluster, now: Time) -> Result<Plan, Status> {
    let mut plan = Plan::nothing();
    let Some(pods) = workload::claim(&NAMES, set, "pods", cluster, &mut plan)? else { return Ok(plan) };
    if set.deletion_timestamp().is_some() {
        return Ok(plan);
    }
    let hash = history::current(set, cluster, &mut plan)?;
    let min_ready = set.i64_at("/spec/minReadySeconds").unwrap_or(0);
    let sync = Sync { set, now, min_ready, hash, nodes: nodes(set, &pods, cluster)? };
    workload::update_status(&mut plan, set, sync.status());
    workload::wake_for_availability(&mut plan, &pods, min_ready, now);
    let before = plan.actions.len();
    sync.manage(&mut plan, cluster);
    sync.explain(&mut plan, cluster);
    if plan.actions.len() == before && set.str_at("/spec/updateStrategy/type") == "RollingUpdate" {
        sync.roll(&mut plan, cluster);
    }
    history::clean_up(set, &pods, &sync.hash, cluster, &mut plan)?;
    Ok(plan)
}

/// A node as the controller sees it.
struct Node {
    name: String,
    wants: bool,
    may_keep: bool,
    pods: Vec<Arc<Object>>,
}

fn nodes(set: &Object, pods: &[Arc<Object>], cluster: &Cluster) -> Result<Vec<Node>, Status> {
    let mut by_node: BTreeMap<&str, Vec<Arc<Object>>> = BTreeMap::new();
    for pod in pods {
        by_node.entry(placement::target(pod)).or_default().push(Arc::clone(pod));
    }
    let template = set.at("/spec/template").unwrap_or(&Value::Null);
    let of = |node: Arc<Object>| {
        let (wants, may_keep) = placement::wants(template, &node);
        let pods = by_node.get(node.name()).cloned().unwrap_or_default();
        Node { name: node.name().to_owned(), wants, may_keep, pods }
    };
    Ok(cluster.list("nodes", None)?.into_iter().map(of).collect())
}

/// The pod that stands for its node in the status: the oldest, also while it is being deleted.
fn oldest(pods: &[Arc<Object>]) -> Option<Arc<Object>> {
    let has_ended = |p: &Object| matches!(p.str_at("/status/phase"), "Succeeded" | "Failed");
    let counts = pods.iter().filter(|p| p.deletion_timestamp().is_none() || !has_ended(p));
    let age = |p: &Object| (p.str_at("/spec/nodeName").is_empty(), p.creation_timestamp(), p.name().to_owned());
    counts.min_by_key(|p| age(p)).cloned()
}

struct Sync<'a> {
    set: &'a Arc<Object>,
    now: Time,
    min_ready: i64,
    hash: String,
    nodes: Vec<Node>,
}

impl Sync<'_> {
    fn is_new(&self, pod: &Object) -> bool {
        pod.label(history::HASH_LABEL) == Some(&self.hash)
    }

    fn is_available(&self, pod: &Object) -> bool {
        workload::is_available(pod, self.min_ready, self.now)
    }

    /// Which nodes have no pod because they are none for the set, and which pods are waited for.
    fn explain(&self, plan: &mut Plan, cluster: &Cluster) {
        if !cluster.is_asked_why() {
            return;
        }
        let key = NAMES.key(self.set.namespace(), self.set.name());
        for node in self.nodes.iter().filter(|n| !n.wants) {
            let text =
                format!("node {} is not for its pods: a selector, an affinity, or a taint keeps them off", node.name);
            plan.reasons.push(Reason::new(SOURCE, key.clone(), text));
        }
        let unwell = self.nodes.iter().filter(|n| n.wants).flat_map(|n| &n.pods).filter(|p| !self.is_available(p));
        let unwell: Vec<Key> = unwell.map(|p| Key::new("pods", p.namespace(), p.name())).collect();
        if !unwell.is_empty() {
            let most = self.bound("maxUnavailable").max(1);
            let text =
                format!("{} pods are not available; an update takes no more than {most} at a time", unwell.len());
            plan.reasons.push(unwell.into_iter().fold(Reason::new(SOURCE, key, text), Reason::waiting_for));
        }
    }

    /// Makes the pods that are missing; takes away those that have ended, are too many, or may not stay.
    fn manage(&self, plan: &mut Plan, cluster: &Cluster) {
        for node in &self.nodes {
            let (live, dying): (Vec<_>, Vec<_>) = node.pods.iter().partition(|p| p.deletion_timestamp().is_none());
            if node.wants && live.is_empty() && dying.is_empty() {
                self.create(plan, &node.name, cluster);
            }
            if !node.may_keep {
                let why = format!("its node {} is none of those for this set", node.name);
                live.iter().for_each(|p| workload::delete_pod(plan, self.set, SOURCE, p, &why));
                continue;
            }
            for pod in live.iter().filter(|p| p.str_at("/status/phase") == "Failed") {
                let message = format!(
                    "Found failed daemon pod {}/{} on node {}, will try to kill it",
                    pod.namespace(),
                    pod.name(),
                    node.name
                );
                plan.push(Action::Event(EventRecord::warning(self.set, SOURCE, "FailedDaemonPod", message)));
                workload::delete_pod(plan, self.set, SOURCE, pod, "it had failed");
            }
            self.delete_extra(plan, &live);
        }
    }

    /// Of several pods on a node the oldest stays, while a surge has one old and one new.
    fn delete_extra(&self, plan: &mut Plan, live: &[&Arc<Object>]) {
        let mut running: Vec<&Arc<Object>> =
            live.iter().copied().filter(|p| p.str_at("/status/phase") != "Failed").collect();
        running.sort_by_key(|p| (p.creation_timestamp(), p.name().to_owned()));
        let surges = self.bound("maxSurge") > 0;
        let (new, old): (Vec<_>, Vec<_>) = running.into_iter().partition(|p| self.is_new(p));
        let keep_both = surges && !old.is_empty() && new.first().is_some_and(|p| !self.is_available(p));
        let extra: Vec<&Arc<Object>> = if keep_both || (surges && !new.is_empty()) {
            let olds = old.into_iter().skip(usize::from(keep_both));
            olds.chain(new.into_iter().skip(1)).collect()
        } else {
            let mut all: Vec<&Arc<Object>> = old.into_iter().chain(new).collect();
            all.sort_by_key(|p| (p.creation_timestamp(), p.name().to_owned()));
            all.into_iter().skip(1).collect()
        };
        let why = "its node had more than one pod of the set";
        extra.into_iter().for_each(|p| workload::delete_pod(plan, self.set, SOURCE, p, why));
    }

    /// A number of the strategy as a number of nodes.
    fn bound(&self, field: &str) -> i64 {
        let wanted = self.nodes.iter().filter(|n| n.wants).count() as i64;
        let value = self.set.at(&format!("/spec/updateStrategy/rollingUpdate/{field}"));
        value.and_then(|v| int_or_percent::of_total(v, wanted, true)).unwrap_or(0)
    }

    /// Replaces pods of old templates: with a surge beside them, else after them, as many as may be unavailable.
    fn roll(&self, plan: &mut Plan, cluster: &Cluster) {
        let wanted = || self.nodes.iter().filter(|n| n.wants);
        let surge = self.bound("maxSurge");
        if surge > 0 {
            let surging = wanted().filter(|n| n.pods.iter().any(|p| self.is_new(p)) && n.pods.len() > 1).count() as i64;
            let candidates = wanted().filter(|n| !n.pods.is_empty() && !n.pods.iter().any(|p| self.is_new(p)));
            for node in candidates.take(usize::try_from(surge - surging).unwrap_or(0)) {
                self.create(plan, &node.name, cluster);
            }
            return;
        }
        let unavailable = wanted()
            .filter(|n| !n.pods.iter().any(|p| p.deletion_timestamp().is_none() && self.is_available(p)))
            .count() as i64;
        let mut room = self.bound("maxUnavailable").max(1) - unavailable;
        for pod in wanted().flat_map(|n| &n.pods).filter(|p| p.deletion_timestamp().is_none() && !self.is_new(p)) {
            if !self.is_available(pod) {
                workload::delete_pod(plan, self.set, SOURCE, pod, OUTDATED);
            } else if room > 0 {
                room -= 1;
                workload::delete_pod(plan, self.set, SOURCE, pod, OUTDATED);
            }
        }
    }

    fn create(&self, plan: &mut Plan, node: &str, cluster: &Cluster) {
        let template = self.set.at("/spec/template").unwrap_or(&Value::Null);
        // The set's uid, the node and the next resourceVersion together never come again.
        let purpose = format!("pod of {} on {node}", self.set.uid());
        let suffix = cluster.seed().suffix(&purpose, cluster.next_resource_version());
        let mut pod = workload::new_pod(&NAMES, self.set, template, &format!("{}-{suffix}", self.set.name()));
        pod.set_label(history::HASH_LABEL, &self.hash);
        let generation = self.set.annotation(super::TEMPLATE_GENERATION).unwrap_or("1");
        pod.set_label("pod-template-generation", generation);
        placement::tie(&mut pod, node);
        workload::create_pod(plan, self.set, SOURCE, pod);
    }

    fn status(&self) -> Value {
        let wanted: Vec<(bool, Option<Arc<Object>>)> = self.nodes.iter().map(|n| (n.wants, oldest(&n.pods))).collect();
        let count = |test: &dyn Fn(&Object) -> bool| {
            wanted.iter().filter(|(wants, pod)| *wants && pod.as_ref().is_some_and(|p| test(p))).count()
        };
        let desired = wanted.iter().filter(|(wants, _)| *wants).count();
        let available = count(&|p| self.is_available(p));
        let mut status = json!({
            "currentNumberScheduled": count(&|_| true), "desiredNumberScheduled": desired,
            "numberMisscheduled": wanted.iter().filter(|(wants, pod)| !wants && pod.is_some()).count(),
            "numberReady": count(&workload::is_ready), "observedGeneration": self.set.generation(),
        });
        for (field, number) in [
            ("updatedNumberScheduled", count(&|p| self.is_new(p))),
            ("numberAvailable", available),
            ("numberUnavailable", desired - available),
        ] {
            if number > 0 {
                status[field] = number.into();
            }
        }
        // What the controller does not count it leaves as it is.
        for field in ["conditions", "collisionCount"] {
            if let Some(kept) = self.set.at(&format!("/status/{field}")) {
                status[field] = kept.clone();
            }
        }
        status
    }
}

#[cfg(test)]
mod tests;
