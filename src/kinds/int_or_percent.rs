//! Numbers that may be percentages (`maxUnavailable: 25%`), with the server's words for bad ones. Knows no kind.

use serde_json::Value;

use crate::apimachinery::field::{Errors, Path};
use crate::apimachinery::names;

/// Refuses negative numbers and texts that are no percentage.
pub fn validate(value: &Value, path: &Path, errors: &mut Errors) {
    match value {
        Value::String(text) => {
            names::is_percent(text).iter().for_each(|p| errors.invalid(path, text.as_str(), p));
        }
        number if number.as_i64().unwrap_or(0) < 0 => {
            errors.invalid(path, number.clone(), "must be greater than or equal to 0");
        }
        _ => {}
    }
}

/// Refuses more than 100 %.
pub fn validate_at_most_all(value: &Value, path: &Path, errors: &mut Errors) {
    if percent(value).is_some_and(|p| p > 100) {
        errors.invalid(path, value.clone(), "must not be greater than 100%");
    }
}

/// The number in front of the percent sign.
fn percent(value: &Value) -> Option<i64> {
    let digits = value.as_str()?.strip_suffix('%')?;
    if digits.bytes().all(|b| b.is_ascii_digit()) { digits.parse().ok() } else { None }
}

/// How many of `total` are meant: a number as it is, a percentage rounded. `None` for what is neither.
pub fn of_total(value: &Value, total: i64, round_up: bool) -> Option<i64> {
    match value {
        Value::Number(number) => number.as_i64(),
        _ => {
            let parts = percent(value)?.saturating_mul(total);
            Some(if round_up { (parts.saturating_add(99)) / 100 } else { parts / 100 })
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn percentages_round_as_asked() {
        for (value, up, want) in [
            (json!(3), true, Some(3)),
            (json!("25%"), true, Some(1)),
            (json!("25%"), false, Some(0)),
            (json!("100%"), true, Some(3)),
            (json!("x%"), true, None),
            (json!("5"), true, None),
        ] {
            assert_eq!(of_total(&value, 3, up), want, "{value}");
        }
    }

    #[test]
    fn bad_ones_are_told() {
        let mut errors = Errors::default();
        let path = Path::new("p");
        for value in [json!(-1), json!("x"), json!("101%"), json!("100%"), json!(7)] {
            validate(&value, &path, &mut errors);
            validate_at_most_all(&value, &path, &mut errors);
        }
        let texts: Vec<String> = errors.0.iter().map(ToString::to_string).collect();
        assert_eq!(texts.len(), 3, "{texts:?}");
        assert_eq!(texts[0], "p: Invalid value: -1: must be greater than or equal to 0");
        assert_eq!(texts[2], "p: Invalid value: \"101%\": must not be greater than 100%");
    }
}
