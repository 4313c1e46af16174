//! The top-level fields of an object, shared between its versions.
//!
//! Most writes change one field of an object: a pod's status, not its spec. A copy of an object costs its few fields, what is
//! the same in two versions is held once, and is seen to be the same without a look inside.

use std::sync::Arc;

use serde::ser::{Serialize, SerializeMap, Serializer};
use serde_json::{Map, Value};

/// A JSON object whose fields are copied only when they are changed.
///
/// The fields are in the order of their names, as in serde_json's map. There are few, so looking one up tries each.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Body(Vec<Arc<Field>>);

/// `Eq` lets [`Arc`] tell that a field is the same as itself without a comparison.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Field {
    name: String,
    value: Value,
}

impl Body {
    /// The value of a field.
    pub fn get(&self, name: &str) -> Option<&Value> {
        self.0.iter().find(|field| field.name == name).map(|field| &field.value)
    }

    /// The value of a field, to change: what other versions share of it is copied.
    pub fn get_mut(&mut self, name: &str) -> Option<&mut Value> {
        let field = self.0.iter_mut().find(|field| field.name == name)?;
        Some(&mut Arc::make_mut(field).value)
    }

    /// The value of a field, to change; null where there was no such field.
    pub fn get_or_insert(&mut self, name: &str) -> &mut Value {
        let at = self.place(name).unwrap_or_else(|at| {
            self.0.insert(at, Arc::new(Field { name: name.to_owned(), value: Value::Null }));
            at
        });
        &mut Arc::make_mut(&mut self.0[at]).value
    }

    /// The map that a field is, to change; what is none becomes an empty one.
    pub fn map_mut(&mut self, name: &str) -> &mut Map<String, Value> {
        let value = self.get_or_insert(name);
        if !value.is_object() {
            *value = Value::Object(Map::new());
        }
        value.as_object_mut().expect("a value that was just made a map")
    }

    /// The list that a field is, to change; what is none becomes an empty one.
    pub fn list_mut(&mut self, name: &str) -> &mut Vec<Value> {
        let value = self.get_or_insert(name);
        if !value.is_array() {
            *value = Value::Array(Vec::new());
        }
        value.as_array_mut().expect("a value that was just made a list")
    }

    /// Sets a field.
    pub fn insert(&mut self, name: &str, value: Value) {
        let field = Arc::new(Field { name: name.to_owned(), value });
        match self.place(name) {
            Ok(at) => self.0[at] = field,
            Err(at) => self.0.insert(at, field),
        }
    }

    /// Takes a field out.
    pub fn remove(&mut self, name: &str) -> Option<Value> {
        let at = self.place(name).ok()?;
        Some(Arc::unwrap_or_clone(self.0.remove(at)).value)
    }

    /// Takes every field out.
    pub fn clear(&mut self) {
        self.0.clear();
    }

    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The fields, by name.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &Value)> {
        self.0.iter().map(|field| (field.name.as_str(), &field.value))
    }

    /// Whether all fields but these are the same in both.
    pub fn is_same_but(&self, other: &Body, left_out: &[&str]) -> bool {
        let is_compared = |field: &&Arc<Field>| !left_out.contains(&field.name.as_str());
        self.0.iter().filter(is_compared).eq(other.0.iter().filter(is_compared))
    }

    /// A copy as serde_json's own map.
    pub fn to_map(&self) -> Map<String, Value> {
        self.0.iter().map(|field| (field.name.clone(), field.value.clone())).collect()
    }

    /// As serde_json's own map; what other versions share is copied.
    pub fn into_map(self) -> Map<String, Value> {
        self.0.into_iter().map(Arc::unwrap_or_clone).map(|field| (field.name, field.value)).collect()
    }

    /// Changes the fields as serde_json's own map. Nothing is shared with other versions any more.
    pub fn change<R>(&mut self, change: impl FnOnce(&mut Map<String, Value>) -> R) -> R {
        let mut map = std::mem::take(self).into_map();
        let result = change(&mut map);
        *self = map.into();
        result
    }

    /// Where a field is, or would be.
    fn place(&self, name: &str) -> Result<usize, usize> {
        match self.0.iter().position(|field| field.name.as_str() >= name) {
            Some(at) if self.0[at].name == name => Ok(at),
            Some(at) => Err(at),
            None => Err(self.0.len()),
        }
    }
}

impl From<Map<String, Value>> for Body {
    fn from(map: Map<String, Value>) -> Body {
        Body(map.into_iter().map(|(name, value)| Arc::new(Field { name, value })).collect())
    }
}

impl Serialize for Body {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(self.0.len()))?;
        self.iter().try_for_each(|(name, value)| map.serialize_entry(name, value))?;
        map.end()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn body() -> Body {
        let Value::Object(map) = json!({"spec": {"n": 1}, "kind": "Pod", "metadata": {}}) else { unreachable!() };
        map.into()
    }

    #[test]
    fn a_copy_shares_what_is_not_changed() {
        let old = body();
        let mut new = old.clone();
        *new.get_mut("metadata").unwrap() = json!({"name": "p"});
        new.insert("status", json!({}));
        let address = |body: &Body, name: &str| std::ptr::from_ref(body.get(name).unwrap());
        assert_eq!(address(&old, "spec"), address(&new, "spec"));
        assert_ne!(address(&old, "metadata"), address(&new, "metadata"));
        assert_eq!(old, body());
        assert!(new.is_same_but(&old, &["metadata", "status"]));
        assert!(!new.is_same_but(&old, &["status"]));
    }

    #[test]
    fn fields_are_in_order_whatever_came_first() {
        let mut body = body();
        body.insert("data", json!(1));
        *body.get_or_insert("zone") = json!(2);
        *body.get_or_insert("data") = json!(3);
        assert_eq!(body.remove("kind"), Some(json!("Pod")));
        assert_eq!(body.remove("kind"), None);
        let text = r#"{"data":3,"metadata":{},"spec":{"n":1},"zone":2}"#;
        assert_eq!(serde_json::to_string(&body).unwrap(), text);
        assert_eq!(serde_json::to_string(&body.to_map()).unwrap(), text);
        assert_eq!(Body::from(body.to_map()), body);
        assert_eq!(serde_json::to_string(&body.into_map()).unwrap(), text);
    }
}
