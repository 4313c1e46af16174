//! How long things take and what goes wrong: the ConfigMap `kstate` in `kube-system`. Without it nothing takes any time
//! and nothing fails.

use std::sync::Arc;

use chrono::TimeDelta;

use crate::apimachinery::key::Key;
use crate::apimachinery::object::Object;
use crate::apimachinery::status::Status;
use crate::cluster::Cluster;

mod pattern;
mod rule;
mod validation;

pub use rule::{Exit, Fault, Subject};
use rule::{Rule, Verdict};
pub use validation::validate;

/// The namespace and the name of the ConfigMap.
const NAMESPACE: &str = "kube-system";
const NAME: &str = "kstate";

/// Things that take a cluster time; each is a key of the ConfigMap, in humantime's words (`13s`, `1m 30s`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// From a claim's creation to its volume.
    VolumeProvision,
    /// From a pod's creation to its node, if one fits by then.
    Scheduling,
    /// A node pulls an image that it does not have.
    ImagePull,
    /// From the image to the running process.
    ContainerStart,
    /// From the request to stop a container to the end of its processes, within the grace period.
    ContainerStop,
    /// How long a simulated init container runs.
    InitContainer,
    /// How long a simulated container of a Job's pod runs.
    JobContainer,
}

impl Step {
    /// Every step.
    pub const ALL: [Step; 7] = [
        Step::VolumeProvision,
        Step::Scheduling,
        Step::ImagePull,
        Step::ContainerStart,
        Step::ContainerStop,
        Step::InitContainer,
        Step::JobContainer,
    ];

    /// What the ConfigMap and its rules call the step.
    pub fn key(self) -> &'static str {
        match self {
            Step::VolumeProvision => "volume-provision",
            Step::Scheduling => "scheduling",
            Step::ImagePull => "image-pull",
            Step::ContainerStart => "container-start",
            Step::ContainerStop => "container-stop",
            Step::InitContainer => "init-container",
            Step::JobContainer => "job-container",
        }
    }
}

/// The pace in force.
#[derive(Default)]
pub struct Pace {
    map: Option<Arc<Object>>,
    rules: Vec<Rule>,
}

impl Pace {
    /// Reads the ConfigMap.
    pub fn of(cluster: &Cluster) -> Result<Pace, Status> {
        let map = cluster.get(&Key::new("configmaps", NAMESPACE, NAME))?;
        // A line that is no rule was refused when it was written; one that was stored before that rule was made is skipped.
        let rules = map.as_ref().map(|map| rule::parse_all(map.str_at("/data/rules")).filter_map(Result::ok).collect());
        Ok(Pace { map, rules: rules.unwrap_or_default() })
    }

    /// How long a step takes; nothing, when the ConfigMap does not say or says something that is no duration.
    pub fn of_step(&self, step: Step) -> TimeDelta {
        self.map.as_ref().and_then(|map| duration(map.str_at(&format!("/data/{}", step.key())))).unwrap_or_default()
    }

    /// How long a step takes for one pod, container or node: the first rule about it wins over the ConfigMap's key.
    pub fn of_step_for(&self, step: Step, subject: &Subject) -> TimeDelta {
        let ruled = self.rules.iter().filter(|r| r.is_about(subject)).find_map(|r| match r.verdict {
            Verdict::Takes(of, time) if of == step => Some(time),
            _ => None,
        });
        ruled.unwrap_or_else(|| self.of_step(step))
    }

    /// What the rules say goes wrong, in their order.
    pub fn faults<'p>(&'p self, subject: &'p Subject<'p>) -> impl Iterator<Item = &'p Fault> {
        self.rules.iter().filter(|r| r.is_about(subject)).filter_map(|r| match &r.verdict {
            Verdict::Fault(fault) => Some(fault),
            Verdict::Takes(..) => None,
        })
    }

    /// Whether a key of the ConfigMap says this word.
    pub fn says(&self, key: &str, word: &str) -> bool {
        self.map.as_ref().is_some_and(|map| map.str_at(&format!("/data/{key}")).trim() == word)
    }

    /// The words of a key of the ConfigMap.
    pub fn words(&self, key: &str) -> Vec<String> {
        let text = self.map.as_ref().map_or("", |map| map.str_at(&format!("/data/{key}")));
        text.split([' ', '\n', '\t', ',']).filter(|w| !w.is_empty()).map(str::to_owned).collect()
    }
}

/// A duration in humantime's words; `None` when it is none.
fn duration(text: &str) -> Option<TimeDelta> {
    TimeDelta::from_std(humantime::parse_duration(text.trim()).ok()?).ok()
}

/// Whether an object is the ConfigMap that sets the pace.
pub fn is_pace(object: &Object) -> bool {
    object.kind() == "ConfigMap" && object.namespace() == NAMESPACE && object.name() == NAME
}
