//! The PodSecurity admission plugin: a namespace's labels say what its pods may do, and what is only warned of.
//!
//! As k8s.io/pod-security-admission with the server's default configuration: everything is allowed where no label asks for
//! less, and nobody is exempt. `audit` is checked and writes nothing, as there is no audit log. Knows no request.

mod baseline;
mod checks;
mod policy;
mod restricted;

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::{Map, Value};

use super::Names;
use super::pod::Fields;
use crate::apimachinery::key::Key;
use crate::apimachinery::object::Object;
use crate::apimachinery::status::Status;
use crate::cluster::Cluster;
use checks::{Violation, detail, evaluate, reasons};
use policy::{Level, LevelVersion, Policy};

/// The kinds that have a pod's template, and where. Their pods are refused, not they: they are only warned of.
const TEMPLATES: [(&str, &str); 8] = [
    ("podtemplates", "/template"),
    ("replicationcontrollers", "/spec/template"),
    ("daemonsets.apps", "/spec/template"),
    ("deployments.apps", "/spec/template"),
    ("replicasets.apps", "/spec/template"),
    ("statefulsets.apps", "/spec/template"),
    ("cronjobs.batch", "/spec/jobTemplate/spec/template"),
    ("jobs.batch", "/spec/template"),
];

const SECCOMP_OF_POD: &str = "seccomp.security.alpha.kubernetes.io/pod";
const SECCOMP_OF_CONTAINER: &str = "container.seccomp.security.alpha.kubernetes.io/";

/// Refuses a pod that its namespace's `enforce` level forbids, and a namespace whose labels cannot be read.
///
/// # Errors
/// Forbidden for the pod, Invalid for the namespace.
pub fn admit(names: &Names, new: &Object, old: Option<&Object>, cluster: &Cluster) -> Result<(), Status> {
    match names.resource {
        "namespaces" => {
            let (_, errors) = Policy::of(new);
            if errors.is_empty() || old.is_some_and(|old| Policy::of(old).1 == errors) {
                return Ok(());
            }
            Err(Status::invalid(&names.group_kind(), new.name(), errors))
        }
        "pods" => {
            let policy = policy_for(new, cluster)?;
            if policy.enforce.level == Level::Privileged || old.is_some_and(|old| !is_significant(new, old)) {
                return Ok(());
            }
            let violations = evaluate(&policy.enforce, &new.body().to_map());
            if violations.is_empty() {
                return Ok(());
            }
            let why = format!("violates PodSecurity \"{}\": {}", policy.enforce, detail(&violations));
            Err(Status::forbidden(names.resource, new.name(), &why))
        }
        _ => Ok(()),
    }
}

/// What is warned of when an object was let in: a pod or a template that the namespace's `warn` level forbids, and the pods
/// of a namespace that its new `enforce` level would forbid.
///
/// # Errors
/// Those of the store.
pub fn warnings(names: &Names, new: &Object, old: Option<&Object>, cluster: &Cluster) -> Result<Vec<String>, Status> {
    if names.resource == "namespaces" {
        return match old {
            Some(old) => warn_of_pods(new, old, cluster),
            None => Ok(Vec::new()),
        };
    }
    let template = match TEMPLATES.iter().find(|(resource, _)| *resource == names.resource) {
        Some((_, pointer)) => new.at(pointer).and_then(Value::as_object).map(Cow::Borrowed),
        None if names.resource == "pods" && old.is_none_or(|old| is_significant(new, old)) => {
            Some(Cow::Owned(new.body().to_map()))
        }
        None => None,
    };
    let Some(template) = template else { return Ok(Vec::new()) };
    let warn = policy_for(new, cluster)?.warn;
    let violations = evaluate(&warn, &template);
    if violations.is_empty() {
        return Ok(Vec::new());
    }
    Ok(vec![format!("would violate PodSecurity \"{warn}\": {}", detail(&violations))])
}

fn policy_for(object: &Object, cluster: &Cluster) -> Result<Policy, Status> {
    let namespace = cluster.get(&Key::cluster("namespaces", object.namespace()))?;
    Ok(namespace.map_or_else(Policy::default, |namespace| Policy::of(&namespace).0))
}

/// What a namespace's pods do that its changed `enforce` level forbids; those that do the same are told of together.
fn warn_of_pods(new: &Object, old: &Object, cluster: &Cluster) -> Result<Vec<String>, Status> {
    let (enforce, before) = (Policy::of(new).0.enforce, Policy::of(old).0.enforce);
    let is_relaxed = enforce.version == before.version && enforce.level <= before.level;
    if enforce.level == Level::Privileged || is_relaxed {
        return Ok(Vec::new());
    }
    let pods: Vec<Arc<Object>> = cluster.list("pods", Some(new.name()))?;
    Ok(told_together(new.name(), &enforce, &pods))
}

fn told_together(namespace: &str, enforce: &LevelVersion, pods: &[Arc<Object>]) -> Vec<String> {
    // The pods are in the order of their names, so the first of a reason has the first name.
    let mut first_and_count: BTreeMap<String, (&str, usize)> = BTreeMap::new();
    for pod in pods {
        let violations: Vec<Violation> = evaluate(enforce, &pod.body().to_map());
        if !violations.is_empty() {
            first_and_count.entry(reasons(&violations)).or_insert((pod.name(), 0)).1 += 1;
        }
    }
    let mut told: Vec<String> = first_and_count
        .iter()
        .map(|(why, (name, count))| match count {
            1 => format!("{name}: {why}"),
            2 => format!("{name} (and 1 other pod): {why}"),
            many => format!("{name} (and {} other pods): {why}", many - 1),
        })
        .collect();
    told.sort();
    if !told.is_empty() {
        told.insert(
            0,
            format!("existing pods in namespace {namespace:?} violate the new PodSecurity enforce level \"{enforce}\""),
        );
    }
    told
}

/// Whether an update of a pod changes what is checked: of what may change at all, images, profiles and ephemeral containers.
fn is_significant(new: &Object, old: &Object) -> bool {
    let annotation = |pod: &Object, key: &str| pod.annotation(key).map(str::to_owned);
    if annotation(new, SECCOMP_OF_POD) != annotation(old, SECCOMP_OF_POD) {
        return true;
    }
    let image = |pod: &Object, container: &Map<String, Value>| {
        let profile = annotation(pod, &format!("{SECCOMP_OF_CONTAINER}{}", container.text("name")));
        (container.text("name").to_owned(), container.text("image").to_owned(), profile)
    };
    let images = |pod: &Object, list: &str| -> Vec<_> {
        let containers = pod.list_at(&format!("/spec/{list}")).iter().filter_map(Value::as_object);
        containers.map(|c| image(pod, c)).collect()
    };
    ["containers", "initContainers", "ephemeralContainers"].iter().any(|list| images(new, list) != images(old, list))
}

#[cfg(test)]
mod tests;
