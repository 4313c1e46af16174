//! Objects as kubectl's own Go types hold them: `set` prints such, and not what a file or the store has. Knows what those
//! types always write, and what they do not have.

use serde_json::{Map, Value, json};

use crate::apimachinery::object::Object;

/// What kubectl's types of these kinds write of a status that is empty: the numbers without `omitempty`.
const STATUSES: &[(&str, &[&str])] = &[
    ("StatefulSet", &["availableReplicas", "replicas"]),
    ("DaemonSet", &["currentNumberScheduled", "desiredNumberScheduled", "numberMisscheduled", "numberReady"]),
    ("ReplicaSet", &["replicas"]),
    ("ReplicationController", &["replicas"]),
];

/// The object after a way through kubectl's types.
pub fn typed(object: &Object) -> Object {
    let mut value = object.to_value();
    let kind = object.kind().to_owned();
    let Some(body) = value.as_object_mut() else { return object.clone() };
    metadata(body);
    let spec = part(body, "spec");
    match kind.as_str() {
        "Pod" => containers(spec),
        "Service" => ports(spec),
        "CronJob" => {
            let job = part(spec, "jobTemplate");
            metadata(job);
            template(part(job, "spec"));
        }
        _ => template(spec),
    }
    match kind.as_str() {
        "Deployment" => _ = part(spec, "strategy"),
        "StatefulSet" => stateful_set(spec),
        "DaemonSet" => _ = part(spec, "updateStrategy"),
        _ => {}
    }
    status(&kind, part(body, "status"));
    Object::from_value(value).unwrap_or_else(|| object.clone())
}

/// A struct is always written.
fn part<'m>(map: &'m mut Map<String, Value>, field: &str) -> &'m mut Map<String, Value> {
    let value = map.entry(field).or_insert_with(|| json!({}));
    if !value.is_object() {
        *value = json!({});
    }
    value.as_object_mut().expect("an object was just put there")
}

fn metadata(map: &mut Map<String, Value>) {
    part(map, "metadata").entry("creationTimestamp").or_insert(Value::Null);
}

fn items<'m>(map: &'m mut Map<String, Value>, field: &str) -> impl Iterator<Item = &'m mut Map<String, Value>> {
    map.get_mut(field).and_then(Value::as_array_mut).into_iter().flatten().filter_map(Value::as_object_mut)
}

fn template(spec: &mut Map<String, Value>) {
    let template = part(spec, "template");
    metadata(template);
    containers(part(template, "spec"));
}

fn containers(spec: &mut Map<String, Value>) {
    spec.entry("containers").or_insert(Value::Null);
    for list in ["containers", "initContainers", "ephemeralContainers"] {
        for container in items(spec, list) {
            part(container, "resources");
        }
    }
}

fn ports(spec: &mut Map<String, Value>) {
    for port in items(spec, "ports") {
        port.entry("targetPort").or_insert_with(|| 0.into());
    }
}

fn stateful_set(spec: &mut Map<String, Value>) {
    part(spec, "updateStrategy");
    spec.entry("serviceName").or_insert_with(|| "".into());
    for claim in items(spec, "volumeClaimTemplates") {
        metadata(claim);
        part(part(claim, "spec"), "resources");
        part(claim, "status");
    }
}

fn status(kind: &str, status: &mut Map<String, Value>) {
    // Newer than kubectl 1.32.
    status.remove("terminatingReplicas");
    for field in STATUSES.iter().filter(|(k, _)| *k == kind).flat_map(|(_, fields)| *fields) {
        status.entry(*field).or_insert_with(|| 0.into());
    }
    if kind == "Service" {
        part(status, "loadBalancer");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn structs_are_written_and_unknown_fields_are_not() {
        let of = |value: Value| typed(&Object::from_value(value).unwrap()).to_value();
        let sent = json!({
            "apiVersion": "apps/v1", "kind": "ReplicaSet", "metadata": {"name": "x"},
            "spec": {"template": {"spec": {"containers": [{"name": "c"}]}}}, "status": {"terminatingReplicas": 0},
        });
        let want = json!({
            "apiVersion": "apps/v1", "kind": "ReplicaSet", "metadata": {"creationTimestamp": null, "name": "x"},
            "spec": {"template": {
                "metadata": {"creationTimestamp": null}, "spec": {"containers": [{"name": "c", "resources": {}}]},
            }},
            "status": {"replicas": 0},
        });
        assert_eq!(of(sent), want);
        let service =
            json!({"apiVersion": "v1", "kind": "Service", "metadata": {"name": "x"}, "spec": {"ports": [{"port": 1}]}});
        assert_eq!(of(service)["spec"]["ports"][0], json!({"port": 1, "targetPort": 0}));
    }
}
