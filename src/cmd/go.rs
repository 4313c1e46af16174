//! Values of flags as Go's strconv and time packages read them, with their error texts. Knows no flag.

use std::time::Duration;

use crate::apimachinery::quote::quote;

/// `strconv.ParseBool`.
pub fn boolean(text: &str) -> Result<bool, String> {
    match text {
        "1" | "t" | "T" | "true" | "TRUE" | "True" => Ok(true),
        "0" | "f" | "F" | "false" | "FALSE" | "False" => Ok(false),
        _ => Err(format!("strconv.ParseBool: parsing {}: invalid syntax", quote(text))),
    }
}

/// `strconv.ParseInt(text, 0, bits)`: decimal, `0x`, `0o`, `0b` and a leading 0 for octal.
pub fn integer(text: &str, bits: u32) -> Result<i64, String> {
    let fail = |why: &str| format!("strconv.ParseInt: parsing {}: {why}", quote(text));
    let (negative, digits) = match text.as_bytes().first() {
        Some(b'-') => (true, &text[1..]),
        Some(b'+') => (false, &text[1..]),
        _ => (false, text),
    };
    let (radix, digits) = radix(digits);
    if digits.is_empty() || !digits.chars().all(|c| c.is_digit(radix)) {
        return Err(fail("invalid syntax"));
    }
    let size = i128::from_str_radix(digits, radix).map_err(|_| fail("value out of range"))?;
    let value = if negative { -size } else { size };
    let limit = 1i128 << (bits - 1);
    match i64::try_from(value) {
        Ok(n) if (-limit..limit).contains(&value) => Ok(n),
        _ => Err(fail("value out of range")),
    }
}

fn radix(digits: &str) -> (u32, &str) {
    let lower = digits.get(..2).map(str::to_ascii_lowercase);
    match lower.as_deref() {
        Some("0x") => (16, &digits[2..]),
        Some("0o") => (8, &digits[2..]),
        Some("0b") => (2, &digits[2..]),
        Some(two) if two.starts_with('0') => (8, &digits[1..]),
        _ => (10, digits),
    }
}

/// `time.ParseDuration`, without negative results: a negative duration is zero to every flag that takes one.
pub fn duration(text: &str) -> Result<Duration, String> {
    let invalid = || format!("time: invalid duration {}", quote(text));
    let (negative, mut rest) = match text.as_bytes().first() {
        Some(b'-') => (true, &text[1..]),
        Some(b'+') => (false, &text[1..]),
        _ => (false, text),
    };
    if rest == "0" {
        return Ok(Duration::ZERO);
    }
    if rest.is_empty() {
        return Err(invalid());
    }
    let mut seconds = 0.0f64;
    while !rest.is_empty() {
        let end = rest.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(rest.len());
        let number: f64 = rest[..end].parse().map_err(|_| invalid())?;
        rest = &rest[end..];
        let end = rest.find(|c: char| c.is_ascii_digit() || c == '.').unwrap_or(rest.len());
        let (unit, after) = rest.split_at(end);
        if unit.is_empty() {
            return Err(format!("time: missing unit in duration {}", quote(text)));
        }
        let size = unit_seconds(unit)
            .ok_or_else(|| format!("time: unknown unit {} in duration {}", quote(unit), quote(text)))?;
        seconds += number * size;
        rest = after;
    }
    Duration::try_from_secs_f64(if negative { 0.0 } else { seconds }).map_err(|_| invalid())
}

/// A duration as Go prints it, in whole seconds: `1h0m0s`, `1m30s`, `5s`.
pub fn duration_text(duration: Duration) -> String {
    let seconds = duration.as_secs();
    let (h, m, s) = (seconds / 3600, seconds / 60 % 60, seconds % 60);
    match (h, m) {
        (0, 0) => format!("{s}s"),
        (0, m) => format!("{m}m{s}s"),
        (h, m) => format!("{h}h{m}m{s}s"),
    }
}

fn unit_seconds(unit: &str) -> Option<f64> {
    Some(match unit {
        "ns" => 1e-9,
        "us" | "µs" | "μs" => 1e-6,
        "ms" => 1e-3,
        "s" => 1.0,
        "m" => 60.0,
        "h" => 3600.0,
        _ => return None,
    })
}

/// One record of `encoding/csv`: what pflag splits a comma list with.
pub fn csv(text: &str) -> Result<Vec<String>, String> {
    let mut fields = Vec::new();
    let mut rest = text;
    while !text.is_empty() {
        let (field, after) = if rest.starts_with('"') { quoted(rest)? } else { bare(rest)? };
        fields.push(field);
        match after.strip_prefix(',') {
            Some(more) => rest = more,
            None => break,
        }
    }
    Ok(fields)
}

fn bare(text: &str) -> Result<(String, &str), String> {
    let end = text.find(',').unwrap_or(text.len());
    match text[..end].find('"') {
        Some(at) => Err(format!("parse error on line 1, column {}: bare \" in non-quoted-field", at + 1)),
        None => Ok((text[..end].to_owned(), &text[end..])),
    }
}

fn quoted(text: &str) -> Result<(String, &str), String> {
    let mut field = String::new();
    let mut rest = &text[1..];
    loop {
        let Some(end) = rest.find('"') else {
            return Err(format!(
                "parse error on line 1, column {}: extraneous or missing \" in quoted-field",
                text.len()
            ));
        };
        field.push_str(&rest[..end]);
        rest = &rest[end + 1..];
        match rest.as_bytes().first() {
            Some(b'"') => field.push('"'),
            Some(b',') | None => return Ok((field, rest)),
            Some(_) => {
                let column = text.len() - rest.len();
                return Err(format!(
                    "parse error on line 1, column {column}: extraneous or missing \" in quoted-field"
                ));
            }
        }
        rest = &rest[1..];
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn integers() {
        let cases = [("5", Ok(5)), ("-1", Ok(-1)), ("0x10", Ok(16)), ("010", Ok(8)), ("0", Ok(0)), ("+7", Ok(7))];
        for (text, want) in cases {
            assert_eq!(integer(text, 64), want, "{text}");
        }
        assert_eq!(integer("x", 64).unwrap_err(), "strconv.ParseInt: parsing \"x\": invalid syntax");
        assert_eq!(integer("", 64).unwrap_err(), "strconv.ParseInt: parsing \"\": invalid syntax");
        assert_eq!(
            integer("3000000000", 32).unwrap_err(),
            "strconv.ParseInt: parsing \"3000000000\": value out of range"
        );
    }

    #[test]
    fn durations() {
        let cases = [("0", 0.0), ("1m30s", 90.0), ("1.5h", 5400.0), ("500ms", 0.5), ("-1s", 0.0)];
        for (text, want) in cases {
            assert_eq!(duration(text).map(|d| d.as_secs_f64()), Ok(want), "{text}");
        }
        for (text, want) in [
            ("x", "time: invalid duration \"x\""),
            ("5", "time: missing unit in duration \"5\""),
            ("5y", "time: unknown unit \"y\" in duration \"5y\""),
            ("", "time: invalid duration \"\""),
        ] {
            assert_eq!(duration(text).unwrap_err(), want);
        }
    }

    #[test]
    fn comma_lists() {
        assert_eq!(csv("a,b").unwrap(), ["a", "b"]);
        assert_eq!(csv("").unwrap(), Vec::<String>::new());
        assert_eq!(csv("a,").unwrap(), ["a", ""]);
        assert_eq!(csv("\"a,b\",c").unwrap(), ["a,b", "c"]);
        assert!(csv("a\"b").is_err());
        assert!(csv("\"a").is_err());
    }
}
