//! Quantities in expressions: `quantity('1Gi').isGreaterThan(quantity('500Mi'))`.

use std::cmp::Ordering;
use std::sync::Arc;

use ::cel::objects::Opaque;
use ::cel::{ExecutionError, Value};

use super::library::{Outcome, no_overload, wrong};
use crate::apimachinery::quantity::Quantity;

/// A quantity as a value of the language.
#[derive(Clone, Debug)]
struct Amount(Quantity);

impl PartialEq for Amount {
    fn eq(&self, other: &Amount) -> bool {
        self.0.cmp(&other.0) == Ordering::Equal
    }
}

impl Eq for Amount {}

impl Opaque for Amount {
    fn runtime_type_name(&self) -> &'static str {
        "kubernetes.Quantity"
    }
}

fn made(quantity: Quantity) -> Value {
    Value::Opaque(Arc::new(Amount(quantity)))
}

fn amount(args: &[Value], at: usize) -> Result<Quantity, ExecutionError> {
    match args.get(at) {
        Some(Value::Opaque(o)) => {
            o.downcast_ref::<Amount>().map(|a| a.0.clone()).ok_or_else(|| no_overload("quantity"))
        }
        // What is added or taken away may be a plain number.
        Some(Value::Int(i)) if at == 1 => Quantity::parse(&i.to_string()).map_err(|_| no_overload("quantity")),
        _ => Err(no_overload("quantity")),
    }
}

pub(super) fn is_quantity(args: &[Value]) -> Outcome {
    match args {
        [Value::String(text)] => Ok(Value::Bool(Quantity::parse(text).is_ok())),
        _ => Err(no_overload("isQuantity")),
    }
}

pub(super) fn quantity(args: &[Value]) -> Outcome {
    let [Value::String(text)] = args else { return Err(no_overload("quantity")) };
    Quantity::parse(text).map(made).map_err(|e| wrong(&e.to_string()))
}

pub(super) fn sign(args: &[Value]) -> Outcome {
    let amount = amount(args, 0)?;
    Ok(Value::Int(if amount.is_zero() {
        0
    } else if amount.is_negative() {
        -1
    } else {
        1
    }))
}

fn is_whole(quantity: &Quantity) -> bool {
    Quantity::parse(&quantity.value().to_string()).is_ok_and(|whole| whole.cmp(quantity) == Ordering::Equal)
}

pub(super) fn is_integer(args: &[Value]) -> Outcome {
    Ok(Value::Bool(is_whole(&amount(args, 0)?)))
}

pub(super) fn as_integer(args: &[Value]) -> Outcome {
    let amount = amount(args, 0)?;
    if is_whole(&amount) { Ok(Value::Int(amount.value())) } else { Err(wrong("cannot convert value to integer")) }
}

#[expect(clippy::cast_precision_loss, reason = "an approximation is asked for")]
pub(super) fn as_float(args: &[Value]) -> Outcome {
    let amount = amount(args, 0)?;
    let near = if is_whole(&amount) { amount.value() as f64 } else { amount.milli_value() as f64 / 1000.0 };
    Ok(Value::Float(near))
}

fn ordering(args: &[Value]) -> Result<Ordering, ExecutionError> {
    match args.get(1) {
        Some(Value::Opaque(_)) => Ok(amount(args, 0)?.cmp(&amount(args, 1)?)),
        _ => Err(no_overload("compareTo")),
    }
}

pub(super) fn is_greater(args: &[Value]) -> Outcome {
    Ok(Value::Bool(ordering(args)? == Ordering::Greater))
}

pub(super) fn is_less(args: &[Value]) -> Outcome {
    Ok(Value::Bool(ordering(args)? == Ordering::Less))
}

pub(super) fn compare(args: &[Value]) -> Outcome {
    Ok(Value::Int(ordering(args)? as i64))
}

pub(super) fn add(args: &[Value]) -> Outcome {
    Ok(made(amount(args, 0)?.add(&amount(args, 1)?)))
}

pub(super) fn sub(args: &[Value]) -> Outcome {
    Ok(made(amount(args, 0)?.sub(&amount(args, 1)?)))
}
