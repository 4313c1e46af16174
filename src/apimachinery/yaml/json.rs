//! A stream of JSON values, one after the other, with the errors of Go's encoding/json.
//!
//! Knows JSON. serde_json reads the values; only where it refuses one are Go's words worked out, by a second pass.

use serde_json::{Number, Value};

use super::{Error, MAX_DEPTH, MAX_DOCUMENT};

/// The values of a stream; serde_json's bound on nesting (128 levels) holds.
pub(super) struct Stream<'a> {
    text: &'a str,
    at: usize,
}

impl Stream<'_> {
    pub(super) fn new(text: &str) -> Stream<'_> {
        Stream { text, at: 0 }
    }
}

impl Iterator for Stream<'_> {
    type Item = Result<Value, Error>;

    fn next(&mut self) -> Option<Self::Item> {
        let rest = &self.text[self.at..];
        let mut values = serde_json::Deserializer::from_str(rest).into_iter::<Value>();
        match values.next()? {
            Ok(_) if values.byte_offset() > MAX_DOCUMENT => {
                Some(Err(Error(format!("document is larger than {MAX_DOCUMENT} bytes"))))
            }
            Ok(mut value) => {
                self.at += values.byte_offset();
                if normalize(&mut value) > MAX_DEPTH {
                    return Some(Err(Error(format!("json: offset {}: exceeded max depth", self.at))));
                }
                Some(Ok(value))
            }
            Err(_) if rest.trim().is_empty() => None,
            Err(error) => Some(Err(Error(super::gojson::error(self.text, self.at).unwrap_or_else(|| {
                // What Go would take and serde_json does not: more than its 128 levels, numbers beyond a double.
                match error.to_string().split(" at line").next() {
                    Some("recursion limit exceeded") | None => {
                        format!("json: offset {}: exceeded max depth", self.at + error.column())
                    }
                    Some(why) => format!("json: {why}"),
                }
            })))),
        }
    }
}

/// Makes numbers what the API holds: an integer where it is one. Gives the levels of nesting.
fn normalize(value: &mut Value) -> usize {
    match value {
        Value::Number(n) => {
            if n.as_i64().is_none()
                && let Some(f) = Number::as_f64(n)
            {
                *value = super::convert::number(f);
            }
            0
        }
        Value::Array(items) => 1 + items.iter_mut().map(normalize).max().unwrap_or(0),
        Value::Object(map) => 1 + map.values_mut().map(normalize).max().unwrap_or(0),
        _ => 0,
    }
}
