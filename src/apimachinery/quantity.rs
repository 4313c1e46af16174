//! Quantities of resources: `100m`, `1Gi`, `5e3`; exact decimal numbers that remember how they were written.
//!
//! Knows no resource. Follows k8s.io/apimachinery/pkg/api/resource: nothing below 10^-9 (rounded away from zero), the suffix's
//! family is kept, printing is canonical. Beyond 38 digits values saturate instead of growing.

mod parse;

use std::cmp::Ordering;
use std::fmt;

use serde_json::Value;

pub use parse::ParseError;

/// The family of suffixes a quantity is printed with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// `Ki`, `Mi`, …
    BinarySi,
    /// `m`, `k`, `M`, …
    DecimalSi,
    /// `e3`, `e6`, …
    DecimalExponent,
}

/// `mantissa * 10^scale`. Equal and ordered by value, whatever the format.
#[derive(Clone, Debug)]
pub struct Quantity {
    /// Without trailing zeros, so a value has one representation; 0 has scale 0.
    mantissa: i128,
    /// At least -9.
    scale: i32,
    format: Format,
    /// The text it was read from where upstream prints that as it is (`1.500`, `+1`), although it is not canonical.
    text: Option<String>,
}

/// The smallest unit, 10^-9.
const NANO: i32 = -9;

impl Quantity {
    /// Nothing.
    pub const ZERO: Quantity = Quantity { mantissa: 0, scale: 0, format: Format::DecimalSi, text: None };

    /// A whole number.
    pub fn new(value: i64, format: Format) -> Quantity {
        Quantity::normal(value.into(), 0, format)
    }

    /// A number of thousandths, as CPU time is counted.
    pub fn milli(value: i64, format: Format) -> Quantity {
        Quantity::normal(value.into(), -3, format)
    }

    /// Reads a quantity as manifests have it.
    pub fn parse(text: &str) -> Result<Quantity, ParseError> {
        parse::parse(text)
    }

    /// Reads a quantity from JSON, where it may also be a bare number. Null is zero, as in Go.
    pub fn from_value(value: &Value) -> Result<Quantity, ParseError> {
        match value {
            Value::Null => Ok(Quantity::ZERO),
            Value::String(text) => Quantity::parse(text.trim()),
            other => Quantity::parse(&other.to_string()),
        }
    }

    /// Strips trailing zeros, and rounds what is below 10^-9 away from zero.
    fn normal(mut mantissa: i128, mut scale: i32, format: Format) -> Quantity {
        if scale < NANO {
            mantissa = divide_away_from_zero(mantissa, NANO.saturating_sub(scale));
            scale = NANO;
        }
        while mantissa != 0 && mantissa % 10 == 0 {
            mantissa /= 10;
            scale = scale.saturating_add(1);
        }
        Quantity { mantissa, scale: if mantissa == 0 { 0 } else { scale }, format, text: None }
    }

    pub fn format(&self) -> Format {
        self.format
    }

    pub fn is_zero(&self) -> bool {
        self.mantissa == 0
    }

    pub fn is_negative(&self) -> bool {
        self.mantissa < 0
    }

    /// The whole number at or beyond it, away from zero; saturates.
    pub fn value(&self) -> i64 {
        self.scaled(0)
    }

    /// In thousandths, rounded away from zero; saturates.
    pub fn milli_value(&self) -> i64 {
        self.scaled(-3)
    }

    fn scaled(&self, scale: i32) -> i64 {
        let steps = self.scale.saturating_sub(scale);
        let exact =
            if steps < 0 { divide_away_from_zero(self.mantissa, -steps) } else { multiply(self.mantissa, steps) };
        i64::try_from(exact).unwrap_or(if exact < 0 { i64::MIN } else { i64::MAX })
    }

    /// Rounded away from zero to whole thousandths, as the API stores the resources of containers.
    pub fn round_up_to_milli(&self) -> Quantity {
        if self.scale >= -3 {
            return self.clone();
        }
        Quantity::normal(divide_away_from_zero(self.mantissa, -3 - self.scale), -3, self.format)
    }

    /// The sum, in this quantity's format, or in the other's when this one is zero; saturates.
    pub fn add(&self, other: &Quantity) -> Quantity {
        let scale = self.common_scale(other);
        let sum = self.at_scale(scale).saturating_add(other.at_scale(scale));
        Quantity::normal(sum, scale, if self.is_zero() { other.format } else { self.format })
    }

    /// The difference, in this quantity's format, or in the other's when this one is zero; saturates.
    pub fn sub(&self, other: &Quantity) -> Quantity {
        self.add(&Quantity { mantissa: -other.mantissa, ..other.clone() })
    }

    fn common_scale(&self, other: &Quantity) -> i32 {
        match (self.is_zero(), other.is_zero()) {
            (true, _) => other.scale,
            (_, true) => self.scale,
            _ => self.scale.min(other.scale),
        }
    }

    /// The mantissa it has at a scale at or below its own; saturates.
    fn at_scale(&self, scale: i32) -> i128 {
        multiply(self.mantissa, self.scale.saturating_sub(scale))
    }

    /// Whether it is a whole number, and which, when that fits.
    fn whole(&self) -> Option<i128> {
        (self.scale >= 0).then(|| self.at_scale(0)).filter(|n| *n != i128::MAX && *n != -i128::MAX)
    }

    /// The canonical decimal form: no fraction, the exponent a multiple of three and as large as may be.
    fn decimal(&self, format: Format) -> String {
        let padding = self.scale.rem_euclid(3);
        let (mantissa, exponent) = (multiply(self.mantissa, padding), self.scale - padding);
        let suffix = DECIMAL.iter().find(|(_, e)| *e == exponent).map(|(s, _)| (*s).to_owned());
        let suffix = match (format, suffix) {
            (_, Some(none)) if exponent == 0 => none,
            (Format::DecimalSi, Some(suffix)) => suffix,
            // Upstream prints no suffix at all beyond `E`, and so another number.
            _ => format!("e{exponent}"),
        };
        format!("{mantissa}{suffix}")
    }
}

/// Decimal suffixes with their exponents.
const DECIMAL: &[(&str, i32)] =
    &[("n", -9), ("u", -6), ("m", -3), ("", 0), ("k", 3), ("M", 6), ("G", 9), ("T", 12), ("P", 15), ("E", 18)];

/// Binary suffixes; each is 1024 times the one before, the first 1024.
const BINARY: &[&str] = &["Ki", "Mi", "Gi", "Ti", "Pi", "Ei"];

/// Times a power of ten; saturates.
fn multiply(number: i128, power: i32) -> i128 {
    let limit = if number < 0 { -i128::MAX } else { i128::MAX };
    match u32::try_from(power).ok().and_then(|p| 10i128.checked_pow(p)) {
        Some(factor) => number.checked_mul(factor).unwrap_or(limit),
        None if number == 0 => 0,
        None => limit,
    }
}

/// Divided by a power of ten, rounded away from zero.
fn divide_away_from_zero(number: i128, power: i32) -> i128 {
    match u32::try_from(power).ok().and_then(|p| 10i128.checked_pow(p)) {
        Some(factor) if number % factor == 0 => number / factor,
        Some(factor) => number / factor + number.signum(),
        None => number.signum(),
    }
}

impl fmt::Display for Quantity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(text) = &self.text {
            return f.write_str(text);
        }
        if self.is_zero() {
            return f.write_str("0");
        }
        match (self.format, self.whole()) {
            // Less than 1Ki, or a fraction: printed as a decimal, so that nothing is rounded.
            (Format::BinarySi, Some(mut whole)) if whole.abs() >= 1024 => {
                let mut suffix = "";
                let mut suffixes = BINARY.iter();
                while whole % 1024 == 0
                    && let Some(next) = suffixes.next()
                {
                    whole /= 1024;
                    suffix = next;
                }
                write!(f, "{whole}{suffix}")
            }
            (Format::BinarySi, _) => f.write_str(&self.decimal(Format::DecimalSi)),
            (format, _) => f.write_str(&self.decimal(format)),
        }
    }
}

impl PartialEq for Quantity {
    fn eq(&self, other: &Quantity) -> bool {
        self.mantissa == other.mantissa && self.scale == other.scale
    }
}

impl Eq for Quantity {}

impl PartialOrd for Quantity {
    fn partial_cmp(&self, other: &Quantity) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Quantity {
    fn cmp(&self, other: &Quantity) -> Ordering {
        let scale = self.common_scale(other);
        // Where bringing both to one scale saturates, the one with the larger scale is the larger in magnitude.
        let by_scale =
            self.mantissa.signum().cmp(&other.mantissa.signum()).then_with(|| {
                if self.is_negative() { other.scale.cmp(&self.scale) } else { self.scale.cmp(&other.scale) }
            });
        match (self.at_scale(scale), other.at_scale(scale)) {
            (a, b) if a.unsigned_abs() < i128::MAX as u128 || b.unsigned_abs() < i128::MAX as u128 => a.cmp(&b),
            _ => by_scale,
        }
    }
}

/// Puts a quantity in a JSON body into its canonical form, as the API stores it. What is no quantity is left to decoding.
pub fn canonicalize(value: &mut Value) {
    if let Ok(quantity) = Quantity::from_value(value) {
        *value = quantity.to_string().into();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn q(text: &str) -> Quantity {
        Quantity::parse(text).unwrap_or_else(|e| panic!("{text}: {e}"))
    }

    #[test]
    fn canonical_forms_are_upstreams() {
        let cases = [
            ("0", "0"),
            ("0Mi", "0"),
            ("1000m", "1"),
            ("0.5", "500m"),
            ("0.1", "100m"),
            ("1.5", "1500m"),
            ("0.5Gi", "512Mi"),
            ("1.5Gi", "1536Mi"),
            ("1024Mi", "1Gi"),
            ("1024", "1024"),
            ("2048Ki", "2Mi"),
            ("1023Ki", "1023Ki"),
            ("100Mi", "100Mi"),
            ("1.1Mi", "1153433600m"),
            ("0.5Ki", "512"),
            ("1000", "1k"),
            ("1000000", "1M"),
            ("123456", "123456"),
            ("1000k", "1M"),
            ("1e3", "1e3"),
            ("1e4", "10e3"),
            ("12E6", "12E6"),
            ("100e6", "100e6"),
            ("0.0000000001", "1n"),
            ("-0.0000000001", "-1n"),
            ("-1000m", "-1"),
            ("1500M", "1500M"),
            ("1.500", "1.500"),
            ("1.5000", "1500m"),
            ("16Ei", "9223372036854775807"),
            ("100u", "100u"),
            (".5", "500m"),
            ("5.", "5."),
            ("1000E", "1e21"),
        ];
        for (text, want) in cases {
            assert_eq!(q(text).to_string(), want, "{text}");
        }
    }

    #[test]
    fn what_is_no_quantity() {
        let format = "quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'";
        for text in ["", "lots", "1 Gi", "1MB", "1Gi ", "é", "1.2.3", "0x10"] {
            assert_eq!(Quantity::parse(text).unwrap_err().to_string(), format, "{text:?}");
        }
        for text in ["1e", "1mi", "1GG", "1Mi3", "1e99999999999999999999"] {
            assert_eq!(Quantity::parse(text).unwrap_err().to_string(), "unable to parse quantity's suffix", "{text:?}");
        }
    }

    #[test]
    fn order_and_sums() {
        assert_eq!(q("1Gi"), q("1024Mi"));
        assert!(q("1G") < q("1Gi"));
        assert!(q("100m") < q("1"));
        assert!(q("-1") < q("0"));
        assert!(q("1e100") < q("1e200"));
        assert!(q("-1e200") < q("-1e100"));
        assert!(q("1e200") > q("1n"));
        assert_eq!(q("1Gi").add(&q("512Mi")).to_string(), "1536Mi");
        assert_eq!(q("0").add(&q("1Gi")).to_string(), "1Gi");
        assert_eq!(q("1").sub(&q("300m")).to_string(), "700m");
        assert_eq!(q("1500m").value(), 2);
        assert_eq!(q("-1500m").value(), -2);
        assert_eq!(q("0.0001").milli_value(), 1);
        assert_eq!(q("1e30").value(), i64::MAX);
        assert_eq!(Quantity::milli(2500, Format::DecimalSi), q("2.5"));
        assert_eq!(Quantity::from_value(&serde_json::json!(0.5)), Ok(q("500m")));
    }

    proptest! {
        #[test]
        fn what_is_printed_reads_back(mantissa in any::<i64>(), digits in 0usize..12, suffix in "(|m|k|M|G|Ki|Mi|Gi|e3|e-2)") {
            let all = format!("{mantissa:013}");
            let (whole, fraction) = all.split_at(all.len() - digits);
            let quantity = q(&format!("{whole}.{fraction}{suffix}"));
            let again = q(&quantity.to_string());
            prop_assert_eq!(&again, &quantity);
            prop_assert_eq!(again.to_string(), quantity.to_string());
        }

        #[test]
        fn no_text_panics(text in "[-+.0-9eEinumkKMGTP]{0,20}") {
            if let Ok(quantity) = Quantity::parse(&text) {
                let _ = (quantity.to_string(), quantity.value(), quantity.add(&quantity), quantity.cmp(&q("1")));
            }
        }
    }
}
