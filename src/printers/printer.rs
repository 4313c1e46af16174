//! Objects in the format that was asked for. Knows the formats, not the flags that choose them.

use std::io::{self, Write};
use std::sync::Arc;

use serde_json::{Value, json};

use super::format::Format;
use super::list::ListPrinter;
use super::name::object_name;
use super::yaml;
use crate::apimachinery::go_value::json_indent;
use crate::apimachinery::object::Object;
use crate::apimachinery::schema::{Definition, go_json_indent};
use crate::apiserver::show_managed_fields;
use crate::cluster::ChangeType;

/// Prints objects one after the other, or as a list.
pub struct Printer {
    format: Format,
    show_managed_fields: bool,
    /// YAML documents after the first have a line of dashes before them.
    printed_yaml: bool,
    /// No lines of dashes: each object is the first of a printer of its own.
    is_one_each: bool,
    /// JSON has its fields in the order of Go's types.
    is_typed: bool,
}

impl Printer {
    /// `show_managed_fields`: whether JSON and YAML keep `metadata.managedFields`.
    pub fn new(format: Format, show_managed_fields: bool) -> Printer {
        Printer { format, show_managed_fields, printed_yaml: false, is_one_each: false, is_typed: false }
    }

    /// For objects that kubectl holds in Go's types, and not as it has read them.
    pub fn typed(self, is_typed: bool) -> Printer {
        Printer { is_typed, ..self }
    }

    /// For the verbs that make a printer for every object: nothing parts their YAML.
    pub fn one_each(self) -> Printer {
        Printer { is_one_each: true, ..self }
    }

    /// Prints one object. Without a format: what was done to it, `statefulset.apps/web created`.
    pub fn print(&mut self, object: &Object, operation: &str, out: &mut dyn Write) -> anyhow::Result<()> {
        let value = object.to_value();
        match self.format {
            Format::Default | Format::Wide if !operation.is_empty() => {
                Ok(writeln!(out, "{} {operation}", object_name(&value))?)
            }
            Format::Default | Format::Wide | Format::Name => Ok(writeln!(out, "{}", object_name(&value))?),
            Format::CustomColumns(ref mut columns) => {
                let value = if columns.shows_metadata() { whole(value) } else { value };
                columns.print(&[&value], out)
            }
            _ => self.print_value(value, out),
        }
    }

    /// Prints several objects, or none, as one `kind: List`; names and custom columns have a line for each.
    pub fn print_list(&mut self, objects: &[Arc<Object>], out: &mut dyn Write) -> anyhow::Result<()> {
        match self.format {
            Format::Default | Format::Wide | Format::Name => {
                objects.iter().try_for_each(|object| self.print(object, "", out))
            }
            Format::CustomColumns(ref mut columns) => {
                let shown = if columns.shows_metadata() { whole } else { |value| value };
                let values: Vec<Value> = objects.iter().map(|o| shown(o.to_value())).collect();
                columns.print(&values.iter().collect::<Vec<_>>(), out)
            }
            Format::Json | Format::Yaml if !self.is_typed => {
                let mut list = ListPrinter::new(self, out);
                objects.iter().try_for_each(|object| list.item(object))?;
                list.end()
            }
            _ => self.print_value(list(objects), out),
        }
    }

    /// As [`Printer::print_list`], of a list that kubectl makes of Go's type `List`: its JSON has that type's order of fields.
    pub fn print_go_list(&mut self, objects: &[Arc<Object>], out: &mut dyn Write) -> anyhow::Result<()> {
        let mut items: Value = objects.iter().map(|o| o.to_value()).collect();
        if let Format::Json = self.format {
            items.as_array_mut().into_iter().flatten().for_each(|item| self.omit_managed_fields(item));
            let items = json_indent(&items).replace('\n', "\n    ");
            let head = r#""kind": "List",
    "apiVersion": "v1",
    "metadata": {},
    "items": "#;
            return Ok(writeln!(out, "{{\n    {head}{items}\n}}")?);
        }
        self.print_value(json!({"apiVersion": "v1", "items": items, "kind": "List", "metadata": {}}), out)
    }

    /// Prints what happened to an object, for `--output-watch-events`. JSON has an event in a line of its own.
    pub fn print_event(&mut self, event: ChangeType, object: &Object, out: &mut dyn Write) -> anyhow::Result<()> {
        let value = json!({"type": event.as_str(), "object": object.to_value()});
        match self.format {
            Format::Default | Format::Wide | Format::Name => self.print(object, "", out),
            Format::CustomColumns(ref mut columns) => columns.print(&[&value], out),
            Format::Json => {
                // Go writes the fields of an event in the order of its declaration.
                let object = crate::apimachinery::go_value::json(&value["object"]);
                Ok(writeln!(out, "{{\"type\":\"{}\",\"object\":{object}}}", event.as_str())?)
            }
            _ => self.print_value(value, out),
        }
    }

    fn print_value(&mut self, mut value: Value, out: &mut dyn Write) -> anyhow::Result<()> {
        match &mut self.format {
            // Only JSON and YAML leave managed fields out; they are spelled out where they show.
            Format::JsonPath(path) if path.shows_metadata() => {
                let value = whole(value);
                path.print(&value, &|| value.clone(), out)
            }
            Format::JsonPath(path) => path.print(&value, &|| whole(value.clone()), out),
            Format::GoTemplate(template) if template.shows_metadata() => {
                let value = whole(value);
                template.print(&value, &|| value.clone(), out)
            }
            Format::GoTemplate(template) => template.print(&value, &|| whole(value.clone()), out),
            Format::Json => {
                self.omit_managed_fields(&mut value);
                Ok(writeln!(out, "{}", self.json(&value))?)
            }
            _ => {
                self.omit_managed_fields(&mut value);
                self.separate_yaml(out)?;
                Ok(out.write_all(yaml::to_string(&value).as_bytes())?)
            }
        }
    }

    pub(super) fn is_yaml(&self) -> bool {
        matches!(self.format, Format::Yaml)
    }

    pub(super) fn separate_yaml(&mut self, out: &mut dyn Write) -> io::Result<()> {
        if std::mem::replace(&mut self.printed_yaml, true) && !self.is_one_each {
            out.write_all(b"---\n")
        } else {
            Ok(())
        }
    }

    fn json(&self, value: &Value) -> String {
        let text = |field: &str| value.get(field).and_then(Value::as_str).unwrap_or_default();
        match Definition::of_kind(text("apiVersion"), text("kind")).filter(|_| self.is_typed) {
            Some(definition) => go_json_indent(value, definition),
            None => json_indent(value),
        }
    }

    pub(super) fn omit_managed_fields(&self, value: &mut Value) {
        if self.show_managed_fields {
            show_managed_fields(value);
            return;
        }
        omit(value);
        value.get_mut("items").and_then(Value::as_array_mut).into_iter().flatten().for_each(omit);
    }
}

/// A value with its managed fields as the server has them.
fn whole(mut value: Value) -> Value {
    show_managed_fields(&mut value);
    value
}

fn omit(value: &mut Value) {
    if let Some(Value::Object(metadata)) = value.get_mut("metadata") {
        metadata.remove("managedFields");
    }
}

/// What kubectl makes of several objects.
pub(super) fn list(objects: &[Arc<Object>]) -> Value {
    let items: Vec<Value> = objects.iter().map(|o| o.to_value()).collect();
    json!({"apiVersion": "v1", "items": items, "kind": "List", "metadata": {"resourceVersion": ""}})
}
