//! The schema of a definition in the layout of kubectl's plaintext template. Knows no kind and no command line.

use serde_json::Value;

use super::plaintext::{SHORT_ENUM, described, header, no_field};
use super::wrap::wrap;
use crate::apimachinery::go_value;
use crate::apimachinery::schema::Definition;
use crate::apimachinery::structural::Structural;
use crate::kinds::Names;

/// What every object has; the server adds it to the schema.
const META_FIELDS: [(&str, &str); 3] = [("apiVersion", "string"), ("kind", "string"), ("metadata", "ObjectMeta")];

/// Everything `explain` prints of a kind, or of the field that a path leads to.
///
/// # Errors
/// kubectl's text for a path that leads nowhere.
pub fn explain(names: &Names, schema: &Structural, path: &[&str], recursive: bool) -> anyhow::Result<String> {
    let text = header(names);
    if path.first().is_some_and(|first| META_FIELDS.iter().any(|(name, _)| name == first)) {
        // All kinds have the same.
        let definition = Definition::of_kind("v1", "ConfigMap").ok_or_else(|| no_field(path))?;
        return Ok(text + &described(definition, path, recursive)?);
    }
    let mut text = text;
    let mut here = schema;
    for (at, name) in path.iter().enumerate() {
        here = property(here, name).ok_or_else(|| no_field(path))?;
        if at + 1 == path.len() {
            text += &format!("FIELD: {name} <{}>\n{}\n\n", type_name(here), long_enum(here));
        }
    }
    let prose = prose(here);
    let prose = if prose.is_empty() { "<empty>" } else { &prose };
    text += &format!("DESCRIPTION:\n{}\n", indented(&wrap(prose, 76), 4));
    let mut fields = String::new();
    list(here, 1, path.is_empty(), recursive, &mut fields);
    if !fields.is_empty() {
        text += &format!("FIELDS:\n{fields}");
    }
    Ok(text + "\n")
}

/// A field, through lists and maps.
fn property<'s>(schema: &'s Structural, name: &str) -> Option<&'s Structural> {
    match (schema.properties.get(name), &schema.items) {
        (Some(property), _) => Some(property),
        (None, Some(items)) => property(items, name),
        (None, None) => property(schema.additional()?, name),
    }
}

fn type_name(schema: &Structural) -> String {
    match (&schema.items, schema.additional()) {
        (Some(items), _) => format!("[]{}", type_name(items)),
        (None, Some(values)) => format!("map[string]{}", type_name(values)),
        (None, None) if matches!(schema.type_of.as_str(), "" | "object") => "Object".to_owned(),
        (None, None) => schema.type_of.clone(),
    }
}

/// The description of a field, and those of what is in its list or map.
fn prose(schema: &Structural) -> String {
    let own = if schema.description.is_empty() { String::new() } else { format!("{}\n", schema.description) };
    let inner = schema.items.as_deref().into_iter().chain(schema.additional());
    inner.fold(own, |text, schema| text + &prose(schema))
}

fn list(schema: &Structural, level: usize, is_root: bool, recursive: bool, out: &mut String) {
    let meta = META_FIELDS.iter().filter(|_| is_root).map(|(name, of)| (*name, None, *of));
    let own = schema.properties.iter().filter(|(name, _)| !is_root || !META_FIELDS.iter().any(|(m, _)| m == name));
    let mut fields: Vec<(&str, Option<&Structural>, &str)> = meta.collect();
    fields.extend(own.map(|(name, property)| (name.as_str(), Some(property), "")));
    fields.sort_by_key(|(name, ..)| *name);
    let indent = " ".repeat(2 * level);
    for (name, property, of) in fields {
        let of = property.map_or_else(|| of.to_owned(), type_name);
        let required = if schema.values.required.iter().any(|r| r == name) { " -required-" } else { "" };
        let choices = property.map(|p| short_enum(p, &indent)).unwrap_or_default();
        *out += &format!("{indent}{name}\t<{of}>{required}{choices}\n");
        match property {
            Some(property) if recursive => list(property, level + 1, false, true, out),
            Some(property) => {
                let prose = property.description.as_str();
                let prose = if prose.is_empty() { "<no description>" } else { prose };
                *out += &format!("{}\n\n", indented(&wrap(prose, 78 - (2 * level).min(70)), 2 * level + 2));
            }
            None if !recursive => out.push('\n'),
            None => {}
        }
    }
    for inner in schema.items.as_deref().into_iter().chain(schema.additional()) {
        list(inner, level, false, recursive, out);
    }
}

fn indented(text: &str, by: usize) -> String {
    let pad = " ".repeat(by);
    format!("{pad}{}", text.replace('\n', &format!("\n{pad}")))
}

fn choices(schema: &Structural) -> Vec<String> {
    let shown = |choice: &Value| match choice {
        Value::String(text) if text.is_empty() => "\"\"".to_owned(),
        other => go_value::display(other),
    };
    schema.values.choices.iter().map(shown).collect()
}

fn long_enum(schema: &Structural) -> String {
    let choices = choices(schema);
    if choices.is_empty() { String::new() } else { format!("ENUM:\n    {}", choices.join("\n    ")) }
}

fn short_enum(schema: &Structural, indent: &str) -> String {
    let choices = choices(schema);
    if choices.is_empty() {
        return String::new();
    }
    let more = if choices.len() > SHORT_ENUM { ", ...." } else { "" };
    let shown: Vec<String> = choices.into_iter().take(SHORT_ENUM).collect();
    format!("\n{indent}enum: {}{more}", shown.join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    const NAMES: Names = Names {
        group: "db.io",
        version: "v1",
        kind: "Shard",
        plural: "shards",
        singular: "shard",
        short: &[],
        categories: &[],
        namespaced: true,
        resource: "shards.db.io",
        api_version: "db.io/v1",
    };

    fn explained(path: &[&str], recursive: bool) -> String {
        let schema = Structural::parse(
            &json!({"type": "object", "description": "A part of a database.", "properties": {
                "spec": {"type": "object", "required": ["size"], "description": "What is wanted.", "properties": {
                    "size": {"type": "integer"},
                    "engine": {"type": "string", "enum": ["mysql", "pg"], "description": "Which program runs it."},
                    "tags": {"type": "object", "additionalProperties": {"type": "string"}},
                    "ports": {"type": "array", "items": {"type": "object", "properties": {"port": {"x-kubernetes-int-or-string": true}}}},
                }},
            }}),
        );
        let text = explain(&NAMES, &schema, path, recursive).unwrap_or_else(|e| e.to_string());
        text.trim_start_matches("GROUP:      db.io\nKIND:       Shard\nVERSION:    v1\n\n").to_owned()
    }

    #[test]
    fn fields_are_explained_as_kubectl_does() {
        assert_eq!(explained(&["spec", "size"], false), "FIELD: size <integer>\n\n\nDESCRIPTION:\n    <empty>\n\n");
        assert_eq!(
            explained(&["spec", "engine"], false),
            "FIELD: engine <string>\nENUM:\n    mysql\n    pg\n\nDESCRIPTION:\n    Which program runs it.\n    \n\n"
        );
        assert_eq!(
            explained(&["spec"], false),
            "FIELD: spec <Object>\n\n\nDESCRIPTION:\n    What is wanted.\n    \nFIELDS:\n  engine\t<string>\n  enum: mysql, pg\n    \
             Which program runs it.\n\n  ports\t<[]Object>\n    <no description>\n\n  size\t<integer> -required-\n    <no \
             description>\n\n  tags\t<map[string]string>\n    <no description>\n\n\n"
        );
        assert_eq!(
            explained(&[], true),
            "DESCRIPTION:\n    A part of a database.\n    \nFIELDS:\n  apiVersion\t<string>\n  kind\t<string>\n  \
             metadata\t<ObjectMeta>\n  spec\t<Object>\n    engine\t<string>\n    enum: mysql, pg\n    ports\t<[]Object>\n      \
             port\t<Object>\n    size\t<integer> -required-\n    tags\t<map[string]string>\n\n"
        );
        assert_eq!(explained(&["spec", "nope"], false), "error: field \"nope\" does not exist");
        assert!(explained(&["metadata", "name"], false).starts_with("FIELD: name <string>\n"));
    }
}
