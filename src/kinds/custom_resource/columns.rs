//! The table of a defined kind: `additionalPrinterColumns`.

use std::borrow::Cow;

use serde_json::Value;

use crate::apimachinery::go_value;
use crate::apimachinery::jsonpath::Template;
use crate::apimachinery::object::Object;
use crate::apimachinery::table::{Column, column};
use crate::apimachinery::time::{self, Time};
use crate::kinds::pod::Fields;

/// The columns after the name, and how each cell is made.
pub struct Printer {
    columns: Vec<Column>,
    /// A type and a path each.
    cells: Vec<(String, Template)>,
}

impl Printer {
    /// Reads a version's columns; without any there is the age. The server gives up on them all when it cannot read one.
    pub fn new(columns: &[Value]) -> Printer {
        let age = [serde_json::json!({"name": "Age", "type": "date", "jsonPath": ".metadata.creationTimestamp"})];
        let columns = if columns.is_empty() { &age[..] } else { columns };
        let mut printer = Printer { columns: vec![column("Name")], cells: Vec::new() };
        for one in columns {
            let Ok(template) = Template::parse(&format!("{{{}}}", one.text("jsonPath"))) else { break };
            let wide = one.int("priority").unwrap_or(0) > 0;
            printer.columns.push(Column { name: Cow::Owned(one.text("name").to_owned()), wide });
            printer.cells.push((one.text("type").to_owned(), template.allow_missing_keys(true)));
        }
        printer
    }

    pub fn columns(&self) -> &[Column] {
        &self.columns
    }

    /// One cell for each column.
    pub fn cells(&self, object: &Object, now: Time) -> Vec<String> {
        let body = object.to_value();
        let mut cells = vec![object.name().to_owned()];
        cells.extend(self.cells.iter().map(|(of, template)| cell(of, template, &body, now)));
        cells
    }
}

/// Empty where the path leads nowhere, or to something of another type.
fn cell(of: &str, template: &Template, body: &Value, now: Time) -> String {
    let found = template.clone().find(body).unwrap_or_default();
    let Some(value) = found.first().and_then(|group| group.first()) else { return String::new() };
    match (of, value.as_ref()) {
        (_, Value::Null) => String::new(),
        ("string", Value::String(text)) => text.clone(),
        ("string", Value::Array(_) | Value::Object(_)) => go_value::json(value),
        ("string", plain) => go_value::display(plain),
        ("integer", Value::Number(n)) => n.as_i64().map_or_else(|| whole(n.as_f64()), |i| i.to_string()),
        ("number", Value::Number(n)) => match n.as_f64() {
            Some(f) if f.fract() == 0.0 => whole(Some(f)),
            _ => go_value::display(value),
        },
        ("boolean", Value::Bool(yes)) => yes.to_string(),
        ("date", Value::String(text)) => match time::parse(text) {
            Some(at) => time::age(Some(at), now),
            None => "<invalid>".to_owned(),
        },
        _ => String::new(),
    }
}

/// A float without what is behind its point.
fn whole(number: Option<f64>) -> String {
    number.map_or_else(String::new, |f| format!("{:.0}", f.trunc()))
}
