//! How a filter compares: Go templates' eq, lt and their like. Knows no template.

use serde_json::Value;

use crate::apimachinery::go_value::{GoNumber, number};

const BAD_TYPE: &str = "invalid type for comparison";
const BAD_PAIR: &str = "incompatible types for comparison";

/// The types that Go's templates compare; values of two types are never equal, but an error.
enum Basic<'a> {
    Bool(bool),
    Int(i64),
    Float(f64),
    Text(&'a str),
}

fn basic(value: &Value) -> Result<Basic<'_>, String> {
    match value {
        Value::Bool(b) => Ok(Basic::Bool(*b)),
        Value::String(s) => Ok(Basic::Text(s)),
        Value::Number(n) => Ok(match number(n) {
            GoNumber::Int(i) => Basic::Int(i),
            GoNumber::Float(f) => Basic::Float(f),
        }),
        Value::Null | Value::Array(_) | Value::Object(_) => Err(BAD_TYPE.to_owned()),
    }
}

fn equal(left: &Value, right: &Value) -> Result<bool, String> {
    match (basic(left)?, basic(right)?) {
        (Basic::Bool(a), Basic::Bool(b)) => Ok(a == b),
        (Basic::Int(a), Basic::Int(b)) => Ok(a == b),
        (Basic::Float(a), Basic::Float(b)) => Ok(a == b),
        (Basic::Text(a), Basic::Text(b)) => Ok(a == b),
        _ => Err(BAD_PAIR.to_owned()),
    }
}

fn less(left: &Value, right: &Value) -> Result<bool, String> {
    match (basic(left)?, basic(right)?) {
        (Basic::Bool(_), Basic::Bool(_)) => Err(BAD_TYPE.to_owned()),
        (Basic::Int(a), Basic::Int(b)) => Ok(a < b),
        (Basic::Float(a), Basic::Float(b)) => Ok(a < b),
        (Basic::Text(a), Basic::Text(b)) => Ok(a < b),
        _ => Err(BAD_PAIR.to_owned()),
    }
}

/// Whether `left operator right` holds; the error is client-go's text.
pub(super) fn compare(left: &Value, operator: &str, right: &Value) -> Result<bool, String> {
    match operator {
        "==" => equal(left, right),
        "!=" => equal(left, right).map(|e| !e),
        "<" => less(left, right),
        "<=" => Ok(less(left, right)? || equal(left, right)?),
        ">" => Ok(!(less(left, right)? || equal(left, right)?)),
        ">=" => less(left, right).map(|l| !l),
        _ => Err(format!("unrecognized filter operator {operator}")),
    }
}
