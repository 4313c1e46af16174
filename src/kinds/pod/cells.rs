//! A pod's row: upstream's printPod, with its order of reasons.

use serde_json::Value;

use super::fields::Fields;
use crate::apimachinery::object::Object;
use crate::apimachinery::time::{self, Time};

/// The parts of a pod that its row is made of, and what names it.
pub(super) const PARTS: &[&str] = &[
    "/apiVersion",
    "/kind",
    "/metadata/creationTimestamp",
    "/metadata/deletionTimestamp",
    "/metadata/labels",
    "/metadata/name",
    "/metadata/namespace",
    "/spec/containers/*/name",
    "/spec/initContainers/*/name",
    "/spec/initContainers/*/restartPolicy",
    "/spec/nodeName",
    "/spec/readinessGates",
    "/status/conditions/*/reason",
    "/status/conditions/*/status",
    "/status/conditions/*/type",
    "/status/containerStatuses/*/lastState",
    "/status/containerStatuses/*/ready",
    "/status/containerStatuses/*/restartCount",
    "/status/containerStatuses/*/state",
    "/status/initContainerStatuses",
    "/status/nominatedNodeName",
    "/status/phase",
    "/status/podIPs",
    "/status/reason",
];

/// What is added up over a pod's containers.
#[derive(Default)]
struct Tally {
    ready: usize,
    restarts: i64,
    last_restart: Option<Time>,
}

impl Tally {
    /// Counts a container's restarts, and when it last ended.
    fn count(&mut self, status: &Value) {
        self.restarts += status.int("restartCount").unwrap_or(0);
        let ended = status.get("lastState").and_then(|s| s.get("terminated"));
        let ended = ended.and_then(|t| time::parse(t.text("finishedAt")));
        self.last_restart = self.last_restart.max(ended);
    }

    fn restarts(&self, now: Time) -> String {
        match self.last_restart {
            Some(last) if self.restarts != 0 => {
                format!("{} ({} ago)", self.restarts, time::human_duration(now - last))
            }
            _ => self.restarts.to_string(),
        }
    }
}

pub(super) fn cells(pod: &Object, now: Time) -> Vec<String> {
    let (reason, tally) = summarize(pod);
    let sidecars = pod.list_at("/spec/initContainers").iter().filter(|c| is_sidecar(c)).count();
    let total = pod.list_at("/spec/containers").len() + sidecars;
    let or_none = |text: &str| if text.is_empty() { "<none>".to_owned() } else { text.to_owned() };
    vec![
        pod.name().to_owned(),
        format!("{}/{total}", tally.ready),
        reason,
        tally.restarts(now),
        time::age(pod.creation_timestamp(), now),
        or_none(pod.str_at("/status/podIPs/0/ip")),
        or_none(pod.str_at("/spec/nodeName")),
        or_none(pod.str_at("/status/nominatedNodeName")),
        readiness_gates(pod),
    ]
}

/// The STATUS column, and what READY and RESTARTS count.
fn summarize(pod: &Object) -> (String, Tally) {
    let phase = pod.str_at("/status/phase");
    let status_reason = pod.str_at("/status/reason");
    let mut reason = if status_reason.is_empty() { phase } else { status_reason }.to_owned();
    if conditions(pod).any(|c| c.text("type") == "PodScheduled" && c.text("reason") == "SchedulingGated") {
        "SchedulingGated".clone_into(&mut reason);
    }
    let (mut tally, sidecars, initializing) = initialization(pod, &mut reason);
    if !initializing || has_condition(pod, "Initialized") {
        tally = Tally { ready: tally.ready, ..sidecars };
        let running = containers(pod, &mut reason, &mut tally);
        if reason == "Completed" && running {
            let word = if has_condition(pod, "Ready") { "Running" } else { "NotReady" };
            word.clone_into(&mut reason);
        }
    }
    if pod.deletion_timestamp().is_some() {
        if status_reason == "NodeLost" {
            "Unknown".clone_into(&mut reason);
        } else if !matches!(phase, "Failed" | "Succeeded") {
            "Terminating".clone_into(&mut reason);
        }
    }
    (reason, tally)
}

/// Goes through the init containers up to the first that is not done. Returns what all of them count, what the sidecars
/// among them count, and whether one is not done.
fn initialization(pod: &Object, reason: &mut String) -> (Tally, Tally, bool) {
    let specs = pod.list_at("/spec/initContainers");
    let (mut tally, mut sidecars) = (Tally::default(), Tally::default());
    for (i, status) in pod.list_at("/status/initContainerStatuses").iter().enumerate() {
        let sidecar = specs.iter().find(|c| c.text("name") == status.text("name")).is_some_and(is_sidecar);
        tally.count(status);
        if sidecar {
            sidecars.count(status);
        }
        let terminated = status.get("state").and_then(|s| s.field("terminated"));
        if terminated.is_some_and(|t| t.int("exitCode").unwrap_or(0) == 0) {
            continue;
        }
        if sidecar && status.flag("started") == Some(true) {
            tally.ready += usize::from(status.flag("ready") == Some(true));
            continue;
        }
        *reason = init_reason(status, i, specs.len());
        return (tally, sidecars, true);
    }
    (tally, sidecars, false)
}

fn init_reason(status: &Value, index: usize, total: usize) -> String {
    let state = |name: &str| status.get("state").and_then(|s| s.field(name));
    if let Some(terminated) = state("terminated") {
        return format!("Init:{}", ended_reason(terminated));
    }
    match state("waiting").map_or("", |w| w.text("reason")) {
        "" | "PodInitializing" => format!("Init:{index}/{total}"),
        waiting => format!("Init:{waiting}"),
    }
}

fn ended_reason(terminated: &Value) -> String {
    match (terminated.text("reason"), terminated.int("signal").unwrap_or(0)) {
        ("", 0) => format!("ExitCode:{}", terminated.int("exitCode").unwrap_or(0)),
        ("", signal) => format!("Signal:{signal}"),
        (reason, _) => reason.to_owned(),
    }
}

/// Goes through the containers from the last to the first, so that the first one's reason wins. Whether one is running.
fn containers(pod: &Object, reason: &mut String, tally: &mut Tally) -> bool {
    let mut running = false;
    for status in pod.list_at("/status/containerStatuses").iter().rev() {
        tally.count(status);
        let state = |name: &str| status.get("state").and_then(|s| s.field(name));
        let waiting = state("waiting").map_or("", |w| w.text("reason"));
        if !waiting.is_empty() {
            waiting.clone_into(reason);
        } else if let Some(terminated) = state("terminated") {
            *reason = ended_reason(terminated);
        } else if status.flag("ready") == Some(true) && state("running").is_some() {
            running = true;
            tally.ready += 1;
        }
    }
    running
}

fn readiness_gates(pod: &Object) -> String {
    let gates = pod.list_at("/spec/readinessGates");
    if gates.is_empty() {
        return "<none>".to_owned();
    }
    let first = |kind: &str| conditions(pod).find(|c| c.text("type") == kind);
    let open = gates.iter().filter(|g| first(g.text("conditionType")).is_some_and(|c| c.text("status") == "True"));
    format!("{}/{}", open.count(), gates.len())
}

fn is_sidecar(container: &Value) -> bool {
    container.text("restartPolicy") == "Always"
}

fn conditions(pod: &Object) -> impl Iterator<Item = &Value> {
    pod.list_at("/status/conditions").iter()
}

fn has_condition(pod: &Object, kind: &str) -> bool {
    conditions(pod).any(|c| c.text("type") == kind && c.text("status") == "True")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::apimachinery::outline::Outline;
    use serde_json::json;

    fn row(pod: Value) -> String {
        let now = time::parse("2026-01-01T01:00:00Z").unwrap();
        let mut object = Object::new("v1", "Pod", "default", "p");
        object.set("/metadata/creationTimestamp", "2026-01-01T00:00:00Z".into());
        for (key, value) in pod.as_object().unwrap() {
            match value.as_object() {
                Some(map) => map.iter().for_each(|(k, v)| object.set(&format!("/{key}/{k}"), v.clone())),
                None => object.set(&format!("/{key}"), value.clone()),
            }
        }
        let cells_of = |object: &Object| cells(object, now);
        let parts = Outline::of(PARTS.iter().copied()).decode(object.to_value().to_string().as_bytes()).unwrap();
        assert_eq!(
            cells_of(&object),
            cells_of(&Object::from_value(parts).unwrap()),
            "a row looks at no more than its parts"
        );
        cells_of(&object)[1..4].join(" ")
    }

    fn running(name: &str) -> Value {
        json!({"name": name, "ready": true, "restartCount": 0, "state": {"running": {}}})
    }

    #[test]
    fn statuses() {
        let one = json!([{"name": "a"}]);
        let two = json!([{"name": "a"}, {"name": "b"}]);
        let waiting = |reason: &str| json!({"name": "a", "ready": false, "state": {"waiting": {"reason": reason}}});
        let ended =
            |state: Value| json!({"name": "a", "ready": false, "restartCount": 0, "state": {"terminated": state}});
        let cases = [
            (json!({"spec": {"containers": one}, "status": {"phase": "Pending"}}), "0/1 Pending 0"),
            (
                json!({"spec": {"containers": one}, "status": {"phase": "Pending", "containerStatuses": [waiting("ContainerCreating")]}}),
                "0/1 ContainerCreating 0",
            ),
            (
                json!({"spec": {"containers": one}, "status": {"phase": "Running", "containerStatuses": [running("a")]}}),
                "1/1 Running 0",
            ),
            (
                json!({"spec": {"containers": one}, "status": {"phase": "Succeeded", "containerStatuses": [ended(json!({"exitCode": 0, "reason": "Completed"}))]}}),
                "0/1 Completed 0",
            ),
            (
                json!({"spec": {"containers": two}, "status": {"phase": "Running", "conditions": [{"type": "Ready", "status": "True"}],
                    "containerStatuses": [ended(json!({"exitCode": 0, "reason": "Completed"})), running("b")]}}),
                "1/2 Running 0",
            ),
            (
                json!({"spec": {"containers": two}, "status": {"phase": "Running",
                    "containerStatuses": [ended(json!({"exitCode": 0, "reason": "Completed"})), running("b")]}}),
                "1/2 NotReady 0",
            ),
            (
                json!({"spec": {"containers": one}, "status": {"phase": "Failed", "containerStatuses": [ended(json!({"exitCode": 3}))]}}),
                "0/1 ExitCode:3 0",
            ),
            (
                json!({"spec": {"containers": one}, "status": {"phase": "Failed", "containerStatuses": [ended(json!({"exitCode": 137, "signal": 9}))]}}),
                "0/1 Signal:9 0",
            ),
            (
                json!({"spec": {"containers": one}, "status": {"phase": "Running", "reason": "NodeLost"}, "metadata": {"deletionTimestamp": "2026-01-01T00:00:00Z"}}),
                "0/1 Unknown 0",
            ),
            (
                json!({"spec": {"containers": one}, "status": {"phase": "Running", "containerStatuses": [running("a")]}, "metadata": {"deletionTimestamp": "2026-01-01T00:00:00Z"}}),
                "1/1 Terminating 0",
            ),
            (
                json!({"spec": {"containers": one}, "status": {"phase": "Pending", "conditions": [{"type": "PodScheduled", "reason": "SchedulingGated"}]}}),
                "0/1 SchedulingGated 0",
            ),
            (json!({"spec": {"containers": one}, "status": {"phase": "Failed", "reason": "Evicted"}}), "0/1 Evicted 0"),
        ];
        for (pod, want) in cases {
            assert_eq!(row(pod.clone()), want, "{pod}");
        }
    }

    #[test]
    fn init_containers_and_restarts() {
        let spec = json!({"containers": [{"name": "c"}], "initContainers": [{"name": "a", "restartPolicy": "Always"}, {"name": "b"}]});
        let sidecar = json!({"name": "a", "ready": true, "started": true, "restartCount": 2, "state": {"running": {}}});
        let with = |second: Value| {
            row(json!({"spec": spec, "status": {"phase": "Pending", "initContainerStatuses": [sidecar, second]}}))
        };
        assert_eq!(with(json!({"name": "b", "state": {"running": {}}})), "1/2 Init:1/2 2");
        assert_eq!(
            with(json!({"name": "b", "state": {"waiting": {"reason": "CrashLoopBackOff"}}})),
            "1/2 Init:CrashLoopBackOff 2"
        );
        assert_eq!(
            with(json!({"name": "b", "state": {"terminated": {"exitCode": 1, "reason": "Error"}}})),
            "1/2 Init:Error 2"
        );
        assert_eq!(with(json!({"name": "b", "state": {"terminated": {"exitCode": 1}}})), "1/2 Init:ExitCode:1 2");
        let crashed = json!({"name": "c", "ready": false, "restartCount": 3, "state": {"waiting": {"reason": "CrashLoopBackOff"}},
            "lastState": {"terminated": {"finishedAt": "2026-01-01T00:55:00Z"}}});
        assert_eq!(
            row(
                json!({"spec": {"containers": [{"name": "c"}]}, "status": {"phase": "Running", "containerStatuses": [crashed]}})
            ),
            "0/1 CrashLoopBackOff 3 (5m ago)"
        );
    }

    #[test]
    fn wide_cells() {
        let mut pod = Object::new("v1", "Pod", "default", "p");
        pod.set("/spec/readinessGates", json!([{"conditionType": "a"}, {"conditionType": "b"}]));
        pod.set("/status/conditions", json!([{"type": "a", "status": "True"}]));
        pod.set("/status/podIPs", json!([{"ip": "172.16.0.2"}]));
        let cells = cells(&pod, Time::default());
        assert_eq!(cells[4..], ["<unknown>", "172.16.0.2", "<none>", "<none>", "1/2"]);
    }
}
