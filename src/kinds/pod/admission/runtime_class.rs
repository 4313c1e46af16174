//! The RuntimeClass plugin: what a pod's class costs besides its containers, and where its pods may run.

use serde_json::{Map, Value};

use super::{forbidden, spec_mut};
use crate::apimachinery::key::Key;
use crate::apimachinery::object::Object;
use crate::apimachinery::quantity::Quantity;
use crate::apimachinery::status::Status;
use crate::cluster::Cluster;
use crate::kinds::pod::Fields;

/// Gives a new pod its class's overhead, node selector and tolerations.
///
/// # Errors
/// Forbidden for a class that is not there, and for a pod that says otherwise than its class.
pub(super) fn admit(pod: &mut Object, cluster: &Cluster) -> Result<(), Status> {
    let name = pod.str_at("/spec/runtimeClassName");
    let class = match name {
        "" => None,
        name => match cluster.get(&Key::cluster("runtimeclasses.node.k8s.io", name))? {
            Some(class) => Some(class),
            None => return Err(forbidden(pod, &format!("pod rejected: RuntimeClass {name:?} not found"))),
        },
    };
    match class.as_ref().and_then(|class| class.map_at("/overhead/podFixed")) {
        None if pod.map_at("/spec/overhead").is_some_and(|own| !own.is_empty()) => {
            let why = "pod rejected: Pod Overhead set without corresponding RuntimeClass defined Overhead";
            return Err(forbidden(pod, why));
        }
        None => {}
        Some(fixed) => {
            if pod.map_at("/spec/overhead").is_some_and(|own| !own.is_empty() && amounts(own) != amounts(fixed)) {
                let why = "pod rejected: Pod's Overhead doesn't match RuntimeClass's defined Overhead";
                return Err(forbidden(pod, why));
            }
            pod.set("/spec/overhead", Value::Object(fixed.clone()));
        }
    }
    class.map_or(Ok(()), |class| schedule(pod, &class))
}

fn amounts(of: &Map<String, Value>) -> Vec<(&String, Option<Quantity>)> {
    of.iter().map(|(name, amount)| (name, Quantity::from_value(amount).ok())).collect()
}

/// The class's node selector must not contradict the pod's; a toleration that the pod has already is not added.
fn schedule(pod: &mut Object, class: &Object) -> Result<(), Status> {
    for (key, value) in class.map_at("/scheduling/nodeSelector").into_iter().flatten() {
        let own = pod.map_at("/spec/nodeSelector").and_then(|own| own.get(key));
        if let Some(own) = own.filter(|own| *own != value) {
            let (theirs, own) = (value.as_str().unwrap_or_default(), own.as_str().unwrap_or_default());
            let why = format!(
                "conflict: runtimeClass.scheduling.nodeSelector[{key}] = {theirs}; pod.spec.nodeSelector[{key}] = {own}"
            );
            return Err(forbidden(pod, &why));
        }
    }
    let spec = spec_mut(pod);
    if let Some(selector) = class.map_at("/scheduling/nodeSelector").filter(|selector| !selector.is_empty()) {
        let mut own = spec.section("nodeSelector").cloned().unwrap_or_default();
        own.extend(selector.clone());
        spec.insert("nodeSelector".to_owned(), Value::Object(own));
    }
    let mut tolerations = spec.items("tolerations").to_vec();
    for toleration in class.list_at("/scheduling/tolerations") {
        if !tolerations.contains(toleration) {
            tolerations.push(toleration.clone());
        }
    }
    if !tolerations.is_empty() {
        spec.insert("tolerations".to_owned(), Value::Array(tolerations));
    }
    Ok(())
}
