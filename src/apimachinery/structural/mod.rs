//! Structural schemas: what a CustomResourceDefinition says its objects look like, and what the API server does with that.
//!
//! Knows JSON Schema as Kubernetes restricts it, no definition and no kind. A schema is read once and never fails to be
//! read: what makes no sense in it is left out here and reported by [`check`].

mod check;
mod correlate;
mod decode;
mod defaults;
mod form;
mod format;
mod list_type;
mod rules;
mod typed;
mod validate;

use std::collections::BTreeMap;

use regex::{Regex, RegexBuilder};
use serde_json::{Map, Value};

use super::schema::ListType;

pub use check::check;
pub use decode::{Pruned, prune};
pub use defaults::fill;
pub use format::{fits, is_known as is_known_format};
pub use list_type::duplicates;
pub use rules::{Rule, check as check_rules};
pub use validate::validate;

/// Deeper parts of a schema are taken as fields of any kind.
const DEEPEST: usize = 64;
/// The compiled size of a pattern in bytes; one that is larger is not enforced.
const LARGEST_PATTERN: usize = 1 << 20;

/// One node of a schema: a field, the items of a list, or an alternative of another node.
#[derive(Clone, Debug, Default)]
pub struct Structural {
    /// `object`, `array`, `string`, `integer`, `number` or `boolean`; empty for none.
    pub type_of: String,
    pub description: String,
    pub properties: BTreeMap<String, Structural>,
    pub additional: Option<Additional>,
    pub items: Option<Box<Structural>>,
    pub default: Option<Value>,
    pub nullable: bool,
    pub int_or_string: bool,
    pub preserves_unknown: bool,
    pub is_embedded: bool,
    pub list_type: Option<ListType>,
    pub list_map_keys: Vec<String>,
    /// Replaced as a whole by server-side apply.
    pub is_atomic_map: bool,
    /// The rules of `x-kubernetes-validations`.
    pub rules: Vec<Rule>,
    pub values: Values,
}

/// What the keys that are no properties may hold.
#[derive(Clone, Debug)]
pub enum Additional {
    Any(bool),
    Schema(Box<Structural>),
}

/// What is asked of a value besides its type.
#[derive(Clone, Debug, Default)]
pub struct Values {
    pub format: String,
    pub choices: Vec<Value>,
    pub required: Vec<String>,
    pub minimum: Option<f64>,
    pub maximum: Option<f64>,
    pub exclusive_minimum: bool,
    pub exclusive_maximum: bool,
    pub multiple_of: Option<f64>,
    pub min_length: Option<i64>,
    pub max_length: Option<i64>,
    pub min_items: Option<i64>,
    pub max_items: Option<i64>,
    pub min_properties: Option<i64>,
    pub max_properties: Option<i64>,
    pub pattern: Option<Pattern>,
    pub all_of: Vec<Structural>,
    pub any_of: Vec<Structural>,
    pub one_of: Vec<Structural>,
    pub not: Option<Box<Structural>>,
}

/// A pattern with its text; one that cannot be compiled matches everything.
#[derive(Clone, Debug)]
pub struct Pattern {
    pub text: String,
    regex: Option<Regex>,
}

impl Pattern {
    fn new(text: &str) -> Pattern {
        Pattern { text: text.to_owned(), regex: RegexBuilder::new(text).size_limit(LARGEST_PATTERN).build().ok() }
    }

    fn matches(&self, text: &str) -> bool {
        self.regex.as_ref().is_none_or(|r| r.is_match(text))
    }
}

impl Structural {
    /// Reads an `openAPIV3Schema`.
    pub fn parse(schema: &Value) -> Structural {
        node(schema, 0)
    }

    /// Whether a part of the schema has a default.
    pub fn has_defaults(&self) -> bool {
        self.default.is_some()
            || self.properties.values().any(Structural::has_defaults)
            || self.items.as_ref().is_some_and(|i| i.has_defaults())
            || self.additional().is_some_and(Structural::has_defaults)
    }

    /// Whether a part of the schema has rules.
    pub fn has_rules(&self) -> bool {
        !self.rules.is_empty()
            || self.properties.values().any(Structural::has_rules)
            || self.items.as_ref().is_some_and(|i| i.has_rules())
            || self.additional().is_some_and(Structural::has_rules)
    }

    /// The schema of the keys that are no properties.
    pub fn additional(&self) -> Option<&Structural> {
        match &self.additional {
            Some(Additional::Schema(schema)) => Some(schema),
            _ => None,
        }
    }

    /// The schema of a field below this one: `spec.size`.
    pub fn field_at(&self, path: &str) -> Option<&Structural> {
        let (key, rest) = path.split_once('.').unwrap_or((path, ""));
        let below = if self.properties.is_empty() { self.additional() } else { self.properties.get(key) };
        if rest.is_empty() { below } else { below?.field_at(rest) }
    }

    /// The schema of a key.
    pub fn property(&self, key: &str) -> Option<&Structural> {
        self.properties.get(key).or_else(|| self.additional())
    }
}

fn node(schema: &Value, depth: usize) -> Structural {
    if depth > DEEPEST {
        return Structural { preserves_unknown: true, ..Structural::default() };
    }
    let flag = |key: &str| schema.get(key).and_then(Value::as_bool).unwrap_or(false);
    let inner = |key: &str| schema.get(key).filter(|v| v.is_object()).map(|v| Box::new(node(v, depth + 1)));
    let properties = schema.get("properties").and_then(Value::as_object);
    Structural {
        type_of: text(schema, "type"),
        description: text(schema, "description"),
        properties: properties.into_iter().flatten().map(|(k, v)| (k.clone(), node(v, depth + 1))).collect(),
        additional: match schema.get("additionalProperties") {
            Some(Value::Bool(any)) => Some(Additional::Any(*any)),
            Some(Value::Object(_)) => inner("additionalProperties").map(Additional::Schema),
            _ => None,
        },
        items: inner("items"),
        default: schema.get("default").filter(|d| !d.is_null()).cloned(),
        nullable: flag("nullable"),
        int_or_string: flag("x-kubernetes-int-or-string"),
        preserves_unknown: flag("x-kubernetes-preserve-unknown-fields"),
        is_embedded: flag("x-kubernetes-embedded-resource"),
        list_type: match text(schema, "x-kubernetes-list-type").as_str() {
            "atomic" => Some(ListType::Atomic),
            "set" => Some(ListType::Set),
            "map" => Some(ListType::Map),
            _ => None,
        },
        list_map_keys: texts(schema, "x-kubernetes-list-map-keys"),
        is_atomic_map: text(schema, "x-kubernetes-map-type") == "atomic",
        rules: list(schema, "x-kubernetes-validations").iter().map(Rule::parse).collect(),
        values: values(schema, depth),
    }
}

fn values(schema: &Value, depth: usize) -> Values {
    let number = |key: &str| schema.get(key).and_then(Value::as_f64);
    let count = |key: &str| schema.get(key).and_then(Value::as_i64);
    let flag = |key: &str| schema.get(key).and_then(Value::as_bool).unwrap_or(false);
    let all = |key: &str| list(schema, key).iter().map(|s| node(s, depth + 1)).collect();
    Values {
        format: text(schema, "format"),
        choices: list(schema, "enum").to_vec(),
        required: texts(schema, "required"),
        minimum: number("minimum"),
        maximum: number("maximum"),
        exclusive_minimum: flag("exclusiveMinimum"),
        exclusive_maximum: flag("exclusiveMaximum"),
        multiple_of: number("multipleOf"),
        min_length: count("minLength"),
        max_length: count("maxLength"),
        min_items: count("minItems"),
        max_items: count("maxItems"),
        min_properties: count("minProperties"),
        max_properties: count("maxProperties"),
        pattern: Some(text(schema, "pattern")).filter(|p| !p.is_empty()).map(|p| Pattern::new(&p)),
        all_of: all("allOf"),
        any_of: all("anyOf"),
        one_of: all("oneOf"),
        not: schema.get("not").filter(|n| n.is_object()).map(|n| Box::new(node(n, depth + 1))),
    }
}

fn text(schema: &Value, key: &str) -> String {
    schema.get(key).and_then(Value::as_str).unwrap_or_default().to_owned()
}

fn texts(schema: &Value, key: &str) -> Vec<String> {
    list(schema, key).iter().filter_map(Value::as_str).map(str::to_owned).collect()
}

fn list<'s>(schema: &'s Value, key: &str) -> &'s [Value] {
    schema.get(key).and_then(Value::as_array).map_or(&[], Vec::as_slice)
}

/// What every object has besides the fields of its schema.
const META_FIELDS: [&str; 3] = ["apiVersion", "kind", "metadata"];

fn is_meta(key: &str) -> bool {
    META_FIELDS.contains(&key)
}

/// Where a value is, as the server writes it: `spec.list[0].name`.
fn join(path: &str, key: &str) -> String {
    if path.is_empty() { key.to_owned() } else { format!("{path}.{key}") }
}

type Fields = Map<String, Value>;

#[cfg(test)]
mod tests;
