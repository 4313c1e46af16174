//! One walk along a pod's containers: each goes as far as time allows, and changes what is seen of it once at most.

mod probing;
mod pull;
mod resize;

use std::sync::Arc;

use chrono::TimeDelta;
use serde_json::Value;

use super::container::{self, BackOff, Container, Containers, Stage};
use super::container_status::{self, Running};
use super::fold::{self, Folded};
use super::given::Given;
use super::known::{self, End, Known, Run};
use super::restart::{Role, restarts, role};
use super::{SOURCE, again, because, config, life::text, phase, pod_status, user};
use crate::apimachinery::object::Object;
use crate::apimachinery::status::Status;
use crate::apimachinery::time::{self, Time};
use crate::cluster::Cluster;
use crate::control::pace::{Fault, Pace, Step};
use crate::kinds::plan::{Action, EventRecord, Plan};
use crate::kinds::why;

pub use resize::allocated_pod;

/// How long after a failure the kubelet looks at a container again, and says that it is holding back, where what it does
/// takes time at all.
const LOOK: TimeDelta = TimeDelta::seconds(1);

/// What a container waits for whose environment refers to what is not there, or that its user may not run.
const CONFIG_ERROR: &str = "CreateContainerConfigError";

/// One walk.
pub struct Walk<'a, 'c> {
    pod: Object,
    before: &'a Arc<Object>,
    node: &'a Object,
    /// The node with the images pulled on this walk.
    pulled: Option<Object>,
    cluster: &'a Cluster<'c>,
    pace: Pace,
    now: Time,
    containers: Containers,
    plan: Plan,
}

/// What a container's step came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stepped {
    /// It can go on at once.
    On,
    /// It has to wait, or has shown what may be shown of it on one walk.
    Rest,
}

impl<'a, 'c> Walk<'a, 'c> {
    pub fn new(
        pod: &'a Arc<Object>,
        node: &'a Object,
        cluster: &'a Cluster<'c>,
        now: Time,
    ) -> Result<Walk<'a, 'c>, Status> {
        let pace = Pace::of(cluster)?;
        let containers = container::read(pod);
        let plan = Plan::nothing();
        Ok(Walk { pod: Object::clone(pod), before: pod, node, pulled: None, cluster, pace, now, containers, plan })
    }

    /// Walks along the init containers as far as they are done, then along the others.
    pub fn go(mut self) -> Result<Plan, Status> {
        self.resize()?;
        let is_initialized = self.initialize()?;
        if is_initialized {
            self.start_containers()?;
            self.stop_sidecars_that_outlived();
        } else {
            let names = container_status::not_initialized(&self.pod).join(", ");
            because(&mut self.plan, self.before, self.cluster, || {
                format!("its containers start after its init containers: {names}")
            });
        }
        self.start_added()?;
        self.finish()
    }

    /// Starts and keeps what was added to the pod, whatever the others are at.
    fn start_added(&mut self) -> Result<(), Status> {
        for spec in self.before.list_at("/spec/ephemeralContainers") {
            container_status::add_waiting(&mut self.pod, spec);
            self.advance(spec, Role::Ephemeral)?;
        }
        Ok(())
    }

    /// Starts and keeps the containers; the first start of each waits for those before it.
    fn start_containers(&mut self) -> Result<(), Status> {
        let mut is_blocked = false;
        for spec in self.before.list_at("/spec/containers") {
            if is_blocked && self.life(spec).stage == Stage::Waiting {
                continue;
            }
            self.advance(spec, Role::Main)?;
            let life = self.life(spec);
            is_blocked |= life.attempt == 0 && !life.stage.is_settled() && !self.is_stuck(spec);
        }
        Ok(())
    }

    /// Whether a container waits for something that no time will bring.
    fn is_stuck(&self, spec: &Value) -> bool {
        let reason = container_status::waiting_reason(&self.pod, text(spec, "name"));
        matches!(reason, Some("InvalidImageName" | "ErrImageNeverPull" | CONFIG_ERROR))
    }

    /// Whether all init containers have done their work.
    fn initialize(&mut self) -> Result<bool, Status> {
        for spec in self.before.list_at("/spec/initContainers") {
            let role = role(spec, true);
            let before = self.life(spec).stage;
            self.advance(spec, role)?;
            let status = container_status::find(&self.pod, text(spec, "name"));
            let has_started = status.is_some_and(|s| s.get("started").is_some_and(|started| started == true));
            let is_done = match role {
                // One that had started once keeps nobody waiting while it is started again.
                Role::Sidecar => has_started || self.life(spec).attempt > 0,
                _ => self.life(spec).stage == Stage::Done && self.exit_code(spec) == Some(0),
            };
            // The end of an init container is a transition of its own.
            if !is_done || (role == Role::Init && before != Stage::Done) {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// Once no container is started again, the sidecars have nobody left to serve.
    fn stop_sidecars_that_outlived(&mut self) {
        if !matches!(phase::of(&self.pod, false), "Running") {
            return;
        }
        if !self.before.list_at("/spec/containers").iter().all(|s| self.life(s).stage == Stage::Done) {
            return;
        }
        for spec in self.before.list_at("/spec/initContainers").iter().rev() {
            if let Stage::Running { .. } | Stage::Stopping { .. } = self.life(spec).stage {
                let name = text(spec, "name");
                self.event(spec, "Killing", format!("Stopping container {name}"));
                container_status::set_ended(&mut self.pod, name, &End::exited(self.now, 0), false);
            }
            self.life_mut(spec).stage = Stage::Done;
        }
    }

    fn finish(mut self) -> Result<Plan, Status> {
        container::store(&mut self.pod, &self.containers);
        pod_status::set_conditions(&mut self.pod, self.now);
        if self.pod != **self.before {
            self.plan.actions.insert(0, Action::UpdateStatus(self.pod));
        }
        if let Some(node) = self.pulled {
            self.plan.push(Action::UpdateStatus(node));
        }
        Ok(self.plan)
    }

    fn life(&self, spec: &Value) -> Container {
        self.containers.get(text(spec, "name")).cloned().unwrap_or_default()
    }

    fn life_mut(&mut self, spec: &Value) -> &mut Container {
        self.containers.entry(text(spec, "name").to_owned()).or_default()
    }

    fn exit_code(&self, spec: &Value) -> Option<i64> {
        let status = container_status::find(&self.pod, text(spec, "name"))?;
        status.pointer("/state/terminated/exitCode")?.as_i64()
    }

    /// Lets one container go as far as it can.
    fn advance(&mut self, spec: &Value, role: Role) -> Result<(), Status> {
        while self.step(spec, role)? == Stepped::On {}
        Ok(())
    }

    fn step(&mut self, spec: &Value, role: Role) -> Result<Stepped, Status> {
        match self.life(spec).stage {
            Stage::Waiting => Ok(self.look_for_image(spec)),
            Stage::Pulling { since } => Ok(self.pull(spec, since)),
            Stage::PullFailed { since } => self.hold_back_pull(spec, since),
            Stage::PullBackOff { until } => {
                let image = text(spec, "image");
                self.waits(spec, until, || format!("image {image} cannot be pulled; that is tried again"));
                Ok(self.until(until, spec, Self::look_for_image))
            }
            Stage::Starting { since } => self.start(spec, role, since),
            Stage::Running { since } => self.watch(spec, role, since),
            Stage::Stopping { until, killed, .. } => Ok(self.stopped(spec, role, until, killed)),
            Stage::Ended { since } => self.restart(spec, since),
            Stage::BackOff { until } => {
                let code = self.exit_code_before(spec);
                self.waits(spec, until, || format!("its last run ended with status {code}; it is started again"));
                Ok(self.until(until, spec, Self::try_again))
            }
            Stage::Done if role == Role::Init => Ok(Stepped::Rest),
            Stage::Done => {
                let code = self.exit_code_before(spec);
                self.because(spec, || format!("it ended with status {code} and is not started again"));
                Ok(Stepped::Rest)
            }
        }
    }

    /// Why a container does not go on.
    fn because(&mut self, spec: &Value, why: impl FnOnce() -> String) {
        let name = text(spec, "name");
        because(&mut self.plan, self.before, self.cluster, || format!("container {name}: {}", why()));
    }

    /// As [`Walk::because`], of what comes to an end at a time.
    fn waits(&mut self, spec: &Value, until: Time, why: impl FnOnce() -> String) {
        let now = self.now;
        if now < until {
            self.because(spec, || format!("{} {}", why(), why::at(until, now)));
        }
    }

    /// How the last run of a container ended.
    fn exit_code_before(&self, spec: &Value) -> i64 {
        let status = container_status::find(&self.pod, text(spec, "name"));
        let code = |field: &str| status?.pointer(field)?.as_i64();
        code("/state/terminated/exitCode").or_else(|| code("/lastState/terminated/exitCode")).unwrap_or(0)
    }

    /// Goes on at a time, or asks to be woken then.
    fn until(&mut self, at: Time, spec: &Value, then: impl FnOnce(&mut Self, &Value) -> Stepped) -> Stepped {
        if self.now >= at {
            return then(self, spec);
        }
        self.plan.requeue(at);
        Stepped::Rest
    }

    /// The container's process begins, once its environment is there and what has to pass has passed.
    fn start(&mut self, spec: &Value, role: Role, since: Time) -> Result<Stepped, Status> {
        let name = text(spec, "name");
        let missing = config::missing_environment(self.before, spec, self.cluster)?;
        if let Some(why) = missing.or_else(|| user::breaks_policy(self.before, spec)) {
            return self.refuse_config(spec, &why);
        }
        if container_status::waiting_reason(&self.pod, name) == Some(CONFIG_ERROR) {
            // Another sync, in which it is no error any more.
            container_status::set_waiting(&mut self.pod, name, "ContainerCreating", "");
            return Ok(self.look_for_image(spec));
        }
        let subject = known::subject(self.before, spec);
        let ready = time::later(since, self.pace.of_step_for(Step::ContainerStart, &subject));
        if self.now < ready {
            self.plan.requeue(ready);
            self.waits(spec, ready, || "it starts".to_owned());
            return Ok(Stepped::Rest);
        }
        match self.known(spec, role, self.now) {
            Known::NotStarted => {}
            Known::CannotRun { at, message } => self.fail_to_start(spec, at, message),
            Known::Started { since, .. } => {
                self.event(spec, "Created", "Container created".to_owned());
                self.event(spec, "Started", "Container started".to_owned());
                let attempt = self.life(spec).attempt;
                let running = Running { since, attempt, started: false, ready: false };
                let allocated = self.allocated(spec);
                container_status::set_running(&mut self.pod, &allocated, running, self.cluster.seed());
                let given = Given::now(self.before, spec, self.cluster)?;
                let life = self.life_mut(spec);
                (life.stage, life.given) = (Stage::Running { since }, Some(given));
                // One without probes is ready at once, and an init container may have ended: that is no step of its own.
                match role {
                    Role::Init | Role::Ephemeral => return self.watch(spec, role, since),
                    _ => self.probe(spec, since)?,
                }
            }
        }
        Ok(Stepped::Rest)
    }

    /// The container waits for its configuration. Each sync that fails begins with a look at its image, and tells of both.
    fn refuse_config(&mut self, spec: &Value, why: &str) -> Result<Stepped, Status> {
        let told = EventRecord { warning: true, ..self.record(spec, "Failed", format!("Error: {why}")) };
        let again = again::SYNC.of(&told, self.cluster, self.now)?;
        let is_first = container_status::waiting_reason(&self.pod, text(spec, "name")) != Some(CONFIG_ERROR);
        if !is_first && again.times > 0 {
            self.tell_of_image(spec, again.times);
        }
        if again.times > 0 {
            self.plan.push(Action::Event(EventRecord { times: again.times, ..told }));
        }
        self.plan.requeue(again.next);
        container_status::set_waiting(&mut self.pod, text(spec, "name"), CONFIG_ERROR, why);
        self.because(spec, || why.to_owned());
        Ok(Stepped::Rest)
    }

    fn fail_to_start(&mut self, spec: &Value, at: Time, message: String) {
        self.event(spec, "Created", "Container created".to_owned());
        self.warn(spec, "Failed", format!("Error: {message}"));
        let end = End { reason: Some("StartError"), message, ..End::exited(at, 128) };
        let attempt = self.life(spec).attempt;
        let allocated = self.allocated(spec);
        container_status::set_failed_to_start(&mut self.pod, &allocated, attempt, &end, self.cluster.seed());
        self.life_mut(spec).stage = Stage::Ended { since: at };
    }

    fn known(&self, spec: &Value, role: Role, ready: Time) -> Known {
        let attempt = self.life(spec).attempt;
        known::of(
            &Run { pod: self.before, spec, attempt, ready, now: self.now, is_init: role == Role::Init },
            &self.pace,
        )
    }

    /// A running container: ended, when that is known of its process; else as its probes say.
    fn watch(&mut self, spec: &Value, role: Role, since: Time) -> Result<Stepped, Status> {
        let Known::Started { end, .. } = self.known(spec, role, since) else { return Ok(Stepped::Rest) };
        match end {
            Some(end) if end.at <= self.now => {
                self.end(spec, role, &end);
                return Ok(Stepped::Rest);
            }
            Some(end) => {
                self.plan.requeue(end.at);
                self.waits(spec, end.at, || format!("it ends with status {}", end.code));
            }
            None => {}
        }
        if !matches!(role, Role::Init | Role::Ephemeral) {
            self.probe(spec, since)?;
        }
        Ok(Stepped::Rest)
    }

    /// What an end leads to: another run, or none.
    fn end(&mut self, spec: &Value, role: Role, end: &End) {
        let is_done = role == Role::Init && end.code == 0;
        container_status::set_ended(&mut self.pod, text(spec, "name"), end, is_done);
        let goes_on = restarts(self.before, spec, role, end.code.into());
        let life = self.life_mut(spec);
        life.started = None;
        life.stage = if goes_on { Stage::Ended { since: end.at } } else { Stage::Done };
    }

    /// A container that is to be started again: at once the first time, after a while the next.
    fn restart(&mut self, spec: &Value, ended: Time) -> Result<Stepped, Status> {
        let Some(back_off) = self.life(spec).crashes.filter(|b| b.is_in_force(ended)) else {
            return Ok(self.try_again(spec));
        };
        let until = ended + back_off.delay();
        if self.now >= until {
            return Ok(self.try_again(spec));
        }
        let look = (ended + self.look(spec, Step::ContainerStart)).min(until);
        if self.now < look {
            self.plan.requeue(look);
            let code = self.exit_code_before(spec);
            self.waits(spec, until, || format!("its last run ended with status {code}; it is started again"));
            return Ok(Stepped::Rest);
        }
        let name = text(spec, "name");
        let pod = format!("{}_{}({})", self.before.name(), self.before.namespace(), self.before.uid());
        self.warn(spec, "BackOff", format!("Back-off restarting failed container {name} in pod {pod}"));
        let delay = go_duration(back_off.delay());
        let why = format!("back-off {delay} restarting failed container={name} pod={pod}");
        container_status::set_waiting(&mut self.pod, name, "CrashLoopBackOff", &why);
        let folded = self.fold(spec, back_off, ended)?;
        let life = self.life_mut(spec);
        life.attempt += folded.as_ref().map_or(0, |f| f.rounds);
        let shift = folded.map_or(TimeDelta::zero(), |f| f.shift);
        life.crashes = Some(BackOff { since: back_off.since + shift, ..back_off });
        life.stage = Stage::BackOff { until: until + shift };
        self.plan.requeue(until + shift);
        Ok(Stepped::Rest)
    }

    /// How long a failure of a step shows before the kubelet looks again: not at all where the step takes no time, so that
    /// a command leaves behind what a cluster comes to rest in.
    fn look(&self, spec: &Value, step: Step) -> TimeDelta {
        let takes = self.pace.of_step_for(step, &known::subject(self.before, spec));
        if takes.is_zero() { TimeDelta::zero() } else { LOOK }
    }

    /// Adds up the rounds that would be like the last one, once the back-off cannot grow any more.
    fn fold(&mut self, spec: &Value, back_off: BackOff, at: Time) -> Result<Option<Folded>, Status> {
        let subject = known::subject(self.before, spec);
        let counts = self.pace.faults(&subject).any(|f| matches!(f, Fault::Exits(exit) if exit.times.is_some()));
        if back_off.seconds < BackOff::LONGEST || counts {
            self.life_mut(spec).round = None;
            return Ok(None);
        }
        let path = self.field_path(spec);
        let mut round = self.life_mut(spec).round.take();
        let folded = fold::turn(self.before, &path, &mut round, at, self.cluster)?;
        self.life_mut(spec).round = round;
        if let Some(folded) = &folded {
            // Before what is told now: that counts on.
            self.plan.actions.splice(0..0, folded.events.iter().cloned());
        }
        Ok(folded)
    }

    /// The next run begins with a look for its image.
    fn try_again(&mut self, spec: &Value) -> Stepped {
        let now = self.now;
        let life = self.life_mut(spec);
        let ended = match (life.stage, life.crashes) {
            (Stage::Ended { since }, _) => since,
            (_, Some(back_off)) => back_off.since,
            _ => now,
        };
        life.crashes = Some(BackOff::next(life.crashes, ended, now));
        life.attempt += 1;
        self.look_for_image(spec)
    }

    /// What events call the container.
    fn field_path(&self, spec: &Value) -> String {
        container_status::field_path(self.before, text(spec, "name"))
    }

    fn record(&self, spec: &Value, reason: &'static str, message: String) -> EventRecord {
        EventRecord {
            field_path: self.field_path(spec),
            host: self.node.name().to_owned(),
            ..EventRecord::normal(self.before, SOURCE, reason, message)
        }
    }

    fn event(&mut self, spec: &Value, reason: &'static str, message: String) {
        let record = self.record(spec, reason, message);
        self.plan.push(Action::Event(record));
    }

    fn warn(&mut self, spec: &Value, reason: &'static str, message: String) {
        let record = EventRecord { warning: true, ..self.record(spec, reason, message) };
        self.plan.push(Action::Event(record));
    }
}

/// A duration as Go prints it: `13s`, `1.5s`, `1m20s`, `0s`, rounded to milliseconds.
fn go_duration(d: TimeDelta) -> String {
    let ms = d.num_milliseconds();
    match (ms / 60_000, ms % 60_000) {
        (0, 0) => "0s".to_owned(),
        (0, ms) if ms < 1000 => format!("{ms}ms"),
        (0, ms) => format!("{}s", decimal(ms)),
        (minutes, ms) if minutes < 60 => format!("{minutes}m{}s", decimal(ms)),
        (minutes, ms) => format!("{}h{}m{}s", minutes / 60, minutes % 60, decimal(ms)),
    }
}

fn decimal(ms: i64) -> String {
    let text = format!("{}.{:03}", ms / 1000, ms % 1000);
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}
