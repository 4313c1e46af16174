//! The resourcequota controller: counts what a namespace holds when a quota is new or its limits change. From then on the
//! API server keeps the count with each write.

use std::sync::Arc;

use serde_json::Value;

use crate::apimachinery::object::Object;
use crate::apimachinery::quantity::{Format, Quantity};
use crate::apimachinery::status::Status;
use crate::cluster::Cluster;
use crate::kinds::plan::{Action, Plan};
use crate::kinds::pod::Amounts;
use crate::kinds::quota;
use crate::kinds::registry::Registry;

pub(super) fn reconcile(object: &Arc<Object>, cluster: &Cluster) -> Result<Plan, Status> {
    let hard = object.at("/spec/hard").cloned().unwrap_or_else(|| Value::Object(serde_json::Map::new()));
    if object.at("/status/hard") == Some(&hard) || object.deletion_timestamp().is_some() {
        return Ok(Plan::nothing());
    }
    let mut new = Object::clone(object);
    new.set("/status/hard", hard);
    let used = count(&new, cluster)?;
    new.set("/status/used", quota::to_value(&used));
    let mut plan = Plan::nothing();
    plan.push(Action::UpdateStatus(new));
    Ok(plan)
}

/// What a quota's namespace uses of each of its resources.
fn count(quota: &Object, cluster: &Cluster) -> Result<Amounts, Status> {
    let mut used = Amounts::new();
    let Some(hard) = quota.map_at("/status/hard") else { return Ok(used) };
    let registry = Registry::of(cluster)?;
    for kind in registry.kinds().filter(|k| k.names().namespaced && k.evaluator().is_counted()) {
        let resource = kind.names().resource;
        let tracked: Vec<&String> = hard.keys().filter(|name| kind.evaluator().tracks(resource, name)).collect();
        if tracked.is_empty() {
            continue;
        }
        for name in tracked {
            used.entry(name.clone()).or_insert(Quantity::new(0, Format::DecimalSi));
        }
        for object in cluster.list(resource, Some(quota.namespace()))? {
            if let Some(more) = quota::usage_of(kind.evaluator(), resource, &object, quota) {
                quota::add(&mut used, &more);
            }
        }
    }
    Ok(used)
}
