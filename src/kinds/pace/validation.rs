//! Refuses a pace that could not be followed: a key that means nothing, a duration that is none, a line that is no rule.

use serde_json::Map;

use super::rule::parse_all;
use super::{Step, duration};
use crate::apimachinery::field::{Errors, Path};
use crate::apimachinery::object::Object;

/// Keys with words of their own: what they take, or nothing for free text.
const WORDS: [(&str, &[&str]); 5] = [
    ("images", &["any", "known"]),
    ("run-containers", &["always", "never"]),
    ("provision", &["any", "known"]),
    ("shell-images", &[]),
    ("feature-gates", &[]),
];

/// What is wrong with the ConfigMap's data, each with the key and, for rules, the line.
pub fn validate(map: &Object) -> Errors {
    let mut errors = Errors::default();
    let empty = Map::new();
    for (key, value) in map.map_at("/data").unwrap_or(&empty) {
        let path = Path::new("data").key(key);
        let text = value.as_str().unwrap_or_default();
        if key == "rules" {
            for bad in parse_all(text).filter_map(Result::err) {
                errors.invalid(&path, bad.text.as_str(), &format!("line {}: {}", bad.line, bad.why));
            }
        } else if let Some((_, words)) = WORDS.iter().find(|(name, _)| name == key) {
            if !words.is_empty() && !words.contains(&text.trim()) {
                errors.invalid(&path, text, &format!("must be {}", words.join(" or ")));
            }
        } else if !Step::ALL.iter().any(|s| s.key() == key) {
            errors.invalid(&path, key.as_str(), &format!("is no key of the pace; expected {}", keys().join(", ")));
        } else if duration(text).is_none() {
            errors.invalid(&path, text, "is no duration; write it as in 13s or 1m30s");
        }
    }
    for key in map.map_at("/binaryData").unwrap_or(&empty).keys() {
        errors.invalid(&Path::new("binaryData").key(key), key.as_str(), "the pace is set by text, under data");
    }
    errors
}

/// Every key of the pace.
fn keys() -> Vec<&'static str> {
    let steps = Step::ALL.iter().map(|s| s.key());
    steps.chain(["rules"]).chain(WORDS.iter().map(|(name, _)| *name)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    fn texts(data: Value) -> Vec<String> {
        let map = Object::from_value(json!({ "data": data })).unwrap();
        validate(&map).0.iter().map(ToString::to_string).collect()
    }

    #[test]
    fn a_pace_that_can_be_followed_is_taken() {
        let rules = "# a comment\nimage=nginx:bad* ErrImagePull\n\npod=default/web-1 exits 1 after 30s\n";
        let data = json!({"image-pull": "13s", "rules": rules, "run-containers": "never", "provision": "any"});
        assert!(texts(data).is_empty());
    }

    #[test]
    fn what_cannot_be_followed_is_named() {
        assert_eq!(
            texts(json!({"image-pull": "soon"})),
            ["data[image-pull]: Invalid value: \"soon\": is no duration; write it as in 13s or 1m30s"]
        );
        assert!(texts(json!({"image-pul": "1s"}))[0].contains("is no key of the pace; expected volume-provision"));
        assert_eq!(
            texts(json!({"run-containers": "maybe"})),
            ["data[run-containers]: Invalid value: \"maybe\": must be always or never"]
        );
        let found = texts(json!({"rules": "pod=a never-ready\npod=b explodes"}));
        assert!(
            found[0].starts_with("data[rules]: Invalid value: \"pod=b explodes\": line 2: \"explodes\""),
            "{found:?}"
        );
    }
}
