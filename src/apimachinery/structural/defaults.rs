//! Defaults of a structural schema.

use serde_json::Value;

use super::{Fields, Structural, decode, is_meta, validate};
use crate::apimachinery::field::{Errors, Path};

/// Whether each default is what its own schema asks for, with nothing that would be pruned.
pub fn check(schema: &Structural, path: &Path, errors: &mut Errors) {
    if let Some(default) = &schema.default {
        let path = path.child("default");
        if default.as_object().is_some_and(|d| !decode::prune_field(&mut d.clone(), schema).unknown.is_empty()) {
            errors.invalid(&path, default.clone(), "must not have unknown fields");
        }
        errors.append(validate::validate_at(default, schema, path.as_str()));
    }
    if let Some(items) = &schema.items {
        check(items, &path.child("items"), errors);
    }
    // What a default of embedded metadata has to be is a question of its own.
    let has_metadata = schema.is_embedded;
    for (name, property) in schema.properties.iter().filter(|(name, _)| !(has_metadata && is_meta(name))) {
        check(property, &path.child("properties").key(name), errors);
    }
}

/// Fills in defaults, also of fields inside fields that a default made; then takes off nulls that may not be.
pub fn fill(object: &mut Fields, schema: &Structural) {
    map(object, schema);
    drop_nulls(object, schema);
}

fn is_missing(value: Option<&Value>, schema: &Structural) -> bool {
    match value {
        None => true,
        Some(value) => value.is_null() && !schema.nullable,
    }
}

fn map(fields: &mut Fields, schema: &Structural) {
    for (key, property) in &schema.properties {
        if let Some(default) = &property.default
            && is_missing(fields.get(key), property)
        {
            fields.insert(key.clone(), default.clone());
        }
    }
    for (key, value) in fields {
        if let Some(property) = schema.property(key) {
            replace_null(value, property);
            inside(value, property);
        }
    }
}

fn replace_null(value: &mut Value, schema: &Structural) {
    if let Some(default) = &schema.default
        && value.is_null()
        && !schema.nullable
    {
        *value = default.clone();
    }
}

fn inside(value: &mut Value, schema: &Structural) {
    match value {
        Value::Object(fields) => map(fields, schema),
        Value::Array(items) => {
            let Some(of_items) = schema.items.as_deref() else { return };
            for item in items {
                replace_null(item, of_items);
                inside(item, of_items);
            }
        }
        _ => {}
    }
}

/// A field that may not be null is not there instead. Nulls in lists stay, and are refused.
fn drop_nulls(fields: &mut Fields, schema: &Structural) {
    fields.retain(|key, value| match schema.property(key) {
        Some(property) if value.is_null() => property.nullable,
        _ => true,
    });
    for (key, value) in fields {
        let Some(property) = schema.property(key) else { continue };
        match value {
            Value::Object(inner) => drop_nulls(inner, property),
            Value::Array(items) => {
                let Some(of_items) = property.items.as_deref() else { continue };
                items.iter_mut().filter_map(Value::as_object_mut).for_each(|item| drop_nulls(item, of_items));
            }
            _ => {}
        }
    }
}
