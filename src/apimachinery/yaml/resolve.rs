//! What a scalar's text means in YAML 1.1, as go-yaml v2 has it: booleans, nulls, integers, floats; dates stay text.
//!
//! Knows single scalars.

use super::compose::{Node, Scalar};
use crate::apimachinery::base64;

const PREFIX: &str = "tag:yaml.org,2002:";

/// A resolved scalar.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Resolved {
    Null,
    Bool(bool),
    Int(i64),
    /// Beyond `i64`.
    Uint(u64),
    Float(f64),
    Text(String),
}

impl Resolved {
    fn tag(&self) -> &'static str {
        match self {
            Resolved::Null => "null",
            Resolved::Bool(_) => "bool",
            Resolved::Int(_) | Resolved::Uint(_) => "int",
            Resolved::Float(_) => "float",
            Resolved::Text(_) => "str",
        }
    }
}

/// Resolves a scalar by its tag, or by its text where it is plain.
pub(super) fn resolve(scalar: &Scalar) -> Result<Resolved, String> {
    let text = || Resolved::Text(scalar.text.clone());
    if scalar.tag.is_empty() {
        return Ok(if scalar.is_plain { plain(&scalar.text).unwrap_or_else(text) } else { text() });
    }
    match scalar.tag.strip_prefix(PREFIX) {
        // Bytes that are not UTF-8 are replaced, as Go's JSON does.
        Some("binary") => base64::decode(scalar.text.as_bytes())
            .map(|bytes| Resolved::Text(String::from_utf8_lossy(&bytes).into_owned()))
            .map_err(|_| "yaml: !!binary value contains invalid base64 data".to_owned()),
        Some(tag @ ("bool" | "int" | "float" | "null" | "timestamp")) => tagged(scalar, tag),
        _ => Ok(text()),
    }
}

/// Makes YAML 1.1's words for true and false the texts that they are since 1.2.
pub(super) fn keep_words(node: &mut Node) {
    let Node::Scalar(scalar) = node else { return };
    let is_word = matches!(scalar.text.to_ascii_lowercase().as_str(), "y" | "yes" | "on" | "n" | "no" | "off");
    scalar.is_plain = scalar.is_plain && !is_word;
}

fn tagged(scalar: &Scalar, tag: &str) -> Result<Resolved, String> {
    let found = plain(&scalar.text).unwrap_or_else(|| Resolved::Text(scalar.text.clone()));
    match (tag, &found) {
        ("float", Resolved::Int(n)) => Ok(Resolved::Float(*n as f64)),
        ("timestamp", Resolved::Text(_)) => Ok(found),
        _ if found.tag() == tag => Ok(found),
        _ => Err(format!("yaml: cannot decode !!{} `{}` as a !!{tag}", found.tag(), scalar.text)),
    }
}

/// What an unquoted text is, unless it is just text.
fn plain(text: &str) -> Option<Resolved> {
    match text {
        "" | "~" | "null" | "Null" | "NULL" => return Some(Resolved::Null),
        "y" | "Y" | "yes" | "Yes" | "YES" | "true" | "True" | "TRUE" | "on" | "On" | "ON" => {
            return Some(Resolved::Bool(true));
        }
        "n" | "N" | "no" | "No" | "NO" | "false" | "False" | "FALSE" | "off" | "Off" | "OFF" => {
            return Some(Resolved::Bool(false));
        }
        ".nan" | ".NaN" | ".NAN" => return Some(Resolved::Float(f64::NAN)),
        ".inf" | ".Inf" | ".INF" | "+.inf" | "+.Inf" | "+.INF" => return Some(Resolved::Float(f64::INFINITY)),
        "-.inf" | "-.Inf" | "-.INF" => return Some(Resolved::Float(f64::NEG_INFINITY)),
        _ => {}
    }
    match text.as_bytes().first()? {
        b'.' => float(text),
        b'0'..=b'9' | b'+' | b'-' => {
            let digits = text.replace('_', "");
            integer(&digits).or_else(|| float(&digits))
        }
        _ => None,
    }
}

/// Go's ParseInt and ParseUint with base 0: 0x, 0o, 0b and a leading 0 say the base.
fn integer(text: &str) -> Option<Resolved> {
    let (sign, digits) = match text.as_bytes().first()? {
        b'-' => (-1, &text[1..]),
        b'+' => (1, &text[1..]),
        _ => (0, text),
    };
    let lower = digits.to_ascii_lowercase();
    let (digits, base) = match lower.as_bytes() {
        [b'0', b'x', ..] => (&lower[2..], 16),
        [b'0', b'o', ..] => (&lower[2..], 8),
        [b'0', b'b', ..] => (&lower[2..], 2),
        [b'0', _, ..] => (&lower[1..], 8),
        _ => (lower.as_str(), 10),
    };
    if !digits.bytes().all(|b| b.is_ascii_alphanumeric()) {
        return None;
    }
    let magnitude = u64::from_str_radix(digits, base).ok()?;
    let signed = i128::from(magnitude) * if sign < 0 { -1 } else { 1 };
    match i64::try_from(signed) {
        Ok(n) => Some(Resolved::Int(n)),
        // Go's ParseUint takes no sign.
        Err(_) if sign == 0 => Some(Resolved::Uint(magnitude)),
        Err(_) => None,
    }
}

/// `[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?` that fits a double.
fn float(text: &str) -> Option<Resolved> {
    let unsigned = text.strip_prefix(['-', '+']).unwrap_or(text);
    let (number, exponent) = unsigned.split_once(['e', 'E']).map_or((unsigned, None), |(n, e)| (n, Some(e)));
    let is_number = |s: &str| !s.is_empty() && s.bytes().all(|b| b.is_ascii_digit());
    let (whole, fraction) = number.split_once('.').unwrap_or((number, ""));
    let good = match (whole.is_empty(), fraction.is_empty()) {
        (true, _) => is_number(fraction),
        (false, true) => is_number(whole),
        (false, false) => is_number(whole) && is_number(fraction),
    };
    let good_exponent = exponent.is_none_or(|e| is_number(e.strip_prefix(['-', '+']).unwrap_or(e)));
    let value = text.parse::<f64>().ok().filter(|f| good && good_exponent && f.is_finite())?;
    Some(Resolved::Float(value))
}
