//! JSON in a server's order of fields, as far as objects share it: type, metadata, the rest. Knows no kind.

use std::sync::Arc;

use serde_json::{Map, Value, json};

use crate::apimachinery::go_value;
use crate::apimachinery::object::Object;
use crate::kinds::Names;

/// The fields that come first, in the order of their declaration in Go; others follow by name.
const ORDER: &[&str] = &[
    "kind",
    "apiVersion",
    "groupVersion",
    "metadata",
    "name",
    "versions",
    "preferredVersion",
    "generateName",
    "singularName",
    "namespaced",
    "namespace",
    "selfLink",
    "uid",
    "group",
    "version",
    "resourceVersion",
    "generation",
    "creationTimestamp",
    "deletionTimestamp",
    "deletionGracePeriodSeconds",
    "labels",
    "annotations",
    "ownerReferences",
    "finalizers",
    "managedFields",
];

/// metav1.Status, its details, and the causes in these.
const STATUS: &[&str] = &["kind", "apiVersion", "metadata", "status", "message", "reason", "details", "code"];
const DETAILS: &[&str] = &["name", "group", "kind", "uid", "causes"];
const CAUSE: &[&str] = &["reason", "message", "field"];
/// metav1.APIResource.
const RESOURCE: &[&str] =
    &["name", "singularName", "namespaced", "group", "version", "kind", "verbs", "shortNames", "categories"];

/// One line, as a server ends its answer.
pub fn line(value: &Value) -> String {
    let Value::Object(map) = value else { return go_value::json(value) + "\n" };
    let is_status = map.get("kind").is_some_and(|kind| kind == "Status");
    object(map, if is_status { STATUS } else { ORDER }, true) + "\n"
}

/// A line as a server shows it to people: two spaces for each level, and no line's end after it.
pub fn pretty(line: &str) -> String {
    let (mut text, mut depth, mut in_string, mut is_escaped) = (String::new(), 0, false, false);
    for c in line.chars() {
        if in_string {
            text.push(c);
            in_string = c != '"' || is_escaped;
            is_escaped = c == '\\' && !is_escaped;
            continue;
        }
        match c {
            _ if c.is_ascii_whitespace() => continue,
            '}' | ']' => {
                depth -= 1;
                // What is empty stays on its line.
                if !text.ends_with(['{', '[']) {
                    next_line(&mut text, depth);
                }
            }
            _ if text.ends_with(['{', '[', ',']) => next_line(&mut text, depth),
            _ => {}
        }
        text.push(c);
        match c {
            '{' | '[' => depth += 1,
            ':' => text.push(' '),
            '"' => in_string = true,
            _ => {}
        }
    }
    text
}

fn next_line(text: &mut String, depth: usize) {
    text.push('\n');
    text.extend(std::iter::repeat_n("  ", depth));
}

fn object(map: &Map<String, Value>, order: &[&str], is_top: bool) -> String {
    let rank = |name: &str| order.iter().position(|o| *o == name).unwrap_or(order.len());
    let mut fields: Vec<(&String, &Value)> = map.iter().collect();
    fields.sort_by_key(|(name, _)| rank(name));
    let field = |(name, value): &(&String, &Value)| {
        let text = match (name.as_str(), value) {
            ("metadata", Value::Object(inner)) => object(inner, ORDER, false),
            ("details", Value::Object(inner)) if order == STATUS => object(inner, DETAILS, false),
            ("causes", Value::Array(causes)) if order == DETAILS => array(causes, CAUSE),
            ("resources", Value::Array(items)) if is_top => array(items, RESOURCE),
            ("items" | "groups", Value::Array(items)) if is_top => array(items, ORDER),
            _ => go_value::json(value),
        };
        format!("{}:{text}", go_value::json(&Value::from(name.as_str())))
    };
    format!("{{{}}}", fields.iter().map(field).collect::<Vec<_>>().join(","))
}

fn array(items: &[Value], order: &[&str]) -> String {
    let item = |value: &Value| match value {
        Value::Object(map) => object(map, order, false),
        other => go_value::json(other),
    };
    format!("[{}]", items.iter().map(item).collect::<Vec<_>>().join(","))
}

/// A list of objects; its items have no type of their own.
pub fn list(names: &Names, objects: &[Arc<Object>], resource_version: u64) -> Value {
    let item = |object: &Arc<Object>| {
        let mut body = object.body().to_map();
        body.remove("kind");
        body.remove("apiVersion");
        Value::Object(body)
    };
    json!({
        "kind": format!("{}List", names.kind), "apiVersion": names.api_version,
        "metadata": {"resourceVersion": resource_version.to_string()},
        "items": objects.iter().map(item).collect::<Vec<_>>(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn types_and_metadata_come_first() {
        let value = json!({"apiVersion": "v1", "kind": "Pod", "a": {"z": 1, "kind": "x"},
            "metadata": {"labels": {"b": "1", "a": "2"}, "name": "n"}});
        let want = "{\"kind\":\"Pod\",\"apiVersion\":\"v1\",\"metadata\":{\"name\":\"n\",\"labels\":{\"a\":\"2\",\"b\":\"1\"}},\
                    \"a\":{\"kind\":\"x\",\"z\":1}}\n";
        assert_eq!(line(&value), want);
    }

    #[test]
    fn what_a_server_says_of_a_failure_is_in_its_order() {
        let value = json!({"kind": "Status", "apiVersion": "v1", "metadata": {}, "code": 422, "reason": "Invalid",
            "message": "m", "status": "Failure",
            "details": {"kind": "Pod", "name": "x", "causes": [{"field": "f", "message": "n", "reason": "r"}]}});
        let want = "{\"kind\":\"Status\",\"apiVersion\":\"v1\",\"metadata\":{},\"status\":\"Failure\",\"message\":\"m\",\
                    \"reason\":\"Invalid\",\"details\":{\"name\":\"x\",\"kind\":\"Pod\",\
                    \"causes\":[{\"reason\":\"r\",\"message\":\"n\",\"field\":\"f\"}]},\"code\":422}\n";
        assert_eq!(line(&value), want);
    }

    #[test]
    fn people_are_shown_a_field_a_line() {
        let value = json!({"kind": "X", "metadata": {}, "list": [], "more": [1, {"a": "{\\\", [:"}]});
        let want = "{\n  \"kind\": \"X\",\n  \"metadata\": {},\n  \"list\": [],\n  \"more\": [\n    1,\n    {\n      \
                    \"a\": \"{\\\\\\\", [:\"\n    }\n  ]\n}";
        assert_eq!(pretty(&line(&value)), want);
        assert_eq!(pretty(want), want);
    }
}
