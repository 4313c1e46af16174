//! What Go's decoder leaves where a list's item or a map's value is null: the type's zero value.
//!
//! Knows types only. A null field of a struct is as good as absent and never gets here.

use serde_json::{Map, Value};

use crate::apimachinery::schema::{Form, Shape, Type};

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
