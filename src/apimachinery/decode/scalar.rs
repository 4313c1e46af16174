//! The values that have a form of their own in JSON: quantities, times, base64, and how Go names and writes values.
//!
//! Knows single values, not where they are.

use chrono::{DateTime, Utc};
use serde_json::{Number, Value};

use crate::apimachinery::schema::Form;
use crate::apimachinery::time;

const QUANTITY_FORM: &str =
    "quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'";
const QUANTITY_SUFFIX: &str = "unable to parse quantity's suffix";
const QUANTITY_NUMBER: &str = "unable to parse numeric part of quantity";
const SUFFIXES: [&str; 16] = ["", "Ki", "Mi", "Gi", "Ti", "Pi", "Ei", "n", "u", "m", "k", "M", "G", "T", "P", "E"];

/// What Go's errors call a JSON value.
pub(super) fn describe(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "bool",
        Value::Number(_) => "number",
        Value::String(_) => "string",
        Value::Array(_) => "array",
        Value::Object(_) => "object",
    }
}

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

/// Checks a quantity, which may be a string or a number; its text is kept as it was written.
pub(super) fn quantity(value: Value) -> Result<Value, &'static str> {
    let text = match &value {
        Value::String(s) => s.trim().to_owned(),
        Value::Number(n) => go_number(n),
        _ => return Err(QUANTITY_FORM),
    };
    quantity_text(&text)?;
    Ok(Value::String(text))
}

fn quantity_text(text: &str) -> Result<(), &'static str> {
    if text.is_empty() {
        return Err(QUANTITY_FORM);
    }
    let unsigned = text.strip_prefix(['-', '+']).unwrap_or(text);
    let rest = unsigned.trim_start_matches(|c: char| c.is_ascii_digit());
    let rest = rest.strip_prefix('.').map_or(rest, |d| d.trim_start_matches(|c: char| c.is_ascii_digit()));
    let after = rest.trim_start_matches(|c| "eEinumkKMGTP".contains(c));
    let digits = after.strip_prefix(['-', '+']).unwrap_or(after);
    if !digits.chars().all(|c| c.is_ascii_digit()) {
        return Err(QUANTITY_FORM);
    }
    let exponent = rest.strip_prefix(['e', 'E']).filter(|e| !e.is_empty());
    match exponent {
        _ if SUFFIXES.contains(&rest) => {}
        Some(e) if e.parse::<i64>().is_ok() => {}
        _ => return Err(QUANTITY_SUFFIX),
    }
    // Long numbers take a slower reader, which wants at least one digit.
    let number = &unsigned[..unsigned.len() - rest.len()];
    if number == "." { Err(QUANTITY_NUMBER) } else { Ok(()) }
}

/// Reads RFC 3339 and writes it in UTC, with the precision that the type keeps.
pub(super) fn time(text: &str, form: Form) -> Result<String, String> {
    let (layout, write): (&str, fn(DateTime<Utc>) -> String) = match form {
        Form::MicroTime => ("2006-01-02T15:04:05.000000Z07:00", time::to_rfc3339_micro),
        _ => ("2006-01-02T15:04:05Z07:00", time::to_rfc3339),
    };
    match time::parse(text) {
        Some(t) if text.as_bytes().get(10) == Some(&b'T') => Ok(write(t)),
        _ => Err(time_error(text, layout)),
    }
}

/// Go's time.ParseError: which part of the layout the text failed at.
fn time_error(text: &str, layout: &str) -> String {
    let parts = ["2006", "-", "01", "-", "02", "T", "15", ":", "04", ":", "05", "Z07:00"];
    let mut rest = text;
    for part in parts {
        let digits = part.bytes().all(|b| b.is_ascii_digit());
        let taken = match (digits, rest.get(..part.len())) {
            (true, Some(head)) if head.bytes().all(|b| b.is_ascii_digit()) => part.len(),
            (false, Some(head)) if head == part => part.len(),
            _ => {
                return format!("parsing time {text:?} as {layout:?}: cannot parse {rest:?} as {part:?}");
            }
        };
        rest = &rest[taken..];
        if part == "05" && rest.starts_with('.') {
            rest = rest[1..].trim_start_matches(|c: char| c.is_ascii_digit());
        }
        if part == "05" && rest.starts_with('Z') {
            return match &rest[1..] {
                "" => format!("parsing time {text:?}: day out of range"),
                extra => format!("parsing time {text:?}: extra text: {extra:?}"),
            };
        }
    }
    format!("parsing time {text:?} as {layout:?}: cannot parse {text:?} as \"2006\"")
}

/// Checks standard base64 as Go reads it, which skips line breaks. Gives it without them, or where it went wrong.
pub(super) fn base64(text: &str) -> Result<String, usize> {
    let kept: Vec<(usize, u8)> = text.bytes().enumerate().filter(|(_, b)| !b"\r\n".contains(b)).collect();
    let clean: String = kept.iter().map(|(_, b)| char::from(*b)).collect();
    let padding = kept.iter().rev().take(2).take_while(|(_, b)| *b == b'=').count();
    let digits = kept.len() - padding;
    let good = |b: u8| b.is_ascii_alphanumeric() || b == b'+' || b == b'/';
    if let Some((at, _)) = kept[..digits].iter().find(|(_, b)| !good(*b)) {
        return Err(*at);
    }
    match (digits % 4, padding) {
        (0, 0) | (2, 2) | (3, 1) => Ok(clean),
        // Go names the place after the last whole group's first wrong byte; without padding, the end of the text.
        (_, 0) => Err(text.len()),
        _ => Err(kept.get(digits).map_or(text.len(), |(at, _)| *at)),
    }
}
