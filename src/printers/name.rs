//! `-o name` and the lines that say what a verb did. Knows no table of kinds: the object says what it is.

use serde_json::Value;

/// `statefulset.apps/web`: kind and group of an object and its name.
pub fn object_name(object: &Value) -> String {
    let text = |pointer: &str| object.pointer(pointer).and_then(Value::as_str).filter(|t| !t.is_empty());
    let kind = text("/kind").unwrap_or("<unknown>").to_lowercase();
    let name = text("/metadata/name").unwrap_or("<unknown>");
    match text("/apiVersion").and_then(|v| v.split_once('/')) {
        Some((group, _)) => format!("{kind}.{group}/{name}"),
        None => format!("{kind}/{name}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn names_have_their_group() {
        let set = json!({"apiVersion": "apps/v1", "kind": "StatefulSet", "metadata": {"name": "web"}});
        assert_eq!(object_name(&set), "statefulset.apps/web");
        assert_eq!(object_name(&json!({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "a"}})), "pod/a");
        assert_eq!(object_name(&json!({"apiVersion": "v1", "kind": "Pod"})), "pod/<unknown>");
    }
}
