//! A Service's spec as a typed view. Knows no cluster.

use serde::Deserialize;
use serde_json::{Map, Value};

use crate::apimachinery::object::Object;

/// `spec`. Absent texts are empty and absent numbers 0, as in Go.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Spec {
    #[serde(rename = "type")]
    pub kind: String,
    #[serde(rename = "clusterIP")]
    pub cluster_ip: String,
    #[serde(rename = "clusterIPs")]
    pub cluster_ips: Vec<String>,
    pub ip_families: Vec<String>,
    pub ip_family_policy: Option<String>,
    pub ports: Vec<Port>,
    pub selector: Option<Map<String, Value>>,
    pub session_affinity: String,
    pub session_affinity_config: Option<Value>,
    #[serde(rename = "externalIPs")]
    pub external_ips: Vec<String>,
    pub external_name: String,
    #[serde(rename = "loadBalancerIP")]
    pub load_balancer_ip: String,
    pub load_balancer_source_ranges: Vec<String>,
    pub load_balancer_class: Option<String>,
    pub allocate_load_balancer_node_ports: Option<bool>,
    pub external_traffic_policy: String,
    pub internal_traffic_policy: Option<String>,
    pub health_check_node_port: i64,
    pub traffic_distribution: Option<String>,
    pub publish_not_ready_addresses: bool,
}

/// One of `spec.ports`.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Port {
    pub name: String,
    pub protocol: String,
    pub port: i64,
    /// A number or a name of a pod's port.
    pub target_port: Value,
    pub node_port: i64,
    pub app_protocol: Option<String>,
}

impl Spec {
    pub fn of(service: &Object) -> Spec {
        service.view("/spec")
    }

    /// Whether it has no address of its own.
    pub fn is_headless(&self) -> bool {
        self.cluster_ips.len() == 1 && self.cluster_ips[0] == "None"
    }

    pub fn needs_cluster_ip(&self) -> bool {
        ["ClusterIP", "NodePort", "LoadBalancer"].contains(&self.kind.as_str())
    }

    pub fn may_have_node_ports(&self) -> bool {
        ["NodePort", "LoadBalancer"].contains(&self.kind.as_str())
    }

    /// Whether node ports are drawn for ports that name none.
    pub fn allocates_node_ports(&self) -> bool {
        self.kind == "NodePort" || self.kind == "LoadBalancer" && self.allocate_load_balancer_node_ports != Some(false)
    }

    pub fn is_externally_accessible(&self) -> bool {
        self.may_have_node_ports() || self.kind == "ClusterIP" && !self.external_ips.is_empty()
    }

    pub fn needs_health_check(&self) -> bool {
        self.kind == "LoadBalancer" && self.external_traffic_policy == "Local"
    }
}
