//! Zero values as Go's encoding/json treats them: fields with `omitempty` vanish, the others are always written.
//!
//! Knows no kind: each names its fields. Pointers keep their zero values (`immutable: false`), so they are never named.

use serde_json::Value;

use super::object::Object;

/// Drops what is zero at these pointers; `*` stands for every item of a list.
pub fn omit(object: &mut Object, pointers: &[&str]) {
    for pointer in pointers {
        let steps: Vec<&str> = pointer.split('/').skip(1).collect();
        let Some((first, rest)) = steps.split_first() else { continue };
        match (object.body_mut().get_mut(*first), rest) {
            (Some(value), []) if is_zero(value) => drop(object.body_mut().remove(*first)),
            (Some(value), rest) => omit_in(value, rest),
            (None, _) => {}
        }
    }
}

fn omit_in(value: &mut Value, steps: &[&str]) {
    match (value, steps) {
        (Value::Array(items), ["*", rest @ ..]) => items.iter_mut().for_each(|item| omit_in(item, rest)),
        (Value::Object(map), [last]) if map.get(*last).is_some_and(is_zero) => drop(map.remove(*last)),
        (Value::Object(_), [_]) => {}
        (Value::Object(map), [step, rest @ ..]) => {
            if let Some(value) = map.get_mut(*step) {
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
