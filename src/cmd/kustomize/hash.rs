//! kustomize's hash of a ConfigMap's or Secret's data. Knows nothing else.

use serde_json::{Map, Value, json};
use sha2::{Digest, Sha256};

/// The ten letters after a generated name.
pub fn hash(object: &Value) -> String {
    let at = |pointer: &str| object.pointer(pointer).cloned().unwrap_or_else(|| "".into());
    let mut hashed: Map<String, Value> = Map::new();
    // kustomize looks for the name where there is none, so that it makes no difference.
    hashed.insert("name".to_owned(), "".into());
    for (field, pointer) in [("kind", "/kind"), ("data", "/data")] {
        hashed.insert(field.to_owned(), at(pointer));
    }
    if object["kind"] == "Secret" {
        hashed.insert("type".to_owned(), at("/type"));
    }
    for field in ["binaryData", "stringData"] {
        if let Some(Value::Object(map)) = object.get(field) {
            hashed.insert(field.to_owned(), json!(map));
        }
    }
    let digest = Sha256::digest(go_json(&Value::Object(hashed)).as_bytes());
    let hex: String = digest.iter().map(|b| format!("{b:02x}")).collect();
    // Letters that could make a word, or be taken for another digit, are replaced.
    let letter = |c: char| match c {
        '0' => 'g',
        '1' => 'h',
        '3' => 'k',
        'a' => 'm',
        'e' => 't',
        other => other,
    };
    hex.chars().take(10).map(letter).collect()
}

/// JSON as Go writes it: with keys in order, and what HTML could mistake escaped.
fn go_json(value: &Value) -> String {
    let text = value.to_string();
    text.chars()
        .map(|c| match c {
            '<' | '>' | '&' | '\u{2028}' | '\u{2029}' => format!("\\u{:04x}", c as u32),
            c => c.to_string(),
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hashes_are_kustomizes() {
        // From `kubectl kustomize` of these.
        let conf = json!({"kind": "ConfigMap", "metadata": {"name": "dev-conf-one"},
            "data": {"A": "1", "B": "2", "f.txt": "hello\n", "k": "v", "n": "hello\n", "q": "x y"}});
        assert_eq!(hash(&conf), "h68gt7g94c");
        let secret = json!({"kind": "Secret", "metadata": {"name": "dev-sec-one"}, "type": "Opaque",
            "data": {"p": "c2VjcmV0"}});
        assert_eq!(hash(&secret), "4k4899t6bh");
    }
}
