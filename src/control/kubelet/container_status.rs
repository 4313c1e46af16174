//! `status.containerStatuses`, `status.initContainerStatuses` and `status.ephemeralContainerStatuses`: one entry per container
//! of the spec.

use serde_json::{Value, json};

use super::known::End;
use super::life::text;
use super::{network, user};
use crate::apimachinery::object::Object;
use crate::apimachinery::seed::Seed;
use crate::apimachinery::time::{self, Time};

/// Where the containers of a pod and their statuses are, in the order they start; those that were added come last.
const LISTS: [(&str, &str); 3] = [
    ("/spec/initContainers", "/status/initContainerStatuses"),
    ("/spec/containers", "/status/containerStatuses"),
    ("/spec/ephemeralContainers", EPHEMERAL),
];
const EPHEMERAL: &str = "/status/ephemeralContainerStatuses";

/// The containers in the order they start.
pub fn specs(pod: &Object) -> impl Iterator<Item = &Value> {
    LISTS.iter().flat_map(|(specs, _)| pod.list_at(specs))
}

/// What events call a container: `spec.containers{c}`.
pub fn field_path(pod: &Object, name: &str) -> String {
    let (specs, _) = lists_of(pod, name);
    format!("{}{{{name}}}", specs.trim_start_matches('/').replace('/', "."))
}

/// Where a container and its status are; those of one that the pod does not have would be among the usual ones.
fn lists_of(pod: &Object, name: &str) -> (&'static str, &'static str) {
    let has = |(specs, _): &(&str, &str)| pod.list_at(specs).iter().any(|c| text(c, "name") == name);
    LISTS.into_iter().find(has).unwrap_or(LISTS[1])
}

fn list_of(pod: &Object, name: &str) -> &'static str {
    lists_of(pod, name).1
}

/// All statuses, init containers first.
pub fn statuses(pod: &Object) -> impl Iterator<Item = &Value> {
    LISTS.iter().flat_map(|(_, statuses)| pod.list_at(statuses))
}

/// Gives a container that was added to the pod a status that waits.
pub fn add_waiting(pod: &mut Object, spec: &Value) {
    if find(pod, text(spec, "name")).is_none() {
        replace(pod, text(spec, "name"), waiting(spec, "ContainerCreating"));
    }
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

/// What one look at a running container shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Running {
    pub since: Time,
    /// Which run it is: `restartCount`.
    pub attempt: u32,
    /// Its startup probe has succeeded, or it has none.
    pub started: bool,
    pub ready: bool,
}

/// Sets one container's status to running. How the run before ended moves to `lastState`.
pub fn set_running(pod: &mut Object, spec: &Value, running: Running, seed: &Seed) {
    let mut status = begun(pod, spec, running.attempt, seed);
    status["state"] = json!({"running": {"startedAt": time::to_rfc3339(running.since)}});
    status["ready"] = running.ready.into();
    status["started"] = running.started.into();
    replace(pod, text(spec, "name"), status);
}

/// The status of a container whose process was asked for, without its state.
fn begun(pod: &Object, spec: &Value, attempt: u32, seed: &Seed) -> Value {
    let name = text(spec, "name");
    let image = text(spec, "image");
    let id = format!("containerd://{}", seed.sha256(&format!("{}/{name}", pod.uid()), attempt.into()));
    let mut status = json!({
        "containerID": id, "image": network::full_image(image), "imageID": network::image_id(image),
        "lastState": last_state(pod, name), "name": name, "restartCount": attempt,
        "resources": spec.get("resources").cloned().unwrap_or_else(|| json!({})),
        "user": user::of(pod, spec),
    });
    if let Some(requests) = spec.pointer("/resources/requests") {
        status["allocatedResources"] = requests.clone();
    }
    add_mounts(&mut status, spec);
    status
}

/// How the newest run that ended did: the state, where it has ended, else what came before it.
fn last_state(pod: &Object, name: &str) -> Value {
    let status = find(pod, name);
    let ended = status.and_then(|s| s.get("state")).filter(|s| s.get("terminated").is_some());
    ended.or(status.and_then(|s| s.get("lastState"))).cloned().unwrap_or_else(|| json!({}))
}

/// Sets one container's status to ended; `ready` is for an init container that has done its work.
pub fn set_ended(pod: &mut Object, name: &str, end: &End, ready: bool) {
    let Some(mut status) = find(pod, name).cloned() else { return };
    let id = text(&status, "containerID").to_owned();
    let started = status["state"]["running"]["startedAt"].as_str().and_then(time::parse);
    let started = started.map_or(end.at, |t| t.min(end.at));
    let mut state = json!({
        "exitCode": end.code, "reason": end.reason(), "containerID": id,
        "startedAt": time::to_rfc3339(started), "finishedAt": time::to_rfc3339(end.at),
    });
    if let Some(signal) = end.signal {
        state["signal"] = signal.into();
    }
    if !end.message.is_empty() {
        state["message"] = end.message.as_str().into();
    }
    status["state"] = json!({ "terminated": state });
    status["ready"] = ready.into();
    status["started"] = false.into();
    replace(pod, name, status);
}

/// Sets the status of a container whose process could not be started: ended before it ran.
pub fn set_failed_to_start(pod: &mut Object, spec: &Value, attempt: u32, end: &End, seed: &Seed) {
    let status = begun(pod, spec, attempt, seed);
    replace(pod, text(spec, "name"), status);
    set_ended(pod, text(spec, "name"), end, false);
}

/// Puts a waiting container's reason and message; how it ended before, if it did, moves to `lastState`.
pub fn set_waiting(pod: &mut Object, name: &str, reason: &str, message: &str) {
    let last = last_state(pod, name);
    let Some(mut status) = find(pod, name).cloned() else { return };
    status["lastState"] = last;
    status["state"] = match message {
        "" => json!({"waiting": {"reason": reason}}),
        _ => json!({"waiting": {"reason": reason, "message": message}}),
    };
    status["ready"] = false.into();
    status["started"] = false.into();
    replace(pod, name, status);
}

/// Lets a running container be started or ready, or no longer so.
pub fn set_health(pod: &mut Object, name: &str, started: bool, ready: bool) {
    let Some(mut status) = find(pod, name).cloned() else { return };
    if status["state"].get("running").is_none() {
        return;
    }
    status["started"] = started.into();
    status["ready"] = ready.into();
    replace(pod, name, status);
}

/// Shows that a container has other resources now.
pub fn set_resources(pod: &mut Object, name: &str, resources: &Value) {
    let Some(mut status) = find(pod, name).cloned() else { return };
    status["resources"] = resources.clone();
    match resources.get("requests") {
        Some(requests) => status["allocatedResources"] = requests.clone(),
        None => drop(status.as_object_mut().and_then(|status| status.remove("allocatedResources"))),
    }
    replace(pod, name, status);
}

/// Why a container waits, if it does.
pub fn waiting_reason<'p>(pod: &'p Object, name: &str) -> Option<&'p str> {
    find(pod, name)?.pointer("/state/waiting/reason")?.as_str()
}

/// The containers that run.
pub fn running(pod: &Object) -> Vec<String> {
    let runs = statuses(pod).filter(|s| s["state"].get("running").is_some());
    runs.map(|s| text(s, "name").to_owned()).collect()
}

/// The init containers that have neither completed nor, as sidecars, started.
pub fn not_initialized(pod: &Object) -> Vec<&str> {
    let done = |name: &str| {
        let status = find(pod, name);
        status.is_some_and(|s| {
            s.pointer("/state/terminated/exitCode").is_some_and(|c| c == 0)
                || s.get("started").is_some_and(|started| started == true)
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

/// One container's status.
pub fn find<'p>(pod: &'p Object, name: &str) -> Option<&'p Value> {
    pod.list_at(list_of(pod, name)).iter().find(|s| text(s, "name") == name)
}

fn replace(pod: &mut Object, name: &str, mut status: Value) {
    let list = list_of(pod, name);
    if list == EPHEMERAL {
        // Nobody probes it: it is never ready, and nothing is said of whether it has started.
        status["ready"] = false.into();
        status.as_object_mut().map(|status| status.remove("started"));
    }
    let mut all = pod.list_at(list).to_vec();
    match all.iter_mut().find(|s| text(s, "name") == name) {
        Some(old) => *old = status,
        None => all.push(status),
    }
    pod.set(list, Value::Array(all));
}
