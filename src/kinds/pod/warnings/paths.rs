//! Warnings of files of one volume that are in each other's place.

use serde_json::Value;

use crate::kinds::pod::fields::Fields;

/// What is said of a spec's volumes.
pub(super) fn warn(volumes: &[Value], warnings: &mut Vec<String>) {
    for volume in volumes {
        let name = volume.text("name");
        for (source, called, of) in
            [("configMap", "ConfigMap", "name"), ("secret", "Secret", "secretName"), ("downwardAPI", "DownwardAPI", "")]
        {
            if let Some(source) = volume.field(source) {
                overlaps(&paths(source), &told(name, called, source, of), warnings);
            }
        }
        let mut all: Vec<String> = Vec::new();
        for source in volume.field("projected").map(|p| p.items("sources")).unwrap_or_default() {
            warn_of_projected(name, source, &mut all, warnings);
        }
    }
}

fn warn_of_projected(volume: &str, source: &Value, all: &mut Vec<String>, warnings: &mut Vec<String>) {
    if source.as_object().is_some_and(serde_json::Map::is_empty) {
        return warnings.push(format!("volume {volume:?} (Projected) has no sources provided"));
    }
    let named = [("configMap", "ConfigMap"), ("secret", "Secret")].into_iter();
    let found = named.filter_map(|(field, called)| Some((source.field(field)?, called, "name")));
    let downward = source.field("downwardAPI").map(|s| (s, "DownwardAPI", ""));
    let token = source.field("serviceAccountToken").map(|s| (s, "ServiceAccountToken", ""));
    let Some((source, called, of)) = found.chain(downward).chain(token).next() else { return };
    let mut own = paths(source);
    if called == "ServiceAccountToken" {
        own.push(source.text("path").to_owned());
    }
    if own.is_empty() {
        return;
    }
    let told = told(volume, &format!("Projected {called}"), source, of);
    overlaps(&own, &told, warnings);
    own.sort_unstable();
    own.dedup();
    let mut both = [own.clone(), all.clone()].concat();
    both.sort_unstable();
    overlaps(&both, &told, warnings);
    all.extend(own);
    all.dedup();
}

fn paths(source: &Value) -> Vec<String> {
    source.items("items").iter().map(|item| item.text("path").to_owned()).collect()
}

/// `volume "v" (ConfigMap "c"): overlapping paths`.
fn told(volume: &str, called: &str, source: &Value, of: &str) -> String {
    let name = if of.is_empty() { String::new() } else { format!(" {:?}", source.text(of)) };
    format!("volume {volume:?} ({called}{name}): overlapping paths")
}

fn overlaps(paths: &[String], told: &str, warnings: &mut Vec<String>) {
    let mut seen: Vec<&str> = Vec::new();
    for path in paths {
        let path = path.trim_end_matches('/');
        let is_in = |other: &&&str| {
            **other == path || format!("{other}/").starts_with(path) || format!("{path}/").starts_with(**other)
        };
        if let Some(other) = seen.iter().filter(|o| !o.is_empty() && !path.is_empty()).find(is_in) {
            warnings.push(format!("{told}: {path:?} with {other:?}"));
        }
        if !seen.contains(&path) {
            seen.push(path);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn files_in_each_others_place() {
        let volumes = json!([
            {"name": "v", "configMap": {"name": "c", "items": [{"path": "a"}, {"path": "a/b"}, {"path": "x"}]}},
            {"name": "p", "projected": {"sources": [
                {"secret": {"name": "s", "items": [{"path": "k"}]}}, {"serviceAccountToken": {"path": "k"}}, {},
            ]}},
        ]);
        let mut warnings = Vec::new();
        warn(volumes.as_array().unwrap(), &mut warnings);
        assert_eq!(
            warnings,
            [
                "volume \"v\" (ConfigMap \"c\"): overlapping paths: \"a/b\" with \"a\"",
                "volume \"p\" (Projected ServiceAccountToken): overlapping paths: \"k\" with \"k\"",
                "volume \"p\" (Projected) has no sources provided",
            ]
        );
    }
}
