//! A pod's claims as the scheduler sees them: those that are bound tie the pod to nodes, those that wait for it are bound
//! once it has one.

use std::sync::Arc;

use serde_json::Value;

use super::node_affinity;
use crate::apimachinery::key::Key;
use crate::apimachinery::object::Object;
use crate::apimachinery::status::Status;
use crate::cluster::Cluster;
use crate::control::volume::claim::{self, PODS_BY_CLAIM, claim_names};
use crate::control::volume::{NO_PROVISIONER, SELECTED_NODE};
use crate::kinds::plan::{Action, Plan};
use crate::kinds::pod::Fields;

/// What a pod's claims ask of its node.
#[derive(Default)]
pub struct Claims {
    /// The volumes of the claims that are bound.
    bound: Vec<Arc<Object>>,
    /// The claims that wait for the pod's node, with the class of each.
    waiting: Vec<(Arc<Object>, Arc<Object>)>,
    /// Whether another pod has a claim that only one may have.
    is_taken: bool,
}

/// A claim that keeps its pod from being placed, and why, in the words of the volume binding plugin.
pub struct Unbound {
    pub claim: Key,
    pub why: String,
}

/// The claims of a pod, or the first that keeps it from being placed.
pub fn claims(pod: &Object, cluster: &Cluster) -> Result<Result<Claims, Unbound>, Status> {
    let mut all = Claims::default();
    for name in claim_names(pod) {
        let key = Key::new("persistentvolumeclaims", pod.namespace(), &name);
        let Some(claim) = cluster.get(&key)? else {
            return Ok(Err(Unbound { claim: key, why: format!("persistentvolumeclaim {name:?} not found") }));
        };
        if claim.deletion_timestamp().is_some() {
            return Ok(Err(Unbound { claim: key, why: format!("persistentvolumeclaim {name:?} is being deleted") }));
        }
        all.is_taken |= is_taken(&claim, pod, cluster)?;
        let volume = claim.str_at("/spec/volumeName");
        if claim.str_at("/status/phase") == "Lost" {
            let why = format!("persistentvolumeclaim {name:?} bound to non-existent persistentvolume {volume:?}");
            return Ok(Err(Unbound { claim: key, why }));
        }
        if !volume.is_empty() && claim.str_at("/status/phase") == "Bound" {
            all.bound.extend(cluster.get(&Key::cluster("persistentvolumes", volume))?);
            continue;
        }
        match claim::class_that_waits(&claim, cluster)? {
            Some(class) => all.waiting.push((claim, class)),
            None => {
                let why = "pod has unbound immediate PersistentVolumeClaims".to_owned();
                return Ok(Err(Unbound { claim: key, why }));
            }
        }
    }
    Ok(Ok(all))
}

/// Whether a claim of the access mode ReadWriteOncePod has a pod already, on whatever node.
fn is_taken(claim: &Object, pod: &Object, cluster: &Cluster) -> Result<bool, Status> {
    if !claim.list_at("/spec/accessModes").iter().any(|mode| mode == "ReadWriteOncePod") {
        return Ok(false);
    }
    let users = cluster.indexed(&PODS_BY_CLAIM, &format!("{}/{}", claim.namespace(), claim.name()))?;
    let has_ended = |p: &Object| matches!(p.str_at("/status/phase"), "Succeeded" | "Failed");
    Ok(users.iter().any(|(_, p)| p.uid() != pod.uid() && !p.str_at("/spec/nodeName").is_empty() && !has_ended(p)))
}

impl Claims {
    /// Whether another pod has a claim that only one may have.
    pub fn is_taken(&self) -> bool {
        self.is_taken
    }

    /// Whether every claim has its volume.
    pub fn is_bound(&self) -> bool {
        self.waiting.is_empty()
    }

    /// The claims that wait for the pod's node.
    pub fn waiting(&self) -> impl Iterator<Item = Key> {
        self.waiting.iter().map(|(claim, _)| Key::new("persistentvolumeclaims", claim.namespace(), claim.name()))
    }

    /// The node that a claim was promised a volume on.
    pub fn selected_node(&self) -> Option<&str> {
        self.waiting.iter().find_map(|(claim, _)| claim.annotation(SELECTED_NODE))
    }

    /// Whether a local volume is on other nodes: the scheduler then does not look at this one at all.
    pub fn is_elsewhere(&self, node: &Object) -> bool {
        let is_on = |volume: &Object| local_nodes(volume).is_none_or(|nodes| nodes.contains(&node.name()));
        !self.bound.iter().all(|volume| is_on(volume))
    }

    /// Why the claims cannot be had on a node.
    pub fn refusal(&self, node: &Object, cluster: &Cluster) -> Result<Option<String>, Status> {
        if !self.bound.iter().all(|volume| reaches(volume, node)) {
            return Ok(Some("node(s) didn't match PersistentVolume's node affinity".to_owned()));
        }
        let found = self.volumes_on(node, cluster)?;
        let mut waiting = self.waiting.iter().zip(&found);
        let all = waiting.all(|((_, class), volume)| volume.is_some() || provisions_on(class, node));
        Ok((!all).then(|| "node(s) didn't find available persistent volumes to bind".to_owned()))
    }

    /// For each claim that waits, the smallest volume there is for it on a node; none is given twice.
    fn volumes_on(&self, node: &Object, cluster: &Cluster) -> Result<Vec<Option<Arc<Object>>>, Status> {
        let mut found: Vec<Option<Arc<Object>>> = Vec::new();
        for (claim, _) in &self.waiting {
            let is_free = |v: &Object| !found.iter().flatten().any(|f| f.name() == v.name());
            let fitting = claim::fitting_volumes(claim, cluster)?;
            let volume = fitting.into_iter().find(|v| reaches(v, node) && is_free(v));
            found.push(volume);
        }
        Ok(found)
    }
}

/// Promises a node to the claims that wait for it: a volume that is there is taken, another will be provisioned.
pub fn reserve(claims: &Claims, node: &str, cluster: &Cluster) -> Result<Plan, Status> {
    let mut plan = Plan::nothing();
    let Some(node) = cluster.get(&Key::cluster("nodes", node))? else { return Ok(plan) };
    for ((claim, _), volume) in claims.waiting.iter().zip(claims.volumes_on(&node, cluster)?) {
        let is_under_way = claim.annotation(SELECTED_NODE).is_some() || !claim.str_at("/spec/volumeName").is_empty();
        match volume {
            _ if is_under_way => {}
            Some(volume) if volume.str_at("/spec/claimRef/uid") == claim.uid() => {}
            Some(volume) => plan.push(Action::Update(claim::reserved_for(&volume, claim))),
            None => {
                let mut new = Object::clone(claim);
                new.set_annotation(SELECTED_NODE, node.name());
                plan.push(Action::Update(new));
            }
        }
    }
    Ok(plan)
}

/// Whether a volume can be had on a node.
fn reaches(volume: &Object, node: &Object) -> bool {
    let terms = volume.at("/spec/nodeAffinity/required/nodeSelectorTerms").and_then(Value::as_array);
    terms.is_none_or(|terms| node_affinity::any_term(terms, node))
}

/// Whether a class makes volumes on a node.
fn provisions_on(class: &Object, node: &Object) -> bool {
    let topologies = class.list_at("/allowedTopologies");
    let is_in = |term: &Value| {
        let expressions = term.items("matchLabelExpressions");
        expressions.iter().all(|e| node.label(e.text("key")).is_some_and(|v| e.texts("values").contains(&v)))
    };
    class.str_at("/provisioner") != NO_PROVISIONER && (topologies.is_empty() || topologies.iter().any(is_in))
}

/// The nodes that a local volume names.
fn local_nodes(volume: &Object) -> Option<Vec<&str>> {
    volume.at("/spec/local")?;
    let terms = volume.at("/spec/nodeAffinity/required/nodeSelectorTerms")?.as_array()?;
    let mut all = Vec::new();
    for term in terms {
        let host = |e: &&Value| e.text("key") == "kubernetes.io/hostname" && e.text("operator") == "In";
        all.extend(term.items("matchExpressions").iter().find(host)?.texts("values"));
    }
    Some(all)
}
