//! What a container's environment was made from when it started: a process keeps what it was given, whatever becomes of the
//! Services, ConfigMaps and Secrets, until it is started anew.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::life::text;
use super::{container, environment};
use crate::apimachinery::object::Object;
use crate::apimachinery::status::Status;
use crate::cluster::Cluster;

/// Kept with a container's life.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Given {
    /// The store's resourceVersion then: no Service that was made after it shows.
    pub at: u64,
    /// The entries of the ConfigMaps and Secrets that the environment refers to, by resource and name.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub config: BTreeMap<String, BTreeMap<String, String>>,
}

impl Given {
    /// What a container that starts now is given.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub fn now(pod: &Object, spec: &Value, cluster: &Cluster) -> Result<Given, Status> {
        let mut config = BTreeMap::new();
        for (resource, name) in references(spec) {
            let entries = environment::entries(pod.namespace(), resource, name, cluster)?.into_iter();
            let entries = entries.map(|(key, value)| (key, String::from_utf8_lossy(&value).into_owned()));
            config.insert(format!("{resource}/{name}"), entries.collect());
        }
        Ok(Given { at: cluster.resource_version(), config })
    }

    /// What a container was given, or would be now when it has not started.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub fn of(pod: &Object, spec: &Value, cluster: &Cluster) -> Result<Given, Status> {
        let life = container::read(pod).remove(text(spec, "name"));
        life.and_then(|life| life.given).map_or_else(|| Given::now(pod, spec, cluster), Ok)
    }

    /// The entries of a ConfigMap or Secret; none where there was no such object.
    pub fn entries(&self, resource: &str, name: &str) -> impl Iterator<Item = (&String, &String)> {
        self.config.get(&format!("{resource}/{name}")).into_iter().flatten()
    }
}

/// The ConfigMaps and Secrets that a container's environment refers to.
fn references(spec: &Value) -> Vec<(&'static str, &str)> {
    let list = |field: &str| spec.get(field).and_then(Value::as_array).into_iter().flatten();
    let all = list("envFrom").chain(list("env").filter_map(|variable| variable.get("valueFrom")));
    let fields = [
        ("configMapRef", "configmaps"),
        ("secretRef", "secrets"),
        ("configMapKeyRef", "configmaps"),
        ("secretKeyRef", "secrets"),
    ];
    all.flat_map(|part| fields.map(|(field, resource)| Some((resource, part.get(field)?.get("name")?.as_str()?))))
        .flatten()
        .collect()
}
