//! Go's zero values: what its decoder leaves where a list's item or a map's value is null, and what its encoder omits.
//!
//! Knows types only. A null field of a struct is as good as absent and never gets here.

use serde_json::{Map, Value};

use crate::apimachinery::schema::{Form, Shape, Type};

/// What Go's `omitempty` leaves out, of the types it applies to.
pub(super) fn is_empty(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::Bool(b) => !b,
        Value::Number(n) => n.as_f64() == Some(0.0),
        Value::String(s) => s.is_empty(),
        Value::Array(items) => items.is_empty(),
        Value::Object(map) => map.is_empty(),
    }
}

/// What is there instead of null.
pub(super) fn of(kind: Type) -> Value {
    match kind.shape() {
        Shape::String => "".into(),
        Shape::Bool => false.into(),
        Shape::Int32 | Shape::Int64 | Shape::Float64 => 0.into(),
        // A nil slice or map is written as null.
        Shape::List(_) | Shape::Map(_) | Shape::Bytes => Value::Null,
        Shape::Definition(definition) => match definition.form() {
            Form::Struct => Value::Object(Map::new()),
            Form::Quantity => "0".into(),
            Form::IntOrString => 0.into(),
            Form::Any | Form::Time | Form::MicroTime => Value::Null,
        },
    }
}
