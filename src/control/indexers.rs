//! Every way in which controllers find objects by something in them. A store keeps what each of these finds.

use super::volume::claim;
use super::{event, kubelet, node, scheduler};
use crate::cluster::Indexer;
use crate::kinds;

/// The indexers. One that is not here still finds, by reading all objects of its resource.
///
/// One more, or other values of one, are a new format of stores (storage/schema.rs): what is stored has the old ones.
pub static INDEXERS: [&Indexer; 13] = [
    &claim::FREE_VOLUMES,
    &claim::PENDING_CLAIMS,
    &claim::PODS_BY_CLAIM,
    &claim::VOLUMES_BY_CLAIM,
    &event::EVENTS_BY_CAUSE,
    &kinds::OWNED_CLAIMS,
    &kinds::PODS_BY_CONTROLLER,
    &kubelet::CHANGING_PODS,
    &kubelet::PODS_BY_CONFIG,
    &node::PODS_BY_NODE,
    &scheduler::ANTI_PODS,
    &scheduler::PODS_BY_NODE,
    &scheduler::REFUSED_PODS,
];

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn each_has_a_name_of_its_own() {
        let names: BTreeSet<&str> = INDEXERS.iter().map(|indexer| indexer.name).collect();
        assert_eq!(names.len(), INDEXERS.len());
    }
}
