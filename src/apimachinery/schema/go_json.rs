//! JSON as Go writes a value of one of Kubernetes' types: the fields in the order of their declaration. Knows types, no object.

use std::cmp::Ordering;

use serde_json::{Map, Value};

use super::go_order::ORDER;
use super::{Definition, Form, Shape, Type};
use crate::apimachinery::go_value::json;

/// `json.MarshalIndent` with four spaces of a value of a type, without a newline at the end.
pub fn json_indent(value: &Value, definition: Definition) -> String {
    let mut out = String::new();
    push_struct(&mut out, value, definition, Depth(Some(0)));
    out
}

/// `json.Marshal` of a value of a type: all in one line.
pub fn json_line(value: &Value, definition: Definition) -> String {
    let mut out = String::new();
    push_struct(&mut out, value, definition, Depth(None));
    out
}

/// How deep a value is in others; `None` where all stand in one line.
#[derive(Clone, Copy)]
struct Depth(Option<usize>);

impl Depth {
    fn below(self) -> Depth {
        Depth(self.0.map(|depth| depth + 1))
    }
}

/// The names of a definition's fields as they are declared; empty where that is the order of the names.
fn declared(definition: Definition) -> impl Iterator<Item = &'static str> {
    let name = definition.name().strip_prefix("io.k8s.").unwrap_or_default();
    let row = ORDER.binary_search_by(|(n, _)| (*n).cmp(name)).ok().map_or("", |at| ORDER[at].1);
    row.split(' ').filter(|field| !field.is_empty())
}

fn push_struct(out: &mut String, value: &Value, definition: Definition, depth: Depth) {
    let (Value::Object(map), Form::Struct) = (value, definition.form()) else {
        return push(out, value, None, depth);
    };
    let order: Vec<&str> = declared(definition).collect();
    let rank = |name: &str| order.iter().position(|o| *o == name).unwrap_or(order.len());
    let mut entries: Vec<(&String, &Value)> = map.iter().collect();
    entries.sort_by(|(a, _), (b, _)| match rank(a).cmp(&rank(b)) {
        Ordering::Equal => a.cmp(b),
        other => other,
    });
    let entries = entries.into_iter().map(|(k, v)| (k, v, definition.field(k).map(|f| f.type_of())));
    push_entries(out, entries, depth);
}

fn push(out: &mut String, value: &Value, of: Option<Type>, depth: Depth) {
    match (value, of.map(Type::shape)) {
        (Value::Object(_), Some(Shape::Definition(definition))) if definition.form() == Form::Struct => {
            push_struct(out, value, definition, depth);
        }
        (Value::Object(map), shape) => push_map(out, map, shape, depth),
        (Value::Array(items), shape) => {
            let of = match shape {
                Some(Shape::List(of)) => Some(of),
                _ => None,
            };
            push_list(out, items, of, depth);
        }
        (scalar, _) => out.push_str(&json(scalar)),
    }
}

fn push_map(out: &mut String, map: &Map<String, Value>, shape: Option<Shape>, depth: Depth) {
    let of = match shape {
        Some(Shape::Map(of)) => Some(of),
        _ => None,
    };
    push_entries(out, map.iter().map(|(k, v)| (k, v, of)), depth);
}

fn push_entries<'v>(
    out: &mut String,
    entries: impl ExactSizeIterator<Item = (&'v String, &'v Value, Option<Type>)>,
    depth: Depth,
) {
    if entries.len() == 0 {
        return out.push_str("{}");
    }
    for (i, (key, value, of)) in entries.enumerate() {
        out.push(if i > 0 { ',' } else { '{' });
        new_line(out, depth.below());
        out.push_str(&json(&Value::from(key.as_str())));
        out.push_str(if depth.0.is_some() { ": " } else { ":" });
        push(out, value, of, depth.below());
    }
    new_line(out, depth);
    out.push('}');
}

fn push_list(out: &mut String, items: &[Value], of: Option<Type>, depth: Depth) {
    if items.is_empty() {
        return out.push_str("[]");
    }
    for (i, item) in items.iter().enumerate() {
        out.push(if i > 0 { ',' } else { '[' });
        new_line(out, depth.below());
        push(out, item, of, depth.below());
    }
    new_line(out, depth);
    out.push(']');
}

fn new_line(out: &mut String, depth: Depth) {
    if let Some(depth) = depth.0 {
        out.push('\n');
        out.extend(std::iter::repeat_n("    ", depth));
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn fields_are_in_the_order_of_their_declaration() {
        let value = json!({"apiVersion": "v1", "kind": "Pod", "metadata": {"creationTimestamp": null, "name": "p",
            "labels": {"z": "1", "a": "2"}}, "spec": {"containers": [{"image": "i", "name": "c", "resources": {}}]},
            "status": {}});
        let text = json_indent(&value, Definition::of_kind("v1", "Pod").unwrap());
        let words: String = text.split_whitespace().collect();
        let want = "{\"kind\":\"Pod\",\"apiVersion\":\"v1\",\"metadata\":{\"name\":\"p\",\"creationTimestamp\":null,\
                    \"labels\":{\"a\":\"2\",\"z\":\"1\"}},\"spec\":{\"containers\":[{\"name\":\"c\",\"image\":\"i\",\
                    \"resources\":{}}]},\"status\":{}}";
        assert_eq!(words, want);
        assert!(text.starts_with("{\n    \"kind\": \"Pod\",\n"), "{text}");
    }

    #[test]
    fn the_table_can_be_searched_and_names_what_is_there() {
        assert!(ORDER.windows(2).all(|two| two[0].0 < two[1].0));
        for (name, fields) in ORDER {
            let definition = Definition::named(&format!("io.k8s.{name}")).unwrap();
            for field in fields.split(' ') {
                assert!(definition.field(field).is_some(), "{name} {field}");
            }
        }
    }
}
