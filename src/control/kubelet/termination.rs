//! How a pod goes: its containers are stopped, its end is reported, the object is removed.

use std::sync::Arc;

use chrono::TimeDelta;
use serde_json::Value;

use super::known::{self, End};
use super::{SOURCE, container_status, pod_status, remove};
use crate::apimachinery::object::Object;
use crate::apimachinery::status::Status;
use crate::apimachinery::time::{self, Time};
use crate::cluster::Cluster;
use crate::control::pace::{Pace, Step};
use crate::control::{observation, processes};
use crate::kinds::plan::{Action, EventRecord, Plan};

/// How long after its grace period a process that was killed is waited for.
const LATE: TimeDelta = TimeDelta::seconds(2);
/// The exit status of a process that SIGKILL ended.
const KILLED: i32 = 137;

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
    let pace = Pace::of(cluster)?;
    let stops = since + pace.of_step(Step::ContainerStop).min(TimeDelta::seconds(grace));
    let killed = since + TimeDelta::seconds(grace) + LATE;
    let processes = processes::of(pod, &pace);
    let (mut ended, mut plan) = (Object::clone(pod), Plan::nothing());
    for name in running {
        let (at, code) = match processes.iter().any(|p| p.container == name) {
            true => (killed, KILLED),
            false => (stops, 0),
        };
        let seen = last_seen(pod, &name);
        let end = seen.or_else(|| (at <= now).then(|| End::exited(at, code)));
        match end {
            Some(end) => container_status::set_ended(&mut ended, &name, &end, false),
            None => plan.requeue(at),
        }
    }
    if ended != **pod {
        pod_status::set_conditions(&mut ended, now);
        plan.push(Action::UpdateStatus(ended));
    }
    Ok(plan)
}

/// How the present run of a container was seen to end.
fn last_seen(pod: &Object, name: &str) -> Option<End> {
    let attempt = container_status::find(pod, name)?.get("restartCount")?.as_u64()?;
    known::seen_end(&observation::of(pod, name, u32::try_from(attempt).ok()?)?)
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
