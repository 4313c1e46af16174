//! What the pods on each node take of it, counted as they come and go. Knows no rule of what fits.

use std::cell::RefCell;
use std::collections::HashMap;
use std::rc::Rc;
use std::sync::Arc;

use serde_json::Value;

use crate::apimachinery::key::Key;
use crate::apimachinery::object::Object;
use crate::apimachinery::quantity::Quantity;
use crate::apimachinery::status::Status;
use crate::cluster::{Cluster, Indexer};
use crate::kinds::pod::{Amounts, Fields, amounts_of};

/// Pods that take part of their node, by the node's name; those that have ended take none.
pub static PODS_BY_NODE: Indexer = Indexer {
    name: "pods-that-take-room",
    resource: "pods",
    values: |pod| match pod.str_at("/spec/nodeName") {
        "" => Vec::new(),
        _ if matches!(pod.str_at("/status/phase"), "Succeeded" | "Failed") => Vec::new(),
        node => vec![node.to_owned()],
    },
};

/// Where a pod says which node others were taken away from for it.
pub const NOMINATED: &str = "/status/nominatedNodeName";

/// A port of the node itself that a pod takes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HostPort {
    pub address: String,
    pub protocol: String,
    pub port: i64,
}

impl HostPort {
    /// Whether both cannot be had on one node.
    pub fn conflicts(&self, other: &HostPort) -> bool {
        let any = |address: &str| address.is_empty() || address == "0.0.0.0";
        self.port == other.port
            && self.protocol == other.protocol
            && (self.address == other.address || any(&self.address) || any(&other.address))
    }
}

/// What one pod takes.
#[derive(Clone, Debug, Default)]
pub struct Need {
    pub amounts: Amounts,
    pub ports: Vec<HostPort>,
    /// The uid of its controller, empty without one.
    pub controller: String,
    pub priority: i64,
}

impl Need {
    pub fn of(pod: &Object) -> Need {
        Need {
            amounts: requests(pod),
            ports: host_ports(pod),
            controller: pod.controller_of().map(|c| c.uid.to_owned()).unwrap_or_default(),
            priority: pod.i64_at("/spec/priority").unwrap_or(0),
        }
    }
}

/// The requests of a pod: of its containers, or of the pod as a whole where it says so; and its overhead.
fn requests(pod: &Object) -> Amounts {
    let mut sum = pod.map_at("/spec").map(|spec| amounts_of(spec, "requests")).unwrap_or_default();
    let quantity = |v: &Value| Quantity::from_value(v).unwrap_or(Quantity::ZERO);
    for (name, value) in pod.map_at("/spec/resources/requests").into_iter().flatten() {
        sum.insert(name.clone(), quantity(value));
    }
    for (name, value) in pod.map_at("/spec/overhead").into_iter().flatten() {
        let total = sum.entry(name.clone()).or_insert(Quantity::ZERO);
        *total = total.add(&quantity(value));
    }
    sum.retain(|_, amount| !amount.is_zero());
    sum
}

fn host_ports(pod: &Object) -> Vec<HostPort> {
    let sidecars = pod.list_at("/spec/initContainers").iter().filter(|c| c.text("restartPolicy") == "Always");
    let ports = pod.list_at("/spec/containers").iter().chain(sidecars).flat_map(|c| c.items("ports"));
    let taken = ports.filter(|p| p.int("hostPort").is_some_and(|n| n > 0)).map(|p| HostPort {
        address: p.text("hostIP").to_owned(),
        protocol: match p.text("protocol") {
            "" => "TCP".to_owned(),
            protocol => protocol.to_owned(),
        },
        port: p.int("hostPort").unwrap_or(0),
    });
    taken.collect()
}

/// What the pods of one node take together.
#[derive(Clone, Default)]
pub struct Usage {
    pub pods: HashMap<Key, Rc<Need>>,
    pub total: Amounts,
    /// How many pods each controller has here.
    pub of_controller: HashMap<String, usize>,
}

impl Usage {
    /// Whether a port of the node that a pod wants is another's.
    pub fn has_taken_a_port_of(&self, need: &Need) -> bool {
        let is_taken = |port| self.pods.values().any(|other| other.ports.iter().any(|p| p.conflicts(port)));
        need.ports.iter().any(is_taken)
    }

    /// Puts a pod in place of what was under its key, or takes that away.
    pub fn put(&mut self, key: Key, pod: Option<&Arc<Object>>) {
        if let Some(old) = self.pods.remove(&key) {
            for (name, amount) in &old.amounts {
                self.total.entry(name.clone()).and_modify(|t| *t = t.sub(amount));
            }
            self.of_controller.entry(old.controller.clone()).and_modify(|n| *n = n.saturating_sub(1));
        }
        let Some(pod) = pod else { return };
        let need = Need::of(pod);
        for (name, amount) in &need.amounts {
            let total = self.total.entry(name.clone()).or_insert(Quantity::ZERO);
            *total = total.add(amount);
        }
        *self.of_controller.entry(need.controller.clone()).or_default() += 1;
        self.pods.insert(key, Rc::new(need));
    }
}

/// A pod's need and every node's usage, read when it is asked for.
pub struct Room {
    pub need: Need,
    /// Pods for which others had to go and that are yet to be placed, with the node that is kept for them.
    awaited: Vec<(Key, Arc<Object>)>,
}

impl Room {
    /// What is kept for pods that are less important than this one is its to take.
    pub fn of(pod: &Object, cluster: &Cluster) -> Result<Room, Status> {
        let need = Need::of(pod);
        let is_awaited = |p: &Object| {
            let is_less = p.i64_at("/spec/priority").unwrap_or(0) < need.priority;
            !p.str_at(NOMINATED).is_empty() && !is_less && p.uid() != pod.uid() && p.deletion_timestamp().is_none()
        };
        let awaited = cluster.indexed(&super::REFUSED_PODS, "")?.into_iter().filter(|(_, p)| is_awaited(p)).collect();
        Ok(Room { need, awaited })
    }

    /// What is taken of a node, and what is kept of it for others.
    pub fn usage(&self, node: &str, cluster: &Cluster) -> Result<Rc<RefCell<Usage>>, Status> {
        let (kept, news) = cluster.kept::<Usage>(&PODS_BY_NODE, node)?;
        for (key, pod) in news {
            kept.borrow_mut().put(key, pod.as_ref());
        }
        if self.awaited_on(node).next().is_none() {
            return Ok(kept);
        }
        let mut usage = kept.borrow().clone();
        self.keep(&mut usage, node);
        Ok(Rc::new(RefCell::new(usage)))
    }

    /// Counts what is kept of a node for others.
    pub fn keep(&self, usage: &mut Usage, node: &str) {
        self.awaited_on(node).for_each(|(key, pod)| usage.put(key.clone(), Some(pod)));
    }

    fn awaited_on(&self, node: &str) -> impl Iterator<Item = &(Key, Arc<Object>)> {
        self.awaited.iter().filter(move |(_, pod)| pod.str_at(NOMINATED) == node)
    }
}
