//! Namespace: a scope of names, which takes everything in it along when it goes.
//!
//! Knows that some kinds are namespaced, and ServiceAccount `default`; nothing else of what lives in it.

mod conditions;
mod describe;

use std::sync::Arc;

use serde_json::{Value, json};

use self::conditions::Remaining;
use super::describe::{Text, View};
use super::plan::{Action, Plan};
use super::why::Reason;
use super::{ANY_CUSTOM, Kind, Names, Registry, Trigger, zeros};
use crate::apimachinery::field::{Errors, Path};
use crate::apimachinery::key::Key;
use crate::apimachinery::names::{self, NameRule};
use crate::apimachinery::object::Object;
use crate::apimachinery::status::Status;
use crate::apimachinery::table::{Column, column};
use crate::apimachinery::time::{self, Time};
use crate::cluster::Cluster;

/// The kind.
pub struct Namespace;

static NAMES: Names = Names { namespaced: false, ..Names::core("Namespace", "namespaces", "namespace", &["ns"]) };
static COLUMNS: [Column; 3] = [column("Name"), column("Status"), column("Age")];

const NAME_LABEL: &str = "kubernetes.io/metadata.name";
/// The finalizer of `spec.finalizers` that the controller takes off last.
const FINALIZER: &str = "kubernetes";
/// The namespaces that the NamespaceLifecycle admission plugin never lets go.
const IMMORTAL: [&str; 3] = ["default", "kube-public", "kube-system"];

/// What `--field-selector` knows of it besides its name.
const SELECTABLE: &[(&str, &str)] = &[("status.phase", "/status/phase")];

impl Kind for Namespace {
    fn names(&self) -> &Names {
        &NAMES
    }

    fn columns(&self) -> &[Column] {
        &COLUMNS
    }

    fn cells(&self, object: &Object, now: Time) -> Vec<String> {
        let age = time::age(object.creation_timestamp(), now);
        vec![object.name().to_owned(), object.str_at("/status/phase").to_owned(), age]
    }

    fn describe(&self, object: &Object, view: &View, out: &mut Text) -> Result<(), Status> {
        describe::describe(object, view, out)
    }

    fn name_rule(&self) -> NameRule {
        names::name_is_dns_label
    }

    fn set_defaults(&self, object: &mut Object) {
        let name = object.name().to_owned();
        // A generated name is not there yet; the label comes with the next write.
        if !name.is_empty() {
            object.set_label(NAME_LABEL, &name);
        }
        zeros::omit(object, &["/spec/finalizers"]);
        zeros::write(object, &[("/spec", json!({}))]);
        if object.str_at("/status/phase").is_empty() {
            object.set("/status/phase", "Active".into());
        }
    }

    fn prepare_for_create(&self, object: &mut Object) {
        object.set("/status", json!({"phase": "Active"}));
        let mut finalizers = object.list_at("/spec/finalizers").to_vec();
        if !finalizers.iter().any(|f| f == FINALIZER) {
            finalizers.push(FINALIZER.into());
            object.set("/spec/finalizers", Value::Array(finalizers));
        }
    }

    fn prepare_for_update(&self, new: &mut Object, old: &Object) {
        for pointer in ["/spec/finalizers", "/status"] {
            match old.at(pointer) {
                Some(value) => new.set(pointer, value.clone()),
                None => drop(new.remove(pointer)),
            }
        }
    }

    fn validate(&self, object: &Object) -> Errors {
        let mut errors = Errors::default();
        let path = Path::new("spec.finalizers");
        for name in object.list_at("/spec/finalizers").iter().filter_map(Value::as_str) {
            for problem in names::is_qualified_name(name) {
                errors.invalid(&path, name, &problem);
            }
            if !names::is_own_or_qualified(name) {
                let detail = "name is neither a standard finalizer name nor is it fully qualified";
                errors.invalid(&path, name, detail);
            }
        }
        errors
    }

    fn validate_update(&self, _new: &Object, _old: &Object) -> Errors {
        Errors::default()
    }

    fn admit_delete(&self, object: &Object) -> Result<(), Status> {
        if IMMORTAL.contains(&object.name()) {
            return Err(Status::forbidden("namespaces", object.name(), "this namespace may not be deleted"));
        }
        Ok(())
    }

    fn outlives_deletion(&self, object: &Object) -> bool {
        !object.list_at("/spec/finalizers").is_empty()
    }

    fn prepare_for_delete(&self, object: &mut Object) {
        object.set("/status/phase", "Terminating".into());
    }

    fn reconcile(&self, object: &Arc<Object>, cluster: &Cluster, now: Time) -> Result<Plan, Status> {
        match object.deletion_timestamp() {
            Some(_) => empty_out(object, cluster, now),
            None => service_account(object, cluster),
        }
    }

    fn triggers(&self) -> &'static [Trigger] {
        &TRIGGERS
    }

    fn selectable_fields(&self) -> &'static [(&'static str, &'static str)] {
        SELECTABLE
    }

    /// Its finalizer and the label with its name are the server's.
    fn export(&self, object: &mut Object, _cluster: &Cluster) -> Result<bool, Status> {
        object.remove("/spec");
        object.remove_label(NAME_LABEL);
        Ok(true)
    }
}

/// Makes the ServiceAccount that pods without one act as.
fn service_account(namespace: &Object, cluster: &Cluster) -> Result<Plan, Status> {
    let key = Key::new("serviceaccounts", namespace.name(), "default");
    let mut plan = Plan::nothing();
    if cluster.get(&key)?.is_none() {
        plan.push(Action::Create(Object::new("v1", "ServiceAccount", namespace.name(), "default")));
    }
    Ok(plan)
}

/// Deletes what is in the namespace and, when nothing is left, the namespace. Once there is nothing more to delete it says what
/// it waits for.
fn empty_out(namespace: &Object, cluster: &Cluster, now: Time) -> Result<Plan, Status> {
    let mut plan = Plan::nothing();
    let mut is_empty = true;
    let mut remaining = Remaining::default();
    for names in Registry::of(cluster)?.kinds().map(|k| k.names()).filter(|n| n.namespaced) {
        for (key, object) in cluster.list_keyed(names.resource, Some(namespace.name()))? {
            is_empty = false;
            remaining.add(names, &object);
            plan.because(cluster, || {
                let text = format!("it goes once everything in it is gone: {} is there", key);
                Reason::new("namespace-controller", Key::cluster("namespaces", namespace.name()), text)
                    .waiting_for(key.clone())
            });
            if object.deletion_timestamp().is_none() {
                plan.push(Action::Delete { key, uid: object.uid().to_owned() });
            }
        }
    }
    if is_empty && namespace.finalizers().next().is_none() {
        let key = Key::cluster("namespaces", namespace.name());
        plan.push(Action::Remove { key, uid: namespace.uid().to_owned() });
    } else if plan.actions.is_empty() {
        plan.actions.extend(remaining.told(namespace, now).map(Action::UpdateStatus));
    }
    Ok(plan)
}

static TRIGGERS: [Trigger; 31] = [
    content(ANY_CUSTOM),
    content("configmaps"),
    content("endpoints"),
    content("events"),
    content("limitranges"),
    content("persistentvolumeclaims"),
    content("pods"),
    content("podtemplates"),
    content("replicationcontrollers"),
    content("resourcequotas"),
    content("secrets"),
    content("services"),
    content("controllerrevisions.apps"),
    content("daemonsets.apps"),
    content("deployments.apps"),
    content("replicasets.apps"),
    content("statefulsets.apps"),
    content("horizontalpodautoscalers.autoscaling"),
    content("cronjobs.batch"),
    content("jobs.batch"),
    content("leases.coordination.k8s.io"),
    content("endpointslices.discovery.k8s.io"),
    content("ingresses.networking.k8s.io"),
    content("networkpolicies.networking.k8s.io"),
    content("poddisruptionbudgets.policy"),
    content("rolebindings.rbac.authorization.k8s.io"),
    content("roles.rbac.authorization.k8s.io"),
    content("resourceclaims.resource.k8s.io"),
    content("resourceclaimtemplates.resource.k8s.io"),
    content("csistoragecapacities.storage.k8s.io"),
    // Also for a living namespace: `default` is made anew.
    Trigger { resource: "serviceaccounts", keys: |o, _| Ok(vec![Key::cluster("namespaces", o.namespace())]) },
];

/// A namespace that is being deleted looks again whenever something in it changes.
const fn content(resource: &'static str) -> Trigger {
    Trigger { resource, keys: terminating }
}

fn terminating(object: &Object, cluster: &Cluster) -> Result<Vec<Key>, Status> {
    let key = Key::cluster("namespaces", object.namespace());
    let terminating = cluster.get(&key)?.is_some_and(|n| n.deletion_timestamp().is_some());
    Ok(if terminating { vec![key] } else { Vec::new() })
}

#[cfg(test)]
mod tests;
