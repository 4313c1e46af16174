//! Lists whose items have to differ: `x-kubernetes-list-type` set and map.

use serde_json::{Map, Value};

use super::{Structural, join};
use crate::apimachinery::field::{Errors, Path};
use crate::apimachinery::schema::ListType;

/// Which items of sets and maps are there twice.
pub fn duplicates(object: &Map<String, Value>, schema: &Structural) -> Errors {
    let mut errors = Errors::default();
    map(object, schema, "", &mut errors);
    errors
}

fn map(fields: &Map<String, Value>, schema: &Structural, path: &str, errors: &mut Errors) {
    for (key, value) in fields {
        let Some(property) = schema.property(key) else { continue };
        let place = match schema.properties.contains_key(key) {
            true => join(path, key),
            false => format!("{path}[{key}]"),
        };
        self::value(value, property, &place, errors);
    }
}

fn value(value: &Value, schema: &Structural, path: &str, errors: &mut Errors) {
    match value {
        Value::Object(fields) => map(fields, schema, path, errors),
        Value::Array(items) => {
            list(items, schema, path, errors);
            let Some(of_items) = schema.items.as_deref() else { return };
            for (i, item) in items.iter().enumerate() {
                self::value(item, of_items, &format!("{path}[{i}]"), errors);
            }
        }
        _ => {}
    }
}

fn list(items: &[Value], schema: &Structural, path: &str, errors: &mut Errors) {
    let keys: Vec<Value> = match schema.list_type {
        Some(ListType::Set) => items.to_vec(),
        Some(ListType::Map) => items.iter().map(|item| key_of(item, schema)).collect(),
        _ => return,
    };
    let mut seen = std::collections::BTreeSet::new();
    for (i, key) in keys.into_iter().enumerate() {
        if !seen.insert(key.to_string()) {
            errors.duplicate(&Path::new(path).index(i), key);
        }
    }
}

/// The fields that tell an item of a map apart.
fn key_of(item: &Value, schema: &Structural) -> Value {
    let of = |key: &String| Some((key.clone(), item.get(key)?.clone()));
    Value::Object(schema.list_map_keys.iter().filter_map(of).collect())
}
