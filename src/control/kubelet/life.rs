//! How a pod comes up: accepted, its sandbox made, then each container's image pulled and its process started.

use std::sync::Arc;

use chrono::TimeDelta;
use serde_json::{Value, json};

use super::container_status::{self, State};
use super::{SOURCE, config, network, pod_status};
use crate::apimachinery::object::Object;
use crate::apimachinery::status::Status;
use crate::apimachinery::time::{self, Time};
use crate::cluster::Cluster;
use crate::control::pace::{Pace, Step};
use crate::kinds::plan::{Action, EventRecord, Plan};

/// Where a pod is on its way up; kept in the pod's bookkeeping, for its times are finer than the status's.
#[derive(Clone, Debug, PartialEq)]
struct Progress {
    /// Index into init containers, then containers.
    container: usize,
    /// Whether its image is there already.
    pulled: bool,
    /// When this part began.
    since: Time,
}

/// Brings a pod one transition further.
pub fn reconcile(pod: &Arc<Object>, node: &Object, cluster: &Cluster, now: Time) -> Result<Plan, Status> {
    if pod.str_at("/status/startTime").is_empty() {
        return Ok(accept(pod, node, now));
    }
    if pod.str_at("/status/podIP").is_empty() {
        return make_sandbox(pod, cluster, now);
    }
    match Progress::of(pod) {
        Some(progress) => {
            Rise { pod: Object::clone(pod), before: pod, node, cluster, now, plan: Plan::nothing() }.go(progress)
        }
        None => Ok(Plan::nothing()),
    }
}

impl Progress {
    fn of(pod: &Object) -> Option<Progress> {
        let part = pod.internal.get("progress")?;
        Some(Progress {
            container: usize::try_from(part.get("container")?.as_u64()?).ok()?,
            pulled: part.get("pulled")?.as_bool()?,
            since: time::parse(part.get("since")?.as_str()?)?,
        })
    }

    fn store(&self, pod: &mut Object) {
        let since = time::to_rfc3339_micro(self.since);
        let part = json!({"container": self.container, "pulled": self.pulled, "since": since});
        pod.internal.insert("progress".to_owned(), part);
    }
}

/// The kubelet has seen the pod.
fn accept(pod: &Arc<Object>, node: &Object, now: Time) -> Plan {
    let mut new = Object::clone(pod);
    let address = network::node_address(node);
    new.set("/status/phase", "Pending".into());
    new.set("/status/startTime", time::to_rfc3339(now).into());
    new.set("/status/hostIP", address.as_str().into());
    new.set("/status/hostIPs", json!([{"ip": address}]));
    container_status::set_all_waiting(&mut new);
    pod_status::set_conditions(&mut new, now);
    Plan { actions: vec![Action::UpdateStatus(new)], requeue_at: None }
}

/// The pod's volumes are mounted and it has an address; or it says what its volumes lack.
fn make_sandbox(pod: &Arc<Object>, cluster: &Cluster, now: Time) -> Result<Plan, Status> {
    let mut plan = Plan::nothing();
    if let Some(why) = config::missing_volume(pod, cluster)? {
        let message = format!("MountVolume.SetUp failed for volume {:?} : {}", why.volume, why.message);
        if pod.internal.get("failedMount").is_none_or(|m| *m != message) {
            let mut new = Object::clone(pod);
            new.internal.insert("failedMount".to_owned(), message.as_str().into());
            plan.push(Action::UpdateStatus(new));
            plan.push(Action::Event(EventRecord {
                host: pod.str_at("/spec/nodeName").to_owned(),
                ..EventRecord::warning(pod, SOURCE, "FailedMount", message)
            }));
        }
        return Ok(plan);
    }
    let mut new = Object::clone(pod);
    let taken = cluster.pod_addresses() + 1;
    let address = match pod.bool_at("/spec/hostNetwork") {
        Some(true) => pod.str_at("/status/hostIP").to_owned(),
        _ => network::pod_address(taken),
    };
    new.set("/status/podIP", address.as_str().into());
    new.set("/status/podIPs", json!([{"ip": address}]));
    Progress { container: 0, pulled: false, since: now }.store(&mut new);
    new.internal.insert("sandbox".to_owned(), true.into());
    pod_status::set_conditions(&mut new, now);
    plan.push(Action::PodAddresses(taken));
    plan.push(Action::UpdateStatus(new));
    Ok(plan)
}

/// One walk along the containers, as far as time allows.
struct Rise<'a, 'c> {
    pod: Object,
    before: &'a Arc<Object>,
    node: &'a Object,
    cluster: &'a Cluster<'c>,
    now: Time,
    plan: Plan,
}

impl Rise<'_, '_> {
    fn go(mut self, mut progress: Progress) -> Result<Plan, Status> {
        let pace = Pace::of(self.cluster)?;
        let init = self.before.list_at("/spec/initContainers").len();
        let all: Vec<Value> = container_status::specs(self.before).cloned().collect();
        let mut done = false;
        loop {
            let Some(spec) = all.get(progress.container) else {
                done = true;
                break;
            };
            if !progress.pulled && !self.pull(spec, &mut progress, &pace)? {
                break;
            }
            let is_init = progress.container < init;
            if !self.start(spec, &mut progress, &pace, is_init)? {
                break;
            }
            progress = Progress { container: progress.container + 1, pulled: false, since: progress.since };
            // The end of an init container is a transition of its own.
            if progress.container <= init && progress.container < all.len() {
                break;
            }
        }
        if done {
            self.pod.internal.remove("progress");
        } else {
            progress.store(&mut self.pod);
        }
        pod_status::set_conditions(&mut self.pod, self.now);
        if self.pod != **self.before {
            self.plan.actions.insert(0, Action::UpdateStatus(self.pod));
        }
        Ok(self.plan)
    }

    /// Whether the image is there; asks to be woken when it will be.
    fn pull(&mut self, spec: &Value, progress: &mut Progress, pace: &Pace) -> Result<bool, Status> {
        let image = text(spec, "image");
        let present = network::has_image(self.node, image);
        let policy = text(spec, "imagePullPolicy");
        if present && policy != "Always" {
            let why = format!("Container image {image:?} already present on machine and can be accessed by the pod");
            self.event(spec, "Pulled", why);
        } else {
            if policy == "Never" {
                let why = format!("Container image {image:?} is not present with pull policy of Never");
                self.wait(spec, "ErrImageNeverPull", &why);
                return Ok(false);
            }
            let takes = if present { TimeDelta::zero() } else { pace.of_step(Step::ImagePull) };
            if !self.pulling_told(progress.container) {
                self.event(spec, "Pulling", format!("Pulling image {image:?}"));
            }
            let ready = progress.since + takes;
            if self.now < ready {
                self.plan.requeue(ready);
                return Ok(false);
            }
            let spent = go_duration(takes);
            let bytes = network::image_size(image);
            let why = format!(
                "Successfully pulled image {image:?} in {spent} ({spent} including waiting). Image size: {bytes} bytes."
            );
            self.event(spec, "Pulled", why);
            progress.since = ready;
            if !present {
                self.plan.push(Action::UpdateStatus(network::with_image(self.node, image)));
            }
        }
        progress.pulled = true;
        Ok(true)
    }

    /// Tells `Pulling` once per container: the first look at it notes that it was told.
    fn pulling_told(&mut self, container: usize) -> bool {
        let told = self.pod.internal.insert("pulling".to_owned(), container.into());
        told == Some(container.into())
    }

    /// Whether the container's process runs (or, for an init container, has run).
    fn start(&mut self, spec: &Value, progress: &mut Progress, pace: &Pace, init: bool) -> Result<bool, Status> {
        if let Some(why) = config::missing_environment(self.before, spec, self.cluster)? {
            self.wait(spec, "CreateContainerConfigError", &why);
            return Ok(false);
        }
        let starts = progress.since + pace.of_step(Step::ContainerStart);
        if self.now < starts {
            self.plan.requeue(starts);
            return Ok(false);
        }
        progress.since = starts;
        self.event(spec, "Created", "Container created".to_owned());
        self.event(spec, "Started", "Container started".to_owned());
        let sidecar = text(spec, "restartPolicy") == "Always";
        let state = if init && !sidecar {
            State::Completed { started: starts, finished: starts }
        } else {
            State::Running { since: starts }
        };
        container_status::set(&mut self.pod, spec, init, state, self.cluster.seed());
        Ok(true)
    }

    /// The container waits for something that no time will bring; told once.
    fn wait(&mut self, spec: &Value, reason: &'static str, message: &str) {
        let told = container_status::waiting_reason(&self.pod, text(spec, "name")) == Some(reason);
        container_status::set_waiting(&mut self.pod, text(spec, "name"), reason, message);
        if !told {
            let mut event = self.record(spec, "Failed", format!("Error: {message}"));
            event.warning = true;
            self.plan.push(Action::Event(event));
        }
    }

    fn record(&self, spec: &Value, reason: &'static str, message: String) -> EventRecord {
        let name = text(spec, "name");
        let list = if container_status::is_init(self.before, name) { "initContainers" } else { "containers" };
        EventRecord {
            field_path: format!("spec.{list}{{{name}}}"),
            host: self.node.name().to_owned(),
            ..EventRecord::normal(self.before, SOURCE, reason, message)
        }
    }

    fn event(&mut self, spec: &Value, reason: &'static str, message: String) {
        let record = self.record(spec, reason, message);
        self.plan.push(Action::Event(record));
    }
}

/// A string field of a container.
pub fn text<'v>(spec: &'v Value, field: &str) -> &'v str {
    spec.get(field).and_then(Value::as_str).unwrap_or_default()
}

/// A duration as Go prints it in pull messages: `13s`, `1.5s`, `0s`, rounded to milliseconds.
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
