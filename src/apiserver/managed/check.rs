//! What a typed patch refuses of a manifest before anything is merged: values of other types than the schema's, fields it
//! does not declare, and items of lists that cannot be told apart.

use serde_json::{Map, Value};

use super::path::Step;
use super::typed::{Expected, Typed};
use crate::apimachinery::go_value::{display, go_syntax, type_name};

/// What is wrong with a manifest, in the words of structured-merge-diff.
pub fn problems(typed: Typed, manifest: &Map<String, Value>) -> Option<String> {
    let mut check = Check::default();
    check.map(typed, manifest);
    match check.found.as_slice() {
        [] => None,
        [one] => Some(one.clone()),
        many => Some(format!("errors:\n  {}", many.join("\n  "))),
    }
}

/// Where a manifest has maps and lists that are replaced as a whole; the items of lists are counted.
pub fn atomics(typed: Typed, manifest: &Map<String, Value>) -> Vec<String> {
    let mut found = Vec::new();
    for (name, value) in manifest {
        find_atomics(typed.property(name), value, &format!(".{name}"), &mut found);
    }
    found
}

fn find_atomics(typed: Typed, value: &Value, path: &str, found: &mut Vec<String>) {
    let is_known = typed.expected() != Expected::Anything;
    if (value.is_object() || value.is_array()) && is_known && typed.is_leaf(value) {
        found.push(path.to_owned());
    }
    match value {
        Value::Object(map) => {
            map.iter().for_each(|(name, v)| find_atomics(typed.property(name), v, &format!("{path}.{name}"), found));
        }
        Value::Array(items) => {
            items.iter().enumerate().for_each(|(i, v)| find_atomics(typed.items(), v, &format!("{path}[{i}]"), found));
        }
        _ => {}
    }
}

#[derive(Default)]
struct Check {
    path: String,
    found: Vec<String>,
}

impl Check {
    fn add(&mut self, why: &str) {
        self.found.push(format!("{}: {why}", self.path));
    }

    fn step(&mut self, step: &str, typed: Typed, value: &Value) {
        let before = self.path.len();
        self.path.push_str(step);
        self.value(typed, value);
        self.path.truncate(before);
    }

    fn value(&mut self, typed: Typed, value: &Value) {
        let why = match (typed.expected(), value) {
            (Expected::Anything, _)
            | (_, Value::Null)
            | (Expected::Number, Value::Number(_))
            | (Expected::String, Value::String(_))
            | (Expected::Boolean, Value::Bool(_))
            | (Expected::Scalar, Value::Bool(_) | Value::Number(_) | Value::String(_)) => return,
            (Expected::Map, Value::Object(map)) => return self.map(typed, map),
            (Expected::List, Value::Array(items)) => return self.list(typed, items),
            (Expected::Number, _) => format!("expected numeric (int or float), got {}", type_name(value)),
            (Expected::String, _) => {
                format!("expected string, got &value.valueUnstructured{{Value:{}}}", go_syntax(value))
            }
            (expected, _) => format!("expected {}, got &{{{}}}", expected.described(), display(value)),
        };
        self.add(&why);
    }

    /// Nothing after the first field that is not declared is looked at.
    fn map(&mut self, typed: Typed, map: &Map<String, Value>) {
        for (name, value) in map {
            let step = format!(".{name}");
            let Some(typed) = typed.entry(name) else {
                self.found.push(format!("{}{step}: field not declared in schema", self.path));
                return;
            };
            self.step(&step, typed, value);
        }
    }

    /// Nothing after the first item that cannot be told apart is looked at.
    fn list(&mut self, typed: Typed, items: &[Value]) {
        let mut seen: Vec<String> = Vec::new();
        for (i, item) in items.iter().enumerate() {
            let step = match typed.item_step(item) {
                Ok(Some(step)) => step.text(),
                Ok(None) => format!("[{i}]"),
                Err(why) => return self.add(&format!("element {i}: {why}")),
            };
            if seen.contains(&step) {
                self.add(&format!("duplicate entries for key {step}"));
            }
            self.step(&step, typed.items(), item);
            seen.push(step);
        }
    }
}

/// The step to an item of a list by its keys: those it has, in order, and those with defaults.
pub fn keyed(item: &Value, keys: &[&str]) -> Result<Step, String> {
    let Some(map) = item.as_object() else {
        let what = if item.is_null() { "a null element" } else { "non-map elements" };
        return Err(format!("associative list with keys may not have {what}"));
    };
    let mut sorted = keys.to_vec();
    sorted.sort_unstable();
    let mut found = Map::new();
    for key in sorted {
        match map.get(key) {
            Some(value) => drop(found.insert(key.to_owned(), value.clone())),
            // The one key that the API defaults is a port's protocol.
            None if key == "protocol" => drop(found.insert(key.to_owned(), "TCP".into())),
            None => {}
        }
    }
    if found.is_empty() {
        let keys: Vec<String> = keys.iter().map(|key| format!("\"{key}\"")).collect();
        return Err(format!(
            "associative list with keys has an element that omits all key fields [{}] (and doesn't have default values \
             for any key fields)",
            keys.join(" ")
        ));
    }
    Ok(Step::Keys(found))
}

/// The step to a member of a set.
pub fn member(item: &Value) -> Result<Step, String> {
    let why = match item {
        Value::Object(_) => "associative list without keys has an element that's a map type",
        Value::Array(_) => "not supported: associative list with lists as elements",
        Value::Null => "associative list without keys has an element that's an explicit null",
        _ => return Ok(Step::Member(item.clone())),
    };
    Err(why.to_owned())
}
