//! Which rules of RBAC others cover. Knows no store.

use serde_json::{Map, Value, json};

/// One verb on one resource (or one URL), of a rule that may name many.
fn broken_down(rule: &Value) -> Vec<Value> {
    let items = |field: &str| rule.get(field).and_then(Value::as_array).cloned().unwrap_or_default();
    let mut parts = Vec::new();
    for group in items("apiGroups") {
        for resource in items("resources") {
            for verb in items("verbs") {
                let part = json!({"apiGroups": [group], "resources": [resource], "verbs": [verb]});
                let names = items("resourceNames");
                if names.is_empty() {
                    parts.push(part.clone());
                }
                parts.extend(names.into_iter().map(|name| {
                    let mut part = part.clone();
                    part["resourceNames"] = json!([name]);
                    part
                }));
            }
        }
    }
    for url in items("nonResourceURLs") {
        for verb in items("verbs") {
            parts.push(json!({"nonResourceURLs": [url], "verbs": [verb]}));
        }
    }
    parts
}

/// The parts of `wanted` that no rule of `owner` covers.
pub fn uncovered(owner: &[Value], wanted: &[Value]) -> Vec<Value> {
    let owner: Vec<Value> = owner.iter().flat_map(broken_down).collect();
    let parts = wanted.iter().flat_map(broken_down);
    parts.filter(|part| !owner.iter().any(|rule| covers(rule, part))).collect()
}

/// Whether a rule allows all that a rule of one verb asks.
fn covers(owner: &Value, part: &Value) -> bool {
    let items = |rule: &Value, field: &str| -> Vec<String> {
        let list = rule.get(field).and_then(Value::as_array).into_iter().flatten();
        list.filter_map(Value::as_str).map(str::to_owned).collect()
    };
    let has = |field: &str| {
        let own = items(owner, field);
        own.iter().any(|o| o == "*") || items(part, field).iter().all(|p| own.contains(p))
    };
    let resources = || {
        let own = items(owner, "resources");
        has("resources")
            || items(part, "resources").iter().all(|p| {
                let sub = p.split_once('/').map(|(_, sub)| format!("*/{sub}"));
                sub.is_some_and(|any| own.contains(&any))
            })
    };
    let names = || {
        let own = items(owner, "resourceNames");
        let asked = items(part, "resourceNames");
        own.is_empty() || (!asked.is_empty() && asked.iter().all(|n| own.contains(n)))
    };
    let urls = || {
        let own = items(owner, "nonResourceURLs");
        let fits =
            |url: &String, o: &String| o == url || o.strip_suffix('*').is_some_and(|begin| url.starts_with(begin));
        items(part, "nonResourceURLs").iter().all(|url| own.iter().any(|o| fits(url, o)))
    };
    has("verbs") && has("apiGroups") && resources() && names() && urls()
}

/// A rule as Go's `%+v` prints it.
pub fn go_format(rule: &Value) -> String {
    let empty = Map::new();
    let rule = rule.as_object().unwrap_or(&empty);
    let list = |field: &str| {
        let items = rule.get(field).and_then(Value::as_array).into_iter().flatten();
        items.filter_map(Value::as_str).collect::<Vec<_>>().join(" ")
    };
    format!(
        "{{Verbs:[{}] APIGroups:[{}] Resources:[{}] ResourceNames:[{}] NonResourceURLs:[{}]}}",
        list("verbs"),
        list("apiGroups"),
        list("resources"),
        list("resourceNames"),
        list("nonResourceURLs")
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rules_cover_their_parts() {
        let all = [json!({"apiGroups": ["*"], "resources": ["*"], "verbs": ["*"]})];
        let read = [json!({"apiGroups": [""], "resources": ["pods", "pods/log"], "verbs": ["get", "list"]})];
        let one = [json!({"apiGroups": [""], "resources": ["pods"], "verbs": ["get"], "resourceNames": ["x"]})];
        assert!(uncovered(&all, &read).is_empty());
        assert!(uncovered(&read, &one).is_empty());
        assert_eq!(uncovered(&one, &read).len(), 4);
        let left = uncovered(&[json!({"apiGroups": [""], "resources": ["pods", "pods/log"], "verbs": ["get"]})], &read);
        assert_eq!(
            go_format(&left[1]),
            "{Verbs:[list] APIGroups:[] Resources:[pods/log] ResourceNames:[] NonResourceURLs:[]}"
        );
        let urls = |u: &str| [json!({"nonResourceURLs": [u], "verbs": ["get"]})];
        assert!(uncovered(&urls("/healthz/*"), &urls("/healthz/x")).is_empty());
        assert_eq!(uncovered(&urls("/healthz"), &urls("/healthz/x")).len(), 1);
    }
}
