//! Tables as kubectl prints them: `get`'s default form and `-o wide`. Knows rows and labels, no kind.

use std::io::{self, Write};

use serde_json::{Map, Value};

use super::terminal::escape;
use crate::apimachinery::table::{Row, Table};
use crate::apimachinery::tabwriter::TabWriter;
use crate::cluster::ChangeType;

mod layout;

use layout::layout;

/// kubectl's columns: at least six wide, three spaces between, only ever growing within one output.
const MIN_WIDTH: usize = 6;
const PADDING: usize = 3;

/// A writer of kubectl's columns.
pub(super) fn tab_writer() -> TabWriter {
    TabWriter::new(MIN_WIDTH, PADDING).remember_widths()
}

/// What `get` was asked to show besides the server's columns.
#[derive(Clone, Debug, Default)]
pub struct TableOptions {
    pub no_headers: bool,
    /// `-o wide`.
    pub wide: bool,
    /// A NAMESPACE column, for `-A` and namespaced kinds.
    pub with_namespace: bool,
    /// What to put before names where several kinds are shown or `--show-kind` is given: `statefulset.apps`.
    pub kind: Option<String>,
    /// `-L`: labels with a column each.
    pub label_columns: Vec<String>,
    pub show_labels: bool,
}

/// Prints one table. Nothing at all is printed of one without rows.
pub fn print_table(table: &Table, options: &TableOptions, out: &mut dyn Write) -> io::Result<()> {
    if table.rows.is_empty() {
        return Ok(());
    }
    let mut lines: Vec<Vec<String>> = Vec::new();
    if !options.no_headers {
        lines.push(header(table, options));
    }
    lines.extend(table.rows.iter().map(|row| cells(table, row, options)));
    out.write_all(layout(&lines).as_bytes())
}

/// Prints tables of different kinds with an empty line between, each with columns of its own. Rows of one kind that were
/// asked for one by one belong in one table.
pub fn print_tables(tables: &[(Table, TableOptions)], out: &mut dyn Write) -> io::Result<()> {
    let shown = tables.iter().filter(|(table, _)| !table.rows.is_empty());
    for (i, (table, options)) in shown.enumerate() {
        if i > 0 && !options.no_headers {
            out.write_all(b"\n")?;
        }
        print_table(table, options, out)?;
    }
    Ok(())
}

/// Prints a table as it grows, for `get -w`: the header once, columns that never shrink.
pub struct TableWatcher {
    options: TableOptions,
    writer: TabWriter,
    printed_header: bool,
}

impl TableWatcher {
    pub fn new(options: TableOptions) -> TableWatcher {
        TableWatcher { options, writer: tab_writer(), printed_header: false }
    }

    /// Prints rows. With `--output-watch-events` each starts with what happened.
    pub fn print(&mut self, table: &Table, event: Option<ChangeType>, out: &mut dyn Write) -> io::Result<()> {
        if table.rows.is_empty() {
            return Ok(());
        }
        if !self.options.no_headers && !self.printed_header {
            let event_column = event.map(|_| "EVENT".to_owned());
            self.line(event_column.into_iter().chain(header(table, &self.options)).collect());
            self.printed_header = true;
        }
        for row in &table.rows {
            let event_cell = event.map(event_text);
            self.line(event_cell.into_iter().chain(cells(table, row, &self.options)).collect());
        }
        out.write_all(self.writer.flush().as_bytes())
    }

    fn line(&mut self, cells: Vec<String>) {
        self.writer.write(&cells.join("\t"));
    }
}

/// Padded by hand upstream, so that the column does not depend on what happens first.
fn event_text(event: ChangeType) -> String {
    format!("{:<8}", event.as_str())
}

fn header(table: &Table, options: &TableOptions) -> Vec<String> {
    let namespace = options.with_namespace.then(|| "NAMESPACE".to_owned());
    let columns = table.columns.iter().filter(|c| options.wide || !c.wide).map(|c| c.name.to_uppercase());
    // The last part of `statefulset.kubernetes.io/pod-name`.
    let labels = options.label_columns.iter().map(|l| l.rsplit('/').next().unwrap_or(l).to_uppercase());
    let all_labels = options.show_labels.then(|| "LABELS".to_owned());
    namespace.into_iter().chain(columns).chain(labels).chain(all_labels).collect()
}

fn cells(table: &Table, row: &Row, options: &TableOptions) -> Vec<String> {
    let object = &row.object;
    let labels = object.labels();
    let label = |key: &String| labels.and_then(|l| l.get(key)).and_then(Value::as_str).unwrap_or_default().to_owned();
    let namespace = options.with_namespace.then(|| object.namespace().to_owned());
    let columns = table.columns.iter().zip(&row.cells).enumerate().filter(|(_, (c, _))| options.wide || !c.wide);
    let named = columns.map(|(i, (_, cell))| match &options.kind {
        Some(kind) if i == 0 => format!("{kind}/{cell}"),
        _ => cell.clone(),
    });
    let label_cells = options.label_columns.iter().map(label);
    let all_labels = options.show_labels.then(|| format_labels(labels));
    let all = namespace.into_iter().chain(named).chain(label_cells).chain(all_labels);
    all.map(|cell| one_line(&cell)).collect()
}

/// `a=b,c=d`, or `<none>`.
pub fn format_labels(labels: Option<&Map<String, Value>>) -> String {
    let pairs = labels.into_iter().flatten().map(|(k, v)| format!("{k}={}", v.as_str().unwrap_or_default()));
    let text = pairs.collect::<Vec<_>>().join(",");
    if text.is_empty() { "<none>".to_owned() } else { text }
}

/// kubectl cuts a cell at its first line break, and shows that it did.
fn one_line(cell: &str) -> String {
    match cell.find(['\u{c}', '\n', '\r']) {
        Some(at) => format!("{}...", escape(&cell[..at])),
        None => escape(cell),
    }
}

#[cfg(test)]
mod tests;
