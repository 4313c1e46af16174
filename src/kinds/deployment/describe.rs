//! What `describe` prints of a Deployment: itself, and the ReplicaSets that it goes from and to.

use std::sync::Arc;

use serde_json::Value;

use super::replica_sets::{self, without_hash};
use crate::apimachinery::go_value;
use crate::apimachinery::labels::Selector;
use crate::apimachinery::object::Object;
use crate::apimachinery::status::Status;
use crate::kinds::describe::{Text, View, annotations, labels, or_none, pod_template, rfc1123, workload_conditions};

pub fn describe(deployment: &Object, view: &View, out: &mut Text) -> Result<(), Status> {
    let selector = Selector::from_label_selector(deployment.at("/spec/selector").unwrap_or(&Value::Null))?;
    out.field(0, "Name", deployment.name());
    out.field(0, "Namespace", deployment.namespace());
    out.field(0, "CreationTimestamp", rfc1123(deployment.creation_timestamp()));
    labels(out, deployment);
    annotations(out, "Annotations", deployment.map_at("/metadata/annotations"));
    out.field(0, "Selector", &selector);
    out.field(0, "Replicas", replicas(deployment));
    out.field(0, "StrategyType", deployment.str_at("/spec/strategy/type"));
    out.field(0, "MinReadySeconds", deployment.i64_at("/spec/minReadySeconds").unwrap_or(0));
    if deployment.map_at("/spec/strategy/rollingUpdate").is_some() {
        let of = |field: &str| {
            let value = deployment.at(&format!("/spec/strategy/rollingUpdate/{field}"));
            go_value::display(value.unwrap_or(&Value::Null))
        };
        let (unavailable, surge) = (of("maxUnavailable"), of("maxSurge"));
        out.field(0, "RollingUpdateStrategy", format_args!("{unavailable} max unavailable, {surge} max surge"));
    }
    pod_template(deployment.at("/spec/template").unwrap_or(&Value::Null), out);
    workload_conditions(deployment.list_at("/status/conditions"), out);
    sets(deployment, &selector, view, out)?;
    view.events(deployment, out)
}

fn replicas(deployment: &Object) -> String {
    let number = |pointer| deployment.i64_at(pointer).unwrap_or(0);
    format!(
        "{} desired | {} updated | {} total | {} available | {} unavailable",
        number("/spec/replicas"),
        number("/status/updatedReplicas"),
        number("/status/replicas"),
        number("/status/availableReplicas"),
        number("/status/unavailableReplicas")
    )
}

/// `OldReplicaSets:` and `NewReplicaSet:`, when there are any.
fn sets(deployment: &Object, selector: &Selector, view: &View, out: &mut Text) -> Result<(), Status> {
    let mut own = view.cluster.list("replicasets.apps", Some(deployment.namespace()))?;
    own.retain(|s| selector.matches(s.labels()) && s.controller_of().is_some_and(|c| c.uid == deployment.uid()));
    own.sort_by_key(|s| (s.creation_timestamp(), s.name().to_owned()));
    let template = deployment.at("/spec/template");
    let new = own.iter().position(|s| without_hash(s).as_ref() == template).map(|at| own.remove(at));
    if new.is_some() || !own.is_empty() {
        out.field(0, "OldReplicaSets", listed(&own));
        out.field(0, "NewReplicaSet", listed(new.as_slice()));
    }
    Ok(())
}

fn listed(sets: &[Arc<Object>]) -> String {
    let text = |set: &Arc<Object>| {
        let created = set.i64_at("/status/replicas").unwrap_or(0);
        format!("{} ({created}/{} replicas created)", set.name(), replica_sets::replicas(set))
    };
    or_none(&sets.iter().map(text).collect::<Vec<_>>().join(", ")).to_owned()
}
