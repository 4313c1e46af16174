//! The Priority plugin: a pod's priority and preemption policy are those of its PriorityClass.

use std::sync::Arc;

use super::super::fields::Fields;
use super::{forbidden, spec_mut};
use crate::apimachinery::key::Key;
use crate::apimachinery::object::Object;
use crate::apimachinery::status::Status;
use crate::cluster::Cluster;

const CLASSES: &str = "priorityclasses.scheduling.k8s.io";

/// What a class gives to a pod.
struct Priority {
    /// Empty where no class applies.
    class: String,
    value: i64,
    preemption_policy: String,
}

impl Priority {
    fn of(class: &Object) -> Priority {
        let policy = class.str_at("/preemptionPolicy");
        Priority {
            class: class.name().to_owned(),
            value: class.i64_at("/value").unwrap_or(0),
            preemption_policy: if policy.is_empty() { "PreemptLowerPriority" } else { policy }.to_owned(),
        }
    }
}

pub(super) fn admit(pod: &mut Object, cluster: &Cluster) -> Result<(), Status> {
    let wanted = pod.str_at("/spec/priorityClassName").to_owned();
    let priority = if wanted.is_empty() { default_priority(cluster)? } else { named(pod, &wanted, cluster)? };
    check(pod, &priority)?;
    let spec = spec_mut(pod);
    if !priority.class.is_empty() {
        spec.insert("priorityClassName".to_owned(), priority.class.into());
    }
    spec.insert("priority".to_owned(), priority.value.into());
    spec.insert("preemptionPolicy".to_owned(), priority.preemption_policy.into());
    Ok(())
}

/// The class with `globalDefault` (the lowest, should there be several), or nothing special.
fn default_priority(cluster: &Cluster) -> Result<Priority, Status> {
    let classes: Vec<Arc<Object>> = cluster.list(CLASSES, None)?;
    let defaults = classes.iter().filter(|c| c.bool_at("/globalDefault") == Some(true)).map(|c| Priority::of(c));
    Ok(defaults.min_by_key(|p| p.value).unwrap_or_else(|| Priority {
        class: String::new(),
        value: 0,
        preemption_policy: "PreemptLowerPriority".to_owned(),
    }))
}

fn named(pod: &Object, class: &str, cluster: &Cluster) -> Result<Priority, Status> {
    match cluster.get(&Key::cluster(CLASSES, class))? {
        Some(found) => Ok(Priority::of(&found)),
        None => Err(forbidden(pod, &format!("no PriorityClass with name {class} was found"))),
    }
}

/// A pod may repeat what its class gives it, nothing else.
fn check(pod: &Object, priority: &Priority) -> Result<(), Status> {
    let Some(spec) = pod.map_at("/spec") else { return Ok(()) };
    if let Some(asked) = spec.int("priority").filter(|asked| *asked != priority.value) {
        return Err(forbidden(
            pod,
            &format!(
                "the integer value of priority ({asked}) must not be provided in pod spec; priority admission controller computed {} from the given PriorityClass name",
                priority.value
            ),
        ));
    }
    let asked = spec.text("preemptionPolicy");
    if !asked.is_empty() && asked != priority.preemption_policy {
        return Err(forbidden(
            pod,
            &format!(
                "the string value of PreemptionPolicy ({asked}) must not be provided in pod spec; priority admission controller computed {} from the given PriorityClass name",
                priority.preemption_policy
            ),
        ));
    }
    Ok(())
}
