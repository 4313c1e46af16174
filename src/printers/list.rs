//! A `kind: List` as JSON or YAML, one object at a time: of a long list no more than one object is held as text.

use std::io::Write;

use serde_json::Value;

use super::printer::Printer;
use super::yaml;
use crate::apimachinery::go_value::json_indent_at;
use crate::apimachinery::object::Object;

/// A list that is being printed. What kubectl prints of several objects: its own fields come in alphabetical order.
pub struct ListPrinter<'p, 'w> {
    printer: &'p mut Printer,
    out: &'w mut dyn Write,
    is_yaml: bool,
    count: usize,
}

impl<'p, 'w> ListPrinter<'p, 'w> {
    /// `printer` says in which of the two formats, and whether `managedFields` are shown.
    pub fn new(printer: &'p mut Printer, out: &'w mut dyn Write) -> ListPrinter<'p, 'w> {
        let is_yaml = printer.is_yaml();
        ListPrinter { printer, out, is_yaml, count: 0 }
    }

    /// Prints the next object.
    ///
    /// # Errors
    /// Those of the output.
    pub fn item(&mut self, object: &Object) -> anyhow::Result<()> {
        let mut value = object.to_value();
        self.printer.omit_managed_fields(&mut value);
        if self.count == 0 {
            self.begin()?;
            self.out.write_all(if self.is_yaml { b"\n" } else { b"[" })?;
        }
        self.count += 1;
        if self.is_yaml {
            // In a mapping a list is not indented further: an item looks as it does in a list of its own.
            return Ok(self.out.write_all(yaml::to_string(&Value::Array(vec![value])).as_bytes())?);
        }
        let comma = if self.count > 1 { "," } else { "" };
        Ok(write!(self.out, "{comma}\n        {}", json_indent_at(&value, 2))?)
    }

    /// Prints what follows the last object.
    ///
    /// # Errors
    /// Those of the output.
    pub fn end(mut self) -> anyhow::Result<()> {
        let is_empty = self.count == 0;
        if is_empty {
            self.begin()?;
        }
        let closed = match (self.is_yaml, is_empty) {
            (true, true) => " []\n",
            (true, false) => "",
            (false, true) => "[]",
            (false, false) => "\n    ]",
        };
        let rest = if self.is_yaml { YAML_END } else { JSON_END };
        Ok(write!(self.out, "{closed}{rest}")?)
    }

    fn begin(&mut self) -> anyhow::Result<()> {
        if self.is_yaml {
            self.printer.separate_yaml(self.out)?;
        }
        Ok(self.out.write_all(if self.is_yaml { YAML_BEGIN } else { JSON_BEGIN }.as_bytes())?)
    }
}

const JSON_BEGIN: &str = "{\n    \"apiVersion\": \"v1\",\n    \"items\": ";
const JSON_END: &str = ",\n    \"kind\": \"List\",\n    \"metadata\": {\n        \"resourceVersion\": \"\"\n    }\n}\n";
const YAML_BEGIN: &str = "apiVersion: v1\nitems:";
const YAML_END: &str = "kind: List\nmetadata:\n  resourceVersion: \"\"\n";

#[cfg(test)]
mod tests {
    use super::super::printer::list;
    use super::super::{Format, Printer};
    use super::*;
    use crate::apimachinery::go_value::json_indent;
    use std::sync::Arc;

    /// The text of a list made piece by piece is that of the whole.
    #[test]
    fn a_list_in_pieces_is_the_list() {
        for count in [0, 1, 3] {
            let objects: Vec<Arc<Object>> =
                (0..count).map(|n| Arc::new(Object::new("v1", "Pod", "default", &format!("web-{n}")))).collect();
            let whole = list(&objects);
            for (format, wanted) in
                [(Format::Json, json_indent(&whole) + "\n"), (Format::Yaml, yaml::to_string(&whole))]
            {
                let mut out = Vec::new();
                Printer::new(format, false).print_list(&objects, &mut out).unwrap();
                assert_eq!(String::from_utf8(out).unwrap(), wanted);
            }
        }
    }
}
