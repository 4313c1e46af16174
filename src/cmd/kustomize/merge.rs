//! kustomize's own strategic merge: what a patch names comes first in merged lists. Knows the schema table, no patch file.

use serde_json::{Map, Value};

use super::lists;
use crate::apimachinery::schema::{Definition, Field, Shape};

/// What is left of an object; `None` when the patch deletes it.
pub fn merge(body: Value, patch: Value, definition: Option<Definition>) -> Option<Value> {
    match (body, patch) {
        (Value::Object(body), Value::Object(patch)) => merge_maps(body, patch, definition).map(Value::Object),
        (_, patch) => Some(without_directives(patch)),
    }
}

fn merge_maps(
    mut body: Map<String, Value>,
    mut patch: Map<String, Value>,
    definition: Option<Definition>,
) -> Option<Map<String, Value>> {
    match patch.remove("$patch").as_ref().and_then(Value::as_str) {
        Some("delete") => return None,
        Some("replace") => return Some(patch),
        _ => {}
    }
    for (key, new) in patch {
        if new.is_null() {
            body.remove(&key);
            continue;
        }
        let field = definition.and_then(|d| d.field(&key));
        let merged = match body.remove(&key) {
            None => merge_value(Value::Null, new, field),
            Some(old) => merge_value(old, new, field),
        };
        body.extend(merged.map(|m| (key, m)));
    }
    Some(body)
}

fn merge_value(old: Value, new: Value, field: Option<Field>) -> Option<Value> {
    match (old, new) {
        (Value::Array(old), Value::Array(new)) => Some(Value::Array(match field.and_then(lists::merged_by) {
            Some(by) => by.merge(old, new),
            None => new,
        })),
        (old @ Value::Object(_), new @ Value::Object(_)) => merge(old, new, field.and_then(definition)),
        (_, new @ Value::Object(_)) => merge(Value::Object(Map::new()), new, field.and_then(definition)),
        // A list of a field that nobody knows stays as it is, directives and all.
        (_, new @ Value::Array(_)) if field.is_none() => Some(new),
        (_, new) => Some(without_directives(new)),
    }
}

fn definition(field: Field) -> Option<Definition> {
    match field.type_of().shape() {
        Shape::Definition(definition) => Some(definition),
        _ => None,
    }
}

/// A value of a patch that meets nothing: without nulls and directives.
fn without_directives(value: Value) -> Value {
    match value {
        Value::Object(map) => {
            let kept = map.into_iter().filter(|(k, v)| !k.starts_with("$patch") && !v.is_null());
            Value::Object(kept.map(|(k, v)| (k, without_directives(v))).collect())
        }
        Value::Array(items) => {
            let kept = items.into_iter().filter(|i| i.get("$patch").is_none());
            Value::Array(kept.map(without_directives).collect())
        }
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_patchs_items_come_first() {
        let pod = Definition::of_kind("v1", "Pod");
        let body = json!({"spec": {"containers": [{"name": "a", "image": "x"}, {"name": "b"}], "tolerations": [{"key": "a"}]}});
        let patch = json!({"spec": {"containers": [{"name": "c"}, {"name": "b", "image": "q"}], "tolerations": [{"key": "b"}]}});
        let want = json!({"spec": {"containers": [{"name": "c"}, {"name": "b", "image": "q"}, {"name": "a", "image": "x"}],
            "tolerations": [{"key": "b"}]}});
        assert_eq!(merge(body.clone(), patch, pod), Some(want));
        assert_eq!(merge(body.clone(), json!({"$patch": "delete"}), pod), None);
        let gone = json!({"spec": {"containers": [{"name": "a", "$patch": "delete"}], "tolerations": null}});
        assert_eq!(merge(body, gone, pod), Some(json!({"spec": {"containers": [{"name": "b"}]}})));
    }
}
