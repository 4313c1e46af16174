//! JSON values as the template engine's, and back to Go's kinds. Knows no template.

use gtmpl_ng::{NumberKind, Value as Template};
use serde_json::Value;

use crate::apimachinery::go_value::{GoNumber, number};

/// The engine's form of a JSON value.
pub(super) fn to_template(value: &Value) -> Template {
    match value {
        Value::Null => Template::Nil,
        Value::Bool(b) => Template::Bool(*b),
        Value::Number(n) => match number(n) {
            GoNumber::Int(i) => Template::from(i),
            GoNumber::Float(f) => Template::from(f),
        },
        Value::String(s) => Template::String(s.clone()),
        Value::Array(items) => Template::Array(items.iter().map(to_template).collect()),
        Value::Object(map) => Template::Map(map.iter().map(|(k, v)| (k.clone(), to_template(v))).collect()),
    }
}

/// A number as Go would hold it.
pub(super) fn go_number(n: &gtmpl_ng::Number) -> GoNumber {
    match n.kind() {
        NumberKind::Signed(i) => GoNumber::Int(i),
        NumberKind::Unsigned(u) => GoNumber::Int(i64::try_from(u).unwrap_or(i64::MAX)),
        NumberKind::Float(f) => GoNumber::Float(f),
    }
}

/// What Go calls the type of a value in messages.
pub(super) fn type_name(value: &Template) -> &'static str {
    match value {
        Template::NoValue | Template::Nil => "nil",
        Template::Bool(_) => "bool",
        Template::String(_) => "string",
        Template::Object(_) | Template::Map(_) => "map[string]interface {}",
        Template::Array(_) => "[]interface {}",
        Template::Function(_) => "func",
        Template::Number(n) => match go_number(n) {
            GoNumber::Int(_) => "int",
            GoNumber::Float(_) => "float64",
        },
    }
}
