//! A kubeconfig as Go writes it as JSON: fields in the order of their declaration. Knows no verb.

use serde_json::{Map, Value};

use crate::apimachinery::go_value;

/// The fields of a kubeconfig and of what is in it; others follow by name.
const ORDER: &[&str] = &[
    "name",
    "kind",
    "apiVersion",
    "preferences",
    "clusters",
    "users",
    "contexts",
    "current-context",
    "server",
    "tls-server-name",
    "insecure-skip-tls-verify",
    "certificate-authority",
    "certificate-authority-data",
    "proxy-url",
    "client-certificate",
    "client-certificate-data",
    "client-key",
    "client-key-data",
    "token",
    "username",
    "password",
    "auth-provider",
    "exec",
    "cluster",
    "user",
    "namespace",
];

/// The fields of a plugin, which has some in another order.
const EXEC: &[&str] = &["command", "args", "env", "apiVersion", "installHint", "provideClusterInfo", "interactiveMode"];

/// Indented by four.
pub fn json(value: &Value) -> String {
    let mut out = String::new();
    push(&mut out, value, ORDER, 0);
    out
}

fn push(out: &mut String, value: &Value, order: &[&str], depth: usize) {
    match value {
        Value::Object(map) if !map.is_empty() => {
            lines(out, ('{', '}'), depth, sorted(map, order).into_iter(), |out, (name, inner)| {
                *out += &format!("{}: ", go_value::json(&Value::from(name.as_str())));
                push(out, inner, if name == "exec" { EXEC } else { ORDER }, depth + 1);
            });
        }
        Value::Array(items) if !items.is_empty() => {
            lines(out, ('[', ']'), depth, items.iter(), |out, item| push(out, item, order, depth + 1));
        }
        other => *out += &go_value::json(other),
    }
}

fn sorted<'v>(map: &'v Map<String, Value>, order: &[&str]) -> Vec<(&'v String, &'v Value)> {
    let rank = |name: &str| order.iter().position(|o| *o == name).unwrap_or(order.len());
    let mut fields: Vec<(&String, &Value)> = map.iter().collect();
    fields.sort_by_key(|(name, _)| rank(name));
    fields
}

fn lines<T>(
    out: &mut String,
    (open, close): (char, char),
    depth: usize,
    items: impl Iterator<Item = T>,
    each: impl Fn(&mut String, T),
) {
    out.push(open);
    for (number, item) in items.enumerate() {
        *out += if number > 0 { ",\n" } else { "\n" };
        *out += &"    ".repeat(depth + 1);
        each(out, item);
    }
    *out += &format!("\n{}{close}", "    ".repeat(depth));
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn fields_stand_in_their_order() {
        let value = json!({"clusters": null, "kind": "Config", "users": [{"name": "u", "user": {}}]});
        let want = "{\n    \"kind\": \"Config\",\n    \"clusters\": null,\n    \"users\": [\n        {\n            \
            \"name\": \"u\",\n            \"user\": {}\n        }\n    ]\n}";
        assert_eq!(json(&value), want);
    }
}
