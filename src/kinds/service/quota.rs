//! What a service uses of a quota: itself, its load balancer and its node ports.

use crate::apimachinery::object::Object;
use crate::apimachinery::quantity::{Format, Quantity};
use crate::kinds::pod::{Amounts, Fields};
use crate::kinds::quota;

/// The evaluator of services.
pub struct ServiceQuota;

const TRACKED: [&str; 4] = ["count/services", "services", "services.nodeports", "services.loadbalancers"];

impl quota::Evaluator for ServiceQuota {
    fn tracks(&self, _: &str, name: &str) -> bool {
        TRACKED.contains(&name)
    }

    fn usage(&self, _: &str, service: &Object) -> Amounts {
        let ports = service.list_at("/spec/ports");
        let (balancers, node_ports) = match service.str_at("/spec/type") {
            "NodePort" => (0, ports.len()),
            "LoadBalancer" if service.bool_at("/spec/allocateLoadBalancerNodePorts") == Some(false) => {
                (1, ports.iter().filter(|p| p.int("nodePort").is_some_and(|n| n != 0)).count())
            }
            "LoadBalancer" => (1, ports.len()),
            _ => (0, 0),
        };
        let number = |n: usize| Quantity::new(i64::try_from(n).unwrap_or(i64::MAX), Format::DecimalSi);
        let amounts = [quota::one(), quota::one(), number(node_ports), number(balancers)];
        TRACKED.iter().map(|name| (*name).to_owned()).zip(amounts).collect()
    }

    fn is_enforced_on_update(&self) -> bool {
        true
    }
}
