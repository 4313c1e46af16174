//! `status.phase`: what a pod's containers come to, by upstream's rules.

use serde_json::Value;

use super::container_status as status;
use super::deadline;
use super::life::text;
use super::restart::{Role, restarts, role};
use crate::apimachinery::object::Object;

/// The phase that follows from the container statuses. `is_terminal` says that no container is started again, whatever
/// its policy.
pub fn of(pod: &Object, is_terminal: bool) -> &'static str {
    if pod.str_at("/status/reason") == deadline::REASON || failed_to_initialize(pod) {
        return "Failed";
    }
    let count = Count::of(pod);
    if count.initializing || count.waiting {
        "Pending"
    } else if count.running {
        "Running"
    } else if count.stopped == 0 {
        "Pending"
    } else if !is_terminal && count.restartable {
        "Running"
    } else if count.stopped == count.succeeded {
        "Succeeded"
    } else {
        "Failed"
    }
}

/// Whether an init container failed that is not started again.
pub fn failed_to_initialize(pod: &Object) -> bool {
    pod.list_at("/spec/initContainers").iter().any(|spec| {
        let code = status::find(pod, text(spec, "name")).and_then(exit_code).filter(|c| *c != 0);
        role(spec, true) == Role::Init && code.is_some_and(|code| !restarts(pod, spec, Role::Init, code))
    })
}

/// How a container's newest run ended, unless it runs.
fn exit_code(status: &Value) -> Option<i64> {
    if status["state"].get("running").is_some() {
        return None;
    }
    let code = |state: &str| status[state]["terminated"]["exitCode"].as_i64();
    code("state").or_else(|| code("lastState"))
}

#[derive(Default)]
struct Count {
    initializing: bool,
    running: bool,
    waiting: bool,
    stopped: usize,
    succeeded: usize,
    restartable: bool,
}

impl Count {
    fn of(pod: &Object) -> Count {
        let mut count = Count::default();
        for spec in pod.list_at("/spec/initContainers") {
            count.add_init(pod, spec);
        }
        for spec in pod.list_at("/spec/containers") {
            count.add(pod, spec);
        }
        count
    }

    fn add_init(&mut self, pod: &Object, spec: &Value) {
        let found = status::find(pod, text(spec, "name"));
        let is_running = found.is_some_and(|s| s["state"].get("running").is_some());
        let has_ended = found.and_then(exit_code).is_some();
        if role(spec, true) == Role::Init {
            // One that failed is being started again: the containers after it wait all the same.
            self.initializing |= is_running || !has_ended;
        } else {
            self.running |= is_running;
            self.waiting |= !is_running && !has_ended;
        }
    }

    fn add(&mut self, pod: &Object, spec: &Value) {
        let found = status::find(pod, text(spec, "name"));
        if found.is_some_and(|s| s["state"].get("running").is_some()) {
            self.running = true;
            return;
        }
        let Some(code) = found.and_then(exit_code) else {
            self.waiting = true;
            return;
        };
        self.stopped += 1;
        self.restartable |= restarts(pod, spec, Role::Main, code);
        let ended = found.and_then(|s| s["state"].get("terminated"));
        self.succeeded += usize::from(ended.is_some() && code == 0);
    }
}
