//! Go templates' comparisons: eq, ne, lt, le, gt, ge. Knows no template.

use std::cmp::Ordering;

use gtmpl_ng::{FuncError, Value};

use super::functions::{error, want};
use super::value::{go_number, type_name};
use crate::apimachinery::go_value::GoNumber;

const BAD_TYPE: &str = "invalid type for comparison";
const BAD_PAIR: &str = "incompatible types for comparison";

/// Go's basic kinds; values of two kinds cannot be compared.
enum Basic<'a> {
    Bool(bool),
    Int(i64),
    Float(f64),
    Text(&'a str),
}

fn basic(value: &Value) -> Option<Basic<'_>> {
    match value {
        Value::Bool(b) => Some(Basic::Bool(*b)),
        Value::String(s) => Some(Basic::Text(s)),
        Value::Number(n) => Some(match go_number(n) {
            GoNumber::Int(i) => Basic::Int(i),
            GoNumber::Float(f) => Basic::Float(f),
        }),
        _ => None,
    }
}

fn is_nil(value: &Value) -> bool {
    matches!(value, Value::Nil | Value::NoValue)
}

fn equal(left: &Value, right: &Value) -> Result<bool, FuncError> {
    match (basic(left), basic(right)) {
        (Some(Basic::Bool(a)), Some(Basic::Bool(b))) => Ok(a == b),
        (Some(Basic::Int(a)), Some(Basic::Int(b))) => Ok(a == b),
        (Some(Basic::Float(a)), Some(Basic::Float(b))) => Ok(a == b),
        (Some(Basic::Text(a)), Some(Basic::Text(b))) => Ok(a == b),
        _ if is_nil(left) || is_nil(right) => Ok(is_nil(left) && is_nil(right)),
        (None, None) => Err(error(format!("non-comparable type {right}: {}", type_name(right)))),
        _ => Err(error(BAD_PAIR)),
    }
}

fn order(left: &Value, right: &Value) -> Result<Option<Ordering>, FuncError> {
    match (basic(left).ok_or_else(|| error(BAD_TYPE))?, basic(right).ok_or_else(|| error(BAD_TYPE))?) {
        (Basic::Bool(_), Basic::Bool(_)) => Err(error(BAD_TYPE)),
        (Basic::Int(a), Basic::Int(b)) => Ok(Some(a.cmp(&b))),
        (Basic::Float(a), Basic::Float(b)) => Ok(a.partial_cmp(&b)),
        (Basic::Text(a), Basic::Text(b)) => Ok(Some(a.cmp(b))),
        _ => Err(error(BAD_PAIR)),
    }
}

/// Whether the first equals any of the others.
pub(super) fn eq(args: &[Value]) -> Result<Value, FuncError> {
    let Some((left, rights)) = args.split_first() else {
        return Err(error("wrong number of args for eq: want at least 1 got 0"));
    };
    if rights.is_empty() {
        return Err(error("missing argument for comparison"));
    }
    for right in rights {
        if equal(left, right)? {
            return Ok(Value::Bool(true));
        }
    }
    Ok(Value::Bool(false))
}

pub(super) fn ne(args: &[Value]) -> Result<Value, FuncError> {
    want("ne", args, 2)?;
    Ok(Value::Bool(!equal(&args[0], &args[1])?))
}

fn ordered(name: &str, args: &[Value], holds: fn(Ordering) -> bool) -> Result<Value, FuncError> {
    want(name, args, 2)?;
    Ok(Value::Bool(order(&args[0], &args[1])?.is_some_and(holds)))
}

pub(super) fn lt(args: &[Value]) -> Result<Value, FuncError> {
    ordered("lt", args, Ordering::is_lt)
}

pub(super) fn le(args: &[Value]) -> Result<Value, FuncError> {
    ordered("le", args, Ordering::is_le)
}

pub(super) fn gt(args: &[Value]) -> Result<Value, FuncError> {
    ordered("gt", args, Ordering::is_gt)
}

pub(super) fn ge(args: &[Value]) -> Result<Value, FuncError> {
    ordered("ge", args, Ordering::is_ge)
}
