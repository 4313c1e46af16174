//! How a pod goes: its containers are stopped, its end is reported, the object is removed.

use std::sync::Arc;

use chrono::TimeDelta;
use serde_json::Value;

use super::known::End;
use super::{SOURCE, container_status, pod_status, remove};
use crate::apimachinery::object::Object;
use crate::apimachinery::status::Status;
use crate::apimachinery::time::{self, Time};
use crate::cluster::Cluster;
use crate::control::pace::{Pace, Step};
use crate::kinds::plan::{Action, EventRecord, Plan};

/// Brings a pod that is being deleted one transition further.
pub fn reconcile(pod: &Arc<Object>, cluster: &Cluster, now: Time) -> Result<Plan, Status> {
    let running = container_status::running(pod);
    if running.is_empty() {
        return Ok(take_down(pod, now));
    }
    let Some(since) = pod.internal.get("stopping").and_then(Value::as_str).and_then(time::parse) else {
        return Ok(stop(pod, &running, now));
    };
    let grace = pod.i64_at("/metadata/deletionGracePeriodSeconds").unwrap_or(0).clamp(0, 31_536_000);
    let ends = since + Pace::of(cluster)?.of_step(Step::ContainerStop).min(TimeDelta::seconds(grace));
    if now < ends {
        return Ok(Plan { actions: Vec::new(), requeue_at: Some(ends) });
    }
    let mut ended = Object::clone(pod);
    container_status::end_all(&mut ended, &End::exited(ends, 0));
    pod_status::set_conditions(&mut ended, now);
    Ok(Plan { actions: vec![Action::UpdateStatus(ended)], requeue_at: None })
}

/// Takes the sandbox down, then the pod.
fn take_down(pod: &Arc<Object>, now: Time) -> Plan {
    if !pod_status::has_sandbox(pod) {
        return remove(pod);
    }
    let mut empty = Object::clone(pod);
    empty.internal.remove("sandbox");
    pod_status::set_conditions(&mut empty, now);
    Plan { actions: vec![Action::UpdateStatus(empty)], requeue_at: None }
}

fn stop(pod: &Arc<Object>, running: &[String], now: Time) -> Plan {
    let mut plan = Plan::nothing();
    let mut stopping = Object::clone(pod);
    stopping.internal.insert("stopping".to_owned(), time::to_rfc3339_micro(now).into());
    plan.push(Action::UpdateStatus(stopping));
    for name in running {
        plan.push(Action::Event(EventRecord {
            field_path: format!("spec.containers{{{name}}}"),
            host: pod.str_at("/spec/nodeName").to_owned(),
            ..EventRecord::normal(pod, SOURCE, "Killing", format!("Stopping container {name}"))
        }));
    }
    plan
}
