//! What every node of a definition's schema has to be by itself, in the API server's words and order.
//!
//! Reads the schema as it was given: what is refused here has no place in [`Structural`].

use serde_json::{Map, Value};

use super::{DEEPEST, Rule, Structural, is_meta, list, text, texts};
use crate::apimachinery::field::{Errors, Path};

const TYPES: [&str; 6] = ["array", "boolean", "integer", "number", "object", "string"];

/// What JSON Schema has and a structural schema has not, with how it is told of.
const UNSUPPORTED: [&str; 6] = ["id", "additionalItems", "patternProperties", "definitions", "dependencies", "$ref"];

/// Where a node stands, as far as it matters to what it may be.
#[derive(Clone, Default)]
struct Place {
    is_root: bool,
    /// Below a resource's own `metadata`, `kind` or `apiVersion`.
    in_metadata: bool,
    /// Why there may be no default here.
    no_default: String,
    depth: usize,
}

/// Whether the server can read a schema as a structural one at all.
pub fn can_be_structural(schema: &Value) -> bool {
    is_structural_below(schema, 0)
}

fn is_structural_below(schema: &Value, depth: usize) -> bool {
    if depth > DEEPEST {
        return true;
    }
    let has_none = UNSUPPORTED.iter().all(|field| schema.get(field).is_none_or(is_nothing));
    has_none
        && schema.get("items").is_none_or(|i| !i.is_array())
        && children(schema).all(|s| is_structural_below(s, depth + 1))
}

/// What Go's type does not tell from an absent field.
fn is_nothing(value: &Value) -> bool {
    value.is_null() || value == "" || value.as_object().is_some_and(Map::is_empty)
}

/// The schemas in a schema.
fn children(schema: &Value) -> impl Iterator<Item = &Value> {
    let one = ["items", "additionalProperties", "not"].into_iter().filter_map(|field| schema.get(field));
    let lists = ["allOf", "anyOf", "oneOf"].into_iter().flat_map(|field| list(schema, field));
    let named = schema.get("properties").and_then(Value::as_object).into_iter().flatten().map(|(_, v)| v);
    one.chain(lists).chain(named).filter(|v| v.is_object())
}

/// What is wrong with a schema's nodes.
pub fn check(schema: &Value, path: &Path, errors: &mut Errors) {
    node(schema, path, &Place { is_root: true, ..Place::default() }, errors);
}

fn node(schema: &Value, path: &Path, place: &Place, errors: &mut Errors) {
    if place.depth > DEEPEST {
        return;
    }
    standard(schema, path, place, errors);
    if is_set(schema, "uniqueItems") {
        let why = "uniqueItems cannot be set to true since the runtime complexity becomes quadratic";
        errors.forbidden(&path.child("uniqueItems"), why);
    }
    below(schema, path, place, errors);
    if schema.get("x-kubernetes-preserve-unknown-fields") == Some(&Value::Bool(false)) {
        errors.invalid(&path.child("x-kubernetes-preserve-unknown-fields"), false, "must be true or undefined");
    }
    map_type(schema, path, errors);
    list_type(schema, path, errors);
    map_keys(schema, path, errors);
    items_of_sets_and_maps(schema, path, errors);
    for (i, rule) in list(schema, "x-kubernetes-validations").iter().enumerate() {
        rule_form(&Rule::parse(rule), schema, &path.child("x-kubernetes-validations").index(i), errors);
    }
}

/// What no schema of a definition may have.
fn standard(schema: &Value, path: &Path, place: &Place, errors: &mut Errors) {
    let of = text(schema, "type");
    if !of.is_empty() && !TYPES.contains(&of.as_str()) {
        errors.not_supported(&path.child("type"), of.as_str(), &TYPES);
    }
    if !place.no_default.is_empty() && schema.get("default").is_some_and(|d| !d.is_null()) {
        errors.forbidden(&path.child("default"), &format!("must not be set {}", place.no_default));
    }
    for field in UNSUPPORTED {
        if schema.get(field).is_some_and(|v| !is_nothing(v)) {
            errors.forbidden(&path.child(field), &format!("{field} is not supported"));
        }
    }
    if of == "null" {
        errors.forbidden(&path.child("type"), "type cannot be set to null, use nullable as an alternative");
    }
    if schema.get("items").is_some_and(Value::is_array) {
        errors.forbidden(&path.child("items"), "items must be a schema object and not an array");
    }
    if place.in_metadata && is_set(schema, "x-kubernetes-embedded-resource") {
        errors.forbidden(&path.child("x-kubernetes-embedded-resource"), "must not be used inside of resource meta");
    }
}

/// The schemas in this one, in the server's order; of properties that is none, here their names'.
fn below(schema: &Value, path: &Path, place: &Place, errors: &mut Errors) {
    let inner = Place { is_root: false, depth: place.depth + 1, ..place.clone() };
    let properties = schema.get("properties").and_then(Value::as_object).filter(|p| !p.is_empty());
    if let Some(additional) = schema.get("additionalProperties") {
        let path = path.child("additionalProperties");
        if properties.is_some() && (additional == &Value::Bool(false) || additional.is_object()) {
            errors.forbidden(&path, "additionalProperties and properties are mutual exclusive");
        }
        let mut inner = inner.clone();
        if inner.in_metadata {
            inner.no_default = "inside additionalProperties applying to object metadata".to_owned();
        }
        if additional.is_object() {
            node(additional, &path, &inner, errors);
        }
    }
    let has_metadata = place.is_root || is_set(schema, "x-kubernetes-embedded-resource");
    let mut sorted: Vec<_> = properties.into_iter().flatten().collect();
    sorted.sort_by_key(|(name, _)| name.as_str());
    for (name, property) in sorted {
        let mut inner = inner.clone();
        if has_metadata && is_meta(name) {
            inner.in_metadata = true;
            if place.is_root {
                inner.no_default = format!("in top-level {name}");
            }
        }
        node(property, &path.child("properties").key(name), &inner, errors);
    }
    if let Some(not) = schema.get("not").filter(|n| n.is_object()) {
        node(not, &path.child("not"), &inner, errors);
    }
    for field in ["allOf", "oneOf", "anyOf"] {
        for (i, one) in list(schema, field).iter().enumerate() {
            node(one, &path.child(field).index(i), &inner, errors);
        }
    }
    if let Some(items) = schema.get("items").filter(|i| i.is_object()) {
        node(items, &path.child("items"), &inner, errors);
    }
}

fn map_type(schema: &Value, path: &Path, errors: &mut Errors) {
    let Some(given) = schema.get("x-kubernetes-map-type").and_then(Value::as_str) else { return };
    of_type(schema, "object", "must be object if x-kubernetes-map-type is specified", path, errors);
    if !["atomic", "granular"].contains(&given) {
        errors.not_supported(&path.child("x-kubernetes-map-type"), given, &["atomic", "granular"]);
    }
}

/// Asks for a type where an extension makes sense with that one only. Returns whether the schema has it.
fn of_type(schema: &Value, wanted: &str, why: &str, path: &Path, errors: &mut Errors) -> bool {
    match text(schema, "type").as_str() {
        given if given == wanted => return true,
        "" => errors.required(&path.child("type"), why),
        given => errors.invalid(&path.child("type"), given, why),
    }
    false
}

fn list_type(schema: &Value, path: &Path, errors: &mut Errors) {
    let Some(given) = schema.get("x-kubernetes-list-type").and_then(Value::as_str) else { return };
    let why = "must be array if x-kubernetes-list-type is specified";
    if of_type(schema, "array", why, path, errors) && given == "set" {
        let why = "must be atomic as item of a list with x-kubernetes-list-type=set";
        let items = schema.get("items").unwrap_or(&Value::Null);
        let (lists, maps) = (items.get("x-kubernetes-list-type"), items.get("x-kubernetes-map-type"));
        match text(items, "type").as_str() {
            "array" if lists.is_some_and(|l| l != "atomic") => {
                let lists = lists.cloned().unwrap_or_default();
                errors.invalid(&path.child("items").child("x-kubernetes-list-type"), lists, why);
            }
            // The server shows the wrong one of the two.
            "object" if maps.is_none_or(|m| m != "atomic") => {
                let lists = lists.cloned().unwrap_or_default();
                errors.invalid(&path.child("items").child("x-kubernetes-map-type"), lists, why);
            }
            _ => {}
        }
    }
    if !["atomic", "set", "map"].contains(&given) {
        errors.not_supported(&path.child("x-kubernetes-list-type"), given, &["atomic", "set", "map"]);
    }
}

/// The keys that tell a list's items apart.
fn map_keys(schema: &Value, path: &Path, errors: &mut Errors) {
    let keys = texts(schema, "x-kubernetes-list-map-keys");
    let list_type = schema.get("x-kubernetes-list-type").and_then(Value::as_str);
    let why = "must be map if x-kubernetes-list-map-keys is non-empty";
    match list_type {
        None if !keys.is_empty() => errors.required(&path.child("x-kubernetes-list-type"), why),
        Some(given) if given != "map" && !keys.is_empty() => {
            errors.invalid(&path.child("x-kubernetes-list-type"), given, why);
        }
        _ => {}
    }
    if list_type != Some("map") {
        return;
    }
    let keys_path = path.child("x-kubernetes-list-map-keys");
    if keys.is_empty() {
        errors.required(&keys_path, "must not be empty if x-kubernetes-list-type is map");
    }
    let Some(items) = schema.get("items") else {
        return errors.required(&path.child("items"), "must have a schema if x-kubernetes-list-type is map");
    };
    let (items_path, of) = (path.child("items"), text(items, "type"));
    if of != "object" {
        let why = "must be object if parent array's x-kubernetes-list-type is map";
        return errors.invalid(&items_path.child("type"), of, why);
    }
    for (i, key) in keys.iter().enumerate() {
        match items.get("properties").and_then(|p| p.get(key)) {
            // The server shows the type of the items.
            Some(field) if ["array", "object"].contains(&text(field, "type").as_str()) => {
                let why = "must be a scalar type if parent array's x-kubernetes-list-type is map";
                errors.invalid(&items_path.child("properties").key(key).child("type"), of.as_str(), why);
            }
            Some(_) => {}
            None => errors.invalid(&keys_path, keys.clone(), "entries must all be names of item properties"),
        }
        if keys[..i].contains(key) {
            errors.invalid(&keys_path, keys.clone(), "must not contain duplicate entries");
        }
    }
}

/// What tells the items of a list apart is there in each of them.
fn items_of_sets_and_maps(schema: &Value, path: &Path, errors: &mut Errors) {
    let given = text(schema, "x-kubernetes-list-type");
    let Some(items) = schema.get("items").filter(|i| i.is_object() && ["set", "map"].contains(&given.as_str())) else {
        return;
    };
    let path = path.child("items");
    if is_set(items, "nullable") {
        let why = format!("cannot be nullable when x-kubernetes-list-type is {given}");
        errors.forbidden(&path.child("nullable"), &why);
    }
    if given != "map" {
        return;
    }
    let required = texts(items, "required");
    for key in texts(schema, "x-kubernetes-list-map-keys") {
        let Some(field) = items.get("properties").and_then(|p| p.get(&key)) else { continue };
        let path = path.child("properties").key(&key);
        const BEGUN: &str = "this property is in x-kubernetes-list-map-keys, so it";
        if !required.contains(&key) && field.get("default").is_none_or(Value::is_null) {
            errors.required(&path.child("default"), &format!("{BEGUN} must have a default or be a required property"));
        }
        if is_set(field, "nullable") {
            errors.forbidden(&path.child("nullable"), &format!("{BEGUN} cannot be nullable"));
        }
    }
}

fn is_set(schema: &Value, field: &str) -> bool {
    schema.get(field).and_then(Value::as_bool) == Some(true)
}

const REASONS: [&str; 4] = ["FieldValueDuplicate", "FieldValueForbidden", "FieldValueInvalid", "FieldValueRequired"];

/// What a rule has to be, whatever it says: the server also compiles it.
fn rule_form(rule: &Rule, schema: &Value, path: &Path, errors: &mut Errors) {
    let (text, message, field) = (rule.rule.trim(), rule.message.trim(), rule.field_path.as_str());
    const NO_BREAKS: &str = "must not contain line breaks";
    const SOMETHING: &str = "must be non-empty if specified";
    if text.is_empty() {
        errors.required(&path.child("rule"), "rule is not specified");
    } else if !rule.message.is_empty() && message.is_empty() {
        errors.invalid(&path.child("message"), rule.message.as_str(), SOMETHING);
    } else if message.contains('\n') {
        errors.invalid(&path.child("message"), rule.message.as_str(), NO_BREAKS);
    } else if text.contains('\n') && message.is_empty() {
        errors.required(&path.child("message"), "message must be specified if rule contains line breaks");
    } else if let Some(why) = rule.compile_error(&Structural::parse(schema)) {
        errors.invalid_shown(&path.child("rule"), &rule.shown(), &why);
    }
    if !rule.message_expression.is_empty() && rule.message_expression.trim().is_empty() {
        errors.required(&path.child("messageExpression"), "messageExpression must be non-empty if specified");
    }
    if !rule.reason.is_empty() && !REASONS.contains(&rule.reason.as_str()) {
        errors.not_supported(&path.child("reason"), rule.reason.as_str(), &REASONS);
    }
    if field.is_empty() {
        return;
    }
    let path = path.child("fieldPath");
    if field.trim().is_empty() {
        errors.invalid(&path, field, SOMETHING);
    }
    if field.contains('\n') {
        errors.invalid(&path, field, NO_BREAKS);
    }
    if !leads_somewhere(field, &Structural::parse(schema)) {
        errors.invalid(&path, field, "must be a valid path");
    }
}

/// Whether a path of names and quoted keys leads to a field of a schema: `.spec['a-b'].c`.
fn leads_somewhere(path: &str, schema: &Structural) -> bool {
    if path.is_empty() {
        return true;
    }
    let (key, rest) = if let Some(quoted) = path.strip_prefix("['") {
        let Some((key, rest)) = quoted.split_once("']") else { return false };
        (key, rest)
    } else if let Some(named) = path.strip_prefix('.') {
        named.split_at(named.find(['.', '[', ']']).unwrap_or(named.len()))
    } else {
        return false;
    };
    let below = match schema.properties.is_empty() {
        true => schema.additional(),
        false => schema.properties.get(key),
    };
    !key.is_empty() && below.is_some_and(|below| leads_somewhere(rest, below))
}
