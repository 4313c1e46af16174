//! The values that have a form of their own in JSON: quantities, and how Go names and writes values.
//!
//! Knows single values, not where they are.

use serde_json::{Number, Value};

use crate::apimachinery::quantity::Quantity;

/// A number as Go's encoding/json writes it: no exponent below 1e21, and then with a sign.
pub(super) fn go_number(number: &Number) -> String {
    let Some(f) = number.as_f64().filter(|_| number.is_f64() || number.as_i64().is_none()) else {
        return number.to_string();
    };
    if f != 0.0 && (f.abs() < 1e-6 || f.abs() >= 1e21) {
        let text = format!("{f:e}");
        return match text.split_once('e') {
            Some((digits, exponent)) if !exponent.starts_with('-') => format!("{digits}e+{exponent}"),
            _ => text,
        };
    }
    format!("{f}")
}

/// Reads a quantity, which may be a string or a number, and writes it in its canonical form.
pub(super) fn quantity(value: &Value) -> Result<Value, String> {
    let quantity = match value {
        Value::Number(n) => Quantity::parse(&go_number(n)),
        other => Quantity::from_value(other),
    };
    quantity.map(|q| q.to_string().into()).map_err(|e| e.to_string())
}
