//! A pod's `activeDeadlineSeconds`: how long it may be active on its node, counted from its `startTime`.

use chrono::TimeDelta;

use super::known::End;
use super::{SOURCE, container_status, pod_status};
use crate::apimachinery::object::Object;
use crate::apimachinery::time::{self, Time};
use crate::control::pace::Pace;
use crate::control::processes;
use crate::kinds::plan::{Action, EventRecord, Plan};

/// The status's reason, and the event's: the kubelet's own words.
pub const REASON: &str = "DeadlineExceeded";
const MESSAGE: &str = "Pod was active on the node longer than the specified deadline";
/// The exit statuses of a process that SIGKILL ended, and of one that stopped when it was asked to.
const KILLED: i32 = 137;
const STOPPED: i32 = 0;

/// When the pod's time is up, if it has a deadline.
pub fn of(pod: &Object) -> Option<Time> {
    let seconds = pod.i64_at("/spec/activeDeadlineSeconds")?;
    let start = time::parse(pod.str_at("/status/startTime"))?;
    Some(time::later(start, TimeDelta::seconds(seconds.clamp(0, i64::from(i32::MAX)))))
}

/// Fails a pod whose time is up: what runs in it is stopped and not started again.
pub fn exceed(pod: &Object, pace: &Pace, now: Time) -> Plan {
    let mut failed = Object::clone(pod);
    let mut plan = Plan::nothing();
    failed.set("/status/reason", REASON.into());
    failed.set("/status/message", MESSAGE.into());
    let host = pod.str_at("/spec/nodeName").to_owned();
    let about_pod = EventRecord::normal(pod, SOURCE, REASON, MESSAGE.to_owned());
    let mut events = vec![EventRecord { host: host.clone(), ..about_pod }];
    let running = processes::of(pod, pace);
    for name in container_status::running(pod) {
        let code = if running.iter().any(|p| p.container == name) { KILLED } else { STOPPED };
        container_status::set_ended(&mut failed, &name, &End::exited(now, code), false);
        let killing = EventRecord::normal(pod, SOURCE, "Killing", format!("Stopping container {name}"));
        events.push(EventRecord { field_path: format!("spec.containers{{{name}}}"), host: host.clone(), ..killing });
    }
    failed.internal.remove("sandbox");
    pod_status::set_conditions(&mut failed, now);
    plan.push(Action::UpdateStatus(failed));
    plan.actions.extend(events.into_iter().map(Action::Event));
    plan
}
