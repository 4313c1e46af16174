//! Reading quantities: upstream's grammar, with its generosity (`+`, `.5`, `5.`) and its three errors.

use super::{BINARY, DECIMAL, Format, Quantity};

/// Why a text is no quantity.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ParseError {
    #[error("quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'")]
    Format,
    #[error("unable to parse quantity's suffix")]
    Suffix,
}

/// The parts of a quantity's text.
struct Parts<'t> {
    negative: bool,
    /// Before the point, without leading zeros; `0` when there is none.
    whole: &'t str,
    /// After the point.
    fraction: &'t str,
    suffix: &'t str,
}

/// As many digits as an i128 surely holds.
const DIGITS: usize = 37;

pub(super) fn parse(text: &str) -> Result<Quantity, ParseError> {
    if text.is_empty() {
        return Err(ParseError::Format);
    }
    let parts = split(text).ok_or(ParseError::Format)?;
    let (base, exponent, format) = interpret(parts.suffix).ok_or(ParseError::Suffix)?;
    let (digits, dropped) = digits(&parts);
    let fraction = i32::try_from(parts.fraction.len()).unwrap_or(i32::MAX);
    let scale = dropped.saturating_sub(fraction);
    let mantissa = if parts.negative { -digits } else { digits };
    let mut quantity = if base == 2 {
        binary(mantissa, scale, exponent)
    } else {
        Quantity::normal(mantissa, scale.saturating_add(exponent), format)
    };
    if is_kept(&parts, exponent, format) {
        quantity.text = Some(text.to_owned());
    }
    Ok(quantity)
}

/// Cuts a text into its parts; `None` when it does not have the form of a quantity.
fn split(text: &str) -> Option<Parts<'_>> {
    let negative = text.starts_with('-');
    let rest = text.strip_prefix(['-', '+']).unwrap_or(text).trim_start_matches('0');
    let (whole, rest) = split_digits(rest);
    let (fraction, suffix) = rest.strip_prefix('.').map_or(("", rest), split_digits);
    let after_letters = suffix.trim_start_matches(|c| "eEinumkKMGTP".contains(c));
    let after_sign = after_letters.strip_prefix(['-', '+']).unwrap_or(after_letters);
    let ends = after_sign.bytes().all(|b| b.is_ascii_digit());
    ends.then_some(Parts { negative, whole: if whole.is_empty() { "0" } else { whole }, fraction, suffix })
}

fn split_digits(text: &str) -> (&str, &str) {
    text.split_at(text.bytes().position(|b| !b.is_ascii_digit()).unwrap_or(text.len()))
}

/// The base, the exponent and the family of a suffix.
fn interpret(suffix: &str) -> Option<(u8, i32, Format)> {
    if let Some((_, exponent)) = DECIMAL.iter().find(|(s, _)| *s == suffix) {
        return Some((10, *exponent, Format::DecimalSi));
    }
    if let Some(i) = BINARY.iter().position(|s| *s == suffix) {
        return Some((2, 10 * (i32::try_from(i).ok()? + 1), Format::BinarySi));
    }
    let number = suffix.strip_prefix(['e', 'E']).filter(|n| !n.is_empty())?;
    let exponent: i64 = number.parse().ok()?;
    // Upstream keeps the low 32 bits of an absurd exponent; this keeps it absurd.
    Some((
        10,
        i32::try_from(exponent).unwrap_or(if exponent < 0 { i32::MIN / 2 } else { i32::MAX / 2 }),
        Format::DecimalExponent,
    ))
}

/// All digits as one number, and how many were dropped at the end because it cannot hold them. Rounded up.
fn digits(parts: &Parts<'_>) -> (i128, i32) {
    let all: String = format!("{}{}", parts.whole, parts.fraction);
    let all = all.trim_start_matches('0');
    let (kept, dropped) = all.split_at(all.len().min(DIGITS));
    let number = kept.bytes().fold(0i128, |n, b| n * 10 + i128::from(b - b'0'));
    let more = i128::from(dropped.bytes().any(|b| b != b'0'));
    (number + more, i32::try_from(dropped.len()).unwrap_or(i32::MAX))
}

/// `mantissa * 10^scale * 2^exponent`, at most 2^63-1; below one it becomes a decimal, so that it is not rounded to one.
fn binary(mantissa: i128, scale: i32, exponent: i32) -> Quantity {
    let limit = i128::from(i64::MAX);
    // A long fraction is cut to nanos first only where the product would not fit otherwise.
    let cut = Quantity::normal(mantissa, scale, Format::BinarySi);
    let product = u32::try_from(exponent).ok().and_then(|e| mantissa.checked_mul(1i128.checked_shl(e)?));
    let exact = match product {
        Some(product) => Quantity::normal(product, scale, Format::BinarySi),
        None => match cut.mantissa.checked_mul(1i128 << exponent.clamp(0, 60)) {
            Some(product) => Quantity::normal(product, cut.scale, Format::BinarySi),
            None => Quantity::normal(limit * mantissa.signum(), 0, Format::BinarySi),
        },
    };
    let (low, high) = (Quantity::normal(-limit, 0, Format::BinarySi), Quantity::normal(limit, 0, Format::BinarySi));
    let mut quantity = exact.clamp(low, high);
    if quantity.scale < 0 && quantity.value().abs() == 1 {
        quantity.format = Format::DecimalSi;
    }
    quantity
}

/// Whether upstream takes the text for canonical and prints it again as it is: its test is quick, and lets some others pass.
fn is_kept(parts: &Parts<'_>, exponent: i32, format: Format) -> bool {
    let digits = i32::try_from(parts.whole.len() + parts.fraction.len()).unwrap_or(i32::MAX);
    let shifted = format!("{}{}", parts.whole, parts.fraction);
    if format == Format::BinarySi {
        let fits = parts.fraction.is_empty() && 15 - digits.min(99) - exponent * 3 / 10 > 0;
        return fits && shifted.parse::<i64>().is_ok_and(|value| value & 7 != 0);
    }
    let scale = i64::from(exponent) - i64::from(digits) + i64::try_from(parts.whole.len()).unwrap_or(0);
    digits <= 18 && scale >= -9 && scale % 3 == 0 && !shifted.ends_with("000") && !shifted.starts_with('0')
}
