//! What the admission plugins that are on by default do to a new pod: LimitRanger, ServiceAccount, Priority,
//! DefaultTolerationSeconds, RuntimeClass.
//!
//! Knows the cluster to look other objects up in, and no request.

mod priority;
mod runtime_class;
mod service_account;

use serde_json::{Map, Value, json};

use super::fields::Fields;
use crate::apimachinery::object::Object;
use crate::apimachinery::status::Status;
use crate::cluster::Cluster;
use crate::kinds::limit_range;

pub(super) fn admit(pod: &mut Object, cluster: &Cluster) -> Result<(), Status> {
    if pod.annotation("kubernetes.io/config.mirror").is_some() {
        // A mirror pod is a copy of what a kubelet runs by itself, and stays as it is.
        return Ok(());
    }
    limit_range::set_pod_defaults(pod, cluster)?;
    service_account::admit(pod, cluster)?;
    priority::admit(pod, cluster)?;
    add_default_tolerations(pod);
    runtime_class::admit(pod, cluster)
}

/// What the plugins do again when a pod is replaced: DefaultTolerationSeconds adds its tolerations, and Priority puts back
/// what it had given where the new pod leaves it out.
pub(super) fn admit_update(new: &mut Object, old: &Object) {
    if new.annotation("kubernetes.io/config.mirror").is_some() {
        return;
    }
    add_default_tolerations(new);
    for field in ["/spec/priority", "/spec/preemptionPolicy"] {
        if let (None, Some(given)) = (new.at(field), old.at(field)) {
            new.set(field, given.clone());
        }
    }
}

pub(super) use service_account::remove_token;

/// A refusal before the pod has its name: one that is to be made up is not known yet, only how it begins.
fn forbidden(pod: &Object, why: &str) -> Status {
    let prefix = pod.str_at("/metadata/generateName");
    let is_made_up = !prefix.is_empty() && pod.name().len() == prefix.len() + 5 && pod.name().starts_with(prefix);
    Status::forbidden("pods", if is_made_up { prefix } else { pod.name() }, why)
}

/// The pod's spec, made when there is none.
fn spec_mut(pod: &mut Object) -> &mut Map<String, Value> {
    pod.body_mut().map_mut("spec")
}

/// Every pod outlives an unready or unreachable node for five minutes, unless it says otherwise.
fn add_default_tolerations(pod: &mut Object) {
    let spec = spec_mut(pod);
    let missing: Vec<Value> = ["node.kubernetes.io/not-ready", "node.kubernetes.io/unreachable"]
        .into_iter()
        .filter(|key| !spec.items("tolerations").iter().any(|t| tolerates(t, key)))
        .map(|key| json!({"key": key, "operator": "Exists", "effect": "NoExecute", "tolerationSeconds": 300}))
        .collect();
    let all = spec.entry("tolerations").or_insert_with(|| json!([]));
    if let Some(all) = all.as_array_mut() {
        all.extend(missing);
    }
}

fn tolerates(toleration: &Value, key: &str) -> bool {
    (toleration.text("key").is_empty() || toleration.text("key") == key)
        && matches!(toleration.text("effect"), "NoExecute" | "")
}

#[cfg(test)]
mod tests;
