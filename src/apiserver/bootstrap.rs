//! What a fresh store holds: what a cluster has before anyone used it. Knows no request.

use serde_json::json;

use crate::apimachinery::object::Object;
use crate::apimachinery::status::Status;
use crate::apimachinery::time;
use crate::cluster::Cluster;
use crate::kinds::{self, Kind, SYSTEM_PRIORITY_CLASSES};

const NAMESPACES: [&str; 4] = ["default", "kube-node-lease", "kube-public", "kube-system"];
/// The simulated node's name, which pods get as `spec.nodeName`.
const NODE: &str = "node-1";
const NODE_IP: &str = "192.0.2.2";
/// Puts the first objects straight into an empty cluster.
pub fn bootstrap(cluster: &mut Cluster) -> Result<(), Status> {
    for name in NAMESPACES {
        put(cluster, Object::new("v1", "Namespace", "", name))?;
        put(cluster, Object::new("v1", "ServiceAccount", name, "default"))?;
    }
    let node = node(cluster);
    put(cluster, node)?;
    for (name, is_default) in [("standard", true), ("csi-nas", false)] {
        put(cluster, storage_class(name, is_default))?;
    }
    for (name, value, description) in SYSTEM_PRIORITY_CLASSES {
        put(cluster, priority_class(name, value, description))?;
    }
    put(cluster, kube_dns())
}

/// Stores an object as `create` would: defaults, the strategy, identity.
fn put(cluster: &mut Cluster, mut object: Object) -> Result<(), Status> {
    let kind: &dyn Kind = kinds::by_api_version(object.api_version(), object.kind())
        .ok_or_else(|| Status::internal(format!("no kind {} {}", object.api_version(), object.kind())))?;
    kind.set_defaults(&mut object);
    kind.prepare_for_create(&mut object);
    kind.admit(&mut object, cluster)?;
    let uid = cluster.seed().uuid("uid", cluster.next_resource_version());
    object.set("/metadata/uid", uid.into());
    object.set("/metadata/creationTimestamp", time::to_rfc3339(cluster.now()).into());
    let key = kind.names().key(object.namespace(), object.name());
    cluster.put(&key, object).map(drop)
}

fn storage_class(name: &str, is_default: bool) -> Object {
    let mut class = Object::new("storage.k8s.io/v1", "StorageClass", "", name);
    class.set("/provisioner", "kubernetes.io/host-path".into());
    if is_default {
        class.set_annotation("storageclass.kubernetes.io/is-default-class", "true");
    }
    class
}

fn priority_class(name: &str, value: i64, description: &str) -> Object {
    let mut class = Object::new("scheduling.k8s.io/v1", "PriorityClass", "", name);
    class.set("/value", value.into());
    class.set("/description", description.into());
    class
}

/// The cluster's DNS, where pods' `resolv.conf` points.
fn kube_dns() -> Object {
    let mut service = Object::new("v1", "Service", "kube-system", "kube-dns");
    service.set(
        "/metadata/labels",
        json!({"k8s-app": "kube-dns", "kubernetes.io/cluster-service": "true", "kubernetes.io/name": "CoreDNS"}),
    );
    service.set(
        "/spec",
        json!({
            "clusterIP": "10.247.3.10",
            "ports": [
                {"name": "dns", "port": 53, "protocol": "UDP"},
                {"name": "dns-tcp", "port": 53, "protocol": "TCP"},
                {"name": "metrics", "port": 9153, "protocol": "TCP"},
            ],
            "selector": {"k8s-app": "kube-dns"},
        }),
    );
    service
}

fn node(cluster: &Cluster) -> Object {
    let mut node = Object::new("v1", "Node", "", NODE);
    for (key, value) in kinds::node_labels(NODE) {
        node.set_label(key, value);
    }
    node.set_annotation("node.alpha.kubernetes.io/ttl", "0");
    node.set_annotation("volumes.kubernetes.io/controller-managed-attach-detach", "true");
    node.set("/spec", json!({"podCIDR": "172.16.0.0/16", "podCIDRs": ["172.16.0.0/16"]}));
    node.set("/status", kinds::node_status(NODE, NODE_IP, cluster));
    node
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::apimachinery::key::Key;
    use crate::kinds::empty_store::EmptyStore;

    #[test]
    fn every_first_object_is_valid_and_settled() {
        let mut cluster = Cluster::new(&EmptyStore);
        bootstrap(&mut cluster).unwrap();
        let now = cluster.now();
        for kind in kinds::KINDS {
            for object in cluster.list(kind.names().resource, None).unwrap() {
                let errors = kind.validate(&object);
                assert!(errors.is_empty(), "{} {}: {errors:?}", object.kind(), object.name());
                assert_eq!(object.uid().len(), 36);
                if object.kind() != "Service" {
                    assert_eq!(kind.reconcile(&object, &cluster, now).unwrap().actions, [], "{}", object.name());
                }
            }
        }
        assert_eq!(cluster.list("namespaces", None).unwrap().len(), 4);
        assert_eq!(cluster.list("serviceaccounts", None).unwrap().len(), 4);
    }

    #[test]
    fn the_node_has_room() {
        let mut cluster = Cluster::new(&EmptyStore);
        bootstrap(&mut cluster).unwrap();
        let node = cluster.get(&Key::cluster("nodes", NODE)).unwrap().unwrap();
        let of = |name: &str| node.str_at(&format!("/status/allocatable/{name}")).to_owned();
        assert_eq!([of("cpu"), of("memory"), of("pods")], ["1k", "4Ti", "100k"]);
        let row = kinds::by_resource("nodes").unwrap().cells(&node, cluster.now());
        assert_eq!(row[..6], [NODE, "Ready", "<none>", "0s", "v1.36.2", NODE_IP]);
    }

    #[test]
    fn the_dns_service_has_its_address() {
        let mut cluster = Cluster::new(&EmptyStore);
        bootstrap(&mut cluster).unwrap();
        let service = cluster.get(&Key::new("services", "kube-system", "kube-dns")).unwrap().unwrap();
        let row = kinds::by_resource("services").unwrap().cells(&service, cluster.now());
        assert_eq!(row[..5], ["kube-dns", "ClusterIP", "10.247.3.10", "<none>", "53/UDP,53/TCP,9153/TCP"]);
    }
}
