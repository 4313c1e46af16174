//! Nodes: one whose kubelet is heard of no more, by the pace's rules, and pods that a taint drives off or that no node is left for.

use crate::apimachinery::object::Object;
use crate::cluster::Indexer;

pub mod eviction;
pub mod lifecycle;
pub mod orphan;

pub use lifecycle::is_lost;

/// Pods by the node they are on.
pub(super) static PODS_BY_NODE: Indexer = Indexer { name: "pods-by-node", resource: "pods", values: node_of };

fn node_of(pod: &Object) -> Vec<String> {
    match pod.str_at("/spec/nodeName") {
        "" => Vec::new(),
        node => vec![node.to_owned()],
    }
}
