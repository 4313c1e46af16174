//! A pod template as Go's structures are dumped (spew's `%#v`, without addresses): what Kubernetes hashes.
//!
//! Knows the structures from a table, and of values only JSON.

use std::collections::HashMap;
use std::sync::LazyLock;

use serde_json::{Map, Value};

use crate::apimachinery::quantity::Quantity;

/// The table; its first lines say what it is.
static TYPES: LazyLock<HashMap<&str, Type>> =
    LazyLock::new(|| include_str!("go_types.txt").lines().filter_map(parse).collect());

enum Type {
    /// A name for another type.
    Named(&'static str),
    Struct(Vec<Field>),
}

struct Field {
    /// Empty for an embedded structure, whose fields are the outer one's.
    json: &'static str,
    name: &'static str,
    kind: &'static str,
}

fn parse(line: &'static str) -> Option<(&'static str, Type)> {
    let (name, rest) = line.split_once(' ')?;
    if name == "#" {
        return None;
    }
    if let Some(other) = rest.strip_prefix("= ") {
        return Some((name, Type::Named(other)));
    }
    let field = |text: &'static str| {
        let (json, rest) = text.split_once(':')?;
        let (name, kind) = rest.split_once(':')?;
        Some(Field { json, name, kind })
    };
    Some((name, Type::Struct(rest.split(' ').filter_map(field).collect())))
}

/// The dump of a PodTemplateSpec.
pub fn pod_template(template: &Value) -> String {
    let mut out = String::new();
    dump("core.PodTemplateSpec", Some(template), true, &mut out);
    out
}

/// A type's name as Go prints it: both packages are called v1.
fn write_type(kind: &str, out: &mut String) {
    out.push('(');
    out.push_str(&kind.replace("core.", "v1.").replace("meta.", "v1."));
    out.push(')');
}

/// One value; `typed` for those with their type in front: all but the elements of lists and maps.
fn dump(kind: &'static str, value: Option<&Value>, typed: bool, out: &mut String) {
    let value = value.filter(|v| !v.is_null());
    if let Some(target) = kind.strip_prefix('*') {
        if typed || value.is_some() {
            write_type(kind, out);
        }
        return match value {
            None => out.push_str("<nil>"),
            value => dump(target, value, false, out),
        };
    }
    if typed {
        write_type(kind, out);
    }
    let under = match TYPES.get(kind) {
        Some(Type::Struct(fields)) => return dump_struct(fields, value, out),
        Some(Type::Named(other)) => other,
        None => kind,
    };
    if let Some(element) = under.strip_prefix("[]") {
        return dump_list(element, value.and_then(Value::as_array).map_or(&[], Vec::as_slice), out);
    }
    if let Some((_, element)) = under.strip_prefix("map[").and_then(|m| m.split_once(']')) {
        return dump_map(element, value.and_then(Value::as_object), out);
    }
    match under {
        "string" => out.push_str(value.and_then(Value::as_str).unwrap_or_default()),
        "bool" => out.push_str(if value == Some(&Value::Bool(true)) { "true" } else { "false" }),
        "meta.Time" => out.push_str("{Time:(time.Time){wall:(uint64)0 ext:(int64)0 loc:(*time.Location)<nil>}}"),
        "intstr.IntOrString" => dump_int_or_string(value, out),
        "resource.Quantity" => dump_quantity(value, out),
        _ => out.push_str(&value.and_then(Value::as_i64).unwrap_or(0).to_string()),
    }
}

fn dump_struct(fields: &[Field], value: Option<&Value>, out: &mut String) {
    out.push('{');
    for (i, field) in fields.iter().enumerate() {
        if i > 0 {
            out.push(' ');
        }
        out.push_str(field.name);
        out.push(':');
        let inner = if field.json.is_empty() { value } else { value.and_then(|v| v.get(field.json)) };
        dump(field.kind, inner, true, out);
    }
    out.push('}');
}

/// Empty lists and maps come back from the store as none.
fn dump_list(element: &'static str, items: &[Value], out: &mut String) {
    if items.is_empty() {
        return out.push_str("<nil>");
    }
    out.push('[');
    for (i, item) in items.iter().enumerate() {
        if i > 0 {
            out.push(' ');
        }
        dump(element, Some(item), false, out);
    }
    out.push(']');
}

fn dump_map(element: &'static str, map: Option<&Map<String, Value>>, out: &mut String) {
    let Some(map) = map.filter(|m| !m.is_empty()) else { return out.push_str("<nil>") };
    out.push_str("map[");
    for (i, (key, value)) in map.iter().enumerate() {
        if i > 0 {
            out.push(' ');
        }
        out.push_str(key);
        out.push(':');
        dump(element, Some(value), false, out);
    }
    out.push(']');
}

fn dump_int_or_string(value: Option<&Value>, out: &mut String) {
    out.push_str(&match value {
        Some(Value::String(text)) => format!("{{Type:(intstr.Type)1 IntVal:(int32)0 StrVal:(string){text}}}"),
        other => {
            let number = other.and_then(Value::as_i64).unwrap_or(0);
            format!("{{Type:(intstr.Type)0 IntVal:(int32){number} StrVal:(string)}}")
        }
    });
}

/// A quantity's insides, as its canonical text is parsed.
fn dump_quantity(value: Option<&Value>, out: &mut String) {
    let quantity = value.and_then(|v| Quantity::from_value(v).ok());
    let Some(text) = quantity.map(|q| q.to_string()) else {
        return out.push_str(&insides(0, 0, "", ""));
    };
    let end = text.find(|c: char| !c.is_ascii_digit() && c != '-').unwrap_or(text.len());
    let number: i64 = text[..end].parse().unwrap_or(0);
    let suffix = &text[end..];
    let binary = ["Ki", "Mi", "Gi", "Ti", "Pi", "Ei"].iter().position(|s| *s == suffix);
    let decimal = ["n", "u", "m", "", "k", "M", "G", "T", "P", "E"].iter().position(|s| *s == suffix);
    out.push_str(&match (binary, decimal) {
        (Some(power), _) => insides(number.saturating_mul(1 << (10 * (power + 1))), 0, &text, "BinarySI"),
        (None, Some(place)) => insides(number, 3 * place as i64 - 9, &text, "DecimalSI"),
        (None, None) => {
            insides(number, suffix.trim_start_matches(['e', 'E']).parse().unwrap_or(0), &text, "DecimalExponent")
        }
    });
}

fn insides(value: i64, scale: i64, text: &str, format: &str) -> String {
    format!(
        "{{i:(resource.int64Amount){{value:(int64){value} scale:(resource.Scale){scale}}} \
         d:(resource.infDecAmount){{Dec:(*inf.Dec)<nil>}} s:(string){text} Format:(resource.Format){format}}}"
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn every_type_that_is_named_is_known() {
        let built_in = [
            "string",
            "bool",
            "int32",
            "int64",
            "byte",
            "meta.Time",
            "resource.Quantity",
            "intstr.IntOrString",
            "meta.FieldsV1",
        ];
        for (name, kind) in TYPES.iter() {
            let used: Vec<&str> = match kind {
                Type::Named(other) => vec![other],
                Type::Struct(fields) => fields.iter().map(|f| f.kind).collect(),
            };
            for kind in used {
                let last = kind.rsplit(['*', ']']).next().unwrap();
                assert!(built_in.contains(&last) || TYPES.contains_key(last), "{name}: {kind}");
            }
        }
    }

    #[test]
    fn values_read_as_in_go() {
        let cpu = json!({"resources": {"requests": {"cpu": "500m", "memory": "1Gi"}}, "name": "a"});
        let dump = pod_template(&json!({"spec": {"containers": [cpu]}}));
        assert!(dump.contains("Labels:(map[string]string)<nil>"), "{dump}");
        assert!(dump.contains("Containers:([]v1.Container)[{Name:(string)a Image:(string)"), "{dump}");
        assert!(dump.contains("TerminationGracePeriodSeconds:(*int64)<nil>"), "{dump}");
        assert!(dump.contains("cpu:{i:(resource.int64Amount){value:(int64)500 scale:(resource.Scale)-3}"), "{dump}");
        assert!(dump.contains("value:(int64)1073741824 scale:(resource.Scale)0}"), "{dump}");
    }
}
