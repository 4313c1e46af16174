//! `-o` and `--template`: which format was asked for. Knows no object.

use std::io;

use anyhow::{anyhow, bail};

use super::custom_columns::CustomColumns;
use super::go_template::GoTemplate;
use super::jsonpath::JsonPath;
use crate::apimachinery::quote::quote;

/// What `get` takes, as its error lists it.
pub const GET_FORMATS: &[&str] = &[
    "custom-columns",
    "custom-columns-file",
    "go-template",
    "go-template-file",
    "json",
    "jsonpath",
    "jsonpath-as-json",
    "jsonpath-file",
    "name",
    "template",
    "templatefile",
    "wide",
    "yaml",
];

/// What the verbs take that print what they did: create, apply, delete, label, …
pub const FORMATS: &[&str] = &[
    "go-template",
    "go-template-file",
    "json",
    "jsonpath",
    "jsonpath-as-json",
    "jsonpath-file",
    "name",
    "template",
    "templatefile",
    "yaml",
];

/// How to print objects.
pub enum Format {
    /// Nothing was asked for: a table, or what was done.
    Default,
    /// `wide`: a table with all columns.
    Wide,
    Json,
    Yaml,
    Name,
    JsonPath(JsonPath),
    GoTemplate(GoTemplate),
    CustomColumns(CustomColumns),
}

/// The flags that choose a format.
#[derive(Clone, Copy, Debug)]
pub struct OutputFlags<'a> {
    /// `-o`; empty if not given.
    pub output: &'a str,
    /// `--template`; empty if not given.
    pub template: &'a str,
    /// `--allow-missing-template-keys`, true by default.
    pub allow_missing_keys: bool,
    /// `--no-headers`, for custom columns.
    pub no_headers: bool,
}

impl Default for OutputFlags<'_> {
    fn default() -> Self {
        OutputFlags { output: "", template: "", allow_missing_keys: true, no_headers: false }
    }
}

/// Reads a file that a format names.
pub type ReadFile<'a> = &'a dyn Fn(&str) -> io::Result<String>;

impl Format {
    /// Reads the flags. `allowed` is [`GET_FORMATS`] or [`FORMATS`].
    pub fn parse(flags: &OutputFlags, allowed: &[&str], read_file: ReadFile) -> anyhow::Result<Format> {
        let output = match flags.output {
            "" if !flags.template.is_empty() => "go-template",
            other => other,
        };
        let (kind, argument) = match output.split_once('=') {
            // With --template everything of -o is the format's name.
            Some((kind, argument)) if flags.template.is_empty() => (kind, argument),
            _ => (output, flags.template),
        };
        if allowed.contains(&kind)
            && let Some(format) = with_argument(kind, argument, flags, read_file)
        {
            return format;
        }
        simple(output)
            .filter(|(name, _)| name.is_empty() || allowed.contains(name))
            .map(|(_, format)| format)
            .ok_or_else(|| {
                let (quoted, allowed) = (quote(flags.output), allowed.join(","));
                anyhow!(
                    "unable to match a printer suitable for the output format {quoted}, allowed formats are: {allowed}"
                )
            })
    }

    /// Whether a table is asked for, where there is one.
    pub fn is_table(&self) -> bool {
        matches!(self, Format::Default | Format::Wide)
    }
}

fn simple(output: &str) -> Option<(&'static str, Format)> {
    match output {
        "" => return Some(("", Format::Default)),
        "wide" => return Some(("wide", Format::Wide)),
        _ => {}
    }
    match output.to_lowercase().as_str() {
        "json" => Some(("json", Format::Json)),
        "yaml" => Some(("yaml", Format::Yaml)),
        "name" => Some(("name", Format::Name)),
        _ => None,
    }
}

/// The formats that take a template; `None` for the others.
fn with_argument(
    kind: &str,
    argument: &str,
    flags: &OutputFlags,
    read_file: ReadFile,
) -> Option<anyhow::Result<Format>> {
    let template = || template_text(kind, argument, read_file);
    let missing = flags.allow_missing_keys;
    Some(match kind {
        "jsonpath" | "jsonpath-file" | "jsonpath-as-json" => template()
            .and_then(|text| JsonPath::parse(&text, missing, kind == "jsonpath-as-json"))
            .map(Format::JsonPath),
        "go-template" | "go-template-file" | "template" | "templatefile" => {
            template().and_then(|text| GoTemplate::parse(&text, missing)).map(Format::GoTemplate)
        }
        "custom-columns" => CustomColumns::parse(argument, flags.no_headers).map(Format::CustomColumns),
        "custom-columns-file" => custom_columns_file(argument, read_file).map(Format::CustomColumns),
        _ => return None,
    })
}

fn template_text(kind: &str, argument: &str, read_file: ReadFile) -> anyhow::Result<String> {
    if argument.is_empty() {
        bail!("template format specified but no template given");
    }
    if !matches!(kind, "jsonpath-file" | "go-template-file" | "templatefile") {
        return Ok(argument.to_owned());
    }
    read_file(argument).map_err(|e| anyhow!("error reading --template {argument}, {}", go_open_error(argument, &e)))
}

fn custom_columns_file(path: &str, read_file: ReadFile) -> anyhow::Result<CustomColumns> {
    if path.is_empty() {
        bail!("custom-columns format specified but no custom columns given");
    }
    let text = read_file(path).map_err(|e| anyhow!("error reading template {path}, {}\n", go_open_error(path, &e)))?;
    CustomColumns::parse_file(&text)
}

/// An error of reading a file in Go's words.
fn go_open_error(path: &str, error: &io::Error) -> String {
    match error.kind() {
        io::ErrorKind::NotFound => format!("open {path}: no such file or directory"),
        io::ErrorKind::PermissionDenied => format!("open {path}: permission denied"),
        io::ErrorKind::IsADirectory => format!("read {path}: is a directory"),
        _ => format!("open {path}: {error}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(output: &str, template: &str, allowed: &[&str]) -> Result<&'static str, String> {
        let read =
            |path: &str| if path == "f" { Ok("{.kind}".to_owned()) } else { Err(io::ErrorKind::NotFound.into()) };
        let flags = OutputFlags { output, template, ..Default::default() };
        let format = Format::parse(&flags, allowed, &read).map_err(|e| e.to_string())?;
        Ok(match format {
            Format::Default => "default",
            Format::Wide => "wide",
            Format::Json => "json",
            Format::Yaml => "yaml",
            Format::Name => "name",
            Format::JsonPath(_) => "jsonpath",
            Format::GoTemplate(_) => "go-template",
            Format::CustomColumns(_) => "custom-columns",
        })
    }

    #[test]
    fn formats_are_kubectls() {
        let unable = |output: &str, allowed: &[&str]| {
            let allowed = allowed.join(",");
            Err(format!(
                "unable to match a printer suitable for the output format \"{output}\", allowed formats are: {allowed}"
            ))
        };
        let no_template = Err("template format specified but no template given".to_owned());
        let cases = [
            ("", "", Ok("default")),
            ("wide", "", Ok("wide")),
            ("JSON", "", Ok("json")),
            ("Yaml", "", Ok("yaml")),
            ("NAME", "", Ok("name")),
            ("Wide", "", unable("Wide", GET_FORMATS)),
            ("nope", "", unable("nope", GET_FORMATS)),
            ("json=x", "", unable("json=x", GET_FORMATS)),
            ("", "{{.kind}}", Ok("go-template")),
            ("template", "{{.kind}}", Ok("go-template")),
            ("jsonpath", "{.kind}", Ok("jsonpath")),
            ("json", "{{.kind}}", Ok("json")),
            ("jsonpath=a=b", "", Ok("jsonpath")),
            ("jsonpath=a", "{.b}", unable("jsonpath=a", GET_FORMATS)),
            ("jsonpath-file=f", "", Ok("jsonpath")),
            ("jsonpath-as-json={.x}", "", Ok("jsonpath")),
            ("jsonpath", "", no_template.clone()),
            ("jsonpath=", "", no_template.clone()),
            ("go-template", "", no_template),
            ("go-template-file=g", "", Err("error reading --template g, open g: no such file or directory".to_owned())),
            ("jsonpath={.x", "", Err("error parsing jsonpath {.x, unclosed action".to_owned())),
            ("custom-columns=A:b", "", Ok("custom-columns")),
            ("custom-columns=", "", Err("custom-columns format specified but no custom columns given".to_owned())),
            (
                "custom-columns=A",
                "",
                Err("unexpected custom-columns spec: A, expected <header>:<json-path-expr>".to_owned()),
            ),
            (
                "custom-columns-file=g",
                "",
                Err("error reading template g, open g: no such file or directory\n".to_owned()),
            ),
        ];
        for (output, template, want) in cases {
            assert_eq!(parse(output, template, GET_FORMATS), want, "{output} {template}");
        }
        for output in ["wide", "custom-columns=A:b"] {
            assert_eq!(parse(output, "", FORMATS), unable(output, FORMATS));
        }
    }
}
