//! Reading the fields of a JSON body as Go reads its structs: what is absent or null is the zero value.
//!
//! Knows no field's name.

use serde_json::{Map, Value};

/// Access to fields by name.
pub trait Fields {
    /// The field's value, unless it is absent or null.
    fn field(&self, key: &str) -> Option<&Value>;

    /// The string, or an empty one.
    fn text(&self, key: &str) -> &str {
        self.field(key).and_then(Value::as_str).unwrap_or_default()
    }

    /// The list, or an empty one.
    fn items(&self, key: &str) -> &[Value] {
        self.field(key).and_then(Value::as_array).map_or(&[], Vec::as_slice)
    }

    /// The strings of a list.
    fn texts(&self, key: &str) -> Vec<&str> {
        self.items(key).iter().filter_map(Value::as_str).collect()
    }

    /// The integer, if there is one.
    fn int(&self, key: &str) -> Option<i64> {
        self.field(key).and_then(Value::as_i64)
    }

    /// The boolean, if there is one.
    fn flag(&self, key: &str) -> Option<bool> {
        self.field(key).and_then(Value::as_bool)
    }

    /// The map, if there is one.
    fn section(&self, key: &str) -> Option<&Map<String, Value>> {
        self.field(key).and_then(Value::as_object)
    }
}

impl Fields for Map<String, Value> {
    fn field(&self, key: &str) -> Option<&Value> {
        self.get(key).filter(|v| !v.is_null())
    }
}

impl Fields for Value {
    fn field(&self, key: &str) -> Option<&Value> {
        self.get(key).filter(|v| !v.is_null())
    }
}
