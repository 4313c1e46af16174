//! `-o yaml`: a JSON value as kubectl prints it, by the rules of go-yaml v2. Knows no object and reads no YAML.

use serde_json::{Map, Number, Value};

use crate::apimachinery::go_value::{GoNumber, display_float, json_float, number};

mod order;
mod resolve;
mod scalar;
mod writer;

use scalar::Style;
use writer::Writer;

/// A mapping's key that is longer (in bytes) is written as `? key` and `: value` on lines of their own.
const MAX_SIMPLE_KEY: usize = 128;

/// The YAML of a value, with a newline at the end.
pub fn to_string(value: &Value) -> String {
    let mut w = Writer::default();
    node(&mut w, value, false);
    w.indent_line();
    w.into_text()
}

/// `in_mapping`: the value of a key, under which a list is not indented further.
fn node(w: &mut Writer, value: &Value, in_mapping: bool) {
    match value {
        Value::Null => plain(w, "null"),
        Value::Bool(b) => plain(w, if *b { "true" } else { "false" }),
        Value::Number(n) => plain(w, &number_text(n)),
        Value::String(s) => text(w, s, false),
        Value::Array(items) => sequence(w, items, in_mapping),
        Value::Object(map) => mapping(w, map),
    }
}

fn plain(w: &mut Writer, text: &str) {
    scalar::write(w, text, Style::Plain, false);
}

fn text(w: &mut Writer, text: &str, is_key: bool) {
    scalar::write(w, text, scalar::style_of_text(text), is_key);
}

/// kubectl makes JSON of an object before it makes YAML of it, so that `1e20` is an integer for one moment.
fn number_text(n: &Number) -> String {
    let f = match number(n) {
        GoNumber::Int(i) => return i.to_string(),
        GoNumber::Float(f) => f,
    };
    let json = json_float(f);
    let integer = json.parse().map(|i: i64| i.to_string()).or_else(|_| json.parse().map(|u: u64| u.to_string()));
    integer.unwrap_or_else(|_| display_float(f))
}

fn sequence(w: &mut Writer, items: &[Value], in_mapping: bool) {
    if items.is_empty() {
        return w.empty("[", "]");
    }
    let outer = w.increase_indent(in_mapping && !w.is_at_indention());
    for item in items {
        w.indent_line();
        w.indicator("-", true, false, true);
        node(w, item, false);
    }
    w.set_indent(outer);
}

fn mapping(w: &mut Writer, map: &Map<String, Value>) {
    if map.is_empty() {
        return w.empty("{", "}");
    }
    let outer = w.increase_indent(false);
    for (key, value) in order::sorted(map) {
        w.indent_line();
        if key.len() <= MAX_SIMPLE_KEY && !scalar::has_break(key) {
            text(w, key, true);
            w.indicator(":", false, false, false);
        } else {
            w.indicator("?", true, false, true);
            text(w, key, false);
            w.indent_line();
            w.indicator(":", true, false, true);
        }
        node(w, value, true);
    }
    w.set_indent(outer);
}

#[cfg(test)]
mod tests;
