//! How a pod goes: its containers are stopped, its end is reported, the object is removed.

use std::sync::Arc;

use chrono::TimeDelta;
use serde_json::Value;

use super::known::{self, End};
use super::life::text;
use super::{SOURCE, because, container_status, pod_status, remove};
use crate::apimachinery::object::Object;
use crate::apimachinery::status::Status;
use crate::apimachinery::time::{self, Time};
use crate::cluster::Cluster;
use crate::control::pace::{Pace, Step};
use crate::control::{observation, processes};
use crate::kinds::plan::{Action, EventRecord, Plan};
use crate::kinds::why;

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
    let grace = TimeDelta::seconds(grace);
    let killed = since + grace + LATE;
    let processes = processes::of(pod, &pace);
    let (mut ended, mut plan) = (Object::clone(pod), Plan::nothing());
    for name in running {
        let (at, code) = match processes.iter().any(|p| p.container == name) {
            true => (killed, KILLED),
            false => simulated_end(pod, &name, since, grace, &pace),
        };
        let seen = last_seen(pod, &name);
        let end = seen.or_else(|| (at <= now).then(|| End::exited(at, code)));
        match end {
            Some(end) => container_status::set_ended(&mut ended, &name, &end, false),
            None => {
                plan.requeue(at);
                let grace = grace.num_seconds();
                let text = || format!("container {name} stops {} (the grace period is {grace}s)", why::at(at, now));
                because(&mut plan, pod, cluster, text);
            }
        }
    }
    if ended != **pod {
        pod_status::set_conditions(&mut ended, now);
        plan.push(Action::UpdateStatus(ended));
    }
    Ok(plan)
}

/// When and how a simulated container ends: its preStop hook comes first, then its process stops by itself; whatever is
/// left after the grace period is killed.
fn simulated_end(pod: &Object, name: &str, since: Time, grace: TimeDelta, pace: &Pace) -> (Time, i32) {
    let Some(spec) = container_status::specs(pod).find(|c| text(c, "name") == name) else { return (since, 0) };
    let hook = TimeDelta::seconds(spec.pointer("/lifecycle/preStop").map_or(0, hook_seconds));
    let stops = hook + pace.of_step_for(Step::ContainerStop, &known::subject(pod, spec));
    if stops <= grace {
        return (time::later(since, stops), 0);
    }
    // A hook that has not ended is given a moment more.
    (time::later(since, if hook >= grace && hook > TimeDelta::zero() { grace + LATE } else { grace }), KILLED)
}

/// How long a hook takes that only sleeps; any other takes no time here.
fn hook_seconds(hook: &Value) -> i64 {
    let longest = 31_536_000;
    if let Some(seconds) = hook.pointer("/sleep/seconds").and_then(Value::as_i64) {
        return seconds.clamp(0, longest);
    }
    let words = hook.pointer("/exec/command").and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str);
    let line = words.collect::<Vec<_>>().join(" ");
    let statements = line.split([';', '&', '|', '\n']).filter_map(|statement| {
        let mut words = statement.split_whitespace().skip_while(|w| !w.ends_with("sleep"));
        words.next()?;
        words.next()?.trim_end_matches('s').parse::<i64>().ok()
    });
    statements.fold(0_i64, i64::saturating_add).clamp(0, longest)
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
    Plan { actions: vec![Action::UpdateStatus(empty)], ..Plan::default() }
}

fn stop(pod: &Arc<Object>, running: &[String], now: Time) -> Plan {
    let mut plan = Plan::nothing();
    let mut stopping = Object::clone(pod);
    stopping.internal.insert("stopping", time::to_rfc3339_micro(now).into());
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

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn hooks_that_sleep_take_their_time() {
        for (hook, want) in [
            (json!({"sleep": {"seconds": 7}}), 7),
            (json!({"exec": {"command": ["sleep", "10"]}}), 10),
            (json!({"exec": {"command": ["/bin/sh", "-c", "nginx -s quit; sleep 5 && /bin/sleep 2s"]}}), 7),
            (json!({"exec": {"command": ["sh", "-c", "echo bye"]}}), 0),
            (json!({"httpGet": {"path": "/", "port": 80}}), 0),
        ] {
            assert_eq!(hook_seconds(&hook), want, "{hook}");
        }
    }

    #[test]
    fn what_does_not_stop_in_time_is_killed() {
        let since = Time::UNIX_EPOCH;
        let end = |sleep: i64, grace: i64| {
            let mut pod = Object::new("v1", "Pod", "default", "p");
            let container = json!({"name": "c", "lifecycle": {"preStop": {"sleep": {"seconds": sleep}}}});
            pod.set("/spec/containers", json!([container]));
            let (at, code) = simulated_end(&pod, "c", since, TimeDelta::seconds(grace), &Pace::default());
            ((at - since).num_seconds(), code)
        };
        assert_eq!(end(5, 30), (5, 0));
        assert_eq!(end(40, 30), (32, KILLED));
        assert_eq!(end(0, 0), (0, 0));
    }
}
