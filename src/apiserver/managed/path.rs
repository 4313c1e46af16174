//! Ways into an object: steps as FieldsV1 writes them, and what is at the end of them. Knows no types.

use serde_json::{Map, Value, json};

use crate::apimachinery::go_value;

/// One step to a part of an object.
#[derive(Clone, Debug, PartialEq)]
pub enum Step {
    Field(String),
    /// The item of a list that has these values.
    Keys(Map<String, Value>),
    /// The member of a set.
    Member(Value),
}

impl Step {
    /// As FieldsV1 writes it.
    pub fn key(&self) -> String {
        match self {
            Step::Field(name) => format!("f:{name}"),
            Step::Keys(keys) => format!("k:{}", go_value::json(&Value::Object(keys.clone()))),
            Step::Member(value) => format!("v:{}", go_value::json(value)),
        }
    }

    pub fn parse(key: &str) -> Option<Step> {
        let (kind, rest) = key.split_once(':')?;
        match kind {
            "f" => Some(Step::Field(rest.to_owned())),
            "k" => serde_json::from_str(rest).ok().map(Step::Keys),
            "v" => serde_json::from_str(rest).ok().map(Step::Member),
            _ => None,
        }
    }

    /// As a message names it: `.image`, `[name="c"]`.
    pub fn text(&self) -> String {
        match self {
            Step::Field(name) => format!(".{name}"),
            Step::Member(value) => format!("[={}]", go_value::json(value)),
            Step::Keys(keys) => {
                let keys: Vec<String> =
                    keys.iter().map(|(name, value)| format!("{name}={}", go_value::json(value))).collect();
                format!("[{}]", keys.join(","))
            }
        }
    }

    /// Where the step leads, among the items of a list.
    fn position(&self, items: &[Value]) -> Option<usize> {
        items.iter().position(|item| match self {
            Step::Field(_) => false,
            Step::Keys(keys) => keys.iter().all(|(name, value)| key_value(item, name) == *value),
            Step::Member(value) => item == value,
        })
    }
}

/// The value of a key of a list's item. The one key that the API defaults is a port's protocol.
pub fn key_value(item: &Value, name: &str) -> Value {
    match (item.get(name), name) {
        (Some(value), _) => value.clone(),
        (None, "protocol") => "TCP".into(),
        (None, _) => Value::Null,
    }
}

/// What is at a path.
pub fn get<'v>(value: &'v Value, path: &[Step]) -> Option<&'v Value> {
    path.iter().try_fold(value, |here, step| match (here, step) {
        (Value::Object(map), Step::Field(name)) => map.get(name),
        (Value::Array(items), step) => step.position(items).and_then(|at| items.get(at)),
        _ => None,
    })
}

/// What is at a path, to change in place.
pub fn get_mut<'v>(value: &'v mut Value, path: &[Step]) -> Option<&'v mut Value> {
    path.iter().try_fold(value, |here, step| match (here, step) {
        (Value::Object(map), Step::Field(name)) => map.get_mut(name),
        (Value::Array(items), step) => step.position(items).and_then(|at| items.get_mut(at)),
        _ => None,
    })
}

/// Puts a value at a path, making what leads to it.
pub fn put(value: &mut Value, path: &[Step], new: &Value) {
    let Some((first, rest)) = path.split_first() else {
        *value = new.clone();
        return;
    };
    match first {
        Step::Field(name) => {
            if !value.is_object() {
                *value = json!({});
            }
            if let Value::Object(map) = value {
                put(map.entry(name.clone()).or_insert(Value::Null), rest, new);
            }
        }
        step => {
            if !value.is_array() {
                *value = json!([]);
            }
            let Value::Array(items) = value else { return };
            let at = step.position(items).unwrap_or_else(|| {
                items.push(match step {
                    Step::Keys(keys) => Value::Object(keys.clone()),
                    Step::Member(member) => member.clone(),
                    Step::Field(_) => Value::Null,
                });
                items.len() - 1
            });
            put(&mut items[at], rest, new);
        }
    }
}

/// Takes out what is at a path.
pub fn take(value: &mut Value, path: &[Step]) {
    let Some((first, rest)) = path.split_first() else { return };
    match (value, first) {
        (Value::Object(map), Step::Field(name)) if rest.is_empty() => drop(map.remove(name)),
        (Value::Object(map), Step::Field(name)) => map.get_mut(name).into_iter().for_each(|v| take(v, rest)),
        (Value::Array(items), step) => {
            if let Some(at) = step.position(items) {
                if rest.is_empty() { drop(items.remove(at)) } else { take(&mut items[at], rest) }
            }
        }
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_put_is_got_and_taken() {
        let keys = json!({"containerPort": 80, "protocol": "TCP"}).as_object().cloned().unwrap();
        let path = [Step::Field("ports".to_owned()), Step::Keys(keys), Step::Field("name".to_owned())];
        let mut value = json!({"ports": [{"containerPort": 80}]});
        put(&mut value, &path, &json!("web"));
        assert_eq!(value, json!({"ports": [{"containerPort": 80, "name": "web"}]}));
        assert_eq!(get(&value, &path), Some(&json!("web")));
        take(&mut value, &path);
        take(&mut value, &path[..2]);
        assert_eq!(value, json!({"ports": []}));
        for step in &path {
            assert_eq!(Step::parse(&step.key()).as_ref(), Some(step));
        }
    }
}
