//! How a pod comes up: accepted, its sandbox made, then its containers walked up and kept.

use std::sync::Arc;

use serde_json::{Value, json};

use super::walk::Walk;
use super::{SOURCE, admission, again, because, config, container_status, deadline, network, pod_status};
use crate::apimachinery::key::Key;
use crate::apimachinery::object::Object;
use crate::apimachinery::status::Status;
use crate::apimachinery::time::{self, Time};
use crate::cluster::Cluster;
use crate::control::pace::Pace;
use crate::control::processes;
use crate::kinds::plan::{Action, EventRecord, Plan};

/// Brings a pod one transition further.
pub fn reconcile(pod: &Arc<Object>, node: &Object, cluster: &Cluster, now: Time) -> Result<Plan, Status> {
    let deadline = deadline::of(pod);
    if deadline.is_some_and(|at| at <= now) {
        return Ok(deadline::exceed(pod, &Pace::of(cluster)?, now));
    }
    let mut plan = come_up(pod, node, cluster, now)?;
    if let Some(at) = deadline {
        plan.requeue(at);
    }
    Ok(plan)
}

fn come_up(pod: &Arc<Object>, node: &Object, cluster: &Cluster, now: Time) -> Result<Plan, Status> {
    if pod.str_at("/status/startTime").is_empty() {
        return accept(pod, node, cluster, now);
    }
    if pod.str_at("/status/podIP").is_empty() {
        return make_sandbox(pod, cluster, now);
    }
    Walk::new(pod, node, cluster, now)?.go()
}

/// The kubelet has seen the pod, and takes it or not.
fn accept(pod: &Arc<Object>, node: &Object, cluster: &Cluster, now: Time) -> Result<Plan, Status> {
    if let Some(rejected) = admission::reject(pod, node, cluster, now)? {
        return Ok(rejected);
    }
    let mut new = Object::clone(pod);
    let address = network::node_address(node);
    new.set("/status/phase", "Pending".into());
    new.set("/status/startTime", time::to_rfc3339(now).into());
    new.set("/status/hostIP", address.as_str().into());
    new.set("/status/hostIPs", json!([{"ip": address}]));
    container_status::set_all_waiting(&mut new);
    if cluster.runs_processes() {
        processes::allow(&mut new, &Pace::of(cluster)?);
    }
    pod_status::set_conditions(&mut new, now);
    Ok(Plan { actions: vec![Action::UpdateStatus(new)], ..Plan::default() })
}

/// The pod's volumes are mounted and it has an address; or it says what its volumes lack.
fn make_sandbox(pod: &Arc<Object>, cluster: &Cluster, now: Time) -> Result<Plan, Status> {
    let mut plan = Plan::nothing();
    if let Some(why) = config::missing_volume(pod, cluster)? {
        let message = format!("MountVolume.SetUp failed for volume {:?} : {}", why.volume, why.message);
        because(&mut plan, pod, cluster, || message.clone());
        let told = EventRecord {
            host: pod.str_at("/spec/nodeName").to_owned(),
            ..EventRecord::warning(pod, SOURCE, "FailedMount", message)
        };
        let again = again::MOUNT.of(&told, cluster, now)?;
        if again.times > 0 {
            plan.push(Action::Event(EventRecord { times: again.times, ..told }));
        }
        plan.requeue(again.next);
        return Ok(plan);
    }
    plan.actions.extend(pull_secrets_missed(pod, cluster)?);
    let mut new = Object::clone(pod);
    let taken = cluster.pod_addresses() + 1;
    let address = match pod.bool_at("/spec/hostNetwork") {
        Some(true) => pod.str_at("/status/hostIP").to_owned(),
        _ => network::pod_address(taken),
    };
    new.set("/status/podIP", address.as_str().into());
    new.set("/status/podIPs", json!([{"ip": address}]));
    new.internal.insert("sandbox", true.into());
    pod_status::set_conditions(&mut new, now);
    plan.push(Action::PodAddresses(taken));
    plan.push(Action::UpdateStatus(new));
    Ok(plan)
}

/// What the kubelet says of `imagePullSecrets` that are not there, before it pulls without them.
fn pull_secrets_missed(pod: &Object, cluster: &Cluster) -> Result<Option<Action>, Status> {
    let mut missing = Vec::new();
    for name in pod.list_at("/spec/imagePullSecrets").iter().map(|secret| text(secret, "name")) {
        if cluster.get(&Key::new("secrets", pod.namespace(), name))?.is_none() {
            missing.push(name);
        }
    }
    let message = format!(
        "Unable to retrieve some image pull secrets ({}); attempting to pull the image may not succeed.",
        missing.join(", ")
    );
    Ok((!missing.is_empty()).then(|| {
        Action::Event(EventRecord {
            host: pod.str_at("/spec/nodeName").to_owned(),
            ..EventRecord::warning(pod, SOURCE, "FailedToRetrieveImagePullSecret", message)
        })
    }))
}

/// A string field of a container.
pub fn text<'v>(spec: &'v Value, field: &str) -> &'v str {
    spec.get(field).and_then(Value::as_str).unwrap_or_default()
}
