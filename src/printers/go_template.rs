//! `-o go-template` and its spellings, on the crate gtmpl-ng. Knows no flag.

use std::io::Write;

use anyhow::anyhow;
use gtmpl_ng::{Context, Limits, Template};
use serde_json::Value;

use super::whole;
use crate::apimachinery::go_value::{display, json};
use crate::apimachinery::quote::quote;

mod compare;
mod errors;
mod functions;
mod source;
mod value;

/// What kubectl calls every template.
const NAME: &str = "output";

/// A template to print objects by.
pub struct GoTemplate {
    text: String,
    template: Template,
    allow_missing_keys: bool,
}

impl GoTemplate {
    /// Reads a template.
    pub fn parse(text: &str, allow_missing_keys: bool) -> anyhow::Result<GoTemplate> {
        // Objects are as many as they are: only what a template makes of nothing is bounded.
        let mut template = Template::with_limits(Limits::default().with_total_iterations(None).with_output_bytes(None));
        NAME.clone_into(&mut template.name);
        template.add_funcs(&functions::FUNCTIONS);
        let plain = source::without_else_with(&source::without_raw_strings(text));
        template.parse(plain).map_err(|e| anyhow!("error parsing template {text}, {}", errors::parse(&e)))?;
        Ok(GoTemplate { text: text.to_owned(), template, allow_missing_keys })
    }

    /// Whether more of an object's metadata shows than single fields of it.
    pub fn shows_metadata(&self) -> bool {
        whole::is_shown(&self.text)
    }

    /// Prints what the template makes of an object; no newline is added. What was made before an error is printed, and
    /// then the object, as kubectl does; `whole` is that with all its metadata.
    pub fn print(&mut self, object: &Value, whole: &dyn Fn() -> Value, out: &mut dyn Write) -> anyhow::Result<()> {
        let mut made = Vec::new();
        let done =
            self.template.execute(&mut made, &Context::from(value::to_template(object, self.allow_missing_keys)));
        out.write_all(&made)?;
        let Err(error) = done else { return Ok(()) };
        let (error, text) = (errors::execute(&error, &self.text, object), &self.text);
        writeln!(out, "Error executing template: {error}. Printing more information for debugging the template:")?;
        let object = &whole();
        writeln!(out, "\ttemplate was:\n\t\t{text}\n\traw data was:\n\t\t{}", json(object))?;
        writeln!(out, "\tobject given to template engine was:\n\t\t{}\n", display(object))?;
        Err(anyhow!("error executing template {}: {error}", quote(text)))
    }
}

#[cfg(test)]
mod tests;
