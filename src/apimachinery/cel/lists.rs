//! Functions of lists: order, sums, places, and lists as sets.

use std::cmp::Ordering;

use ::cel::Value;

use super::library::{Outcome, no_overload, wrong};

fn items(args: &[Value], at: usize) -> Result<&[Value], ::cel::ExecutionError> {
    match args.get(at) {
        Some(Value::List(items)) => Ok(items),
        _ => Err(no_overload("list")),
    }
}

fn compare(a: &Value, b: &Value) -> Result<Ordering, ::cel::ExecutionError> {
    a.partial_cmp(b).ok_or_else(|| no_overload("<"))
}

pub(super) fn is_sorted(args: &[Value]) -> Outcome {
    for pair in items(args, 0)?.windows(2) {
        if compare(&pair[0], &pair[1])? == Ordering::Greater {
            return Ok(Value::Bool(false));
        }
    }
    Ok(Value::Bool(true))
}

/// A list without items has the sum 0: of what type does not show.
pub(super) fn sum(args: &[Value]) -> Outcome {
    let items = items(args, 0)?;
    let mut sum = items.first().cloned().unwrap_or(Value::Int(0));
    for item in items.iter().skip(1) {
        sum = match (&sum, item) {
            (Value::Int(a), Value::Int(b)) => Value::Int(a.checked_add(*b).ok_or_else(|| wrong("integer overflow"))?),
            (Value::UInt(a), Value::UInt(b)) => {
                Value::UInt(a.checked_add(*b).ok_or_else(|| wrong("unsigned integer overflow"))?)
            }
            (Value::Float(a), Value::Float(b)) => Value::Float(a + b),
            (Value::Duration(a), Value::Duration(b)) => {
                Value::Duration(a.checked_add(b).ok_or_else(|| wrong("integer overflow"))?)
            }
            _ => return Err(no_overload("sum")),
        };
    }
    Ok(sum)
}

fn extreme(args: &[Value], name: &str, wanted: Ordering) -> Outcome {
    let mut items = items(args, 0)?.iter();
    let Some(mut best) = items.next() else { return Err(wrong(&format!("{name} called on empty list"))) };
    for item in items {
        if compare(item, best)? == wanted {
            best = item;
        }
    }
    Ok(best.clone())
}

pub(super) fn min(args: &[Value]) -> Outcome {
    extreme(args, "min", Ordering::Less)
}

pub(super) fn max(args: &[Value]) -> Outcome {
    extreme(args, "max", Ordering::Greater)
}

fn place(at: Option<usize>) -> Outcome {
    Ok(Value::Int(at.and_then(|i| i64::try_from(i).ok()).unwrap_or(-1)))
}

pub(super) fn index_of(args: &[Value]) -> Outcome {
    place(items(args, 0)?.iter().position(|item| Some(item) == args.get(1)))
}

pub(super) fn last_index_of(args: &[Value]) -> Outcome {
    place(items(args, 0)?.iter().rposition(|item| Some(item) == args.get(1)))
}

fn is_subset(of: &[Value], items: &[Value]) -> bool {
    items.iter().all(|item| of.contains(item))
}

pub(super) fn contains(args: &[Value]) -> Outcome {
    Ok(Value::Bool(is_subset(items(args, 0)?, items(args, 1)?)))
}

pub(super) fn equivalent(args: &[Value]) -> Outcome {
    let (a, b) = (items(args, 0)?, items(args, 1)?);
    Ok(Value::Bool(is_subset(a, b) && is_subset(b, a)))
}

pub(super) fn intersects(args: &[Value]) -> Outcome {
    let (a, b) = (items(args, 0)?, items(args, 1)?);
    Ok(Value::Bool(a.iter().any(|item| b.contains(item))))
}
