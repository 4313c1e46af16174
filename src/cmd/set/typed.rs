//! Objects as kubectl's own Go types hold them: `set` prints such, and not what a file or the store has. Each kind tells what
//! its type always writes.

use crate::apimachinery::object::Object;
use crate::kinds;

/// The object after a way through kubectl's types.
pub fn typed(object: &Object) -> Object {
    let Some(kind) = kinds::by_api_version(object.api_version(), object.kind()) else { return object.clone() };
    let mut value = object.to_value();
    let Some(body) = value.as_object_mut() else { return object.clone() };
    kind.written().fill(body);
    // Newer than kubectl 1.32.
    if let Some(status) = body.get_mut("status").and_then(serde_json::Value::as_object_mut) {
        status.remove("terminatingReplicas");
    }
    Object::from_value(value).unwrap_or_else(|| object.clone())
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

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
