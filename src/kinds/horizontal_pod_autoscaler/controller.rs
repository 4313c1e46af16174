//! The autoscaler's controller. Nothing is measured here, as in a cluster without a metrics server: the bounds are kept, and
//! the status says why no more is done.
//!
//! Upstream looks every 15 seconds for ever. Here it looks at those times only when something has changed since, and tells
//! a failure once instead of counting it.

use std::sync::Arc;

use chrono::TimeDelta;
use serde_json::{Value, json};

use super::NAMES;
use crate::apimachinery::key::Key;
use crate::apimachinery::object::Object;
use crate::apimachinery::status::Status;
use crate::apimachinery::time::{self, Time};
use crate::cluster::Cluster;
use crate::kinds::plan::{Action, EventRecord, Plan};
use crate::kinds::pod::Fields;
use crate::kinds::{KindRef, ScalePaths, of_api_version};

const SOURCE: &str = "horizontal-pod-autoscaler";
/// `--horizontal-pod-autoscaler-sync-period`.
const PERIOD: i64 = 15;
/// Where the bookkeeping has when it looks next.
const KEY: &str = "syncAt";
/// The answer of a server without a metrics API.
const NO_METRICS: &str = "the server could not find the requested resource (get pods.metrics.k8s.io)";

/// What a look comes to.
struct Look {
    status: Value,
    /// The scaled object with its new size.
    resized: Option<Object>,
    events: Vec<EventRecord>,
}

/// Looks at the next time of its own at which there is something to do.
pub fn reconcile(scaler: &Arc<Object>, cluster: &Cluster, now: Time) -> Result<Plan, Status> {
    let mut plan = Plan::nothing();
    if scaler.deletion_timestamp().is_some() {
        return Ok(plan);
    }
    let look = look(scaler, cluster, now)?;
    let is_same = look.resized.is_none() && scaler.at("/status") == Some(&look.status);
    let mut new = Object::clone(scaler);
    match scaler.internal.get(KEY).and_then(Value::as_str).and_then(time::parse) {
        _ if is_same => drop(new.internal.remove(KEY)),
        None => {
            let at = next(scaler, now);
            new.internal.insert(KEY, time::to_rfc3339_micro(at).into());
        }
        Some(at) if now < at => plan.requeue(at),
        Some(_) => {
            new.internal.remove(KEY);
            new.set("/status", look.status);
            plan.actions.extend(look.resized.map(Action::Update));
            plan.actions.extend(look.events.into_iter().map(Action::Event));
        }
    }
    if new != **scaler {
        plan.push(Action::UpdateStatus(new));
    }
    Ok(plan)
}

/// The next of its times: every period since it was made.
fn next(scaler: &Object, now: Time) -> Time {
    let made = scaler.creation_timestamp().unwrap_or(now);
    let periods = (now - made).num_seconds().max(0) / PERIOD + 1;
    made + TimeDelta::seconds(periods * PERIOD)
}

fn look(scaler: &Object, cluster: &Cluster, now: Time) -> Result<Look, Status> {
    let mut look =
        Look { status: scaler.at("/status").cloned().unwrap_or_else(|| json!({})), resized: None, events: Vec::new() };
    let (target, kind) = match target(scaler, cluster)? {
        Ok(found) => found,
        Err(why) => {
            let message = format!("the HPA controller was unable to get the target's current scale: {why}");
            if look.condition(scaler, ("AbleToScale", "False", "FailedGetScale"), message, now) {
                look.events.push(EventRecord::warning(scaler, SOURCE, "FailedGetScale", why));
            }
            return Ok(look);
        }
    };
    let paths = kind.scale().unwrap_or(ScalePaths::REPLICAS);
    let current = target.i64_at(paths.spec_replicas).unwrap_or(0);
    let most = scaler.i64_at("/spec/maxReplicas").unwrap_or(0);
    let least = scaler.i64_at("/spec/minReplicas").unwrap_or(1);
    let able = "the HPA controller was able to get the target's current scale";
    let bound = match current {
        0 if least != 0 => None,
        n if n > most => Some((most, "Current number of replicas above Spec.MaxReplicas")),
        n if n < least => Some((least, "Current number of replicas below Spec.MinReplicas")),
        _ => None,
    };
    let Some((size, reason)) = bound else {
        look.condition(scaler, ("AbleToScale", "True", "SucceededGetScale"), able.to_owned(), now);
        look.status["currentReplicas"] = current.into();
        look.cannot_measure(scaler, current, now);
        return Ok(look);
    };
    let message = format!("the HPA controller was able to update the target scale to {size}");
    look.condition(scaler, ("AbleToScale", "True", "SucceededRescale"), message, now);
    look.events.push(EventRecord::normal(
        scaler,
        SOURCE,
        "SuccessfulRescale",
        format!("New size: {size}; reason: {reason}"),
    ));
    look.status["currentReplicas"] = current.into();
    look.status["desiredReplicas"] = size.into();
    look.status["lastScaleTime"] = time::to_rfc3339(now).into();
    let mut resized = Object::clone(&target);
    resized.set(paths.spec_replicas, size.into());
    look.resized = Some(resized);
    Ok(look)
}

/// What is scaled, and its kind; or why it cannot be.
fn target(scaler: &Object, cluster: &Cluster) -> Result<Result<(Arc<Object>, KindRef), String>, Status> {
    let wanted = scaler.at("/spec/scaleTargetRef").cloned().unwrap_or_default();
    let (version, kind, name) = (wanted.text("apiVersion"), wanted.text("kind"), wanted.text("name"));
    let Some(found) = of_api_version(cluster, version, kind)?.filter(|k| k.scale().is_some()) else {
        let group = version.rsplit_once('/').map_or("", |(group, _)| group);
        return Ok(Err(format!(
            "unable to determine resource for scale target reference: no matches for kind \"{kind}\" in group \"{group}\""
        )));
    };
    let key = found.names().key(scaler.namespace(), name);
    Ok(cluster.get(&key)?.map(|object| (object, found)).ok_or_else(|| Status::not_found(&key.resource, name).message))
}

impl Look {
    /// Sets a condition; whether it is news.
    fn condition(
        &mut self,
        scaler: &Object,
        (kind, status, reason): (&str, &str, &str),
        message: String,
        now: Time,
    ) -> bool {
        let known = scaler.list_at("/status/conditions").iter().find(|c| c.text("type") == kind);
        let is_news = known.is_none_or(|c| c.text("status") != status || c.text("reason") != reason);
        let since = known.filter(|c| c.text("status") == status).map(|c| c.text("lastTransitionTime").to_owned());
        let condition = json!({
            "type": kind, "status": status, "reason": reason, "message": message,
            "lastTransitionTime": since.unwrap_or_else(|| time::to_rfc3339(now)),
        });
        let mut all: Vec<Value> = self.status.items("conditions").to_vec();
        match all.iter_mut().find(|c| c.text("type") == kind) {
            Some(old) => *old = condition,
            None => all.push(condition),
        }
        self.status["conditions"] = all.into();
        is_news
    }

    /// What comes of asking for metrics where nobody measures.
    fn cannot_measure(&mut self, scaler: &Object, current: i64, now: Time) {
        if current == 0 {
            let why = "scaling is disabled since the replica count of the target is zero".to_owned();
            self.status["desiredReplicas"] = 0.into();
            self.condition(scaler, ("ScalingActive", "False", "ScalingDisabled"), why, now);
            return;
        }
        let metrics = scaler.list_at("/spec/metrics");
        let Some((reason, what, why)) = metrics.first().map(failure) else { return };
        let message = format!("the HPA was unable to compute the replica count: {why}");
        if !self.condition(scaler, ("ScalingActive", "False", reason), message, now) {
            return;
        }
        for (reason, _, why) in metrics.iter().map(failure) {
            self.events.push(EventRecord::warning(scaler, SOURCE, reason, why));
        }
        let count = metrics.len();
        let all = format!(
            "invalid metrics ({count} invalid out of {count}), first error is: failed to get {what} metric value: {why}"
        );
        self.events.push(EventRecord::warning(scaler, SOURCE, "FailedComputeMetricsReplicas", all));
    }
}

/// Why a metric cannot be had: the reason, what the metric is called, and the error.
fn failure(metric: &Value) -> (&'static str, String, String) {
    let custom = |name: &str, api: &str| {
        format!("unable to get metric {name}: unable to fetch metrics from {api}: no {api} registered")
    };
    match metric.text("type") {
        "ContainerResource" => {
            let of = &metric["containerResource"];
            ("FailedGetContainerResourceMetric", format!("{} container", of.text("name")), unmeasured(of))
        }
        "Pods" => {
            let name = metric["pods"]["metric"].text("name");
            ("FailedGetPodsMetric", "pods".to_owned(), custom(name, "custom metrics API"))
        }
        "Object" => {
            let name = metric["object"]["metric"].text("name");
            ("FailedGetObjectMetric", "object".to_owned(), custom(name, "custom metrics API"))
        }
        "External" => {
            let name = metric["external"]["metric"].text("name");
            ("FailedGetExternalMetric", "external".to_owned(), custom(name, "external metrics API"))
        }
        _ => {
            let of = &metric["resource"];
            ("FailedGetResourceMetric", format!("{} resource", of.text("name")), unmeasured(of))
        }
    }
}

fn unmeasured(of: &Value) -> String {
    let name = of.text("name");
    let what = if of["target"].field("averageValue").is_some() { "usage" } else { "utilization" };
    format!(
        "failed to get {name} {what}: unable to get metrics for resource {name}: unable to fetch metrics from resource \
         metrics API: {NO_METRICS}"
    )
}

/// The autoscalers of an object that was changed.
pub fn of_target(target: &Object, cluster: &Cluster) -> Result<Vec<Key>, Status> {
    let scalers = cluster.list_keyed(NAMES.resource, Some(target.namespace()))?;
    let is_of = |scaler: &Object| {
        scaler.str_at("/spec/scaleTargetRef/kind") == target.kind()
            && scaler.str_at("/spec/scaleTargetRef/name") == target.name()
    };
    Ok(scalers.into_iter().filter(|(_, scaler)| is_of(scaler)).map(|(key, _)| key).collect())
}
