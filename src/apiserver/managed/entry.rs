//! `metadata.managedFields`: who wrote which fields, and how. Knows no schema.

use serde_json::{Map, Value, json};

use super::set::Set;
use crate::apimachinery::object::Object;

pub const MANAGED_FIELDS: &str = "/metadata/managedFields";

/// How many managers that update an object keeps; the oldest are merged then.
const MOST_UPDATERS: usize = 10;
/// The manager that the oldest become.
const ANCIENT: &str = "ancient-changes";

/// One entry: a manager, and the fields it wrote.
#[derive(Clone, Debug, PartialEq)]
pub struct Entry {
    pub manager: String,
    pub is_apply: bool,
    pub api_version: String,
    pub subresource: String,
    /// RFC 3339, with seconds.
    pub time: Option<String>,
    pub set: Set,
}

impl Entry {
    fn parse(value: &Value) -> Option<Entry> {
        let text = |name: &str| value.get(name).and_then(Value::as_str).unwrap_or_default().to_owned();
        let operation = text("operation");
        let is_known = matches!(operation.as_str(), "Apply" | "Update") && text("fieldsType") == "FieldsV1";
        is_known.then(|| Entry {
            manager: text("manager"),
            is_apply: operation == "Apply",
            api_version: text("apiVersion"),
            subresource: text("subresource"),
            time: Some(text("time")).filter(|time| !time.is_empty()),
            set: value.get("fieldsV1").map(Set::parse).unwrap_or_default(),
        })
    }

    fn to_value(&self) -> Value {
        let mut map = Map::new();
        let mut put = |name: &str, value: Value| drop(map.insert(name.to_owned(), value));
        put("manager", self.manager.as_str().into());
        put("operation", if self.is_apply { "Apply" } else { "Update" }.into());
        put("apiVersion", self.api_version.as_str().into());
        put("fieldsType", "FieldsV1".into());
        put("fieldsV1", self.set.to_value());
        if let Some(time) = &self.time {
            put("time", time.as_str().into());
        }
        if !self.subresource.is_empty() {
            put("subresource", self.subresource.as_str().into());
        }
        Value::Object(map)
    }

    /// Whether both are of the same manager. The one that applies is the same in each version.
    pub fn is_of(&self, other: &Entry) -> bool {
        self.manager == other.manager
            && self.is_apply == other.is_apply
            && self.subresource == other.subresource
            && (self.is_apply || self.api_version == other.api_version)
    }

    /// What the server orders entries by: those that apply first, then by time.
    fn place(&self) -> (bool, &str, &str, &str, &str) {
        let time = self.time.as_deref().unwrap_or_default();
        (!self.is_apply, time, &self.manager, &self.api_version, &self.subresource)
    }

    /// As a conflict names its manager.
    pub fn described(&self) -> String {
        let mut text = format!("{:?}", self.manager);
        if !self.subresource.is_empty() {
            text += &format!(" with subresource {:?}", self.subresource);
        }
        if !self.is_apply {
            text += &format!(" using {}", self.api_version);
        }
        text
    }
}

/// What an object says of its managers; `None` where it says nothing.
pub fn read(object: &Object) -> Option<Vec<Entry>> {
    let entries = object.at(MANAGED_FIELDS)?.as_array()?;
    Some(entries.iter().filter_map(Entry::parse).collect())
}

/// Writes the managers in the server's order.
pub fn write(object: &mut Object, mut entries: Vec<Entry>) {
    entries.retain(|entry| !entry.set.is_empty());
    entries.sort_by(|a, b| a.place().cmp(&b.place()));
    object.set(MANAGED_FIELDS, entries.iter().map(Entry::to_value).collect());
}

/// Merges the oldest managers that update where there are too many.
pub fn cap(entries: &mut Vec<Entry>) {
    let mut count = entries.iter().filter(|e| !e.is_apply).count();
    if count <= MOST_UPDATERS {
        return;
    }
    let mut updaters: Vec<Entry> = entries.iter().filter(|e| !e.is_apply).cloned().collect();
    updaters.sort_by(|a, b| (&a.time, &a.manager).cmp(&(&b.time, &b.manager)));
    for old in updaters {
        if count <= MOST_UPDATERS {
            break;
        }
        let bucket = Entry { manager: ANCIENT.to_owned(), subresource: String::new(), ..old.clone() };
        entries.retain(|entry| !entry.is_of(&old));
        match entries.iter_mut().find(|entry| entry.is_of(&bucket)) {
            Some(found) => {
                found.set.union(&old.set);
                found.time = found.time.clone().max(old.time);
                count -= 1;
            }
            None => entries.push(bucket),
        }
    }
}

/// An entry list that asks for managers to be forgotten.
pub fn is_reset(object: &Object) -> bool {
    match object.list_at(MANAGED_FIELDS) {
        [] => object.at(MANAGED_FIELDS).is_some_and(Value::is_array),
        [one] => *one == json!({}),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(manager: &str, second: u8) -> Entry {
        let time = Some(format!("2026-01-01T00:00:{second:02}Z"));
        let set = Set::parse(&json!({format!("f:{manager}"): {}}));
        let (is_apply, api_version, subresource) = (false, "v1".to_owned(), String::new());
        Entry { manager: manager.to_owned(), is_apply, api_version, subresource, time, set }
    }

    #[test]
    fn entries_are_written_in_the_servers_order() {
        let mut object = Object::new("v1", "Pod", "default", "p");
        let applied = Entry { is_apply: true, ..entry("z", 9) };
        let status = Entry { subresource: "status".to_owned(), ..entry("a", 5) };
        write(&mut object, vec![entry("b", 7), status.clone(), applied.clone()]);
        assert_eq!(read(&object), Some(vec![applied.clone(), status.clone(), entry("b", 7)]));
        let described: Vec<String> = [applied, status].iter().map(Entry::described).collect();
        assert_eq!(described, ["\"z\"", "\"a\" with subresource \"status\" using v1"]);
    }

    #[test]
    fn the_oldest_of_many_managers_are_merged() {
        let mut entries: Vec<Entry> = (0..12).map(|n| entry(&format!("m{n:02}"), n)).collect();
        cap(&mut entries);
        assert_eq!(entries.iter().filter(|e| !e.is_apply).count(), MOST_UPDATERS);
        let ancient = entries.iter().find(|e| e.manager == ANCIENT).unwrap();
        assert_eq!(ancient.set.to_value(), json!({"f:m00": {}, "f:m01": {}, "f:m02": {}}));
    }
}
