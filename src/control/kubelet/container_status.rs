//! `status.containerStatuses` and `status.initContainerStatuses`: one entry per container of the spec.

use serde_json::{Value, json};

use super::life::text;
use super::network;
use crate::apimachinery::object::Object;
use crate::apimachinery::seed::Seed;
use crate::apimachinery::time::{self, Time};

/// What a container does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    Running {
        since: Time,
    },
    /// Ended with exit status 0.
    Completed {
        started: Time,
        finished: Time,
    },
}

/// The containers in the order they start.
pub fn specs(pod: &Object) -> impl Iterator<Item = &Value> {
    pod.list_at("/spec/initContainers").iter().chain(pod.list_at("/spec/containers"))
}

/// Whether a name is an init container's.
pub fn is_init(pod: &Object, name: &str) -> bool {
    pod.list_at("/spec/initContainers").iter().any(|c| text(c, "name") == name)
}

fn list_of(pod: &Object, name: &str) -> &'static str {
    if is_init(pod, name) { "/status/initContainerStatuses" } else { "/status/containerStatuses" }
}

/// All statuses, init containers first.
pub fn statuses(pod: &Object) -> impl Iterator<Item = &Value> {
    pod.list_at("/status/initContainerStatuses").iter().chain(pod.list_at("/status/containerStatuses"))
}

/// Gives every container a status that waits.
pub fn set_all_waiting(pod: &mut Object) {
    let has_init = !pod.list_at("/spec/initContainers").is_empty();
    let reason = if has_init { "PodInitializing" } else { "ContainerCreating" };
    for (list, specs) in [("initContainerStatuses", "/spec/initContainers"), ("containerStatuses", "/spec/containers")]
    {
        let all: Vec<Value> = pod.list_at(specs).iter().map(|spec| waiting(spec, reason)).collect();
        if !all.is_empty() {
            pod.set(&format!("/status/{list}"), Value::Array(all));
        }
    }
}

fn waiting(spec: &Value, reason: &str) -> Value {
    let mut status = json!({
        "image": text(spec, "image"), "imageID": "", "lastState": {}, "name": text(spec, "name"), "ready": false,
        "restartCount": 0, "started": false, "state": {"waiting": {"reason": reason}},
    });
    add_mounts(&mut status, spec);
    status
}

fn add_mounts(status: &mut Value, spec: &Value) {
    let mount = |m: &Value| {
        let mut shown = json!({"mountPath": text(m, "mountPath"), "name": text(m, "name")});
        if m.get("readOnly").is_some_and(|r| r == true) {
            shown["readOnly"] = true.into();
            shown["recursiveReadOnly"] = "Disabled".into();
        }
        shown
    };
    let mounts: Vec<Value> =
        spec.get("volumeMounts").and_then(Value::as_array).into_iter().flatten().map(mount).collect();
    if !mounts.is_empty() {
        status["volumeMounts"] = Value::Array(mounts);
    }
}

/// Sets one container's status to running or completed.
pub fn set(pod: &mut Object, spec: &Value, init: bool, state: State, seed: &Seed) {
    let name = text(spec, "name");
    let image = text(spec, "image");
    let id = format!("containerd://{}", seed.sha256(&format!("{}/{name}", pod.uid()), restarts(pod, name)));
    let mut status = json!({
        "containerID": id, "image": network::full_image(image), "imageID": network::image_id(image), "lastState": {},
        "name": name, "restartCount": restarts(pod, name),
        "resources": spec.get("resources").cloned().unwrap_or_else(|| json!({})),
        "user": {"linux": {"gid": 0, "supplementalGroups": [0], "uid": 0}},
    });
    if let Some(requests) = spec.pointer("/resources/requests") {
        status["allocatedResources"] = requests.clone();
    }
    match state {
        State::Running { since } => {
            status["state"] = json!({"running": {"startedAt": time::to_rfc3339(since)}});
            status["ready"] = true.into();
            status["started"] = true.into();
        }
        State::Completed { started, finished } => {
            status["state"] = terminated("Completed", 0, Some(started), finished, &id);
            status["ready"] = init.into();
            status["started"] = false.into();
        }
    }
    add_mounts(&mut status, spec);
    replace(pod, name, status);
}

fn terminated(reason: &str, code: i64, started: Option<Time>, finished: Time, id: &str) -> Value {
    let mut state =
        json!({"exitCode": code, "reason": reason, "finishedAt": time::to_rfc3339(finished), "containerID": id});
    if let Some(started) = started {
        state["startedAt"] = time::to_rfc3339(started).into();
    }
    json!({ "terminated": state })
}

/// Ends every running container with an exit status.
pub fn end_all(pod: &mut Object, code: i64, now: Time) {
    let names: Vec<String> = statuses(pod).map(|s| text(s, "name").to_owned()).collect();
    for name in names {
        let Some(mut status) = find(pod, &name).cloned() else { continue };
        let Some(running) = status.pointer("/state/running").cloned() else { continue };
        let started = running.get("startedAt").and_then(Value::as_str).and_then(time::parse);
        let reason = if code == 0 { "Completed" } else { "Error" };
        status["state"] = terminated(reason, code, started, now, text(&status, "containerID"));
        status["ready"] = false.into();
        status["started"] = false.into();
        replace(pod, &name, status);
    }
}

/// Puts a waiting container's reason and message.
pub fn set_waiting(pod: &mut Object, name: &str, reason: &str, message: &str) {
    let Some(mut status) = find(pod, name).cloned() else { return };
    status["state"] = json!({"waiting": {"reason": reason, "message": message}});
    replace(pod, name, status);
}

/// Why a container waits, if it does.
pub fn waiting_reason<'p>(pod: &'p Object, name: &str) -> Option<&'p str> {
    find(pod, name)?.pointer("/state/waiting/reason")?.as_str()
}

/// The containers that run.
pub fn running(pod: &Object) -> Vec<String> {
    let runs = statuses(pod).filter(|s| s.pointer("/state/running").is_some());
    runs.map(|s| text(s, "name").to_owned()).collect()
}

/// Whether any container but an init container has ever started.
pub fn any_started(pod: &Object) -> bool {
    let started = |s: &Value| s.pointer("/state/running").is_some() || s.pointer("/state/terminated").is_some();
    pod.list_at("/status/containerStatuses").iter().any(started)
}

/// The exit statuses of the containers, once all of them have ended; init containers do not count.
pub fn exit_codes(pod: &Object) -> Option<Vec<i64>> {
    let all = pod.list_at("/status/containerStatuses");
    if all.is_empty() {
        return None;
    }
    all.iter().map(|s| s.pointer("/state/terminated/exitCode").and_then(Value::as_i64)).collect()
}

/// The init containers that have neither completed nor, as sidecars, started.
pub fn not_initialized(pod: &Object) -> Vec<&str> {
    let done = |name: &str| {
        let status = find(pod, name);
        status.is_some_and(|s| {
            s.pointer("/state/terminated/exitCode").is_some_and(|c| c == 0) || s.pointer("/state/running").is_some()
        })
    };
    pod.list_at("/spec/initContainers").iter().map(|c| text(c, "name")).filter(|n| !done(n)).collect()
}

/// The containers, sidecars included, that are not ready.
pub fn unready(pod: &Object) -> Vec<&str> {
    let sidecars = pod.list_at("/spec/initContainers").iter().filter(|c| text(c, "restartPolicy") == "Always");
    let all = sidecars.chain(pod.list_at("/spec/containers"));
    let ready = |name: &str| find(pod, name).is_some_and(|s| s.get("ready").is_some_and(|r| r == true));
    all.map(|c| text(c, "name")).filter(|n| !ready(n)).collect()
}

fn find<'p>(pod: &'p Object, name: &str) -> Option<&'p Value> {
    pod.list_at(list_of(pod, name)).iter().find(|s| text(s, "name") == name)
}

fn replace(pod: &mut Object, name: &str, status: Value) {
    let list = list_of(pod, name);
    let mut all = pod.list_at(list).to_vec();
    match all.iter_mut().find(|s| text(s, "name") == name) {
        Some(old) => *old = status,
        None => all.push(status),
    }
    pod.set(list, Value::Array(all));
}

fn restarts(pod: &Object, name: &str) -> u64 {
    find(pod, name).and_then(|s| s.get("restartCount")?.as_u64()).unwrap_or(0)
}
