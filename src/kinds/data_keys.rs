//! The keys and values that ConfigMaps and Secrets have in common. Knows neither.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Map, Value};

use crate::apimachinery::field::{Errors, Path};
use crate::apimachinery::names;
use crate::apimachinery::object::Object;

/// The most bytes all values may have together: core.MaxSecretSize.
pub const MAX_SIZE: usize = 1 << 20;

/// Checks one key; the error is at `path[key]`.
pub fn validate_key(key: &str, path: &Path, errors: &mut Errors) {
    for problem in names::is_config_map_key(key) {
        errors.invalid(&path.key(key), key, &problem);
    }
}

/// The bytes that base64 text stands for; nothing for what is not base64, which strict decoding refuses.
pub fn decode(value: &Value) -> Vec<u8> {
    value.as_str().and_then(|text| STANDARD.decode(text).ok()).unwrap_or_default()
}

/// Bytes as the API writes them.
pub fn encode(bytes: &[u8]) -> String {
    STANDARD.encode(bytes)
}

/// The size of all values of a map of base64 texts.
pub fn decoded_size(map: &Map<String, Value>) -> usize {
    map.values().map(|v| decode(v).len()).sum()
}

/// What an update of an immutable object may not change.
pub fn validate_immutable(new: &Object, old: &Object, fields: &[&str]) -> Errors {
    let mut errors = Errors::default();
    if old.bool_at("/immutable") != Some(true) {
        return errors;
    }
    let detail = "field is immutable when `immutable` is set";
    if new.bool_at("/immutable") != Some(true) {
        errors.forbidden(&Path::new("immutable"), detail);
    }
    for field in fields {
        let pointer = format!("/{field}");
        if new.at(&pointer) != old.at(&pointer) {
            errors.forbidden(&Path::new(field), detail);
        }
    }
    errors
}
