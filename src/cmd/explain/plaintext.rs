//! A definition in the layout of kubectl's plaintext template. Knows no kind and no command line.

use crate::apimachinery::schema::{Definition, Field, Form, Shape, Type};
use crate::kinds::Names;

/// Where the prose is: the schema table has facts only.
const NO_PROSE: &str = "    kstate knows types, not prose. Descriptions are at:\n    \
    https://kubernetes.io/docs/reference/kubernetes-api/\n    \n";

/// How many values of an enum a list of fields shows.
pub const SHORT_ENUM: usize = 4;

/// Everything `explain` prints of a kind, or of the field that a path leads to.
///
/// # Errors
/// kubectl's text for a path that leads nowhere.
pub fn explain(names: &Names, definition: Definition, path: &[&str], recursive: bool) -> anyhow::Result<String> {
    Ok(header(names) + &described(definition, path, recursive)?)
}

/// What every explanation begins with.
pub fn header(names: &Names) -> String {
    let mut text = String::new();
    if !names.group.is_empty() {
        text += &format!("GROUP:      {}\n", names.group);
    }
    text + &format!("KIND:       {}\nVERSION:    {}\n\n", names.kind, names.version)
}

/// kubectl's text for a path that leads nowhere.
pub fn no_field(path: &[&str]) -> anyhow::Error {
    anyhow::anyhow!("error: field \"{}\" does not exist", path.last().copied().unwrap_or_default())
}

/// What is below the header.
///
/// # Errors
/// [`no_field`].
pub fn described(definition: Definition, path: &[&str], recursive: bool) -> anyhow::Result<String> {
    let mut text = String::new();
    let mut here = Some(definition);
    for (at, name) in path.iter().enumerate() {
        let field = here.and_then(|d| d.field(name)).ok_or_else(|| no_field(path))?;
        if at + 1 == path.len() {
            let kind = type_name(field.type_of());
            text += &format!("FIELD: {} <{kind}>\n{}\n\n", field.name(), long_enum(field));
        }
        here = inner(field.type_of());
    }
    text += &format!("DESCRIPTION:\n{NO_PROSE}");
    let mut fields = String::new();
    if let Some(definition) = here {
        list(definition, 1, recursive, &mut Vec::new(), &mut fields);
    }
    if !fields.is_empty() {
        text += &format!("FIELDS:\n{fields}");
    }
    Ok(text + "\n")
}

/// The definition that a type holds, in lists and maps too.
fn inner(mut of: Type) -> Option<Definition> {
    loop {
        match of.shape() {
            Shape::List(next) | Shape::Map(next) => of = next,
            Shape::Definition(definition) => return Some(definition),
            _ => return None,
        }
    }
}

/// What the template guesses for a type: `[]Container`, `map[string]string`, `integer`.
fn type_name(of: Type) -> String {
    match of.shape() {
        Shape::String | Shape::Bytes => "string".to_owned(),
        Shape::Bool => "boolean".to_owned(),
        Shape::Int32 | Shape::Int64 => "integer".to_owned(),
        Shape::Float64 => "number".to_owned(),
        Shape::List(items) => format!("[]{}", type_name(items)),
        Shape::Map(values) => format!("map[string]{}", type_name(values)),
        Shape::Definition(definition) => match definition.form() {
            Form::Time | Form::MicroTime => "string".to_owned(),
            _ => definition.go_name().to_owned(),
        },
    }
}

/// The fields of a definition; `above` are the definitions it is in, which are not opened again.
fn list(definition: Definition, level: usize, recursive: bool, above: &mut Vec<Definition>, out: &mut String) {
    if definition.form() != Form::Struct || above.contains(&definition) {
        return;
    }
    above.push(definition);
    for field in definition.fields() {
        let indent = " ".repeat(2 * level);
        let required = if field.is_required() { " -required-" } else { "" };
        let short = short_enum(field, &indent);
        *out += &format!("{indent}{}\t<{}>{required}{short}\n", field.name(), type_name(field.type_of()));
        if !recursive {
            out.push('\n');
        } else if let Some(inside) = inner(field.type_of()) {
            list(inside, level + 1, recursive, above, out);
        }
    }
    above.pop();
}

fn values(field: Field) -> Vec<&'static str> {
    field.type_of().values().map(|v| if v.is_empty() { "\"\"" } else { v }).collect()
}

fn long_enum(field: Field) -> String {
    let values = values(field);
    if values.is_empty() { String::new() } else { format!("ENUM:\n    {}", values.join("\n    ")) }
}

fn short_enum(field: Field, indent: &str) -> String {
    let values = values(field);
    if values.is_empty() {
        return String::new();
    }
    let more = if values.len() > SHORT_ENUM { ", ...." } else { "" };
    let shown: Vec<&str> = values.into_iter().take(SHORT_ENUM).collect();
    format!("\n{indent}enum: {}{more}", shown.join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cmd::resources;
    use crate::kinds::Registry;

    fn explained(kind: &str, path: &[&str], recursive: bool) -> String {
        let names = resources::kind_in(&Registry::built_in(), kind).unwrap().names();
        let definition = Definition::of_kind(names.api_version, names.kind).unwrap();
        explain(names, definition, path, recursive).unwrap_or_else(|e| e.to_string())
    }

    #[test]
    fn fields_are_explained_as_kubectl_does() {
        let field = explained("sts", &["spec", "podManagementPolicy"], false);
        assert!(field.starts_with(
            "GROUP:      apps\nKIND:       StatefulSet\nVERSION:    v1\n\nFIELD: podManagementPolicy <string>\nENUM:\n    \
             OrderedReady\n    Parallel\n\nDESCRIPTION:\n"
        ));
        let limits = explained("pod", &["spec", "containers", "resources", "limits"], false);
        assert!(limits.contains("FIELD: limits <map[string]Quantity>\n\n\nDESCRIPTION:"), "{limits}");
        assert_eq!(explained("pod", &["spec", "nope", "x"], false), "error: field \"x\" does not exist");
        assert_eq!(explained("pod", &["kind", "x"], false), "error: field \"x\" does not exist");
        let all = explained("sts", &[], true);
        assert!(all.contains("\n    podManagementPolicy\t<string>\n    enum: OrderedReady, Parallel\n"));
        assert!(all.contains("\n    ownerReferences\t<[]OwnerReference>\n      apiVersion\t<string> -required-\n"));
    }
}
