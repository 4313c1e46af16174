//! A running container's probes: what they have come to is shown, told, and acted on.

use chrono::TimeDelta;
use serde_json::Value;

use super::{Stepped, Walk};
use crate::apimachinery::status::Status;
use crate::apimachinery::time::{self, Time};
use crate::control::event;
use crate::control::kubelet::container::Stage;
use crate::control::kubelet::health::{self, Health};
use crate::control::kubelet::known::{self, End};
use crate::control::kubelet::probe::{Failing, Kind, Outcome};
use crate::control::kubelet::restart::Role;
use crate::control::kubelet::{container_status, life::text};
use crate::control::pace::Step;
use crate::control::processes;
use crate::kinds::plan::{Action, EventRecord};
use crate::kinds::why;

impl Walk<'_, '_> {
    fn health(&self, spec: &Value, since: Time) -> Health {
        let life = self.life(spec);
        let subject = known::subject(self.before, spec);
        let run = health::Run { pod: self.before, spec, attempt: life.attempt, since, started: life.started, subject };
        health::of(&run, &self.pace, self.now, |_, _| ())
    }

    /// Says of each probe that holds its container back what it has come to.
    fn explain_probes(&mut self, spec: &Value, since: Time) {
        let life = self.life(spec);
        let subject = known::subject(self.before, spec);
        let run = health::Run { pod: self.before, spec, attempt: life.attempt, since, started: life.started, subject };
        let mut texts = Vec::new();
        let health = health::of(&run, &self.pace, self.now, |kind, found| {
            texts.extend(in_words(kind, spec.get(kind.field()).unwrap_or(&Value::Null), found, self.now));
        });
        if !health.ready && texts.is_empty() {
            texts.push("a rule of the pace says that it is never ready".to_owned());
        }
        texts.into_iter().for_each(|text| self.because(spec, || text));
    }

    /// Shows what the probes have come to, tells of their failures, and stops a container that they condemn.
    pub(super) fn probe(&mut self, spec: &Value, since: Time) -> Result<(), Status> {
        let name = text(spec, "name");
        let health = self.health(spec, since);
        for (kind, message, times) in &health.told {
            let message = format!("{} probe failed: {message}", kind.title());
            let record = EventRecord { warning: true, times: *times, ..self.record(spec, "Unhealthy", message) };
            if !event::is_told(self.cluster, &record)? {
                self.plan.push(Action::Event(record));
            }
        }
        if health.started.is_some() {
            self.life_mut(spec).started = health.started;
        }
        container_status::set_health(&mut self.pod, name, health.started.is_some(), health.ready);
        if self.cluster.is_asked_why() {
            self.explain_probes(spec, since);
        }
        match health.condemned {
            Some(kind) => self.stop(spec, since, kind),
            None => health.next.into_iter().for_each(|at| self.plan.requeue(at)),
        }
        Ok(())
    }

    /// Asks a container's process to stop, within its grace period.
    fn stop(&mut self, spec: &Value, since: Time, kind: Kind) {
        let name = text(spec, "name");
        let which = kind.title().to_lowercase();
        let message = format!("Container {name} failed {which} probe, will be restarted");
        let own = spec.get(kind.field()).and_then(|p| p.get("terminationGracePeriodSeconds")).and_then(Value::as_i64);
        self.ask_to_stop(spec, since, own, message);
    }

    /// As [`Walk::stop`], for whatever reason: `own` is the grace period that goes before the pod's.
    pub(super) fn ask_to_stop(&mut self, spec: &Value, since: Time, own: Option<i64>, message: String) {
        self.event(spec, "Killing", message);
        let grace = own.or(self.before.i64_at("/spec/terminationGracePeriodSeconds")).unwrap_or(30);
        let stop = self.pace.of_step_for(Step::ContainerStop, &known::subject(self.before, spec));
        let grace = TimeDelta::seconds(grace.clamp(0, 31_536_000));
        let until = time::later(self.now, stop.min(grace));
        self.life_mut(spec).stage = Stage::Stopping { since, until, killed: stop > grace, resized: false };
        self.plan.requeue(until);
    }

    /// A container that was asked to stop: ended when its process did, or was killed.
    pub(super) fn stopped(&mut self, spec: &Value, role: Role, until: Time, killed: bool) -> Stepped {
        if self.now < until {
            self.plan.requeue(until);
            return Stepped::Rest;
        }
        // A shell that is a container's first process is deaf to SIGTERM, and so is killed in the end.
        let is_resized = matches!(self.life(spec).stage, Stage::Stopping { resized: true, .. });
        let is_deaf = processes::command(self.before, spec, &self.pace).is_some();
        self.end(spec, role, &End::exited(until, if killed || is_deaf { 137 } else { 0 }));
        if is_resized {
            let life = self.life_mut(spec);
            life.attempt += 1;
            life.stage = Stage::Waiting;
        }
        Stepped::Rest
    }
}

/// What a probe that does not simply succeed has come to.
fn in_words(kind: Kind, probe: &Value, found: &Outcome, now: Time) -> Option<String> {
    let name = format!("its {} ({})", kind.field(), action(probe));
    let turns = |what: &str| found.next.map_or(String::new(), |at| format!("; {what} {}", why::at(at, now)));
    let because = |failing: &Failing| match failing.message.trim() {
        "" => String::new(),
        message => format!(": {message}"),
    };
    match (found.ok, &found.failing) {
        (true, None) => None,
        (true, Some(failing)) => Some(format!("{name} fails, not yet often enough to count{}", because(failing))),
        (false, Some(failing)) => {
            let since = found.since.map_or(String::new(), |at| format!(" {}", why::since(at, now)));
            Some(format!("{name} fails{since}{}", because(failing)))
        }
        (false, None) => Some(format!("{name} has not succeeded yet{}", turns("it does"))),
    }
}

/// `httpGet :80/healthz`.
fn action(probe: &Value) -> String {
    let port = |action: &Value| match action.get("port") {
        Some(Value::String(name)) => name.clone(),
        Some(number) => number.to_string(),
        None => String::new(),
    };
    for kind in ["httpGet", "tcpSocket", "grpc"] {
        if let Some(action) = probe.get(kind).filter(|a| !a.is_null()) {
            return format!("{kind} :{}{}", port(action), text(action, "path"));
        }
    }
    let words = probe.pointer("/exec/command").and_then(Value::as_array).into_iter().flatten();
    format!("exec {}", words.filter_map(Value::as_str).collect::<Vec<_>>().join(" "))
}
