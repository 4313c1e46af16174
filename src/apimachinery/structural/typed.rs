//! A value as rules see it: typed by its schema, with the names of fields as CEL can spell them.

use chrono::{DateTime, NaiveDate, TimeDelta};
use serde_json::Value;

use super::Structural;
use crate::apimachinery::base64;
use crate::apimachinery::cel::{self, Value as Cel};
use crate::apimachinery::go_value::{self, GoNumber};

/// Whether rules of a schema's values may name a field of theirs. What a schema leaves open may have any.
pub(super) fn may_have(schema: &Structural, path: &[&str]) -> bool {
    let Some((name, rest)) = path.split_first() else { return true };
    let is_open = schema.type_of != "object" || schema.preserves_unknown || schema.additional.is_some();
    if is_open || schema.properties.is_empty() || super::is_meta(name) {
        return true;
    }
    let named = |key: &str| key == *name || escape(key) == *name;
    schema.properties.iter().find(|(key, _)| named(key)).is_some_and(|(_, inner)| may_have(inner, rest))
}

/// A value with its schema's types.
pub(super) fn value(value: &Value, schema: &Structural) -> Cel {
    match value {
        Value::Null => Cel::Null,
        Value::Bool(b) => Cel::Bool(*b),
        Value::Number(number) => match (go_value::number(number), schema.type_of.as_str()) {
            #[expect(clippy::cast_precision_loss, reason = "a number is a double in CEL")]
            (GoNumber::Int(i), "number") => Cel::Float(i as f64),
            (GoNumber::Int(i), _) => Cel::Int(i),
            (GoNumber::Float(f), _) => Cel::Float(f),
        },
        Value::String(text) => formatted(text, &schema.values.format),
        Value::Array(items) => {
            let any = Structural::default();
            let of_items = schema.items.as_deref().unwrap_or(&any);
            cel::list(items.iter().map(|item| self::value(item, of_items)).collect())
        }
        Value::Object(fields) => {
            let any = Structural::default();
            cel::map(fields.iter().flat_map(|(key, field)| {
                let is_named = schema.additional().is_none() || schema.properties.contains_key(key);
                let name = if is_named { escape(key) } else { key.clone() };
                let value = self::value(field, schema.property(key).unwrap_or(&any));
                // A word of the language may stand after a dot, too.
                let plain = (name != *key && cel::is_reserved(key)).then(|| (key.clone(), value.clone()));
                std::iter::once((name, value)).chain(plain)
            }))
        }
    }
}

fn formatted(text: &str, format: &str) -> Cel {
    let plain = || cel::text(text);
    match format {
        "byte" => base64::decode(text.as_bytes()).map_or_else(|_| plain(), |bytes| Cel::Bytes(bytes.into())),
        "date-time" => DateTime::parse_from_rfc3339(text).map_or_else(|_| plain(), Cel::Timestamp),
        "date" => NaiveDate::parse_from_str(text, "%Y-%m-%d")
            .ok()
            .and_then(|day| day.and_hms_opt(0, 0, 0))
            .map_or_else(plain, |day| Cel::Timestamp(day.and_utc().fixed_offset())),
        "duration" => duration(text).map_or_else(plain, Cel::Duration),
        _ => plain(),
    }
}

/// Go's durations: `1h30m`.
fn duration(text: &str) -> Option<TimeDelta> {
    let (sign, mut rest) = match text.strip_prefix('-') {
        Some(rest) => (-1.0, rest),
        None => (1.0, text.strip_prefix('+').unwrap_or(text)),
    };
    if rest == "0" {
        return Some(TimeDelta::zero());
    }
    let mut nanoseconds = 0.0;
    while !rest.is_empty() {
        let digits = rest.find(|c: char| !(c.is_ascii_digit() || c == '.'))?;
        let after = &rest[digits..];
        let unit = after.find(|c: char| c.is_ascii_digit() || c == '.').unwrap_or(after.len());
        let of_unit = match &after[..unit] {
            "ns" => 1.0,
            "us" | "µs" | "μs" => 1e3,
            "ms" => 1e6,
            "s" => 1e9,
            "m" => 60e9,
            "h" => 3600e9,
            _ => return None,
        };
        nanoseconds += rest[..digits].parse::<f64>().ok()? * of_unit;
        rest = &after[unit..];
    }
    #[expect(clippy::cast_possible_truncation, reason = "casts of floats saturate")]
    Some(TimeDelta::nanoseconds((sign * nanoseconds) as i64))
}

/// A field's name as an identifier: `__dash__` for a dash, and so on.
fn escape(name: &str) -> String {
    if cel::is_reserved(name) {
        return format!("__{name}__");
    }
    name.replace("__", "__underscores__").replace('.', "__dot__").replace('-', "__dash__").replace('/', "__slash__")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_spelled_as_identifiers() {
        assert_eq!(escape("a__b"), "a__underscores__b");
        assert_eq!(escape("a-b.c/d"), "a__dash__b__dot__c__slash__d");
        assert_eq!((escape("namespace"), escape("name")), ("__namespace__".to_owned(), "name".to_owned()));
    }

    #[test]
    fn durations_are_gos() {
        assert_eq!(duration("1h30m"), Some(TimeDelta::minutes(90)));
        assert_eq!(duration("-1.5s"), Some(TimeDelta::milliseconds(-1500)));
        assert_eq!((duration("3 days"), duration("1"), duration("0")), (None, None, Some(TimeDelta::zero())));
    }
}
