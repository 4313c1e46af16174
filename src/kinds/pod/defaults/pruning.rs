//! What a client wrote but the API does not keep: the zero values of fields that Go leaves out.
//!
//! Pointers are kept (`automountServiceAccountToken: false`, `hostPath.type: ""`), so they are not listed here.

use serde_json::{Map, Value};

use super::{CONTAINER_LISTS, section_mut, sections_mut};

/// Fields of a PodSpec that are no pointers.
const SPEC: &[&str] = &[
    "restartPolicy",
    "dnsPolicy",
    "nodeSelector",
    "serviceAccountName",
    "serviceAccount",
    "nodeName",
    "hostNetwork",
    "hostPID",
    "hostIPC",
    "imagePullSecrets",
    "hostname",
    "subdomain",
    "schedulerName",
    "tolerations",
    "hostAliases",
    "priorityClassName",
    "readinessGates",
    "overhead",
    "topologySpreadConstraints",
    "schedulingGates",
    "resourceClaims",
    "volumes",
    "initContainers",
    "ephemeralContainers",
];

/// Fields of a container that are no pointers.
const CONTAINER: &[&str] = &[
    "image",
    "command",
    "args",
    "workingDir",
    "ports",
    "envFrom",
    "env",
    "resizePolicy",
    "volumeMounts",
    "volumeDevices",
    "terminationMessagePath",
    "terminationMessagePolicy",
    "imagePullPolicy",
    "stdin",
    "stdinOnce",
    "tty",
];

/// Drops nulls and the zero values of listed fields.
pub(super) fn prune(spec: &mut Map<String, Value>) {
    drop_zeros(spec, SPEC);
    for list in CONTAINER_LISTS {
        sections_mut(spec, list).for_each(prune_container);
    }
    sections_mut(spec, "volumes").for_each(|volume| volume.retain(|_, v| !v.is_null()));
    for source in sections_mut(spec, "volumes").filter_map(|v| section_mut(v, "persistentVolumeClaim")) {
        drop_zeros(source, &["readOnly"]);
    }
    sections_mut(spec, "tolerations").for_each(|t| drop_zeros(t, &["key", "operator", "value", "effect"]));
    if let Some(affinity) = section_mut(spec, "affinity") {
        affinity.retain(|_, v| !v.is_null());
    }
}

fn prune_container(container: &mut Map<String, Value>) {
    drop_zeros(container, CONTAINER);
    sections_mut(container, "ports").for_each(|p| drop_zeros(p, &["name", "hostPort", "hostIP", "protocol"]));
    sections_mut(container, "env").for_each(|e| drop_zeros(e, &["value"]));
    sections_mut(container, "envFrom").for_each(|e| drop_zeros(e, &["prefix"]));
    sections_mut(container, "volumeMounts").for_each(|m| drop_zeros(m, &["readOnly", "subPath", "subPathExpr"]));
    if let Some(resources) = section_mut(container, "resources") {
        drop_zeros(resources, &["limits", "requests", "claims"]);
    }
    for probe in ["livenessProbe", "readinessProbe", "startupProbe"] {
        if let Some(probe) = section_mut(container, probe) {
            drop_zeros(probe, &["initialDelaySeconds"]);
        }
    }
}

fn drop_zeros(map: &mut Map<String, Value>, keys: &[&str]) {
    map.retain(|key, value| !(value.is_null() || keys.contains(&key.as_str()) && is_zero(value)));
}

fn is_zero(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::Bool(flag) => !flag,
        Value::Number(number) => number.as_i64() == Some(0),
        Value::String(text) => text.is_empty(),
        Value::Array(items) => items.is_empty(),
        Value::Object(fields) => fields.is_empty(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn zeros_go_and_pointers_stay() {
        let mut spec = json!({
            "hostNetwork": false, "automountServiceAccountToken": false, "nodeSelector": {}, "nodeName": null,
            "containers": [{"name": "a", "args": [], "stdin": false, "env": [{"name": "A", "value": ""}],
                "livenessProbe": {"initialDelaySeconds": 0}, "securityContext": {}}],
        });
        prune(spec.as_object_mut().unwrap());
        let want = json!({
            "automountServiceAccountToken": false,
            "containers": [{"name": "a", "env": [{"name": "A"}], "livenessProbe": {}, "securityContext": {}}],
        });
        assert_eq!(spec, want);
    }
}
