//! The description of a kind without its own: its fields, one below the other. Knows no field but metadata's.

use serde_json::{Map, Value};

use super::{Text, View, annotations, labels};
use crate::apimachinery::go_value;
use crate::apimachinery::object::Object;
use crate::apimachinery::status::Status;

/// Fields that are shown above the others, or not at all.
const SKIPPED: [&str; 5] = ["managedFields", "name", "namespace", "labels", "annotations"];
const ACRONYMS: [&str; 5] = ["API", "URL", "UID", "OSB", "GUID"];

/// Describes an object by its fields.
///
/// # Errors
/// The store's, for the events.
pub fn generic(object: &Object, view: &View, out: &mut Text) -> Result<(), Status> {
    out.field(0, "Name", object.name());
    out.field(0, "Namespace", object.namespace());
    labels(out, object);
    annotations(out, "Annotations", object.map_at("/metadata/annotations"));
    fields(&object.body().to_map(), "", 0, out);
    view.events(object, out)
}

fn fields(map: &Map<String, Value>, path: &str, level: usize, out: &mut Text) {
    let mut names: Vec<&String> = map.keys().collect();
    names.sort();
    for name in names {
        if path == ".metadata" && SKIPPED.contains(&name.as_str()) {
            continue;
        }
        let below = format!("{path}.{name}");
        match &map[name] {
            Value::Object(inner) => {
                out.line(level, format_args!("{}:", label(name)));
                fields(inner, &below, level + 1, out);
            }
            Value::Array(items) => {
                out.line(level, format_args!("{}:", label(name)));
                items.iter().for_each(|item| match item {
                    Value::Object(inner) => fields(inner, &below, level + 1, out),
                    plain => out.line(level + 1, go_value::display(plain)),
                });
            }
            plain => out.field(level, label(name), go_value::display(plain)),
        }
    }
}

/// `creationTimestamp` as `Creation Timestamp`; names with anything but letters and dashes stay as they are.
fn label(field: &str) -> String {
    if field.contains(|c: char| !c.is_alphabetic() && c != '-') {
        return field.to_owned();
    }
    let words: Vec<String> = words(field).into_iter().map(title).collect();
    words.join(" ")
}

fn title(word: String) -> String {
    let upper = word.to_uppercase();
    if ACRONYMS.contains(&upper.as_str()) {
        return upper;
    }
    let mut rest = word.chars();
    rest.next().map_or(word.clone(), |first| first.to_uppercase().chain(rest).collect())
}

/// Splits `clusterIPs` as fatih/camelcase does: runs of one case, a capital before small letters going with those.
fn words(field: &str) -> Vec<String> {
    let class = |c: char| match c {
        c if c.is_lowercase() => 1,
        c if c.is_uppercase() => 2,
        _ => 4,
    };
    let mut runs: Vec<(i32, String)> = Vec::new();
    for c in field.chars() {
        match runs.last_mut() {
            Some((last, run)) if *last == class(c) => run.push(c),
            _ => runs.push((class(c), c.to_string())),
        }
    }
    for i in 1..runs.len() {
        if runs[i - 1].0 == 2
            && runs[i].0 == 1
            && let Some(capital) = runs[i - 1].1.pop()
        {
            runs[i].1.insert(0, capital);
        }
    }
    runs.into_iter().map(|(_, run)| run).filter(|run| !run.is_empty()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn labels_are_smart() {
        let cases = [
            ("apiVersion", "API Version"),
            ("kind", "Kind"),
            ("uid", "UID"),
            ("clusterIPs", "Cluster I Ps"),
            ("$patch", "$patch"),
            ("ownerReferences", "Owner References"),
            ("a.b", "a.b"),
        ];
        for (field, want) in cases {
            assert_eq!(label(field), want);
        }
    }
}
