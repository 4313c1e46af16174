//! What is known of one run of a container: whether its process was started, and how it ended.
//!
//! The seam between the kubelet's state machine and what really happens. The machine asks nothing else about processes.

use chrono::TimeDelta;
use serde_json::Value;

use super::life::text;
use crate::apimachinery::object::Object;
use crate::apimachinery::time::{self, Time};
use crate::control::emulated::{outgrows_its_limit, servers};
use crate::control::observation::{self, Observation, Seen};
use crate::control::pace::{Exit, Fault, Pace, Step, Subject};
use crate::control::processes;

/// How a process ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct End {
    pub at: Time,
    pub code: i32,
    pub signal: Option<i32>,
    /// The status's reason where it is neither `Completed` nor `Error`: `OOMKilled`, `StartError`.
    pub reason: Option<&'static str>,
    pub message: String,
}

impl End {
    /// An end with an exit status of its own.
    pub fn exited(at: Time, code: i32) -> End {
        End { at, code, signal: None, reason: None, message: String::new() }
    }

    /// The status's reason.
    pub fn reason(&self) -> &'static str {
        self.reason.unwrap_or(if self.code == 0 { "Completed" } else { "Error" })
    }
}

/// What is known of a run.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(dead_code, reason = "a simulated process always starts; observed ones (control/observation.rs) may not")]
pub enum Known {
    /// The process has not been started: the container stays `ContainerCreating`.
    NotStarted,
    /// The process could not be started at all.
    CannotRun { at: Time, message: String },
    /// It runs since; its end, when that is known, may lie in the future.
    Started { since: Time, end: Option<End> },
}

/// One run of a container, as the machine asks about it.
#[derive(Clone, Copy, Debug)]
pub struct Run<'r> {
    pub pod: &'r Object,
    pub spec: &'r Value,
    /// Which run, from 0.
    pub attempt: u32,
    /// When the kubelet is ready to start it, or did.
    pub ready: Time,
    /// When it is asked about.
    pub now: Time,
    /// Whether it is an init container that has to end before the next begins.
    pub is_init: bool,
}

/// What a rule may be about, for a container of a pod.
pub fn subject<'s>(pod: &'s Object, spec: &'s Value) -> Subject<'s> {
    Subject {
        namespace: pod.namespace(),
        pod: pod.name(),
        container: text(spec, "name"),
        image: text(spec, "image"),
        node: pod.str_at("/spec/nodeName"),
    }
}

/// What is known of a run. A process of this machine starts when the kubelet is ready, for it is started right after the
/// commit that says so, and ends as was seen. A simulated one ends as the pace's rules say.
pub fn of(run: &Run, pace: &Pace) -> Known {
    if processes::command(run.pod, run.spec, pace).is_some() {
        match observation::of(run.pod, text(run.spec, "name"), run.attempt) {
            None => return Known::Started { since: run.ready, end: None },
            Some(seen) => {
                if let Some(end) = seen_end(&seen) {
                    return Known::Started { since: run.ready, end: Some(end) };
                }
            }
        }
    }
    Known::Started { since: run.ready, end: simulated_end(run, pace) }
}

/// How a process ended, as it was seen; `None` for one that this machine cannot run.
pub fn seen_end(seen: &Observation) -> Option<End> {
    match &seen.seen {
        Seen::Exited { code, message } => Some(End { message: message.clone(), ..End::exited(seen.at, *code) }),
        Seen::Lost => Some(End { reason: Some("Unknown"), ..End::exited(seen.at, 255) }),
        Seen::CannotRun { .. } => None,
    }
}

/// What touching more memory than a container may have takes, until the kernel ends it.
const TOUCHING: TimeDelta = TimeDelta::seconds(1);

fn simulated_end(run: &Run, pace: &Pace) -> Option<End> {
    let subject = subject(run.pod, run.spec);
    let ruled = pace.faults(&subject).find_map(|fault| match fault {
        Fault::Exits(exit) if exit.times.is_none_or(|times| run.attempt < times) => Some(exit),
        _ => None,
    });
    // A rule that came too late for its own time is followed at once.
    let after = |time: TimeDelta| time::later(run.ready, time).max(run.now);
    if let Some(Exit { code, out_of_memory, after: delay, .. }) = ruled {
        let reason = out_of_memory.then_some("OOMKilled");
        return Some(End { reason, ..End::exited(after(*delay), *code) });
    }
    if outgrows_its_limit(run.spec) {
        return Some(End { reason: Some("OOMKilled"), ..End::exited(after(TOUCHING), 137) });
    }
    let ends = if run.is_init {
        Step::InitContainer
    } else if is_work(run) {
        Step::JobContainer
    } else {
        return None;
    };
    Some(End::exited(after(pace.of_step_for(ends, &subject)), 0))
}

/// Whether a container is there to do something and end: its pod's controller wants an end, and its image is no server's.
fn is_work(run: &Run) -> bool {
    let is_sidecar = !run.pod.list_at("/spec/containers").contains(run.spec);
    let ends = run.pod.controller_of().is_some() && run.pod.str_at("/spec/restartPolicy") != "Always";
    ends && !is_sidecar && servers(run.spec).is_empty()
}
