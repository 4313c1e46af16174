//! Applying a strategic merge patch: maps merge, lists merge by their key where the API says so, directives do the rest.

use serde_json::{Map, Value};

use super::elements::{
    DELETE_FROM_PRIMITIVE_LIST, DIRECTIVE, RETAIN_KEYS, SET_ELEMENT_ORDER, in_order, no_merge_key, position,
};
use crate::apimachinery::go_value::{display, json_kind};
use crate::apimachinery::schema::{Definition, Field, Shape, Type};
use crate::apimachinery::status::{Reason, Status};

/// The document after the patch.
pub fn apply(document: Value, patch: &Value, definition: Definition) -> Result<Value, Status> {
    let Value::Object(patch) = patch else {
        return Err(Status::bad_request(format!(
            "json: cannot unmarshal {} into Go value of type map[string]interface {{}}",
            json_kind(patch)
        )));
    };
    let Value::Object(document) = document else { return Ok(Value::Object(patch.clone())) };
    map(document, patch.clone(), Some(definition)).map(Value::Object)
}

/// The type of what a field holds, when it is a struct.
fn struct_of(kind: Type) -> Option<Definition> {
    match kind.shape() {
        Shape::Definition(definition) => Some(definition),
        Shape::List(items) | Shape::Map(items) => match items.shape() {
            Shape::Definition(definition) => Some(definition),
            _ => None,
        },
        _ => None,
    }
}

/// One map. `definition` is its struct, or `None` for a map of plain values and for what the schema does not know.
fn map(
    mut document: Map<String, Value>,
    mut patch: Map<String, Value>,
    definition: Option<Definition>,
) -> Result<Map<String, Value>, Status> {
    match patch.get(DIRECTIVE).and_then(Value::as_str) {
        None => drop(patch.remove(DIRECTIVE)),
        Some("replace") => {
            patch.remove(DIRECTIVE);
            return Ok(without_directives(patch));
        }
        Some("delete") => return Ok(Map::new()),
        Some(other) => return Err(unknown_directive(other, &patch)),
    }
    retain(&mut document, patch.remove(RETAIN_KEYS));
    let orders = take_prefixed(&mut patch, SET_ELEMENT_ORDER);
    let deletions = take_prefixed(&mut patch, DELETE_FROM_PRIMITIVE_LIST);
    for (name, values) in &deletions {
        delete_values(&mut document, name, values);
    }
    let mut patched: Vec<&str> = Vec::new();
    let server = document.clone();
    for (name, value) in &patch {
        patched.push(name);
        let field = definition.and_then(|d| d.field(name));
        match (value, document.remove(name)) {
            (Value::Null, _) => {}
            (_, None) => {
                if let Some(fresh) = fresh(value, field)? {
                    document.insert(name.clone(), fresh);
                }
            }
            (_, Some(old)) => {
                document.insert(name.clone(), merge(old, value, field, orders.get(name))?);
            }
        }
    }
    // An order may come alone: the list itself is not patched.
    for (name, order) in orders.iter().filter(|(name, _)| !patched.contains(&name.as_str())) {
        let field = definition.and_then(|d| d.field(name));
        if let (Some(Value::Array(items)), Some(Value::Array(old))) = (document.remove(name), server.get(name)) {
            document.insert(name.clone(), Value::Array(ordered(items, order, old, field)));
        }
    }
    Ok(document)
}

/// An error that the server passes on without a reason.
fn unknown(why: impl Into<String>) -> Status {
    Status::new(Reason::Unknown, why)
}

fn unknown_directive(text: &str, patch: &Map<String, Value>) -> Status {
    unknown(format!("unknown patch type: {text} in map: {}", display(&Value::Object(patch.clone()))))
}

fn retain(document: &mut Map<String, Value>, keys: Option<Value>) {
    if let Some(Value::Array(keys)) = keys {
        document.retain(|name, _| keys.iter().any(|k| k == name));
    }
}

fn take_prefixed(patch: &mut Map<String, Value>, prefix: &str) -> Map<String, Value> {
    let names: Vec<String> = patch.keys().filter(|k| k.starts_with(prefix)).cloned().collect();
    names.into_iter().filter_map(|k| Some((k[prefix.len()..].to_owned(), patch.remove(&k)?))).collect()
}

fn delete_values(document: &mut Map<String, Value>, name: &str, values: &Value) {
    let Some(values) = values.as_array() else { return };
    let Some(list) = document.get_mut(name).and_then(Value::as_array_mut) else { return };
    list.retain(|item| !values.contains(item));
    if list.is_empty() {
        document.remove(name);
    }
}

/// A part of the patch where the document has nothing: the part without its directives; `None` when it is a deletion.
fn fresh(value: &Value, field: Option<Field>) -> Result<Option<Value>, Status> {
    let definition = field.and_then(|f| struct_of(f.type_of()));
    match value {
        Value::Object(part) if part.get(DIRECTIVE).is_some_and(|d| d == "delete") => Ok(None),
        Value::Object(part) => map(Map::new(), part.clone(), definition).map(|m| Some(Value::Object(m))),
        Value::Array(items) => list(Vec::new(), items, field, None).map(|l| Some(Value::Array(l))),
        plain => Ok(Some(plain.clone())),
    }
}

fn without_directives(mut part: Map<String, Value>) -> Map<String, Value> {
    part.retain(|name, _| {
        name != RETAIN_KEYS && !name.starts_with(SET_ELEMENT_ORDER) && !name.starts_with(DELETE_FROM_PRIMITIVE_LIST)
    });
    part
}

fn merge(old: Value, value: &Value, field: Option<Field>, order: Option<&Value>) -> Result<Value, Status> {
    match (old, value) {
        (Value::Object(old), Value::Object(part)) => {
            if field.is_some_and(Field::patch_replaces) {
                return Ok(Value::Object(without_directives(part.clone())));
            }
            let definition = field.and_then(|f| match f.type_of().shape() {
                Shape::Definition(definition) => Some(definition),
                _ => None,
            });
            map(old, part.clone(), definition).map(Value::Object)
        }
        (Value::Array(old), Value::Array(items)) => list(old, items, field, order).map(Value::Array),
        (_, plain) => Ok(plain.clone()),
    }
}

fn list(old: Vec<Value>, items: &[Value], field: Option<Field>, order: Option<&Value>) -> Result<Vec<Value>, Status> {
    let merges = field.is_some_and(Field::patch_merges);
    let Some(field) = field.filter(|_| merges) else {
        return Ok(items.iter().filter(|i| i.get(DIRECTIVE).is_none()).cloned().collect());
    };
    let server = old.clone();
    let merged = match field.merge_key() {
        Some(key) => keyed(old, items, key, struct_of(field.type_of()))?,
        None => {
            let mut all = old;
            all.extend(items.iter().filter(|i| !server.contains(i)).cloned());
            all
        }
    };
    // Without a directive the order is the patch's own: what is new there comes before what only the server has.
    let own: Vec<Value> = items.iter().filter(|i| i.get(DIRECTIVE).is_none()).cloned().collect();
    Ok(ordered(merged, order.unwrap_or(&Value::Array(own)), &server, Some(field)))
}

/// A list of structs: each item of the patch merges into the one with its key, or joins them.
fn keyed(
    mut all: Vec<Value>,
    items: &[Value],
    key: &str,
    definition: Option<Definition>,
) -> Result<Vec<Value>, Status> {
    if items.iter().any(|i| i.get(DIRECTIVE).is_some_and(|d| d == "replace")) {
        return Ok(items.iter().filter(|i| i.get(DIRECTIVE).is_none()).cloned().collect());
    }
    for item in items {
        let Value::Object(part) = item else {
            return Err(Status::bad_request(format!(
                "expected all elements to be of same type, got {}",
                json_kind(item)
            )));
        };
        let Some(value) = part.get(key) else {
            return Err(unknown(no_merge_key(item, key)));
        };
        let at = position(&all, key, value);
        match (part.get(DIRECTIVE).and_then(Value::as_str), at) {
            (Some("delete"), Some(at)) => drop(all.remove(at)),
            (Some("delete"), None) => {}
            (Some("merge"), _) => {
                return Err(unknown("merging lists cannot yet be specified in the patch"));
            }
            (_, Some(at)) => {
                let old = all[at].take().as_object().cloned().unwrap_or_default();
                all[at] = Value::Object(map(old, part.clone(), definition)?);
            }
            (_, None) => all.push(Value::Object(map(Map::new(), part.clone(), definition)?)),
        }
    }
    Ok(all)
}

/// The list in the order of `$setElementOrder`, or of the patch where it has none (normalizeElementOrder upstream).
fn ordered(items: Vec<Value>, order: &Value, server: &[Value], field: Option<Field>) -> Vec<Value> {
    let Value::Array(order) = order else { return items };
    match field.and_then(Field::merge_key) {
        Some(key) => in_order(items, order, server, |a, b| a.get(key).is_some() && a.get(key) == b.get(key)),
        None => in_order(items, order, server, |a, b| a == b),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn patched(document: Value, patch: Value) -> Value {
        let definition = Definition::of_kind("apps/v1", "StatefulSet").unwrap();
        apply(document, &patch, definition).unwrap()
    }

    fn containers(items: Value) -> Value {
        json!({"spec": {"template": {"spec": {"containers": items}}}})
    }

    #[test]
    fn lists_merge_by_their_key() {
        let before = containers(json!([{"name": "a", "image": "x"}, {"name": "b", "image": "y"}]));
        let patch = containers(json!([{"name": "b", "image": "z"}, {"name": "c"}]));
        let want = containers(json!([{"name": "a", "image": "x"}, {"name": "b", "image": "z"}, {"name": "c"}]));
        assert_eq!(patched(before.clone(), patch), want);
        let patch = containers(json!([{"name": "c"}]));
        let want = containers(json!([{"name": "c"}, {"name": "a", "image": "x"}, {"name": "b", "image": "y"}]));
        assert_eq!(patched(before, patch), want);
    }

    #[test]
    fn directives_delete_replace_and_order() {
        let before = || containers(json!([{"name": "a"}, {"name": "b"}]));
        let patch = containers(json!([{"name": "a", "$patch": "delete"}]));
        assert_eq!(patched(before(), patch), containers(json!([{"name": "b"}])));
        let patch = containers(json!([{"name": "c"}, {"$patch": "replace"}]));
        assert_eq!(patched(before(), patch), containers(json!([{"name": "c"}])));
        let patch = json!({"spec": {"template": {"spec": {
            "$setElementOrder/containers": [{"name": "c"}, {"name": "b"}, {"name": "a"}],
            "containers": [{"name": "c"}],
        }}}});
        assert_eq!(patched(before(), patch), containers(json!([{"name": "c"}, {"name": "b"}, {"name": "a"}])));
    }

    #[test]
    fn what_a_patch_cannot_say_is_refused_in_the_servers_words() {
        let definition = Definition::of_kind("apps/v1", "StatefulSet").unwrap();
        let refusal = |patch| apply(containers(json!([{"name": "a"}])), &patch, definition).unwrap_err().message;
        for (patch, want) in [
            (containers(json!([{"image": "x"}])), "map: map[image:x] does not contain declared merge key: name"),
            (
                containers(json!([{"name": "a", "$patch": "merge"}])),
                "merging lists cannot yet be specified in the patch",
            ),
            (json!({"spec": {"$patch": "x"}}), "unknown patch type: x in map: map[$patch:x]"),
        ] {
            assert_eq!(refusal(patch), want);
        }
    }

    #[test]
    fn nulls_delete_and_retain_keys_drops() {
        let before = json!({"spec": {"updateStrategy": {"type": "RollingUpdate", "rollingUpdate": {"partition": 1}}}});
        let patch = json!({"spec": {"updateStrategy": {"type": "OnDelete", "rollingUpdate": null}}});
        assert_eq!(patched(before.clone(), patch), json!({"spec": {"updateStrategy": {"type": "OnDelete"}}}));
        let patch = json!({"spec": {"updateStrategy": {"$retainKeys": ["type"], "type": "OnDelete"}}});
        assert_eq!(patched(before, patch), json!({"spec": {"updateStrategy": {"type": "OnDelete"}}}));
    }

    #[test]
    fn plain_lists_merge_as_sets() {
        let before = json!({"metadata": {"finalizers": ["a", "b"]}});
        let patch = json!({"metadata": {"$deleteFromPrimitiveList/finalizers": ["a"], "finalizers": ["c"]}});
        assert_eq!(patched(before, patch), json!({"metadata": {"finalizers": ["c", "b"]}}));
    }
}
