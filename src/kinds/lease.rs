//! Lease: who holds what, until when. Knows no holder.

use super::{Kind, Names, zeros};
use crate::apimachinery::field::{Errors, Path};
use crate::apimachinery::object::Object;
use crate::apimachinery::status::Status;
use crate::apimachinery::table::{Column, column};
use crate::apimachinery::time::{self, Time};
use crate::cluster::Cluster;
use chrono::TimeDelta;
use serde_json::json;

/// The kind.
pub struct Lease;

/// Where kubelets have the leases of their nodes.
pub const NODE_NAMESPACE: &str = "kube-node-lease";

/// How often a kubelet renews its node's lease, and for how long it takes it, in seconds.
const RENEWED: i64 = 10;
const DURATION: i64 = 40;

/// The lease of a node, which its kubelet takes when the node is made and renews while it is well.
pub fn of_node(node: &Object, now: Time) -> Object {
    let created = node.creation_timestamp().unwrap_or(now);
    let ready = node.list_at("/status/conditions").iter().find(|c| c["type"] == "Ready");
    let heard = ready.filter(|c| c["status"] == "Unknown").and_then(|c| time::parse(c["lastHeartbeatTime"].as_str()?));
    let since = (heard.unwrap_or(now) - created).num_seconds().max(0);
    let renewed = time::later(created, TimeDelta::seconds(since - since % RENEWED));
    let mut lease = Object::new(NAMES.api_version, NAMES.kind, NODE_NAMESPACE, node.name());
    let owner = json!([{"apiVersion": "v1", "kind": "Node", "name": node.name(), "uid": node.uid()}]);
    lease.set("/metadata/ownerReferences", owner);
    lease.set("/metadata/creationTimestamp", time::to_rfc3339(created).into());
    let renewed = time::to_rfc3339_micro(renewed);
    let spec = json!({"holderIdentity": node.name(), "leaseDurationSeconds": DURATION, "renewTime": renewed});
    lease.set("/spec", spec);
    lease
}

/// The resource as keys name it.
pub const RESOURCE: &str = "leases.coordination.k8s.io";

static NAMES: Names = Names {
    group: "coordination.k8s.io",
    api_version: "coordination.k8s.io/v1",
    resource: RESOURCE,
    ..Names::core("Lease", "leases", "lease", &[])
};
static COLUMNS: [Column; 3] = [column("Name"), column("Holder"), column("Age")];

impl Kind for Lease {
    fn names(&self) -> &Names {
        &NAMES
    }

    fn columns(&self) -> &[Column] {
        &COLUMNS
    }

    fn finalizers_need_domain(&self) -> bool {
        false
    }

    fn cells(&self, object: &Object, now: Time) -> Vec<String> {
        vec![
            object.name().to_owned(),
            object.str_at("/spec/holderIdentity").to_owned(),
            time::age(object.creation_timestamp(), now),
        ]
    }

    fn set_defaults(&self, object: &mut Object) {
        zeros::write(object, &[("/spec", json!({}))]);
    }

    fn validate(&self, object: &Object) -> Errors {
        let mut errors = Errors::default();
        let spec = Path::new("spec");
        if let Some(seconds) = object.i64_at("/spec/leaseDurationSeconds").filter(|n| *n <= 0) {
            errors.invalid(&spec.child("leaseDurationSeconds"), seconds, "must be greater than 0");
        }
        if let Some(count) = object.i64_at("/spec/leaseTransitions").filter(|n| *n < 0) {
            errors.invalid(&spec.child("leaseTransitions"), count, "must be greater than or equal to 0");
        }
        errors
    }

    /// Whoever holds a lease takes it himself.
    fn export(&self, _object: &mut Object, _cluster: &Cluster) -> Result<bool, Status> {
        Ok(false)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_kubelet_renews_its_lease_while_it_is_heard_of() {
        let at = |text: &str| time::parse(text).unwrap();
        let mut node = Object::new("v1", "Node", "", "n");
        node.set("/metadata/creationTimestamp", "2026-01-01T00:00:03Z".into());
        let renewed = |node: &Object| of_node(node, at("2026-01-01T00:01:00Z")).str_at("/spec/renewTime").to_owned();
        assert_eq!(renewed(&node), "2026-01-01T00:00:53.000000Z");
        let unknown = json!([{"type": "Ready", "status": "Unknown", "lastHeartbeatTime": "2026-01-01T00:00:20Z"}]);
        node.set("/status/conditions", unknown);
        assert_eq!(renewed(&node), "2026-01-01T00:00:13.000000Z");
    }
}
