//! JSON values as Go programs print them: `%v`, `%#v` and encoding/json. Knows no object and no format of kubectl's.

use serde_json::{Map, Number, Value};

use super::quote::quote;

/// What Go's JSON errors call a value.
pub fn json_kind(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "bool",
        Value::Number(_) => "number",
        Value::String(_) => "string",
        Value::Array(_) => "array",
        Value::Object(_) => "object",
    }
}

/// A number as Go holds it after decoding: integers that fit are int64, everything else is float64.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum GoNumber {
    Int(i64),
    Float(f64),
}

/// See [`GoNumber`].
pub fn number(n: &Number) -> GoNumber {
    match n.as_i64() {
        Some(i) => GoNumber::Int(i),
        // JSON has no infinities, so as_f64 is always Some without arbitrary precision.
        None => GoNumber::Float(n.as_f64().unwrap_or(f64::NAN)),
    }
}

/// `fmt.Sprint(value)`: `map[a:1 b:[x y]]`, `<nil>`, strings bare.
pub fn display(value: &Value) -> String {
    let mut out = String::new();
    push_display(&mut out, value);
    out
}

fn push_display(out: &mut String, value: &Value) {
    match value {
        Value::Null => out.push_str("<nil>"),
        Value::Bool(b) => out.push_str(if *b { "true" } else { "false" }),
        Value::Number(n) => out.push_str(&display_number(n)),
        Value::String(s) => out.push_str(s),
        Value::Array(items) => {
            out.push('[');
            for (i, item) in items.iter().enumerate() {
                out.push_str(if i > 0 { " " } else { "" });
                push_display(out, item);
            }
            out.push(']');
        }
        Value::Object(map) => {
            out.push_str("map[");
            for (i, (key, item)) in map.iter().enumerate() {
                out.push_str(if i > 0 { " " } else { "" });
                out.push_str(key);
                out.push(':');
                push_display(out, item);
            }
            out.push(']');
        }
    }
}

/// `%#v`: `map[string]interface {}{"a":1}`.
pub fn go_syntax(value: &Value) -> String {
    let mut out = String::new();
    push_syntax(&mut out, value);
    out
}

fn push_syntax(out: &mut String, value: &Value) {
    match value {
        Value::Null => out.push_str("interface {}(nil)"),
        Value::Bool(b) => out.push_str(if *b { "true" } else { "false" }),
        Value::Number(n) => out.push_str(&display_number(n)),
        Value::String(s) => out.push_str(&quote(s)),
        Value::Array(items) => {
            out.push_str("[]interface {}{");
            for (i, item) in items.iter().enumerate() {
                out.push_str(if i > 0 { ", " } else { "" });
                push_syntax(out, item);
            }
            out.push('}');
        }
        Value::Object(map) => {
            out.push_str("map[string]interface {}{");
            for (i, (key, item)) in map.iter().enumerate() {
                out.push_str(if i > 0 { ", " } else { "" });
                out.push_str(&quote(key));
                out.push(':');
                push_syntax(out, item);
            }
            out.push('}');
        }
    }
}

/// The name of the type that Go's decoder gives a value.
pub fn type_name(value: &Value) -> &'static str {
    match value {
        Value::Null => "<nil>",
        Value::Bool(_) => "bool",
        Value::Number(n) => match number(n) {
            GoNumber::Int(_) => "int64",
            GoNumber::Float(_) => "float64",
        },
        Value::String(_) => "string",
        Value::Array(_) => "[]interface {}",
        Value::Object(_) => "map[string]interface {}",
    }
}

fn display_number(n: &Number) -> String {
    match number(n) {
        GoNumber::Int(i) => i.to_string(),
        GoNumber::Float(f) => display_float(f),
    }
}

/// `%v` of a float64: strconv's shortest `g`, which has an exponent below -4 and from 6 on.
pub fn display_float(f: f64) -> String {
    if (-4..6).contains(&digits(f).1) { plain(f) } else { scientific(f) }
}

/// The shortest digits that read back as this number, and the exponent of the first.
fn digits(f: f64) -> (String, i32) {
    let text = format!("{:e}", f.abs());
    let (mantissa, exponent) = text.split_once('e').unwrap_or((&text, "0"));
    (mantissa.to_owned(), exponent.parse().unwrap_or(0))
}

fn plain(f: f64) -> String {
    format!("{f}")
}

/// `1.5e+21`: a sign and at least two digits in the exponent.
fn scientific(f: f64) -> String {
    let (mantissa, exponent) = digits(f);
    let minus = if f.is_sign_negative() { "-" } else { "" };
    let sign = if exponent < 0 { '-' } else { '+' };
    format!("{minus}{mantissa}e{sign}{:02}", exponent.abs())
}

/// A float64 as encoding/json writes it.
pub fn json_float(f: f64) -> String {
    if f == 0.0 || (1e-6..1e21).contains(&f.abs()) {
        return plain(f);
    }
    let text = scientific(f);
    // encoding/json drops the zero of e-09, but not that of e+09, which it never writes.
    match text.split_once("e-0") {
        Some((mantissa, exponent)) => format!("{mantissa}e-{exponent}"),
        None => text,
    }
}

/// `json.Marshal`: compact, sorted keys, `<`, `>` and `&` escaped.
pub fn json(value: &Value) -> String {
    let mut out = String::new();
    push_json(&mut out, value, None, 0);
    out
}

/// `json.MarshalIndent` with four spaces, as `-o json` prints, without a newline at the end.
pub fn json_indent(value: &Value) -> String {
    json_indent_at(value, 0)
}

/// As [`json_indent`], for a value that stands so many levels deep in another.
pub fn json_indent_at(value: &Value, depth: usize) -> String {
    let mut out = String::new();
    push_json(&mut out, value, Some("    "), depth);
    out
}

fn push_json(out: &mut String, value: &Value, indent: Option<&str>, depth: usize) {
    match value {
        Value::Null => out.push_str("null"),
        Value::Bool(b) => out.push_str(if *b { "true" } else { "false" }),
        Value::Number(n) => match number(n) {
            GoNumber::Int(i) => out.push_str(&i.to_string()),
            GoNumber::Float(f) => out.push_str(&json_float(f)),
        },
        Value::String(s) => push_json_string(out, s),
        Value::Array(items) => push_array(out, items, indent, depth),
        Value::Object(map) => push_object(out, map, indent, depth),
    }
}

fn push_array(out: &mut String, items: &[Value], indent: Option<&str>, depth: usize) {
    if items.is_empty() {
        return out.push_str("[]");
    }
    for (i, item) in items.iter().enumerate() {
        out.push(if i > 0 { ',' } else { '[' });
        new_line(out, indent, depth + 1);
        push_json(out, item, indent, depth + 1);
    }
    new_line(out, indent, depth);
    out.push(']');
}

fn push_object(out: &mut String, map: &Map<String, Value>, indent: Option<&str>, depth: usize) {
    if map.is_empty() {
        return out.push_str("{}");
    }
    for (i, (key, item)) in map.iter().enumerate() {
        out.push(if i > 0 { ',' } else { '{' });
        new_line(out, indent, depth + 1);
        push_json_string(out, key);
        out.push_str(if indent.is_some() { ": " } else { ":" });
        push_json(out, item, indent, depth + 1);
    }
    new_line(out, indent, depth);
    out.push('}');
}

fn new_line(out: &mut String, indent: Option<&str>, depth: usize) {
    if let Some(indent) = indent {
        out.push('\n');
        out.extend(std::iter::repeat_n(indent, depth));
    }
}

fn push_json_string(out: &mut String, text: &str) {
    out.push('"');
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            '\u{8}' => out.push_str("\\b"),
            '\u{c}' => out.push_str("\\f"),
            '<' | '>' | '&' | '\u{2028}' | '\u{2029}' | '\0'..='\u{1f}' => {
                out.push_str(&format!("\\u{:04x}", u32::from(c)));
            }
            _ => out.push(c),
        }
    }
    out.push('"');
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use serde_json::json;

    #[test]
    fn floats_are_gos() {
        let cases = [
            (1.5, "1.5", "1.5"),
            (1_000_000.5, "1.0000005e+06", "1000000.5"),
            (100_000.5, "100000.5", "100000.5"),
            (1e21, "1e+21", "1e+21"),
            (1e20, "1e+20", "100000000000000000000"),
            (0.00001, "1e-05", "0.00001"),
            (0.0001, "0.0001", "0.0001"),
            (-1.5e-9, "-1.5e-09", "-1.5e-9"),
            (1e-10, "1e-10", "1e-10"),
            (0.0, "0", "0"),
            (-0.0, "-0", "-0"),
        ];
        for (f, shown, encoded) in cases {
            assert_eq!((display_float(f).as_str(), json_float(f).as_str()), (shown, encoded));
        }
    }

    #[test]
    fn values_are_gos() {
        let v = json!({"a": [1, "x y", null, 1.5, true], "b": {"c": "<&>\n\u{7f}\u{2028}"}, "e": {}, "l": []});
        assert_eq!(display(&v), "map[a:[1 x y <nil> 1.5 true] b:map[c:<&>\n\u{7f}\u{2028}] e:map[] l:[]]");
        assert_eq!(
            go_syntax(&v),
            "map[string]interface {}{\"a\":[]interface {}{1, \"x y\", interface {}(nil), 1.5, true}, \
             \"b\":map[string]interface {}{\"c\":\"<&>\\n\\x7f\\u2028\"}, \"e\":map[string]interface {}{}, \
             \"l\":[]interface {}{}}"
        );
        assert_eq!(
            json(&v),
            "{\"a\":[1,\"x y\",null,1.5,true],\"b\":{\"c\":\"\\u003c\\u0026\\u003e\\n\u{7f}\\u2028\"},\"e\":{},\"l\":[]}"
        );
        assert_eq!(
            json_indent(&json!({"a": [1, {}], "b": {}})),
            "{\n    \"a\": [\n        1,\n        {}\n    ],\n    \"b\": {}\n}"
        );
        assert_eq!(json(&json!(u64::MAX)), "18446744073709552000");
    }

    proptest! {
        #[test]
        fn json_reads_back(f in proptest::num::f64::NORMAL, text in ".*") {
            prop_assert_eq!(json_float(f).parse::<f64>().unwrap(), f);
            prop_assert_eq!(display_float(f).parse::<f64>().unwrap(), f);
            let v = json!([text, {"x": 1}]);
            prop_assert_eq!(serde_json::from_str::<Value>(&json(&v)).unwrap(), v.clone());
            prop_assert_eq!(serde_json::from_str::<Value>(&json_indent(&v)).unwrap(), v);
        }
    }
}
