//! Pruning: a custom resource keeps only the fields that its schema has.

use serde_json::Value;

use super::{Fields, Structural, is_meta, join};

/// As many unknown fields as the server reports.
const MAX_UNKNOWN: usize = 100;

/// What pruning took away, in the server's order.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Pruned {
    /// `spec.color`, `spec.list[0].x`.
    pub unknown: Vec<String>,
}

/// Takes off what the schema does not have. The object's own type and metadata stay as they are.
pub fn prune(object: &mut Fields, schema: &Structural) -> Pruned {
    let mut pruned = Pruned::default();
    map(object, schema, true, "", &mut pruned);
    pruned.unknown.sort();
    pruned.unknown.dedup();
    pruned.unknown.truncate(MAX_UNKNOWN);
    pruned
}

/// Takes off what the schema of a field does not have.
pub fn prune_field(fields: &mut Fields, schema: &Structural) -> Pruned {
    let mut pruned = Pruned::default();
    map(fields, schema, schema.is_embedded, "", &mut pruned);
    pruned
}

/// Below a field that keeps what is unknown, only what the schema does name is pruned further.
fn map(fields: &mut Fields, schema: &Structural, is_resource: bool, path: &str, pruned: &mut Pruned) {
    let keeps = schema.preserves_unknown;
    fields.retain(|key, value| {
        if is_resource && is_meta(key) {
            return true;
        }
        let place = join(path, key);
        match (schema.properties.get(key), &schema.additional) {
            (Some(property), _) => self::value(value, Some(property), &place, pruned),
            (None, Some(_)) => self::value(value, schema.additional(), &place, pruned),
            (None, None) if keeps => {}
            (None, None) => {
                pruned.unknown.push(place);
                return false;
            }
        }
        true
    });
}

fn value(value: &mut Value, schema: Option<&Structural>, path: &str, pruned: &mut Pruned) {
    match (value, schema) {
        (Value::Object(fields), Some(schema)) => map(fields, schema, schema.is_embedded, path, pruned),
        // `additionalProperties: true` says nothing of what is inside.
        (Value::Object(fields), None) => {
            pruned.unknown.extend(fields.keys().map(|key| join(path, key)));
            fields.clear();
        }
        (Value::Array(items), schema) => {
            if schema.is_some_and(|s| s.preserves_unknown && s.items.is_none()) {
                return;
            }
            let of_items = schema.and_then(|s| s.items.as_deref());
            for (i, item) in items.iter_mut().enumerate() {
                self::value(item, of_items, &format!("{path}[{i}]"), pruned);
            }
        }
        _ => {}
    }
}
