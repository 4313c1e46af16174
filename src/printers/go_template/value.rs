//! JSON values as the template engine's, and back to Go's kinds. Knows no template.

use gtmpl_ng::{NumberKind, Value as Template};
use serde_json::Value;

use crate::apimachinery::go_value::{GoNumber, number};

/// The engine's form of a JSON value. The engine refuses a field that is not there of an object, and not of a map.
pub(super) fn to_template(value: &Value, allow_missing_keys: bool) -> Template {
    let of = |v: &Value| to_template(v, allow_missing_keys);
    match value {
        Value::Null => Template::Nil,
        Value::Bool(b) => Template::Bool(*b),
        Value::Number(n) => match number(n) {
            GoNumber::Int(i) => Template::from(i),
            GoNumber::Float(f) => Template::from(f),
        },
        Value::String(s) => Template::String(s.clone()),
        Value::Array(items) => Template::Array(items.iter().map(of).collect()),
        Value::Object(map) => {
            let map = map.iter().map(|(k, v)| (k.clone(), of(v))).collect();
            if allow_missing_keys { Template::Map(map) } else { Template::Object(map) }
        }
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
