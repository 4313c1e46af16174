//! Lists in kustomize's own strategic merge: what a patch names comes first. Knows keys of items, no patch file.

use serde_json::{Map, Value};

use super::merge::merge;
use crate::apimachinery::schema::{Definition, Field, Shape};

/// How a list is merged: the keys of its items, none for plain texts, and what they are.
pub struct MergedBy {
    keys: Vec<&'static str>,
    items: Option<Definition>,
}

/// How a field's list is merged; `None` for one that a patch replaces.
pub fn merged_by(field: Field) -> Option<MergedBy> {
    if !field.patch_merges() {
        return None;
    }
    let Shape::List(items) = field.type_of().shape() else { return None };
    let mut keys: Vec<_> = field.list_map_keys().collect();
    if keys.is_empty() {
        keys.extend(field.merge_key());
    }
    let items = match items.shape() {
        Shape::Definition(definition) => Some(definition),
        _ => None,
    };
    Some(MergedBy { keys, items })
}

/// An item's value of a key as text; empty for none.
fn text_of(item: &Value, key: &str) -> String {
    match item.get(key) {
        None | Some(Value::Null) => String::new(),
        Some(Value::String(text)) => text.clone(),
        Some(other) => other.to_string(),
    }
}

/// Values of several keys, in the keys' order; an empty one is one that an item lacks.
type Values = Vec<String>;

impl MergedBy {
    /// The patch's items in its order, each merged into the one of the same keys; then the others.
    pub fn merge(&self, old: Vec<Value>, new: Vec<Value>) -> Vec<Value> {
        let Some(first) = self.keys.first() else { return texts(old, new) };
        if new.iter().any(|n| n["$patch"] == "replace" && n.get(first).is_none()) {
            return new.into_iter().filter(|n| n["$patch"] != "replace").collect();
        }
        match self.keys.len() {
            1 => self.by_one_key(old, new, first),
            _ => self.by_keys(old, new),
        }
    }

    fn by_one_key(&self, mut old: Vec<Value>, new: Vec<Value>, key: &str) -> Vec<Value> {
        let mut merged = Vec::new();
        for item in new {
            let at = item.get(key).and_then(|k| old.iter().position(|o| o.get(key) == Some(k)));
            let before = at.map_or_else(|| Value::Object(Map::new()), |at| old.remove(at));
            merged.extend(merge(before, item, self.items));
        }
        merged.extend(old);
        merged
    }

    /// As kustomize's library does it for ports: an item without a protocol is one with any, yet it is neither found nor
    /// kept where others of its number have one.
    fn by_keys(&self, mut old: Vec<Value>, new: Vec<Value>) -> Vec<Value> {
        let mut merged: Vec<Value> = Vec::new();
        let tuples = self.tuples(&old, &new);
        let used = |n: &usize| tuples.iter().any(|t| !t[*n].is_empty());
        let any: Vec<&str> = (0..self.keys.len()).filter(used).map(|n| self.keys[n]).collect();
        for all in tuples {
            let (keys, values) = self.used(all);
            let is_it = |item: &Value| has_all(item, &keys, &values);
            let at = old.iter().position(is_it);
            let before = at.map_or_else(|| Value::Object(Map::new()), |at| old[at].clone());
            let item = match new.iter().find(|n| is_it(n)) {
                Some(new) => merge(before, new.clone(), self.items),
                None => at.map(|_| before),
            };
            let Some(item) = item.filter(|i| i.as_object().is_some_and(|i| !i.is_empty())) else {
                old.retain(|o| !is_it(o));
                continue;
            };
            if let Some(at) = at {
                old[at] = item.clone();
            }
            put(&mut merged, item, is_it);
        }
        for item in old {
            let there = any.iter().map(|k| text_of(&item, k)).filter(|v| !v.is_empty());
            let values: Values = there.collect();
            let is_it = |m: &Value| has_all(m, &any, &values);
            if any.len() > 1 {
                merged.retain(|m| !is_it(m));
            }
            put(&mut merged, item, is_it);
        }
        merged
    }

    /// The keys of some values that are there, and these values.
    fn used(&self, values: Values) -> (Vec<&'static str>, Values) {
        self.keys.iter().zip(values).filter(|(_, value)| !value.is_empty()).unzip()
    }

    /// The values of all items, the patch's first. Those that differ only in one that is missing are one.
    fn tuples(&self, old: &[Value], new: &[Value]) -> Vec<Values> {
        let mut tuples: Vec<Values> = Vec::new();
        for item in new.iter().chain(old) {
            let values = self.keys.iter().map(|key| text_of(item, key)).collect();
            if !tuples.contains(&values) {
                tuples.push(values);
            }
        }
        for one in 0..tuples.len() {
            for other in 0..tuples.len() {
                if let Some(both) = together(&tuples[one], &tuples[other]) {
                    tuples[one].clone_from(&both);
                    tuples[other] = both;
                }
            }
        }
        tuples
    }
}

/// What two sets of values come to, if they agree in one and contradict in none.
fn together(one: &Values, other: &Values) -> Option<Values> {
    let pairs = || one.iter().zip(other);
    let fit = pairs().all(|(a, b)| a == b || a.is_empty() || b.is_empty()) && pairs().any(|(a, b)| a == b);
    fit.then(|| pairs().map(|(a, b)| if a.is_empty() { b } else { a }).cloned().collect())
}

/// Whether an item has these values; keys without a value ask for nothing.
fn has_all(item: &Value, keys: &[&str], values: &Values) -> bool {
    keys.iter().zip(values).all(|(key, value)| text_of(item, key) == *value)
}

/// Puts an item in the place of all that are it, or at the end.
fn put(merged: &mut Vec<Value>, item: Value, is_it: impl Fn(&Value) -> bool) {
    let mut found = false;
    for there in merged.iter_mut().filter(|m| is_it(m)) {
        there.clone_from(&item);
        found = true;
    }
    if !found {
        merged.push(item);
    }
}

/// Plain texts (finalizers): each once, the patch's first.
fn texts(old: Vec<Value>, new: Vec<Value>) -> Vec<Value> {
    let mut merged: Vec<Value> = Vec::new();
    for text in new.into_iter().chain(old) {
        if !merged.contains(&text) {
            merged.push(text);
        }
    }
    merged
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn ports_are_merged_by_number_and_protocol() {
        let by = MergedBy { keys: vec!["port", "protocol"], items: None };
        let tcp = json!({"port": 80, "protocol": "TCP", "name": "t"});
        let udp = json!({"port": 80, "protocol": "UDP", "name": "u"});
        let bare = json!({"port": 80, "name": "b"});
        let other = json!({"port": 81});
        let cases = [
            (
                vec![tcp.clone(), udp.clone()],
                vec![json!({"port": 80, "protocol": "UDP", "name": "n"})],
                json!([
                    tcp, {"port": 80, "protocol": "UDP", "name": "n"}
                ]),
            ),
            (vec![bare.clone()], vec![json!({"port": 80, "name": "n"})], json!([{"port": 80, "name": "n"}])),
            (vec![bare.clone()], vec![tcp.clone()], json!([bare])),
            (vec![bare.clone()], vec![tcp.clone(), other.clone()], json!([other, bare])),
            (vec![tcp.clone()], vec![other.clone()], json!([other, tcp])),
        ];
        for (old, new, want) in cases {
            assert_eq!(Value::Array(by.merge(old.clone(), new.clone())), want, "{old:?} {new:?}");
        }
    }

    #[test]
    fn texts_are_each_there_once() {
        let merged = texts(vec![json!("a"), json!("b")], vec![json!("c"), json!("a")]);
        assert_eq!(merged, [json!("c"), json!("a"), json!("b")]);
    }
}
