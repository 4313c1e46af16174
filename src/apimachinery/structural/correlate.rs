//! What a value was before an update: the same field, the item of a map with the same keys.

use serde_json::Value;

use super::Structural;
use crate::apimachinery::schema::ListType;

/// What a value was, as far as it can be told.
#[derive(Clone, Copy, Debug, Default)]
pub struct Old<'o> {
    /// The value in the same place.
    same: Option<&'o Value>,
    /// Whether something around the value is what it was, whatever became of its place.
    is_within_unchanged: bool,
}

impl<'o> Old<'o> {
    /// Of a whole object.
    pub fn root(old: Option<&'o Value>) -> Old<'o> {
        Old { same: old, is_within_unchanged: false }
    }

    /// The value that a transition rule compares with.
    pub fn comparable(&self) -> Option<&'o Value> {
        self.same.filter(|old| !old.is_null())
    }

    /// Whether the value is what it was.
    pub fn is_same(&self, value: &Value) -> bool {
        self.same == Some(value)
    }

    /// Whether the value is what it was, or part of what is.
    pub fn is_unchanged(&self, value: &Value) -> bool {
        self.is_within_unchanged || self.is_same(value)
    }

    /// Of a field.
    pub fn field(&self, key: &str) -> Old<'o> {
        Old { same: self.same.and_then(|old| old.get(key)), ..*self }
    }

    /// Of the items of a list, which is `list` now.
    pub fn items(&self, list: &Value) -> Old<'o> {
        Old { is_within_unchanged: self.is_unchanged(list), ..*self }
    }

    /// Of an item, after [`Old::items`]: found by its keys in a map; by nothing in another list.
    pub fn item(&self, item: &Value, list: &Structural) -> Old<'o> {
        let items = self.same.and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
        let is_same = |old: &&Value| list.list_map_keys.iter().all(|key| old.get(key) == item.get(key));
        let same = match list.list_type {
            Some(ListType::Map) => items.iter().find(is_same),
            _ => None,
        };
        Old { same, ..*self }
    }
}
