//! What a patch is for: a selector of resources. Knows no patch.

use regex::Regex;
use serde::Deserialize;
use serde_json::Value;

use super::resource::{Resource, effective};
use crate::apimachinery::labels::Selector;

/// `target` of a patch; an empty field selects everything. Names are regular expressions, for the whole name.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct Target {
    pub group: String,
    pub version: String,
    pub kind: String,
    pub name: String,
    pub namespace: String,
    pub label_selector: String,
    pub annotation_selector: String,
}

impl Target {
    /// The fields that are there, as kustomize shows them.
    pub fn shown(&self) -> Value {
        let fields = [
            ("group", &self.group),
            ("version", &self.version),
            ("kind", &self.kind),
            ("name", &self.name),
            ("namespace", &self.namespace),
            ("labelSelector", &self.label_selector),
            ("annotationSelector", &self.annotation_selector),
        ];
        let there = fields.into_iter().filter(|(_, text)| !text.is_empty());
        Value::Object(there.map(|(name, text)| (name.to_owned(), text.as_str().into())).collect())
    }

    /// Whether a resource is selected, by what it is called or was called.
    ///
    /// # Errors
    /// A selector or an expression that does not parse.
    pub fn selects(&self, resource: &Resource) -> anyhow::Result<bool> {
        let (group, version) = resource.group_version();
        let parts = [(&self.group, group), (&self.version, version), (&self.kind, resource.kind())];
        for (pattern, text) in parts {
            if !matches(pattern, text)? {
                return Ok(false);
            }
        }
        let mut ids = vec![(resource.name(), resource.namespace())];
        ids.extend(resource.earlier.iter().map(|(n, s)| (n.as_str(), s.as_str())));
        let mut is_named = false;
        for (name, namespace) in ids {
            // What is in no namespace by name is in `default`.
            let namespace = if resource.is_namespaced() { effective(namespace) } else { namespace };
            is_named |= matches(&self.name, name)? && matches(&self.namespace, namespace)?;
        }
        Ok(is_named
            && has(&self.label_selector, resource, "/metadata/labels")?
            && has(&self.annotation_selector, resource, "/metadata/annotations")?)
    }

    /// As kustomize names it in messages.
    pub fn is_empty(&self) -> bool {
        [
            &self.group,
            &self.version,
            &self.kind,
            &self.name,
            &self.namespace,
            &self.label_selector,
            &self.annotation_selector,
        ]
        .iter()
        .all(|f| f.is_empty())
    }
}

fn has(selector: &str, resource: &Resource, pointer: &str) -> anyhow::Result<bool> {
    if selector.is_empty() {
        return Ok(true);
    }
    let selector = Selector::parse(selector).map_err(|e| anyhow::anyhow!("{e}"))?;
    Ok(selector.matches(resource.body.pointer(pointer).and_then(Value::as_object)))
}

/// Whether a whole text matches an expression; an empty pattern matches all.
fn matches(pattern: &str, text: &str) -> anyhow::Result<bool> {
    if pattern.is_empty() || pattern == text {
        return Ok(true);
    }
    Ok(Regex::new(&format!("^(?:{pattern})$"))?.is_match(text))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_matched_whole() {
        let cases = [
            ("", "web", true),
            ("web", "web-0", false),
            ("web.*", "web-0", true),
            ("^(web|db)$", "db", true),
            (".+", "", false),
            ("w.b", "wxb", true),
            ("[a-w]?eb(-\\d)+", "web-0", true),
        ];
        for (pattern, text, want) in cases {
            assert_eq!(matches(pattern, text).unwrap(), want, "{pattern} {text}");
        }
        assert!(matches("[a-", "a").is_err());
    }
}
