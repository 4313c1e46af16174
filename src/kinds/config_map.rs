//! ConfigMap: configuration as text and bytes. Knows no pod that reads it.

mod describe;

use serde_json::{Map, Value};

use super::describe::{Text, View};
use super::{Kind, Names, data_keys, pace, zeros};
use crate::apimachinery::field::{Errors, Path};
use crate::apimachinery::object::Object;
use crate::apimachinery::status::Status;
use crate::apimachinery::table::{Column, column};
use crate::apimachinery::time::{self, Time};

/// The kind.
pub struct ConfigMap;

static NAMES: Names = Names::core("ConfigMap", "configmaps", "configmap", &["cm"]);
static COLUMNS: [Column; 3] = [column("Name"), column("Data"), column("Age")];

impl Kind for ConfigMap {
    fn names(&self) -> &Names {
        &NAMES
    }

    fn columns(&self) -> &[Column] {
        &COLUMNS
    }

    fn cells(&self, object: &Object, now: Time) -> Vec<String> {
        let count = |pointer| object.map_at(pointer).map_or(0, Map::len);
        let data = count("/data") + count("/binaryData");
        vec![object.name().to_owned(), data.to_string(), time::age(object.creation_timestamp(), now)]
    }

    fn describe(&self, object: &Object, view: &View, out: &mut Text) -> Result<(), Status> {
        describe::describe(object, view, out)
    }

    fn set_defaults(&self, object: &mut Object) {
        zeros::omit(object, &["/data", "/binaryData"]);
    }

    fn key_reference(&self) -> Option<&'static str> {
        Some("configMapKeyRef")
    }

    fn validate(&self, object: &Object) -> Errors {
        let mut errors = Errors::default();
        let empty = Map::new();
        let data = object.map_at("/data").unwrap_or(&empty);
        let binary = object.map_at("/binaryData").unwrap_or(&empty);
        for key in data.keys() {
            data_keys::validate_key(key, &Path::new("data"), &mut errors);
            if binary.contains_key(key) {
                let path = Path::new("data").key(key);
                errors.invalid(&path, key.as_str(), "duplicate of key present in binaryData");
            }
        }
        for key in binary.keys() {
            data_keys::validate_key(key, &Path::new("binaryData"), &mut errors);
        }
        let text: usize = data.values().filter_map(Value::as_str).map(str::len).sum();
        if text + data_keys::decoded_size(binary) > data_keys::MAX_SIZE {
            // Upstream reports it at the path of an empty name, which prints so.
            errors.too_long(&Path::new("[]"), data_keys::MAX_SIZE);
        }
        if pace::is_pace(object) {
            errors.append(pace::validate(object));
        }
        errors
    }

    fn validate_update(&self, new: &Object, old: &Object) -> Errors {
        let mut errors = data_keys::validate_immutable(new, old, &["data", "binaryData"]);
        errors.append(self.validate(new));
        errors
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn config_map(body: Value) -> Object {
        Object::from_value(body).unwrap()
    }

    fn texts(errors: &Errors) -> Vec<String> {
        errors.0.iter().map(ToString::to_string).collect()
    }

    #[test]
    fn data_counts_both_maps() {
        let o = config_map(json!({"metadata": {"name": "cm", "creationTimestamp": "2026-11-22T08:00:00Z"},
            "data": {"a": "1", "b": ""}, "binaryData": {"c": "aGk="}}));
        assert_eq!(ConfigMap.cells(&o, time::parse("2026-11-22T08:00:07Z").unwrap()), ["cm", "3", "7s"]);
    }

    #[test]
    fn keys_and_sizes_are_checked() {
        let o = config_map(json!({"data": {"a b": "1", "c": ""}, "binaryData": {"c": "aGk="}}));
        let errors = texts(&ConfigMap.validate(&o));
        assert!(
            errors[0].starts_with("data[a b]: Invalid value: \"a b\": a valid config key must consist of"),
            "{errors:?}"
        );
        assert_eq!(errors[1], "data[c]: Invalid value: \"c\": duplicate of key present in binaryData");
        let big = config_map(json!({"data": {"a": "x".repeat((1 << 20) + 1)}}));
        assert_eq!(texts(&ConfigMap.validate(&big)), ["[]: Too long: may not be more than 1048576 bytes"]);
        let fits = config_map(json!({"data": {"a": "x".repeat(1 << 20)}}));
        assert!(ConfigMap.validate(&fits).is_empty());
    }

    #[test]
    fn an_immutable_one_keeps_its_data() {
        let old = config_map(json!({"immutable": true, "data": {"a": "1"}}));
        let new = config_map(json!({"data": {"a": "2"}}));
        assert_eq!(
            texts(&ConfigMap.validate_update(&new, &old)),
            [
                "immutable: Forbidden: field is immutable when `immutable` is set",
                "data: Forbidden: field is immutable when `immutable` is set"
            ]
        );
        assert!(ConfigMap.validate_update(&old, &old).is_empty());
        assert!(ConfigMap.validate_update(&old, &new).is_empty());
    }
}
