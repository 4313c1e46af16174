//! What a pod needs from ConfigMaps and Secrets before it can come up.

use std::sync::Arc;

use serde_json::Value;

use super::life::text;
use crate::apimachinery::key::Key;
use crate::apimachinery::object::Object;
use crate::apimachinery::status::Status;
use crate::cluster::{Cluster, Indexer};

/// A volume that cannot be set up, and why.
pub struct MissingVolume {
    pub volume: String,
    pub message: String,
}

/// The first volume whose ConfigMap, Secret or key is not there and not optional.
pub fn missing_volume(pod: &Object, cluster: &Cluster) -> Result<Option<MissingVolume>, Status> {
    for volume in pod.list_at("/spec/volumes") {
        let sources = volume["projected"]["sources"].as_array();
        for part in sources.into_iter().flatten().chain([volume]) {
            if let Some(message) = missing_source(pod.namespace(), part, cluster)? {
                return Ok(Some(MissingVolume { volume: text(volume, "name").to_owned(), message }));
            }
        }
    }
    Ok(None)
}

/// A `configMap` or `secret` source; a secret's name is `secretName` in a volume and `name` in a projection.
fn missing_source(namespace: &str, part: &Value, cluster: &Cluster) -> Result<Option<String>, Status> {
    for (field, resource, singular) in [("configMap", "configmaps", "configmap"), ("secret", "secrets", "secret")] {
        let Some(source) = part.get(field) else { continue };
        let name = source.get("secretName").or(source.get("name")).and_then(Value::as_str).unwrap_or_default();
        if is_optional(source) || is_given(name) {
            continue;
        }
        let Some(object) = cluster.get(&Key::new(resource, namespace, name))? else {
            return Ok(Some(format!("{singular} {name:?} not found")));
        };
        for item in source.get("items").and_then(Value::as_array).into_iter().flatten() {
            let key = text(item, "key");
            if !has_key(&object, key) {
                return Ok(Some(format!(
                    "references non-existent {} key: {key}",
                    if field == "secret" { "secret" } else { "config" }
                )));
            }
        }
    }
    Ok(None)
}

/// Pods by the ConfigMaps and Secrets that their volumes have files of: `namespace/resource/name`.
pub static PODS_BY_CONFIG: Indexer = Indexer {
    name: "pods-by-config",
    resource: "pods",
    values: |pod| {
        let volumes = pod.list_at("/spec/volumes").iter();
        let sources = volumes.flat_map(|volume| {
            let projected = volume["projected"]["sources"].as_array();
            projected.into_iter().flatten().chain([volume])
        });
        sources.flat_map(config_names).map(|(resource, name)| place(pod.namespace(), resource, name)).collect()
    },
};

fn place(namespace: &str, resource: &str, name: &str) -> String {
    format!("{namespace}/{resource}/{name}")
}

/// The ConfigMap or Secret of a volume or a part of a projected one.
fn config_names(source: &Value) -> impl Iterator<Item = (&'static str, &str)> {
    let named = |field: &str, name: &str| source.get(field)?.get(name)?.as_str();
    let map = named("configMap", "name").filter(|name| !is_given(name)).map(|name| ("configmaps", name));
    let secret = named("secret", "secretName").or(named("secret", "name")).map(|name| ("secrets", name));
    map.into_iter().chain(secret)
}

/// The pods that have files of a ConfigMap or a Secret.
///
/// # Errors
/// When the store cannot be read.
pub fn pods_that_mount(key: &Key, cluster: &Cluster) -> Result<Vec<(Key, Arc<Object>)>, Status> {
    cluster.indexed(&PODS_BY_CONFIG, &place(&key.namespace, &key.resource, &key.name))
}

/// The cluster's root certificate, which every namespace is given; kstate does not list it, and so has no object of it.
fn is_given(name: &str) -> bool {
    name == "kube-root-ca.crt"
}

pub(super) fn is_optional(source: &Value) -> bool {
    source.get("optional").is_some_and(|o| o == true)
}

pub(super) fn has_key(object: &Object, key: &str) -> bool {
    ["/data", "/binaryData"].iter().any(|part| object.map_at(part).is_some_and(|data| data.contains_key(key)))
}

/// What a container's environment lacks, in the kubelet's words.
pub fn missing_environment(pod: &Object, spec: &Value, cluster: &Cluster) -> Result<Option<String>, Status> {
    let list = |field: &str| spec.get(field).and_then(Value::as_array).into_iter().flatten();
    for source in list("envFrom") {
        for (field, resource, singular) in
            [("configMapRef", "configmaps", "configmap"), ("secretRef", "secrets", "secret")]
        {
            let Some(reference) = source.get(field).filter(|r| !is_optional(r)) else { continue };
            let name = text(reference, "name");
            if cluster.get(&Key::new(resource, pod.namespace(), name))?.is_none() {
                return Ok(Some(format!("{singular} {name:?} not found")));
            }
        }
    }
    for variable in list("env") {
        for (field, resource, singular, kind) in [
            ("configMapKeyRef", "configmaps", "configmap", "ConfigMap"),
            ("secretKeyRef", "secrets", "secret", "Secret"),
        ] {
            let reference = variable.get("valueFrom").and_then(|v| v.get(field)).filter(|r| !is_optional(r));
            let Some(reference) = reference else { continue };
            let (name, key) = (text(reference, "name"), text(reference, "key"));
            let Some(object) = cluster.get(&Key::new(resource, pod.namespace(), name))? else {
                return Ok(Some(format!("{singular} {name:?} not found")));
            };
            if !has_key(&object, key) {
                return Ok(Some(format!("couldn't find key {key} in {kind} {}/{name}", pod.namespace())));
            }
        }
    }
    Ok(None)
}
