//! `-o jsonpath`, `jsonpath-file` and `jsonpath-as-json`. Knows no flag.

use std::io::Write;

use anyhow::anyhow;
use serde_json::Value;

use super::whole;
use crate::apimachinery::go_value::go_syntax;
use crate::apimachinery::jsonpath::Template;
use crate::apimachinery::quote::quote;

/// A template to print objects by.
pub struct JsonPath {
    text: String,
    template: Template,
    as_json: bool,
}

impl JsonPath {
    /// Reads a template.
    pub fn parse(text: &str, allow_missing_keys: bool, as_json: bool) -> anyhow::Result<JsonPath> {
        let template = Template::parse(text).map_err(|e| anyhow!("error parsing jsonpath {text}, {e}"))?;
        Ok(JsonPath { text: text.to_owned(), template: template.allow_missing_keys(allow_missing_keys), as_json })
    }

    /// Whether more of an object's metadata shows than single fields of it.
    pub fn shows_metadata(&self) -> bool {
        whole::is_shown(&self.text)
    }

    /// Prints what the template makes of an object; no newline is added. An error shows the object: `whole` is that with
    /// all its metadata.
    pub fn print(&mut self, object: &Value, whole: &dyn Fn() -> Value, out: &mut dyn Write) -> anyhow::Result<()> {
        let made = if self.as_json { self.template.execute_as_json(object) } else { self.template.execute(object) };
        let made = made.map_err(|e| {
            let (quoted, text, object) = (quote(&self.text), &self.text, go_syntax(&whole()));
            anyhow!(
                "error executing jsonpath {quoted}: Error executing template: {e}. Printing more information for \
                 debugging the template:\n\ttemplate was:\n\t\t{text}\n\tobject given to jsonpath engine was:\n\t\t\
                 {object}\n\n\n"
            )
        })?;
        Ok(out.write_all(made.as_bytes())?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn errors_show_the_object() {
        let mut path = JsonPath::parse("{.l[3]}", true, false).unwrap();
        let error = path.print(&json!({"l": [1]}), &|| json!({"l": [1]}), &mut Vec::new()).unwrap_err();
        assert_eq!(
            error.to_string(),
            "error executing jsonpath \"{.l[3]}\": Error executing template: array index out of bounds: index 3, length 1. \
             Printing more information for debugging the template:\n\ttemplate was:\n\t\t{.l[3]}\n\tobject given to \
             jsonpath engine was:\n\t\tmap[string]interface {}{\"l\":[]interface {}{1}}\n\n\n"
        );
    }
}
