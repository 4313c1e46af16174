//! A pod's phase and conditions, as they follow from its containers.

use serde_json::{Value, json};

use super::{container_status as status, phase};
use crate::apimachinery::object::Object;
use crate::apimachinery::time::{self, Time};

/// Sets `status.phase`, `status.conditions` and `observedGeneration` from the container statuses.
pub fn set_conditions(pod: &mut Object, now: Time) {
    let phase = phase::of(pod, pod.deletion_timestamp().is_some());
    pod.set("/status/phase", phase.into());
    pod.set("/status/observedGeneration", pod.generation().into());
    let old = pod.list_at("/status/conditions").to_vec();
    let (mut all, old): (Vec<Value>, Vec<Value>) =
        old.into_iter().partition(|c| is_named(c, PENDING) || is_named(c, IN_PROGRESS));
    for (name, verdict) in verdicts(pod, phase) {
        all.push(condition(pod, &old, name, &verdict, now));
    }
    all.extend(old.into_iter().filter(|c| !all_names(c)));
    pod.set("/status/conditions", Value::Array(all));
}

/// Whether the pod has a sandbox on its node.
pub fn has_sandbox(pod: &Object) -> bool {
    pod.internal.get("sandbox").is_some_and(|s| s == true)
}

/// The condition of a resize that waits for room on the node, or never gets it.
pub const PENDING: &str = "PodResizePending";
/// The condition of a resize that was granted and is not in force everywhere.
pub const IN_PROGRESS: &str = "PodResizeInProgress";

const CONDITIONS: &str = "/status/conditions";

fn is_named(condition: &Value, name: &str) -> bool {
    condition.get("type").is_some_and(|kind| kind == name)
}

/// A condition, by its type.
pub fn find<'p>(pod: &'p Object, name: &str) -> Option<&'p Value> {
    pod.list_at(CONDITIONS).iter().find(|c| is_named(c, name))
}

/// Takes a condition away, where there is one.
pub fn remove(pod: &mut Object, name: &str) {
    if find(pod, name).is_some() {
        let left = pod.list_at(CONDITIONS).iter().filter(|c| !is_named(c, name)).cloned().collect();
        pod.set(CONDITIONS, Value::Array(left));
    }
}

/// Puts a condition before the others, in place of the one of its type.
pub fn put_first(pod: &mut Object, condition: Value) {
    let name = condition["type"].as_str().unwrap_or_default().to_owned();
    remove(pod, &name);
    let all = std::iter::once(condition).chain(pod.list_at(CONDITIONS).iter().cloned()).collect();
    pod.set(CONDITIONS, Value::Array(all));
}

fn all_names(condition: &Value) -> bool {
    ["PodReadyToStartContainers", "Initialized", "Ready", "ContainersReady"]
        .iter()
        .any(|n| condition.get("type").is_some_and(|t| t == n))
}

/// Why a condition is False: a reason and a message, where there is more to say.
type Verdict = Option<(&'static str, String)>;

fn verdicts(pod: &Object, phase: &str) -> [(&'static str, Result<(), Verdict>); 4] {
    let running = has_sandbox(pod) && !matches!(phase, "Succeeded" | "Failed");
    let sandbox = if running { Ok(()) } else { Err(None) };
    let waiting = status::not_initialized(pod);
    let initialized = match waiting.as_slice() {
        [] => Ok(()),
        names => {
            let why = format!("containers with incomplete status: [{}]", names.join(" "));
            Err(Some(("ContainersNotInitialized", why)))
        }
    };
    let containers = containers_ready(pod, phase);
    let ready = containers.clone().and_then(|()| gates(pod));
    [
        ("PodReadyToStartContainers", sandbox),
        ("Initialized", initialized),
        ("Ready", ready),
        ("ContainersReady", containers),
    ]
}

fn containers_ready(pod: &Object, phase: &str) -> Result<(), Verdict> {
    match phase {
        "Succeeded" => return Err(Some(("PodCompleted", String::new()))),
        "Failed" => return Err(Some(("PodFailed", String::new()))),
        _ => {}
    }
    let unready = status::unready(pod);
    if unready.is_empty() {
        return Ok(());
    }
    Err(Some(("ContainersNotReady", format!("containers with unready status: [{}]", unready.join(" ")))))
}

fn gates(pod: &Object) -> Result<(), Verdict> {
    let conditions = pod.list_at("/status/conditions");
    let is_true = |name: &str| {
        conditions
            .iter()
            .any(|c| c.get("type").is_some_and(|t| t == name) && c.get("status").is_some_and(|s| s == "True"))
    };
    let gate = |g: &Value| g.get("conditionType").and_then(Value::as_str).map(str::to_owned);
    let missing: Vec<String> =
        pod.list_at("/spec/readinessGates").iter().filter_map(gate).filter(|name| !is_true(name)).collect();
    match missing.first() {
        None => Ok(()),
        Some(name) => Err(Some((
            "ReadinessGatesNotReady",
            format!("corresponding condition of pod readiness gate {name:?} does not exist."),
        ))),
    }
}

/// One condition; the time of its last transition is kept when its status did not change.
fn condition(pod: &Object, old: &[Value], name: &str, verdict: &Result<(), Verdict>, now: Time) -> Value {
    let status = if verdict.is_ok() { "True" } else { "False" };
    let before = old.iter().find(|c| c.get("type").is_some_and(|t| t == name));
    let same = before.filter(|c| c.get("status").is_some_and(|s| s == status));
    let since = same.and_then(|c| c.get("lastTransitionTime").cloned());
    let mut condition = json!({
        "type": name, "status": status, "lastProbeTime": null, "observedGeneration": pod.generation(),
        "lastTransitionTime": since.unwrap_or_else(|| time::to_rfc3339(now).into()),
    });
    if let Err(Some((reason, message))) = verdict {
        condition["reason"] = (*reason).into();
        if !message.is_empty() {
            condition["message"] = message.as_str().into();
        }
    }
    condition
}
