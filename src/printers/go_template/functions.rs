//! kubectl's two functions, and Go's own where the crate's say other words. Knows no template.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use gtmpl_ng::{Func, FuncError, Value};

use super::compare::{eq, ge, gt, le, lt, ne};
use super::value::{go_number, type_name};
use crate::apimachinery::go_value::GoNumber;

/// Added to the crate's, or in their place.
pub(super) const FUNCTIONS: [(&str, Func); 10] = [
    ("exists", exists),
    ("base64decode", base64decode),
    ("index", index),
    ("len", len),
    ("eq", eq),
    ("ne", ne),
    ("lt", lt),
    ("le", le),
    ("gt", gt),
    ("ge", ge),
];

/// An error of a function, in Go's words.
pub(super) fn error(text: impl Into<String>) -> FuncError {
    FuncError::Generic(text.into())
}

/// Refuses a call with another number of arguments; Go checks before it calls.
pub(super) fn want(name: &str, args: &[Value], count: usize) -> Result<(), FuncError> {
    if args.len() == count {
        return Ok(());
    }
    Err(error(format!("wrong number of args for {name}: want {count} got {}", args.len())))
}

/// Whether `index` with the same arguments would find something.
fn exists(args: &[Value]) -> Result<Value, FuncError> {
    let (first, steps) = at_least_one("exists", args)?;
    let mut here = first;
    for step in steps {
        let next = match (here, step) {
            (Value::Map(map) | Value::Object(map), Value::String(key)) => map.get(key),
            (Value::Array(items), Value::Number(_)) => position(step).and_then(|i| items.get(i)),
            // A byte of a text: there is nothing to look at further, but it is there.
            (Value::String(text), Value::Number(_)) => {
                position(step).filter(|i| *i < text.len()).map(|_| &Value::Bool(true))
            }
            _ => None,
        };
        match next {
            Some(found) => here = found,
            None => return Ok(Value::Bool(false)),
        }
    }
    Ok(Value::Bool(!matches!(here, Value::Nil | Value::NoValue)))
}

fn at_least_one<'a>(name: &str, args: &'a [Value]) -> Result<(&'a Value, &'a [Value]), FuncError> {
    args.split_first().ok_or_else(|| error(format!("wrong number of args for {name}: want at least 1 got 0")))
}

fn position(step: &Value) -> Option<usize> {
    let Value::Number(n) = step else { return None };
    match go_number(n) {
        GoNumber::Int(i) => usize::try_from(i).ok(),
        GoNumber::Float(_) => None,
    }
}

fn base64decode(args: &[Value]) -> Result<Value, FuncError> {
    want("base64decode", args, 1)?;
    let Some(Value::String(text)) = args.first() else { return Err(error("invalid value; expected string")) };
    // Go's decoder skips line breaks.
    let text: String = text.chars().filter(|c| !matches!(c, '\r' | '\n')).collect();
    let bytes = STANDARD.decode(&text).map_err(|e| {
        let at = match e {
            base64::DecodeError::InvalidByte(at, _) | base64::DecodeError::InvalidLastSymbol(at, _) => at,
            // Go counts from the group of four that is not whole.
            base64::DecodeError::InvalidLength(_) | base64::DecodeError::InvalidPadding => text.len() / 4 * 4,
        };
        error(format!("base64 decode failed: illegal base64 data at input byte {at}"))
    })?;
    // Bytes that are not UTF-8 cannot be held by the engine's strings.
    Ok(Value::String(String::from_utf8_lossy(&bytes).into_owned()))
}

fn index(args: &[Value]) -> Result<Value, FuncError> {
    let (first, steps) = at_least_one("index", args)?;
    if matches!(first, Value::Nil | Value::NoValue) {
        return Err(error("index of untyped nil"));
    }
    steps.iter().try_fold(first.clone(), |here, step| index_one(&here, step))
}

fn index_one(here: &Value, step: &Value) -> Result<Value, FuncError> {
    let length = match here {
        Value::Array(items) => items.len(),
        Value::String(text) => text.len(),
        Value::Map(map) | Value::Object(map) => {
            let Value::String(key) = step else {
                return Err(error(format!("value has type {}; should be string", type_name(step))));
            };
            return Ok(map.get(key).cloned().unwrap_or(Value::NoValue));
        }
        Value::Nil | Value::NoValue => return Err(error("index of nil pointer")),
        _ => return Err(error(format!("can't index item of type {}", type_name(here)))),
    };
    if matches!(step, Value::Nil | Value::NoValue) {
        return Err(error("cannot index slice/array with nil"));
    }
    let Value::Number(n) = step else {
        return Err(error(format!("cannot index slice/array with type {}", type_name(step))));
    };
    let at = position(step).filter(|i| *i < length).ok_or_else(|| error(format!("index out of range: {n}")))?;
    Ok(match here {
        Value::Array(items) => items.get(at).cloned().unwrap_or(Value::NoValue),
        Value::String(text) => text.as_bytes().get(at).map_or(Value::NoValue, |b| Value::from(i64::from(*b))),
        _ => Value::NoValue,
    })
}

fn len(args: &[Value]) -> Result<Value, FuncError> {
    want("len", args, 1)?;
    let length = match &args[0] {
        Value::String(text) => text.len(),
        Value::Array(items) => items.len(),
        Value::Map(map) | Value::Object(map) => map.len(),
        Value::NoValue => return Err(error("reflect: call of reflect.Value.Type on zero Value")),
        Value::Nil => return Err(error("len of nil pointer")),
        other => return Err(error(format!("len of type {}", type_name(other)))),
    };
    Ok(Value::from(i64::try_from(length).unwrap_or(i64::MAX)))
}
