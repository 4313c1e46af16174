//! Whether a schema is structural, in the API server's words.

use regex::Regex;
use serde_json::Value;

use super::{Structural, Values, defaults, form};
use crate::apimachinery::field::{Errors, Path};

/// Where a schema stands in another one.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Level {
    Root,
    Items,
    Field,
}

/// What is wrong with an `openAPIV3Schema`: with its structure, ordered by text as the server orders it, or with its defaults,
/// then with each of its nodes.
pub fn check(schema: &Value, path: &Path) -> Errors {
    let mut errors = Errors::default();
    let structural = Structural::parse(schema);
    if form::can_be_structural(schema) {
        whole(&structural, Level::Root, path, &mut errors);
        complete(&structural, &structural.values, path, &mut errors);
        errors.0.sort_by_key(ToString::to_string);
        if errors.is_empty() {
            defaults::check(&structural, path, &mut errors);
        }
    }
    form::check(schema, path, &mut errors);
    errors
}

fn whole(schema: &Structural, level: Level, path: &Path, errors: &mut Errors) {
    if schema.type_of == "array" && schema.items.is_none() {
        errors.required(&path.child("items"), "must be specified");
    }
    if let Some(items) = &schema.items {
        whole(items, Level::Items, &path.child("items"), errors);
    }
    for (name, property) in &schema.properties {
        whole(property, Level::Field, &path.child("properties").key(name), errors);
    }
    if schema.additional.is_some() && level == Level::Root {
        errors.forbidden(&path.child("additionalProperties"), "must not be used at the root");
    }
    if let Some(additional) = schema.additional() {
        whole(additional, Level::Field, &path.child("additionalProperties"), errors);
    }
    extensions(schema, path, errors);
    let first_any_of = schema.values.all_of.first().is_some_and(|s| is_int_or_string(&s.values.any_of));
    let skips = (is_int_or_string(&schema.values.any_of), first_any_of);
    nested_values(&schema.values, skips, level, path, errors);
    types(schema, level, path, errors);
    metadata(schema, level, path, errors);
}

fn extensions(schema: &Structural, path: &Path, errors: &mut Errors) {
    let why = "must be false if x-kubernetes-int-or-string is true";
    if schema.int_or_string && schema.preserves_unknown {
        errors.invalid(&path.child("x-kubernetes-preserve-unknown-fields"), true, why);
    }
    if schema.int_or_string && schema.is_embedded {
        errors.invalid(&path.child("x-kubernetes-embedded-resource"), true, why);
    }
    if schema.is_embedded && schema.additional.is_some() {
        let why = "must not be used if x-kubernetes-embedded-resource is set";
        errors.forbidden(&path.child("additionalProperties"), why);
    }
    if schema.is_embedded && !schema.preserves_unknown && schema.properties.is_empty() {
        let why = "must not be empty if x-kubernetes-embedded-resource is true without \
                   x-kubernetes-preserve-unknown-fields";
        errors.required(&path.child("properties"), why);
    }
}

fn types(schema: &Structural, level: Level, path: &Path, errors: &mut Errors) {
    let (of, path) = (schema.type_of.as_str(), path.child("type"));
    if schema.is_embedded && of != "object" {
        let why = "must be object if x-kubernetes-embedded-resource is true";
        if of.is_empty() { errors.required(&path, why) } else { errors.invalid(&path, of, why) }
    } else if of.is_empty() && !schema.int_or_string && !schema.preserves_unknown {
        let why = match level {
            Level::Root => "must not be empty at the root",
            Level::Items => "must not be empty for specified array items",
            Level::Field => "must not be empty for specified object fields",
        };
        errors.required(&path, why);
    }
    if level == Level::Root && !of.is_empty() && of != "object" {
        errors.invalid(&path, of, "must be object at the root");
    }
}

fn metadata(schema: &Structural, level: Level, path: &Path, errors: &mut Errors) {
    if level != Level::Root && !schema.is_embedded {
        return;
    }
    for name in ["kind", "apiVersion"] {
        if let Some(field) = schema.properties.get(name).filter(|f| f.type_of != "string") {
            errors.invalid(&path.child("properties").key(name).child("type"), field.type_of.as_str(), "must be string");
        }
    }
    let Some(metadata) = schema.properties.get("metadata") else { return };
    let path = path.child("properties").key("metadata");
    if metadata.type_of != "object" {
        errors.invalid(&path.child("type"), metadata.type_of.as_str(), "must be object");
    }
    if level == Level::Root && metadata.properties.keys().any(|k| !["name", "generateName"].contains(&k.as_str())) {
        let why = "must not specify anything other than name and generateName, but metadata is implicitly specified";
        errors.forbidden(&path, why);
    }
}

/// `anyOf: [{type: integer}, {type: string}]`, the one place where a type may stand in an alternative.
fn is_int_or_string(any_of: &[Structural]) -> bool {
    matches!(any_of, [a, b] if a.type_of == "integer" && b.type_of == "string")
}

fn nested_values(values: &Values, skips: (bool, bool), level: Level, path: &Path, errors: &mut Errors) {
    if !skips.0 {
        for (i, one) in values.any_of.iter().enumerate() {
            nested(one, (false, false), level, &path.child("anyOf").index(i), errors);
        }
    }
    for (i, one) in values.all_of.iter().enumerate() {
        nested(one, (skips.1 && i == 0, false), level, &path.child("allOf").index(i), errors);
    }
    for (i, one) in values.one_of.iter().enumerate() {
        nested(one, (false, false), level, &path.child("oneOf").index(i), errors);
    }
    if let Some(not) = &values.not {
        nested(not, (false, false), level, &path.child("not"), errors);
    }
    if let Some(pattern) = &values.pattern
        && Regex::new(&pattern.text).is_err_and(|e| matches!(e, regex::Error::Syntax(_)))
    {
        // Go's words for what is wrong are its own; that it is wrong is the same.
        let why = format!("must be a valid regular expression, but isn't: error parsing regexp: {}", pattern.text);
        errors.invalid(&path.child("pattern"), pattern.text.as_str(), &why);
    }
}

/// A schema in an alternative: it may restrict values, and say nothing of structure.
fn nested(schema: &Structural, skips: (bool, bool), level: Level, path: &Path, errors: &mut Errors) {
    nested_values(&schema.values, skips, level, path, errors);
    if let Some(items) = &schema.items {
        nested(items, (false, false), level, &path.child("items"), errors);
    }
    for (name, property) in &schema.properties {
        nested(property, (false, false), Level::Field, &path.child("properties").key(name), errors);
    }
    let forbidden = [
        (!schema.type_of.is_empty(), "type", "must be empty to be structural"),
        (schema.additional.is_some(), "additionalProperties", "must be undefined to be structural"),
        (schema.default.is_some(), "default", "must be undefined to be structural"),
        (!schema.description.is_empty(), "description", "must be empty to be structural"),
        (schema.nullable, "nullable", "must be false to be structural"),
        (schema.preserves_unknown, "x-kubernetes-preserve-unknown-fields", "must be false to be structural"),
        (schema.is_embedded, "x-kubernetes-embedded-resource", "must be false to be structural"),
        (schema.int_or_string, "x-kubernetes-int-or-string", "must be false to be structural"),
        (!schema.list_map_keys.is_empty(), "x-kubernetes-list-map-keys", "must be empty to be structural"),
        (schema.list_type.is_some(), "x-kubernetes-list-type", "must be undefined to be structural"),
        (schema.is_atomic_map, "x-kubernetes-map-type", "must be undefined to be structural"),
        (!schema.rules.is_empty(), "x-kubernetes-validations", "must be empty to be structural"),
    ];
    for (_, field, why) in forbidden.iter().filter(|(is_there, ..)| *is_there) {
        errors.forbidden(&path.child(field), why);
    }
    if schema.properties.contains_key("metadata") {
        errors.forbidden(&path.child("properties").key("metadata"), "must not be specified in a nested context");
    }
}

/// Every field that an alternative speaks of has to be a field of the schema itself.
fn complete(schema: &Structural, values: &Values, path: &Path, errors: &mut Errors) {
    for (name, list) in [("anyOf", &values.any_of), ("allOf", &values.all_of), ("oneOf", &values.one_of)] {
        for (i, one) in list.iter().enumerate() {
            covered(Some(schema), one, path, &path.child(name).index(i), errors);
        }
    }
    if let Some(not) = &values.not {
        covered(Some(schema), not, path, &path.child("not"), errors);
    }
    if let Some(items) = &schema.items {
        complete(items, &items.values, &path.child("items"), errors);
    }
    for (name, property) in &schema.properties {
        complete(property, &property.values, &path.child("properties").key(name), errors);
    }
    if let Some(additional) = schema.additional() {
        complete(additional, &additional.values, &path.child("additionalProperties"), errors);
    }
}

fn covered(schema: Option<&Structural>, nested: &Structural, path: &Path, at: &Path, errors: &mut Errors) {
    let Some(schema) = schema else {
        let why = format!("because it is defined in {at}");
        return errors.required(path, &why);
    };
    if let Some(items) = &nested.items {
        covered(schema.items.as_deref(), items, &path.child("items"), &at.child("items"), errors);
    }
    for (name, property) in &nested.properties {
        let (path, at) = (path.child("properties").key(name), at.child("properties").key(name));
        covered(schema.properties.get(name), property, &path, &at, errors);
    }
    let inner = &nested.values;
    for (name, list) in [("anyOf", &inner.any_of), ("allOf", &inner.all_of), ("oneOf", &inner.one_of)] {
        for (i, one) in list.iter().enumerate() {
            covered(Some(schema), one, path, &at.child(name).index(i), errors);
        }
    }
    if let Some(not) = &inner.not {
        covered(Some(schema), not, path, &at.child("not"), errors);
    }
}
