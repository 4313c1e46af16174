//! The ServiceAccount plugin: a pod's account must exist, and its token is mounted into every container.

use serde_json::{Map, Value, json};

use super::super::defaults::default_service_account;
use super::super::fields::Fields;
use super::{forbidden, spec_mut};
use crate::apimachinery::key::Key;
use crate::apimachinery::object::Object;
use crate::apimachinery::status::Status;
use crate::cluster::Cluster;

const MOUNT_PATH: &str = "/var/run/secrets/kubernetes.io/serviceaccount";
const VOLUME_PREFIX: &str = "kube-api-access-";
/// An hour and seven seconds: recognizable as a token that was asked for by this plugin.
const TOKEN_SECONDS: i64 = 3607;

pub(super) fn admit(pod: &mut Object, cluster: &Cluster) -> Result<(), Status> {
    let spec = spec_mut(pod);
    if spec.text("serviceAccountName").is_empty() {
        spec.insert("serviceAccountName".to_owned(), "default".into());
    }
    default_service_account(spec);
    let name = pod.str_at("/spec/serviceAccountName");
    let Some(account) = cluster.get(&Key::new("serviceaccounts", pod.namespace(), name))? else {
        let why =
            format!("error looking up service account {}/{name}: serviceaccount {name:?} not found", pod.namespace());
        return Err(forbidden(pod, &why));
    };
    let wanted = pod.bool_at("/spec/automountServiceAccountToken");
    if wanted.or(account.bool_at("/automountServiceAccountToken")).unwrap_or(true) {
        let suffix = cluster.seed().suffix("kube-api-access", cluster.next_resource_version());
        mount_token(spec_mut(pod), &suffix);
    }
    let secrets = account.list_at("/imagePullSecrets");
    if pod.list_at("/spec/imagePullSecrets").is_empty() && !secrets.is_empty() {
        pod.set("/spec/imagePullSecrets", Value::Array(secrets.to_vec()));
    }
    Ok(())
}

/// Mounts the token where nothing else is mounted in its place; the volume is added once, if anything needs it.
fn mount_token(spec: &mut Map<String, Value>, suffix: &str) {
    let existing = spec.items("volumes").iter().find(|v| is_token_volume(v)).map(|v| v.text("name").to_owned());
    let volume = existing.clone().unwrap_or_else(|| format!("{VOLUME_PREFIX}{suffix}"));
    let mut needed = false;
    for list in ["initContainers", "containers"] {
        let containers = spec.get_mut(list).and_then(Value::as_array_mut).into_iter().flatten();
        for container in containers.filter_map(Value::as_object_mut) {
            needed |= mount(container, &volume);
        }
    }
    if needed && existing.is_none() {
        let volumes = spec.entry("volumes").or_insert_with(|| json!([]));
        if let Some(volumes) = volumes.as_array_mut() {
            volumes.push(token_volume(&volume));
        }
    }
}

/// Takes off the token's volume and its mounts, which every cluster adds by itself.
pub(in crate::kinds::pod) fn remove_token(pod: &mut Object) {
    let spec = spec_mut(pod);
    let tokens: Vec<String> =
        spec.items("volumes").iter().filter(|v| is_token_volume(v)).map(|v| v.text("name").to_owned()).collect();
    let keep = |list: &mut Map<String, Value>, field: &str| {
        if let Some(Value::Array(items)) = list.get_mut(field) {
            items.retain(|item| !tokens.iter().any(|t| t == item.text("name")));
            if items.is_empty() {
                list.remove(field);
            }
        }
    };
    keep(spec, "volumes");
    for list in ["initContainers", "containers"] {
        let containers = spec.get_mut(list).and_then(Value::as_array_mut).into_iter().flatten();
        containers.filter_map(Value::as_object_mut).for_each(|container| keep(container, "volumeMounts"));
    }
}

fn is_token_volume(volume: &Value) -> bool {
    volume.field("projected").is_some() && volume.text("name").starts_with(VOLUME_PREFIX)
}

fn mount(container: &mut Map<String, Value>, volume: &str) -> bool {
    let mounts = container.entry("volumeMounts").or_insert_with(|| json!([]));
    let Some(mounts) = mounts.as_array_mut() else { return false };
    if mounts.iter().any(|m| m.text("mountPath") == MOUNT_PATH) {
        return false;
    }
    mounts.push(json!({"name": volume, "readOnly": true, "mountPath": MOUNT_PATH}));
    true
}

fn token_volume(name: &str) -> Value {
    json!({"name": name, "projected": {"defaultMode": 420, "sources": [
        {"serviceAccountToken": {"expirationSeconds": TOKEN_SECONDS, "path": "token"}},
        {"configMap": {"name": "kube-root-ca.crt", "items": [{"key": "ca.crt", "path": "ca.crt"}]}},
        {"downwardAPI": {"items": [{"path": "namespace", "fieldRef": {"apiVersion": "v1", "fieldPath": "metadata.namespace"}}]}},
    ]}})
}
