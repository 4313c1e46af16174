//! In-place resize: what a pod's containers are given follows what the spec asks for, as far as the node has it.
//!
//! As upstream's allocation manager: what is asked for is allocated where it fits beside what is allocated to the other pods
//! of the node, else the resize is deferred. A container gets what it is allocated at once, or by a restart where its
//! `resizePolicy` says so.

use std::borrow::Cow;

use serde_json::{Value, json};

use super::Walk;
use crate::apimachinery::go_value;
use crate::apimachinery::object::Object;
use crate::apimachinery::quantity::Quantity;
use crate::apimachinery::status::Status;
use crate::apimachinery::time;
use crate::control::kubelet::SOURCE;
use crate::control::kubelet::container::Stage;
use crate::control::kubelet::life::text;
use crate::control::kubelet::pod_status::{IN_PROGRESS, PENDING};
use crate::control::kubelet::restart::{Role, role};
use crate::control::kubelet::{container_status, pod_status};
use crate::control::scheduler;
use crate::kinds::plan::{Action, EventRecord};
use crate::kinds::pod::{Amounts, requests_and_limits, whole};

impl Walk<'_, '_> {
    /// Allocates what is asked for anew, or says why not; gives it to the containers that run.
    pub(super) fn resize(&mut self) -> Result<(), Status> {
        if self.before.at("/spec/resources").is_some() && self.pod.at("/status/resources").is_none() {
            self.show_whole();
        }
        if self.is_allocated() {
            pod_status::remove(&mut self.pod, PENDING);
        } else {
            match self.lacks()? {
                None => self.allocate(),
                Some(message) => self.defer(&message),
            }
        }
        self.actuate();
        Ok(())
    }

    /// The containers whose resources may change, with their roles.
    fn resizable(&self) -> Vec<(&'_ Value, Role)> {
        let sidecars = self.before.list_at("/spec/initContainers").iter().map(|spec| (spec, role(spec, true)));
        let sidecars = sidecars.filter(|(_, role)| *role == Role::Sidecar);
        sidecars.chain(self.before.list_at("/spec/containers").iter().map(|spec| (spec, Role::Main))).collect()
    }

    /// The container as it is allocated: with the resources that the kubelet has granted it, which may not be those of the
    /// spec.
    pub(super) fn allocated(&self, spec: &Value) -> Value {
        let granted = self
            .life(spec)
            .allocated
            .or_else(|| container_status::find(&self.pod, text(spec, "name"))?.get("resources").cloned());
        with_resources(spec, granted)
    }

    fn is_allocated(&self) -> bool {
        let whole = self.before.at("/spec/resources").is_none_or(|r| self.pod.at("/status/resources") == Some(r));
        whole && self.resizable().iter().all(|(spec, _)| resources(&self.allocated(spec)) == resources(spec))
    }

    /// What the node has too little of, in the words of the kubelet's admission.
    fn lacks(&self) -> Result<Option<String>, Status> {
        let (asked, _) = requests_and_limits(self.before);
        let mut used = Amounts::new();
        for (_, pod) in self.cluster.indexed(&scheduler::PODS_BY_NODE, self.node.name())? {
            if pod.uid() == self.before.uid() {
                continue;
            }
            for (name, amount) in requests_and_limits(&allocated_pod(&pod)).0 {
                let sum = used.entry(name).or_insert(Quantity::ZERO);
                *sum = sum.add(&amount);
            }
        }
        Ok(["cpu", "memory"].into_iter().find_map(|name| {
            let of = |amounts: &Amounts| amounts.get(name).cloned().unwrap_or(Quantity::ZERO);
            let (asked, used) = (of(&asked), of(&used));
            let has = scheduler::allocatable(self.node, name).unwrap_or(Quantity::ZERO);
            let (asked_for, taken, all) = (whole(name, &asked), whole(name, &used), whole(name, &has));
            (used.add(&asked) > has).then(|| {
                format!(
                    "Node didn't have enough resource: {name}, requested: {asked_for}, used: {taken}, capacity: {all}"
                )
            })
        }))
    }

    fn allocate(&mut self) {
        let granted: Vec<(String, Value)> =
            self.resizable().iter().map(|(spec, _)| (text(spec, "name").to_owned(), resources(spec))).collect();
        for (name, resources) in granted {
            self.containers.entry(name).or_default().allocated = Some(resources);
        }
        let moved = self.moved_bounds();
        self.show_whole();
        pod_status::remove(&mut self.pod, PENDING);
        self.condition(IN_PROGRESS, None);
        self.tell(false, "ResizeStarted", "started", "");
        self.restart_bounded(&moved);
    }

    fn defer(&mut self, message: &str) {
        let is_told = pod_status::find(&self.pod, PENDING)
            .is_some_and(|c| c["message"] == message && c["observedGeneration"] == self.before.generation());
        if !is_told {
            self.condition(PENDING, Some(("Deferred", message)));
            self.tell(true, "ResizeDeferred", "Deferred", message);
        }
        let why = || format!("its resize waits: {message}");
        super::because(&mut self.plan, self.before, self.cluster, why);
    }

    /// The pod's own resources, where it has such, as they are allocated and in force.
    fn show_whole(&mut self) {
        if let Some(whole) = self.before.at("/spec/resources") {
            self.pod.set("/status/resources", whole.clone());
            if let Some(requests) = whole.get("requests") {
                self.pod.set("/status/allocatedResources", requests.clone());
            }
        }
    }

    /// The resources whose limit for the pod as a whole changes.
    fn moved_bounds(&self) -> Vec<&'static str> {
        let limit = |pod: &Object, list: &str, name: &str| pod.at(&format!("{list}/resources/limits/{name}")).cloned();
        let moves = |name: &&str| limit(&self.pod, "/status", name) != limit(self.before, "/spec", name);
        ["cpu", "memory"].into_iter().filter(moves).collect()
    }

    /// A container without a limit of its own has the pod's: where that changes, it may have to start again.
    fn restart_bounded(&mut self, moved: &[&'static str]) {
        for (spec, _) in self.resizable().into_iter().map(|(spec, role)| (spec.clone(), role)).collect::<Vec<_>>() {
            let has_own = |name: &str| spec.pointer(&format!("/resources/limits/{name}")).is_some();
            if moved.iter().any(|name| !has_own(name) && restarts_for(&spec, name)) {
                self.restart_resized(&spec);
            }
        }
    }

    fn restart_resized(&mut self, spec: &Value) {
        let Stage::Running { since } = self.life(spec).stage else { return };
        let message = format!("Container {} resize requires restart", text(spec, "name"));
        self.ask_to_stop(spec, since, None, message);
        if let Stage::Stopping { resized, .. } = &mut self.life_mut(spec).stage {
            *resized = true;
        }
    }

    /// Gives the containers that run what they are allocated.
    fn actuate(&mut self) {
        let behind: Vec<(Value, Role)> = self
            .resizable()
            .into_iter()
            .filter(|(spec, _)| self.is_behind(spec))
            .map(|(s, r)| (s.clone(), r))
            .collect();
        for (spec, _) in behind {
            if !matches!(self.life(&spec).stage, Stage::Running { .. }) {
                continue;
            }
            let name = text(&spec, "name");
            if self.needs_restart(&spec) {
                self.restart_resized(&spec);
            } else {
                let resources = resources(&self.allocated(&spec));
                container_status::set_resources(&mut self.pod, name, &resources);
            }
        }
        let is_done = !self.resizable().iter().any(|(spec, _)| self.is_behind(spec) || self.is_restarting(spec));
        if is_done && pod_status::find(&self.pod, IN_PROGRESS).is_some() {
            pod_status::remove(&mut self.pod, IN_PROGRESS);
            self.tell(false, "ResizeCompleted", "completed", "");
        }
    }

    /// Whether a container that was started has other resources than it is allocated.
    fn is_behind(&self, spec: &Value) -> bool {
        let has = container_status::find(&self.pod, text(spec, "name")).and_then(|s| s.get("resources"));
        let is_down = matches!(
            self.life(spec).stage,
            Stage::Done
                | Stage::Ended { .. }
                | Stage::BackOff { .. }
                | Stage::PullBackOff { .. }
                | Stage::PullFailed { .. }
        );
        !is_down && has.is_some_and(|has| *has != resources(&self.allocated(spec)))
    }

    /// Whether a container was stopped for other resources and does not run again yet.
    fn is_restarting(&self, spec: &Value) -> bool {
        let life = self.life(spec);
        let is_coming = matches!(life.stage, Stage::Waiting | Stage::Pulling { .. } | Stage::Starting { .. });
        matches!(life.stage, Stage::Stopping { resized: true, .. })
            || (is_coming && life.attempt > 0 && life.allocated.is_some())
    }

    fn needs_restart(&self, spec: &Value) -> bool {
        let has = container_status::find(&self.pod, text(spec, "name")).and_then(|s| s.get("resources"));
        let (has, gets) = (has.cloned().unwrap_or_default(), resources(&self.allocated(spec)));
        let amount = |of: &Value, part: &str, name: &str| of.get(part).and_then(|list| list.get(name)).cloned();
        let differs = |name: &str| {
            ["requests", "limits"].into_iter().any(|part| amount(&has, part, name) != amount(&gets, part, name))
        };
        ["cpu", "memory"].into_iter().any(|name| restarts_for(spec, name) && differs(name))
    }

    fn condition(&mut self, name: &str, why: Option<(&str, &str)>) {
        let mut condition = json!({
            "type": name, "status": "True", "lastProbeTime": time::to_rfc3339(self.now),
            "lastTransitionTime": time::to_rfc3339(self.now), "observedGeneration": self.before.generation(),
        });
        if let Some((reason, message)) = why {
            condition["reason"] = reason.into();
            condition["message"] = message.into();
        }
        pod_status::put_first(&mut self.pod, condition);
    }

    /// `Pod resize started: {"containers":[…],"generation":2}`: the spec's resources in the order of upstream's struct.
    fn tell(&mut self, warning: bool, reason: &'static str, what: &str, error: &str) {
        let mut parts = Vec::new();
        for list in ["initContainers", "containers"] {
            let all: Vec<String> = self.before.list_at(&format!("/spec/{list}")).iter().map(summary).collect();
            if !all.is_empty() {
                parts.push(format!("\"{list}\":[{}]", all.join(",")));
            }
        }
        parts.push(format!("\"generation\":{}", self.before.generation()));
        if !error.is_empty() {
            parts.push(format!("\"error\":{}", go_value::json(&error.into())));
        }
        let message = format!("Pod resize {what}: {{{}}}", parts.join(","));
        let record = EventRecord {
            host: self.node.name().to_owned(),
            warning,
            ..EventRecord::normal(self.before, SOURCE, reason, message)
        };
        self.plan.push(Action::Event(record));
    }
}

/// Whether a container's `resizePolicy` has it start again when it gets more or less of a resource.
fn restarts_for(spec: &Value, resource: &str) -> bool {
    let policies = spec.get("resizePolicy").and_then(Value::as_array).into_iter().flatten();
    policies.into_iter().any(|p| text(p, "resourceName") == resource && text(p, "restartPolicy") == "RestartContainer")
}

fn summary(spec: &Value) -> String {
    let resources = resources(spec);
    let parts = ["limits", "requests", "claims"].into_iter().filter_map(|part| {
        let value = resources.get(part)?;
        Some(format!("\"{part}\":{}", go_value::json(value)))
    });
    let parts: Vec<String> = parts.collect();
    format!("{{\"name\":{},\"resources\":{{{}}}}}", go_value::json(&text(spec, "name").into()), parts.join(","))
}

fn resources(spec: &Value) -> Value {
    spec.get("resources").cloned().unwrap_or_else(|| json!({}))
}

fn with_resources(spec: &Value, resources: Option<Value>) -> Value {
    let mut spec = spec.clone();
    if let Some(resources) = resources {
        spec["resources"] = resources;
    }
    spec
}

/// A pod with what it has instead of what it asks for, where the two are not the same.
pub fn allocated_pod(pod: &Object) -> Cow<'_, Object> {
    if pod_status::find(pod, PENDING).is_none() {
        return Cow::Borrowed(pod);
    }
    let mut new = pod.clone();
    for list in ["initContainers", "containers"] {
        let specs = pod.list_at(&format!("/spec/{list}")).iter().map(|spec| {
            let has = container_status::find(pod, text(spec, "name")).and_then(|status| status.get("resources"));
            with_resources(spec, has.cloned())
        });
        new.set(&format!("/spec/{list}"), Value::Array(specs.collect()));
    }
    if let Some(whole) = pod.at("/status/resources") {
        new.set("/spec/resources", whole.clone());
    }
    Cow::Owned(new)
}
