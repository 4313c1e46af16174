//! `explain --support`: what kstate stores and does not act on, as a table or for the README. Knows no store.

use crate::apimachinery::tabwriter::TabWriter;
use crate::kinds::KindRef;
use crate::kinds::support;

/// What `FIELD` says of a gap that is the whole kind's.
const ALL: &str = "*";

/// The table of one kind, or of all; `None` for a kind that does what a cluster does.
pub fn table(of: Option<KindRef>) -> Option<String> {
    let mut writer = TabWriter::new(6, 3);
    writer.write("KIND\tFIELD\tSUPPORT");
    let mut any = false;
    for (kind, gap) in support::gaps(of) {
        any = true;
        let field = if gap.field.is_empty() { ALL } else { gap.field };
        writer.write(&format!("{}\t{field}\t{}", kind.names().kind, gap.what));
    }
    any.then(|| writer.flush())
}

/// The table of all kinds in Markdown; fields of one kind that fare alike share a line.
pub fn markdown() -> String {
    let mut lines: Vec<(&str, Vec<&str>, &str)> = Vec::new();
    for (kind, gap) in support::gaps(None) {
        let name = kind.names().kind;
        match lines.iter_mut().find(|(k, fields, what)| (*k, *what) == (name, gap.what) && !fields.is_empty()) {
            Some((_, fields, _)) => fields.push(gap.field),
            None => lines.push((name, Vec::from_iter((!gap.field.is_empty()).then_some(gap.field)), gap.what)),
        }
    }
    // Kinds that are stored alike share a line too.
    let mut rows: Vec<(String, Vec<&str>, &str)> = Vec::new();
    for (kind, fields, what) in lines {
        match rows.last_mut() {
            Some((kinds, none, last)) if fields.is_empty() && none.is_empty() && *last == what => {
                *kinds += &format!(", {kind}");
            }
            _ => rows.push((kind.to_owned(), fields, what)),
        }
    }
    let line = |(kind, fields, what): &(String, Vec<&str>, &str)| {
        let fields: Vec<String> = fields.iter().map(|f| format!("`{f}`")).collect();
        format!("| {kind} | {} | {what} |\n", fields.join(", "))
    };
    let rows: String = rows.iter().map(line).collect();
    format!("| kind | field | what becomes of it |\n|---|---|---|\n{rows}")
}
