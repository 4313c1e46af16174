//! A JSON patch as the library of servers, kubectl and kustomize applies it: more lenient than RFC 6902 and with texts of
//! its own. A member that is missing can be replaced, copied as null and tested to be null; an index counts back from the
//! end if it is negative. Knows JSON, no object.

use serde_json::Value;

use crate::apimachinery::quote::quote;

const MISSING: &str = "missing value";

/// The document after all operations, each a map of `op`, `path` and what else it takes.
///
/// # Errors
/// Why the first operation that does not apply does not, in the library's words.
pub fn apply(mut document: Value, operations: &[Value]) -> Result<Value, String> {
    for operation in operations {
        let kind = operation.get("op").and_then(Value::as_str).unwrap_or("unknown");
        let value = || operation.get("value").cloned().unwrap_or_default();
        let path = || text(operation, "path", kind);
        match kind {
            "add" => add(&mut document, path()?, value())?,
            "remove" => drop(remove(&mut document, path()?)?),
            "replace" => replace(&mut document, path()?, value())?,
            "move" | "copy" => carry(&mut document, kind, text(operation, "from", kind)?, path)?,
            "test" => test(&document, path()?, &value())?,
            _ => return Err(format!("Unexpected kind: {kind}")),
        }
    }
    Ok(document)
}

fn text<'o>(operation: &'o Value, field: &str, kind: &str) -> Result<&'o str, String> {
    let text = operation.get(field).and_then(Value::as_str);
    text.ok_or_else(|| format!("{kind} operation failed to decode {field}: {MISSING}"))
}

/// What holds a path's last part, and that part; `None` where a part before it is missing or plain.
fn container<'d>(document: &'d mut Value, path: &str) -> Option<(&'d mut Value, String)> {
    let mut parts = path.split('/').skip(1).map(|part| part.replace("~1", "/").replace("~0", "~"));
    let mut key = parts.next()?;
    let mut at = document;
    for next in parts {
        let found = get(at, &key).ok()??;
        // Found: borrowed again to be changed.
        at = match at {
            Value::Array(items) => items.get_mut(found)?,
            Value::Object(map) => map.get_mut(&key)?,
            _ => return None,
        };
        key = next;
    }
    (at.is_object() || at.is_array()).then_some((at, key))
}

/// Where a value is in its container: an index of a list, 0 in a map; `None` for a member that is missing or null.
fn get(container: &Value, key: &str) -> Result<Option<usize>, String> {
    match container {
        Value::Array(items) => index(key, items.len(), items.len()).map(Some),
        other => Ok(other.get(key).filter(|v| !v.is_null()).map(|_| 0)),
    }
}

/// An index below `end`; a negative one counts back from `length`.
fn index(key: &str, end: usize, length: usize) -> Result<usize, String> {
    let number: i64 = key.parse().map_err(|_| format!("strconv.Atoi: parsing {}: invalid syntax", quote(key)))?;
    let place = if number < 0 { number + i64::try_from(length).unwrap_or(i64::MAX) } else { number };
    let place = usize::try_from(place).ok().filter(|place| *place < end);
    place.ok_or_else(|| format!("Unable to access invalid index: {key}: invalid index referenced"))
}

fn value_at(container: &Value, key: &str) -> Result<Option<Value>, String> {
    let found = get(container, key)?;
    Ok(found.and_then(|place| match container {
        Value::Array(items) => items.get(place).cloned(),
        other => other.get(key).cloned(),
    }))
}

fn insert(container: &mut Value, key: String, value: Value) -> Result<(), String> {
    match container {
        Value::Array(items) if key == "-" => items.push(value),
        Value::Array(items) => {
            let length = items.len() + 1;
            let place = index(&key, length, length).map_err(|e| match e.starts_with("strconv") {
                true => format!("value was not a proper array index: '{key}': {e}"),
                false => e,
            })?;
            items.insert(place, value);
        }
        Value::Object(map) => drop(map.insert(key, value)),
        _ => {}
    }
    Ok(())
}

fn take(container: &mut Value, key: &str) -> Result<Value, String> {
    match container {
        Value::Array(items) => index(key, items.len(), items.len()).map(|place| items.remove(place)),
        other => {
            let taken = other.as_object_mut().and_then(|map| map.remove(key));
            taken.ok_or_else(|| format!("Unable to remove nonexistent key: {key}: {MISSING}"))
        }
    }
}

fn add(document: &mut Value, path: &str, value: Value) -> Result<(), String> {
    let Some((container, key)) = container(document, path) else {
        return Err(format!("add operation does not apply: doc is missing path: \"{path}\": {MISSING}"));
    };
    insert(container, key, value).map_err(|e| format!("error in add for path: '{path}': {e}"))
}

fn remove(document: &mut Value, path: &str) -> Result<Value, String> {
    let Some((container, key)) = container(document, path) else {
        return Err(format!("remove operation does not apply: doc is missing path: \"{path}\": {MISSING}"));
    };
    take(container, &key).map_err(|e| format!("error in remove for path: '{path}': {e}"))
}

fn replace(document: &mut Value, path: &str, value: Value) -> Result<(), String> {
    if path.is_empty() {
        *document = value;
        return Ok(());
    }
    let Some((container, key)) = container(document, path) else {
        return Err(format!("replace operation does not apply: doc is missing path: {path}: {MISSING}"));
    };
    match container {
        Value::Array(items) => {
            let place = index(&key, items.len(), items.len())
                .map_err(|_| format!("replace operation does not apply: doc is missing key: {path}: {MISSING}"))?;
            items[place] = value;
        }
        other => drop(other.as_object_mut().map(|map| map.insert(key, value))),
    }
    Ok(())
}

/// `move` and `copy`: a value from one path to another.
fn carry<'p>(
    document: &mut Value,
    kind: &str,
    from: &str,
    path: impl Fn() -> Result<&'p str, String>,
) -> Result<(), String> {
    let Some((container_of, key)) = container(document, from) else {
        return Err(format!("{kind} operation does not apply: doc is missing from path: {from}: {MISSING}"));
    };
    let value = match kind {
        "move" => take(container_of, &key).map_err(|e| format!("error in move for path: '{key}': {e}"))?,
        _ => value_at(container_of, &key)
            .map_err(|e| format!("error in copy for from: '{from}': {e}"))?
            .unwrap_or_default(),
    };
    let path = path()?;
    let Some((container, key)) = container(document, path) else {
        return Err(format!("{kind} operation does not apply: doc is missing destination path: {path}: {MISSING}"));
    };
    insert(container, key, value).map_err(|e| match kind {
        "move" => format!("error in move for path: '{path}': {e}"),
        _ => format!("error while adding value during copy: {e}"),
    })
}

fn test(document: &Value, path: &str, wanted: &Value) -> Result<(), String> {
    if path.is_empty() {
        let fits = document == wanted;
        return fits.then_some(()).ok_or_else(|| format!("testing path {path} failed: test failed"));
    }
    let mut own = document.clone();
    let Some((container, key)) = container(&mut own, path) else {
        return Err(format!("test operation does not apply: is missing path: {path}: {MISSING}"));
    };
    let value = value_at(container, &key).map_err(|e| format!("error in test for path: '{path}': {e}"))?;
    let fits = value.unwrap_or_default() == *wanted;
    fits.then_some(()).ok_or_else(|| format!("testing value {path} failed: test failed"))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn patched(operation: Value) -> Result<Value, String> {
        apply(json!({"a": {"b": "1"}, "l": [1, 2]}), &[operation])
    }

    #[test]
    fn operations_apply_as_the_library_has_them() {
        let cases = [
            (json!({"op": "replace", "path": "/a/new", "value": 1}), json!({"a": {"b": "1", "new": 1}, "l": [1, 2]})),
            (json!({"op": "copy", "from": "/a/new", "path": "/c"}), json!({"a": {"b": "1"}, "c": null, "l": [1, 2]})),
            (json!({"op": "move", "from": "/a/b", "path": "/l/-"}), json!({"a": {}, "l": [1, 2, "1"]})),
            (json!({"op": "add", "path": "/l/-1", "value": 3}), json!({"a": {"b": "1"}, "l": [1, 2, 3]})),
            (json!({"op": "add", "path": "/l/0"}), json!({"a": {"b": "1"}, "l": [null, 1, 2]})),
            (json!({"op": "remove", "path": "/l/-1"}), json!({"a": {"b": "1"}, "l": [1]})),
            (json!({"op": "replace", "path": "/l/1", "value": 9}), json!({"a": {"b": "1"}, "l": [1, 9]})),
            (json!({"op": "test", "path": "/nope", "value": null}), json!({"a": {"b": "1"}, "l": [1, 2]})),
            (json!({"op": "add", "path": "/a/x~1y~0", "value": 1}), json!({"a": {"b": "1", "x/y~": 1}, "l": [1, 2]})),
        ];
        for (operation, want) in cases {
            assert_eq!(patched(operation.clone()), Ok(want), "{operation}");
        }
    }

    #[test]
    fn what_does_not_apply_is_told_of_in_its_words() {
        let cases = [
            (
                json!({"op": "remove", "path": "/a/x~1"}),
                "error in remove for path: '/a/x~1': Unable to remove nonexistent key: x/: missing value",
            ),
            (
                json!({"op": "remove", "path": "/x/y"}),
                "remove operation does not apply: doc is missing path: \"/x/y\": missing value",
            ),
            (
                json!({"op": "remove", "path": "/l/9"}),
                "error in remove for path: '/l/9': Unable to access invalid index: 9: invalid index referenced",
            ),
            (
                json!({"op": "remove", "path": "/l/x"}),
                "error in remove for path: '/l/x': strconv.Atoi: parsing \"x\": invalid syntax",
            ),
            (
                json!({"op": "replace", "path": "/l/9"}),
                "replace operation does not apply: doc is missing key: /l/9: missing value",
            ),
            (
                json!({"op": "replace", "path": "/x/y"}),
                "replace operation does not apply: doc is missing path: /x/y: missing value",
            ),
            (
                json!({"op": "add", "path": "/a/b/c"}),
                "add operation does not apply: doc is missing path: \"/a/b/c\": missing value",
            ),
            (
                json!({"op": "add", "path": "", "value": 1}),
                "add operation does not apply: doc is missing path: \"\": missing value",
            ),
            (json!({"op": "add"}), "add operation failed to decode path: missing value"),
            (
                json!({"op": "move", "from": "/x", "path": "/y"}),
                "error in move for path: 'x': Unable to remove nonexistent key: x: missing value",
            ),
            (
                json!({"op": "copy", "from": "/a", "path": "/x/y"}),
                "copy operation does not apply: doc is missing destination path: /x/y: missing value",
            ),
            (json!({"op": "test", "path": "/a/b", "value": 1}), "testing value /a/b failed: test failed"),
            (
                json!({"op": "test", "path": "/x/y", "value": 1}),
                "test operation does not apply: is missing path: /x/y: missing value",
            ),
            (json!({"op": "zz", "path": "/a"}), "Unexpected kind: zz"),
        ];
        for (operation, want) in cases {
            assert_eq!(patched(operation.clone()), Err(want.to_owned()), "{operation}");
        }
    }
}
