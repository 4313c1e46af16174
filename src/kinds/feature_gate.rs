//! Features of Kubernetes that are off by default in the version that is simulated, and whether this store has them on.

use crate::apimachinery::key::Key;
use crate::apimachinery::status::Status;
use crate::cluster::Cluster;

/// `spec.updateStrategy.rollingUpdate.maxUnavailable` of StatefulSets: beta, and off since a regression in 1.35.
pub const MAX_UNAVAILABLE_STATEFUL_SET: &str = "MaxUnavailableStatefulSet";

/// The key of the ConfigMap `kstate` in `kube-system`: `MaxUnavailableStatefulSet=true`, several of them with commas.
const KEY: &str = "/data/feature-gates";

/// Whether a feature is on: written as the flag of Kubernetes' components is.
pub fn is_on(feature: &str, cluster: &Cluster) -> Result<bool, Status> {
    let Some(map) = cluster.get(&Key::new("configmaps", "kube-system", "kstate"))? else { return Ok(false) };
    let gates = map.str_at(KEY).split([',', '\n']).filter_map(|gate| gate.trim().split_once('='));
    let last = gates.rev().find(|(name, _)| name.trim() == feature);
    Ok(last.is_some_and(|(_, value)| value.trim() == "true"))
}
