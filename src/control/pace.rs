//! How long things take: the ConfigMap `kstate` in `kube-system`. Without it nothing takes any time.

use std::sync::Arc;

use chrono::TimeDelta;

use crate::apimachinery::key::Key;
use crate::apimachinery::object::Object;
use crate::apimachinery::status::Status;
use crate::cluster::Cluster;

/// The namespace and the name of the ConfigMap.
const NAMESPACE: &str = "kube-system";
const NAME: &str = "kstate";

/// Things that take a cluster time; each is a key of the ConfigMap, in humantime's words (`13s`, `1m 30s`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// From a claim's creation to its volume.
    VolumeProvision,
    /// A node pulls an image that it does not have.
    ImagePull,
    /// From the image to the running process, init containers included.
    ContainerStart,
    /// From the deletion of a pod to the end of its processes, within the grace period.
    ContainerStop,
}

impl Step {
    fn key(self) -> &'static str {
        match self {
            Step::VolumeProvision => "volume-provision",
            Step::ImagePull => "image-pull",
            Step::ContainerStart => "container-start",
            Step::ContainerStop => "container-stop",
        }
    }
}

/// The pace in force.
#[derive(Default)]
pub struct Pace(Option<Arc<Object>>);

impl Pace {
    /// Reads the ConfigMap.
    pub fn of(cluster: &Cluster) -> Result<Pace, Status> {
        Ok(Pace(cluster.get(&Key::new("configmaps", NAMESPACE, NAME))?))
    }

    /// How long a step takes; nothing, when the ConfigMap does not say or says something that is no duration.
    pub fn of_step(&self, step: Step) -> TimeDelta {
        let text = self.0.as_ref().map_or("", |map| map.str_at(&format!("/data/{}", step.key())));
        let duration = humantime::parse_duration(text.trim()).ok();
        duration.and_then(|d| TimeDelta::from_std(d).ok()).unwrap_or_default()
    }

    /// Whether a key of the ConfigMap says this word.
    pub fn says(&self, key: &str, word: &str) -> bool {
        self.0.as_ref().is_some_and(|map| map.str_at(&format!("/data/{key}")).trim() == word)
    }

    /// The words of a key of the ConfigMap.
    pub fn words(&self, key: &str) -> Vec<String> {
        let text = self.0.as_ref().map_or("", |map| map.str_at(&format!("/data/{key}")));
        text.split([' ', '\n', '\t', ',']).filter(|w| !w.is_empty()).map(str::to_owned).collect()
    }
}

/// Whether an object is the ConfigMap that sets the pace.
pub fn is_pace(object: &Object) -> bool {
    object.kind() == "ConfigMap" && object.namespace() == NAMESPACE && object.name() == NAME
}
