//! `-o custom-columns=NAME:.metadata.name,…` and `custom-columns-file`. Knows no kind.

use std::io::Write;

use anyhow::{anyhow, bail};
use serde_json::Value;

use super::table::tab_writer;
use super::terminal::escape;
use super::whole;
use crate::apimachinery::go_value::display;
use crate::apimachinery::jsonpath::{Template, relaxed};
use crate::apimachinery::tabwriter::TabWriter;

/// Headers with the path below each.
pub struct CustomColumns {
    columns: Vec<(String, String)>,
    no_headers: bool,
    /// Headers are printed once, however many lists are.
    printed_headers: bool,
    /// Columns do not shrink from one list to the next, which shows with `-w`.
    writer: TabWriter,
}

impl CustomColumns {
    /// Reads `HEADER:path,HEADER:path`.
    pub fn parse(spec: &str, no_headers: bool) -> anyhow::Result<CustomColumns> {
        if spec.is_empty() {
            bail!("custom-columns format specified but no custom columns given");
        }
        let column = |part: &str| {
            let wrong = || anyhow!("unexpected custom-columns spec: {part}, expected <header>:<json-path-expr>");
            let (header, path) = part.split_once(':').ok_or_else(wrong)?;
            Ok((header.to_owned(), relaxed(path)?))
        };
        let columns = spec.split(',').map(column).collect::<anyhow::Result<_>>()?;
        Ok(CustomColumns { columns, no_headers, printed_headers: false, writer: tab_writer() })
    }

    /// Reads a file: a line of headers and a line of paths.
    pub fn parse_file(text: &str) -> anyhow::Result<CustomColumns> {
        const FORM: &str =
            "Expected format is one line of space separated headers, one line of space separated column specs.";
        let mut lines = text.lines();
        let headers = lines.next().ok_or_else(|| anyhow!("invalid template, missing header line. {FORM}"))?;
        let paths = lines.next().ok_or_else(|| anyhow!("invalid template, missing spec line. {FORM}"))?;
        let headers: Vec<&str> = headers.split_whitespace().collect();
        let paths: Vec<&str> = paths.split_whitespace().collect();
        if headers.len() != paths.len() {
            bail!("number of headers ({}) and field specifications ({}) don't match", headers.len(), paths.len());
        }
        let column = |(header, path): (&str, &str)| Ok((header.to_owned(), relaxed(path)?));
        let columns = headers.into_iter().zip(paths).map(column).collect::<anyhow::Result<_>>()?;
        // --no-headers has no effect on columns of a file.
        Ok(CustomColumns { columns, no_headers: false, printed_headers: false, writer: tab_writer() })
    }

    /// Whether more of an object's metadata shows than single fields of it.
    pub fn shows_metadata(&self) -> bool {
        self.columns.iter().any(|(_, path)| whole::is_shown(path))
    }

    /// Prints a line per object below the headers.
    pub fn print(&mut self, objects: &[&Value], out: &mut dyn Write) -> anyhow::Result<()> {
        if !self.no_headers && !self.printed_headers {
            let headers: Vec<&str> = self.columns.iter().map(|(header, _)| header.as_str()).collect();
            self.writer.write(&headers.join("\t"));
            self.printed_headers = true;
        }
        // What was made before an error is printed, as upstream flushes its writer all the same.
        let rows = self.write_rows(objects);
        out.write_all(self.writer.flush().as_bytes())?;
        rows
    }

    fn write_rows(&mut self, objects: &[&Value]) -> anyhow::Result<()> {
        let parse = |(_, path): &(String, String)| Ok(Template::parse(path)?.allow_missing_keys(true));
        let mut templates = self.columns.iter().map(parse).collect::<anyhow::Result<Vec<Template>>>()?;
        for object in objects {
            let cells = templates.iter_mut().map(|template| cell(template, object));
            self.writer.write(&cells.collect::<anyhow::Result<Vec<_>>>()?.join("\t"));
        }
        Ok(())
    }
}

fn cell(template: &mut Template, object: &Value) -> anyhow::Result<String> {
    let found = template.find(object)?;
    let nothing = found.first().is_none_or(Vec::is_empty).then(|| "<none>".to_owned());
    let texts = found.iter().flatten().map(|value| escape(&display(value)));
    Ok(nothing.into_iter().chain(texts).collect::<Vec<_>>().join(","))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn print(mut columns: CustomColumns, objects: &[Value]) -> String {
        let mut out = Vec::new();
        columns.print(&objects.iter().collect::<Vec<_>>(), &mut out).unwrap();
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn columns_are_kubectls() {
        let objects =
            [json!({"a": {"b": "x"}, "l": [1, {"c": null}], "n": null}), json!({"a": {"b": "longer-name\u{1b}"}})];
        let spec = "NAME:.a.b,List:l[*],N:n,E:,M:{.a}";
        assert_eq!(
            print(CustomColumns::parse(spec, false).unwrap(), &objects),
            "NAME            List             N        E        M\n\
             x               1,map[c:<nil>]   <nil>    <none>   map[b:x]\n\
             longer-name^[   <none>           <none>   <none>   map[b:longer-name^[]\n"
        );
        let columns = CustomColumns::parse_file("A  B\n.a.b {.n}\nignored").unwrap();
        assert_eq!(print(columns, &objects[..1]), "A     B\nx     <nil>\n");
        assert_eq!(print(CustomColumns::parse(":a.b", true).unwrap(), &objects[..1]), "x\n");
        assert_eq!(print(CustomColumns::parse("A:a", false).unwrap(), &[]), "A\n");
    }

    #[test]
    fn wrong_columns_are_refused() {
        let error = |r: anyhow::Result<CustomColumns>| r.err().map(|e| e.to_string()).unwrap_or_default();
        assert!(error(CustomColumns::parse("A:{a", false)).starts_with("unexpected path string"));
        assert!(error(CustomColumns::parse_file("")).starts_with("invalid template, missing header line. Expected"));
        assert!(error(CustomColumns::parse_file("A")).starts_with("invalid template, missing spec line. Expected"));
        let count = "number of headers (2) and field specifications (1) don't match";
        assert_eq!(error(CustomColumns::parse_file("A B\n.a")), count);
    }
}
