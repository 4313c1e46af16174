//! Environment variables and where they come from. Knows no value that another object holds.

use serde_json::Value;

use super::super::Text;
use crate::apimachinery::object::Object;
use crate::apimachinery::quantity::Quantity;
use crate::kinds::pod::Fields;

/// `Environment Variables from:`, when there are any.
pub fn sources(container: &Value, out: &mut Text) {
    let sources = container.items("envFrom");
    if !sources.is_empty() {
        out.line(2, "Environment Variables from:");
    }
    for source in sources {
        let of = |kind: &'static str, field: &str| source.field(field).map(|r| (kind, r));
        let (kind, name, optional) = of("ConfigMap", "configMapRef")
            .or_else(|| of("Secret", "secretRef"))
            .map_or(("", "", false), |(k, r)| (k, r.text("name"), r.flag("optional") == Some(true)));
        let prefix = match source.text("prefix") {
            "" => String::new(),
            prefix => format!(" with prefix '{prefix}'"),
        };
        out.line(3, format_args!("{name}\t{kind}{prefix}\tOptional: {optional}"));
    }
}

/// `Environment:`. `pod` is the pod that fields are read from; none in a template.
pub fn variables(container: &Value, pod: Option<&Object>, out: &mut Text) {
    let variables = container.items("env");
    out.line(2, format_args!("Environment:{}", if variables.is_empty() { "\t<none>" } else { "" }));
    for variable in variables {
        let name = variable.text("name");
        let Some(from) = variable.field("valueFrom") else {
            for (i, line) in variable.text("value").split('\n').enumerate() {
                let lead = if i == 0 { format!("{name}:") } else { String::new() };
                out.line(3, format_args!("{lead}\t{line}"));
            }
            continue;
        };
        if let Some(value) = reference(from, container, pod) {
            out.field(3, name, value);
        }
    }
}

fn reference(from: &Value, container: &Value, pod: Option<&Object>) -> Option<String> {
    if let Some(field) = from.field("fieldRef") {
        let path = field.text("fieldPath");
        // kubectl knows these two fields alone by name; the others it leaves empty.
        let value = match path {
            "metadata.name" => pod.map(Object::name),
            "metadata.namespace" => pod.map(Object::namespace),
            _ => None,
        };
        return Some(format!("{} ({}:{path})", value.unwrap_or_default(), field.text("apiVersion")));
    }
    if let Some(resource) = from.field("resourceFieldRef") {
        let name = resource.text("resource");
        let value = match resource_value(resource, container).as_str() {
            "0" if matches!(name, "limits.cpu" | "limits.memory") => "node allocatable".to_owned(),
            value => value.to_owned(),
        };
        return Some(format!("{value} ({name})"));
    }
    let keyed = |field: &str, between: &str, object: &str| {
        let key = from.field(field)?;
        let optional = key.flag("optional") == Some(true);
        Some(format!(
            "<set to the key '{}' {between} {object} '{}'>\tOptional: {optional}",
            key.text("key"),
            key.text("name")
        ))
    };
    keyed("secretKeyRef", "in", "secret").or_else(|| keyed("configMapKeyRef", "of", "config map"))
}

/// A container's own request or limit in units of the divisor, rounded up; 0 where there is none.
fn resource_value(reference: &Value, container: &Value) -> String {
    let Some((part, resource)) = reference.text("resource").split_once('.') else { return String::new() };
    let quantity = |value: Option<&Value>| value.and_then(|v| Quantity::from_value(v).ok()).filter(|q| !q.is_zero());
    let of = container.get("resources").and_then(|r| r.get(part)).and_then(|p| p.get(resource));
    let Some(amount) = quantity(of) else { return "0".to_owned() };
    let divisor = quantity(reference.field("divisor"));
    let (amount, divisor) = match resource {
        "cpu" => (amount.milli_value(), divisor.map_or(1000, |d| d.milli_value())),
        _ => (amount.value(), divisor.map_or(1, |d| d.value())),
    };
    // Both are positive: the API accepts no other.
    (amount.saturating_add(divisor - 1) / divisor.max(1)).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn variables_are_kubectls() {
        let container = json!({"resources": {"limits": {"cpu": "1500m"}}, "env": [
            {"name": "A", "value": "one\ntwo"},
            {"name": "N", "valueFrom": {"fieldRef": {"apiVersion": "v1", "fieldPath": "metadata.name"}}},
            {"name": "I", "valueFrom": {"fieldRef": {"apiVersion": "v1", "fieldPath": "status.podIP"}}},
            {"name": "C", "valueFrom": {"resourceFieldRef": {"resource": "limits.cpu", "divisor": "0"}}},
            {"name": "M", "valueFrom": {"resourceFieldRef": {"resource": "limits.memory", "divisor": "1Mi"}}},
            {"name": "K", "valueFrom": {"configMapKeyRef": {"name": "m", "key": "k"}}},
        ]});
        let pod = Object::new("v1", "Pod", "default", "p");
        let mut out = Text::default();
        variables(&container, Some(&pod), &mut out);
        let want = "    Environment:\n      A:  one\n          two\n      N:  p (v1:metadata.name)\n      I:   (v1:status.podIP)\n\
            \u{20}     C:  2 (limits.cpu)\n      M:  node allocatable (limits.memory)\n      \
            K:  <set to the key 'k' of config map 'm'>  Optional: false\n";
        assert_eq!(out.finish(), want);
    }
}
