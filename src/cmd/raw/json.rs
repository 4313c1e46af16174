//! JSON in a server's order of fields, as far as objects share it: type, metadata, the rest. Knows no kind.

use std::sync::Arc;

use serde_json::{Map, Value, json};

use crate::apimachinery::go_value;
use crate::apimachinery::object::Object;
use crate::kinds::Names;

/// The fields that come first, in the order of their declaration in Go; others follow by name.
const ORDER: &[&str] = &[
    "kind",
    "apiVersion",
    "groupVersion",
    "metadata",
    "name",
    "generateName",
    "singularName",
    "namespaced",
    "namespace",
    "selfLink",
    "uid",
    "group",
    "version",
    "resourceVersion",
    "generation",
    "creationTimestamp",
    "deletionTimestamp",
    "deletionGracePeriodSeconds",
    "labels",
    "annotations",
    "ownerReferences",
    "finalizers",
    "managedFields",
];

/// One line, as a server ends its answer.
pub fn line(value: &Value) -> String {
    let Value::Object(map) = value else { return go_value::json(value) + "\n" };
    object(map, true) + "\n"
}

fn object(map: &Map<String, Value>, is_top: bool) -> String {
    let rank = |name: &str| ORDER.iter().position(|o| *o == name).unwrap_or(ORDER.len());
    let mut fields: Vec<(&String, &Value)> = map.iter().collect();
    fields.sort_by_key(|(name, _)| rank(name));
    let field = |(name, value): &(&String, &Value)| {
        let text = match (name.as_str(), value) {
            ("metadata", Value::Object(inner)) => object(inner, false),
            ("items" | "resources" | "groups", Value::Array(items)) if is_top => array(items),
            _ => go_value::json(value),
        };
        format!("{}:{text}", go_value::json(&Value::from(name.as_str())))
    };
    format!("{{{}}}", fields.iter().map(field).collect::<Vec<_>>().join(","))
}

fn array(items: &[Value]) -> String {
    let item = |value: &Value| match value {
        Value::Object(map) => object(map, false),
        other => go_value::json(other),
    };
    format!("[{}]", items.iter().map(item).collect::<Vec<_>>().join(","))
}

/// A list of objects; its items have no type of their own.
pub fn list(names: &Names, objects: &[Arc<Object>], resource_version: u64) -> Value {
    let item = |object: &Arc<Object>| {
        let mut body = object.body().to_map();
        body.remove("kind");
        body.remove("apiVersion");
        Value::Object(body)
    };
    json!({
        "kind": format!("{}List", names.kind), "apiVersion": names.api_version,
        "metadata": {"resourceVersion": resource_version.to_string()},
        "items": objects.iter().map(item).collect::<Vec<_>>(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn types_and_metadata_come_first() {
        let value = json!({"apiVersion": "v1", "kind": "Pod", "a": {"z": 1, "kind": "x"},
            "metadata": {"labels": {"b": "1", "a": "2"}, "name": "n"}});
        let want = "{\"kind\":\"Pod\",\"apiVersion\":\"v1\",\"metadata\":{\"name\":\"n\",\"labels\":{\"a\":\"2\",\"b\":\"1\"}},\
                    \"a\":{\"kind\":\"x\",\"z\":1}}\n";
        assert_eq!(line(&value), want);
    }
}
