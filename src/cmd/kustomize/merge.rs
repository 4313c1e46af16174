//! kustomize's own strategic merge: what a patch names comes first in merged lists. Knows the schema table, no patch file.

use serde_json::{Map, Value};

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
        (Value::Array(old), Value::Array(new)) => match field.and_then(merged_by) {
            Some((key, items)) => Some(Value::Array(merge_lists(old, new, key, items))),
            None => Some(without_directives(Value::Array(new))),
        },
        (old @ Value::Object(_), new @ Value::Object(_)) => merge(old, new, field.and_then(definition)),
        (_, new @ Value::Object(_)) => merge(Value::Object(Map::new()), new, field.and_then(definition)),
        (_, new) => Some(without_directives(new)),
    }
}

fn definition(field: Field) -> Option<Definition> {
    match field.type_of().shape() {
        Shape::Definition(definition) => Some(definition),
        _ => None,
    }
}

/// How a list is merged: the key of its items, and what they are.
fn merged_by(field: Field) -> Option<(&'static str, Option<Definition>)> {
    let key = field.merge_key().filter(|_| field.patch_merges())?;
    let items = match field.type_of().shape() {
        Shape::List(items) => match items.shape() {
            Shape::Definition(definition) => Some(definition),
            _ => None,
        },
        _ => None,
    };
    Some((key, items))
}

/// The patch's items in its order, each merged into the one of the same key; then the others.
fn merge_lists(mut old: Vec<Value>, new: Vec<Value>, key: &str, items: Option<Definition>) -> Vec<Value> {
    if new.iter().any(|n| n["$patch"] == "replace" && n.get(key).is_none()) {
        return new.into_iter().filter(|n| n["$patch"] != "replace").collect();
    }
    let mut merged = Vec::new();
    for item in new {
        let at = item.get(key).and_then(|k| old.iter().position(|o| o.get(key) == Some(k)));
        let before = at.map_or_else(|| Value::Object(Map::new()), |at| old.remove(at));
        merged.extend(merge(before, item, items));
    }
    merged.extend(old);
    merged
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
