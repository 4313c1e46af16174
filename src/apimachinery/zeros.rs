//! Zero values as Go's encoding/json treats them: fields with `omitempty` vanish, the others are always written.
//!
//! Knows no kind: each names its fields. Pointers keep their zero values (`immutable: false`), so they are never named.

use serde_json::Value;

use super::object::Object;

/// Drops what is zero at these pointers; `*` stands for every item of a list.
pub fn omit(object: &mut Object, pointers: &[&str]) {
    for pointer in pointers {
        let Some(way) = pointer.strip_prefix('/') else { continue };
        match way.split_once('/') {
            None if object.body().get(way).is_some_and(is_zero) => drop(object.body_mut().remove(way)),
            None => {}
            // What has nothing there is not copied for it.
            Some((first, _)) if object.body().get(first).is_none_or(Value::is_null) => {}
            Some((first, rest)) => {
                if let Some(value) = object.body_mut().get_mut(first) {
                    omit_in(value, rest);
                }
            }
        }
    }
}

fn omit_in(value: &mut Value, way: &str) {
    let (step, rest) = way.split_once('/').map_or((way, None), |(step, rest)| (step, Some(rest)));
    match (value, rest) {
        (Value::Array(items), Some(rest)) if step == "*" => items.iter_mut().for_each(|item| omit_in(item, rest)),
        (Value::Object(map), None) if map.get(step).is_some_and(is_zero) => drop(map.remove(step)),
        (Value::Object(map), Some(rest)) => {
            if let Some(value) = map.get_mut(step) {
                omit_in(value, rest);
            }
        }
        _ => {}
    }
}

/// Writes what Go writes of a field without `omitempty` that nobody set.
pub fn write(object: &mut Object, fields: &[(&str, Value)]) {
    for (pointer, zero) in fields {
        if object.at(pointer).is_none() {
            object.set(pointer, zero.clone());
        }
    }
}

fn is_zero(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::Bool(b) => !b,
        Value::Number(n) => n.as_f64() == Some(0.0),
        Value::String(s) => s.is_empty(),
        Value::Array(items) => items.is_empty(),
        Value::Object(map) => map.is_empty(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn zeros_vanish_where_they_are_named() {
        let body = json!({"data": {}, "a": {"b": "", "c": false, "d": 1, "l": [{"n": 0, "m": 0}, {"n": 2}]}});
        let mut o = Object::from_value(body).unwrap();
        omit(&mut o, &["/data", "/a/b", "/a/d", "/a/l/*/n", "/no/such/thing", "/a/d/x"]);
        assert_eq!(o.to_value(), json!({"a": {"c": false, "d": 1, "l": [{"m": 0}, {"n": 2}]}}));
        write(&mut o, &[("/ports", Value::Null), ("/a/d", 7.into())]);
        assert_eq!((o.at("/ports"), o.i64_at("/a/d")), (Some(&Value::Null), Some(1)));
    }
}
