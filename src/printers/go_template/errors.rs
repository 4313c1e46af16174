//! The crate's errors in the words of Go's text/template. Knows messages, not what made them.

use gtmpl_ng::{ErrorContext, ExecError, ParseError};
use serde_json::Value;

use super::NAME;
use crate::apimachinery::quote::{is_print, quote};

/// `template: output:1: unclosed action`.
pub(super) fn parse(error: &ParseError) -> String {
    match error {
        ParseError::WithContext(at, message) => format!("template: {NAME}:{}: {}", at.line, parse_message(message)),
        other => format!("template: {NAME}:1: {other}"),
    }
}

fn parse_message(message: &str) -> String {
    if let Some(variable) = message.strip_prefix("undefined variable ") {
        return format!("undefined variable {}", quote(variable));
    }
    if let Some(function) = message.strip_prefix("function ").and_then(|m| m.strip_suffix(" not defined")) {
        return format!("function {} not defined", quote(function));
    }
    let Some((token, context)) = message.strip_prefix("unexpected ").and_then(|m| m.rsplit_once(" in ")) else {
        return message.to_owned();
    };
    if let Some(c) = token.strip_prefix("bad character ").unwrap_or(token).chars().next()
        && (token.starts_with("bad character ") || token == "}")
    {
        let shown = if is_print(c) { format!(" '{c}'") } else { String::new() };
        return format!("bad character U+{:04X}{shown}", u32::from(c));
    }
    if token.starts_with("unterminated ") || token.starts_with("unclosed ") {
        return token.to_owned();
    }
    match token {
        "EOF" => message.to_owned(),
        _ if token.starts_with('<') => message.to_owned(),
        _ if token.len() > 10 => {
            let start: String = token.chars().take(10).collect();
            format!("unexpected {}... in {context}", quote(&start))
        }
        _ => format!("unexpected {} in {context}", quote(token)),
    }
}

/// `template: output:1:2: executing "output" at <.x.y>: nil pointer evaluating interface {}.y`.
pub(super) fn execute(error: &ExecError, template: &str, object: &Value) -> String {
    let Some(error) = error.as_structured() else { return format!("template: {NAME}: {error}") };
    let at = &error.context;
    let node = node_text(at, template);
    // The crate points at a whole pipeline, Go at one of its commands, mostly the last.
    let piped = node.rfind('|').filter(|_| !node.contains(['"', '`'])).map_or(0, |bar| bar + 1);
    let command = node[piped..].trim_start();
    let column = at.col.saturating_sub(1) + node.len() - command.len();
    let (column, node, message) = place(column, command, &error.message, object);
    format!("template: {NAME}:{}:{column}: executing {} at <{node}>: {message}", at.line, quote(NAME))
}

fn node_text(at: &ErrorContext, template: &str) -> String {
    let line = template.split('\n').nth(at.line.saturating_sub(1)).unwrap_or_default();
    let start = at.col.saturating_sub(1);
    line.get(start..(start + at.len).min(line.len())).unwrap_or_default().to_owned()
}

/// Go points at another place than the crate for some errors, and says other words.
fn place(column: usize, node: &str, message: &str, object: &Value) -> (usize, String, String) {
    if let Some(name) = message.strip_prefix("template ").and_then(|m| m.strip_suffix(" not defined")) {
        return (column, format!("{{{{template {}}}}}", quote(name)), format!("template {} not defined", quote(name)));
    }
    if message == "only maps and objects have fields" {
        let second = node.match_indices('.').nth(1).map_or(0, |(at, _)| at);
        return (column + second, node.to_owned(), field_message(node, object));
    }
    if let Some((field, _)) = message.strip_prefix("no field `").and_then(|m| m.split_once("` in ")) {
        let second = node.match_indices('.').nth(1).map_or(0, |(at, _)| at);
        return (column + second, node.to_owned(), format!("map has no entry for key {}", quote(field)));
    }
    if let Some(word) = message.strip_prefix("cannot evaluate command: ") {
        return (column, node.to_owned(), format!("{word} is not a command"));
    }
    let function = node.split([' ', '|']).next().unwrap_or_default();
    if let Some(field) = message.strip_suffix(" has arguments but cannot be invoked as function") {
        let last = if function.matches('.').count() > 1 { function.rfind('.').unwrap_or_default() } else { 0 };
        return (column + last, function.to_owned(), format!("{field} is not a method but has arguments"));
    }
    if let Some(operand) = message.strip_prefix("can't give argument to non-function ") {
        let at = node.find(operand).unwrap_or_default();
        return (column + at, operand.to_owned(), message.to_owned());
    }
    let is_function = function.starts_with(|c: char| c.is_alphabetic());
    if let Some(count) = message.strip_prefix(&format!("{function} requires at least ")) {
        let count = count.split(' ').next().unwrap_or_default();
        return (column, node.to_owned(), format!("wrong number of args for {function}: want at least {count} got 0"));
    }
    if let Some(count) = message.strip_prefix(&format!("{function} requires exactly ")) {
        let count = count.split(' ').next().unwrap_or_default();
        return (column, node.to_owned(), format!("wrong number of args for {function}: want {count} got 0"));
    }
    if is_function && message.starts_with("wrong number of args") {
        return (column, function.to_owned(), message.to_owned());
    }
    let says_itself = message.starts_with("range can't");
    if is_function && !says_itself && !message.starts_with("error calling ") {
        return (column, node.to_owned(), format!("error calling {function}: {message}"));
    }
    (column, node.to_owned(), message.to_owned())
}

/// Which field of a chain could not be had. The crate does not say; from the object's root it can be found.
fn field_message(node: &str, object: &Value) -> String {
    let mut here = Some(object);
    let mut last = node;
    for field in node.trim_start_matches(|c| c != '.').split('.').skip(1) {
        last = field;
        here = match here {
            Some(Value::Object(map)) => map.get(field),
            Some(Value::Null) => return format!("nil pointer evaluating interface {{}}.{field}"),
            // The chain starts at a dot that is not the root: mostly its last field is what cannot be had.
            None => continue,
            _ => break,
        };
    }
    format!("can't evaluate field {last} in type interface {{}}")
}
