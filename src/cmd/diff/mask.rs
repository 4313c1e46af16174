//! The data of Secrets in a diff: that it differs is shown, what it is is not. Knows no file.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::apimachinery::object::{Object, escape};

const SAME: &str = "***";
const BEFORE: &str = "*** (before)";
const AFTER: &str = "*** (after)";

/// Hides the values of both versions of a Secret.
pub fn mask<'o>(mut live: Option<&'o mut Object>, mut merged: Option<&'o mut Object>) {
    let data =
        |object: &Option<&'o mut Object>| object.as_ref().and_then(|o| o.map_at("/data")).cloned().unwrap_or_default();
    let (old, new) = (data(&live), data(&merged));
    let keys: BTreeSet<&String> = old.keys().chain(new.keys()).collect();
    for key in keys {
        let changed = matches!((old.get(key), new.get(key)), (Some(a), Some(b)) if a != b);
        let (before, after) = if changed { (BEFORE, AFTER) } else { (SAME, SAME) };
        let pointer = format!("/data/{}", escape(key));
        for (object, text) in [(&mut live, before), (&mut merged, after)] {
            if let Some(object) = object.as_mut()
                && object.at(&pointer).is_some()
            {
                object.set(&pointer, Value::from(text));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn only_that_values_differ_is_shown() {
        let secret = |data: Value| Object::from_value(json!({"data": data})).unwrap();
        let (mut old, mut new) = (secret(json!({"a": "1", "b": "1"})), secret(json!({"a": "2", "b": "1", "c": "3"})));
        mask(Some(&mut old), Some(&mut new));
        assert_eq!(old.at("/data"), Some(&json!({"a": BEFORE, "b": SAME})));
        assert_eq!(new.at("/data"), Some(&json!({"a": AFTER, "b": SAME, "c": SAME})));
    }
}
