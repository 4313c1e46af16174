//! What the API calls a defined kind in each version, and in which order versions are preferred.

use std::cmp::Reverse;

use serde_json::Value;

use crate::kinds::Names;
use crate::kinds::pod::Fields;

/// The names of each version that is served, the preferred one first.
pub fn served(spec: &Value, accepted: &Value) -> Vec<Names> {
    let versions = spec.items("versions").iter().filter(|v| v.flag("served") == Some(true));
    let mut versions: Vec<&str> = versions.map(|v| v.text("name")).collect();
    versions.sort_by_key(|v| priority(v));
    let (group, plural) = (leaked(spec.text("group")), leaked(accepted.text("plural")));
    let names = Names {
        group,
        version: "",
        kind: leaked(accepted.text("kind")),
        plural,
        singular: leaked(accepted.text("singular")),
        short: list(accepted, "shortNames"),
        categories: list(accepted, "categories"),
        namespaced: spec.text("scope") != "Cluster",
        resource: leaked(&format!("{plural}.{group}")),
        api_version: "",
    };
    let of_version =
        |version: &str| Names { version: leaked(version), api_version: leaked(&format!("{group}/{version}")), ..names };
    versions.into_iter().map(of_version).collect()
}

fn leaked(text: &str) -> &'static str {
    Box::leak(text.to_owned().into_boxed_str())
}

fn list(accepted: &Value, field: &str) -> &'static [&'static str] {
    Box::leak(accepted.items(field).iter().filter_map(Value::as_str).map(leaked).collect())
}

/// What `--field-selector` knows of a version's objects: each field with the pointer to it.
pub fn selectable(version: &Value) -> &'static [(&'static str, &'static str)] {
    let fields = version.items("selectableFields").iter().map(|f| f.text("jsonPath"));
    let pairs = fields.map(|path| (leaked(path.trim_start_matches('.')), leaked(&pointer(path))));
    Box::leak(pairs.collect())
}

/// A simple JSON path (`.spec.size`) as a JSON pointer; the keys of definitions hold no `/` and no `~`.
pub fn pointer(path: &str) -> String {
    path.replace('.', "/")
}

/// Kubernetes' order of versions: `v2`, `v1`, `v2beta1`, `v1beta2`, `v3alpha1`, then all others by name.
pub fn priority(version: &str) -> impl Ord + use<> {
    match parsed(version) {
        Some((stage, major, minor)) => (0, Reverse((stage, major, minor)), String::new()),
        None => (1, Reverse((0, 0, 0)), version.to_owned()),
    }
}

/// `v1beta2` as how stable it is, and its numbers.
fn parsed(version: &str) -> Option<(u8, u64, u64)> {
    let rest = version.strip_prefix('v')?;
    let digits = rest.find(|c: char| !c.is_ascii_digit()).unwrap_or(rest.len());
    let major = rest[..digits].parse().ok()?;
    let rest = &rest[digits..];
    if rest.is_empty() {
        return Some((2, major, 0));
    }
    let (stage, minor) = match (rest.strip_prefix("beta"), rest.strip_prefix("alpha")) {
        (Some(minor), _) => (1, minor),
        (_, Some(minor)) => (0, minor),
        _ => return None,
    };
    Some((stage, major, minor.parse().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stable_versions_are_preferred() {
        let mut versions =
            ["foo10", "v11alpha2", "v1", "v12alpha1", "v10beta3", "foo1", "v3beta1", "v10", "v2", "v11beta2"];
        versions.sort_by_key(|v| priority(v));
        let want = ["v10", "v2", "v1", "v11beta2", "v10beta3", "v3beta1", "v12alpha1", "v11alpha2", "foo1", "foo10"];
        assert_eq!(versions, want);
    }
}
