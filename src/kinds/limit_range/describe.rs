//! What `describe` prints of a LimitRange, by itself and below its namespace.

use std::collections::BTreeSet;

use serde_json::{Map, Value};

use crate::apimachinery::object::Object;
use crate::apimachinery::quantity::Quantity;
use crate::kinds::describe::Text;
use crate::kinds::pod::Fields;

/// The table's head and the line below it.
const HEAD: [&str; 2] = [
    "Type\tResource\tMin\tMax\tDefault Request\tDefault Limit\tMax Limit/Request Ratio",
    "----\t--------\t---\t---\t---------------\t-------------\t-----------------------",
];
const COLUMNS: [&str; 5] = ["min", "max", "defaultRequest", "default", "maxLimitRequestRatio"];

pub fn describe(range: &Object, out: &mut Text) {
    out.field(0, "Name", range.name());
    out.field(0, "Namespace", range.namespace());
    table(std::iter::once(range), "", out);
}

/// The limits of some ranges as a table, each line after `space`.
pub fn table<'r>(ranges: impl Iterator<Item = &'r Object>, space: &str, out: &mut Text) {
    HEAD.iter().for_each(|line| out.line(0, format_args!("{space}{line}")));
    for limit in ranges.flat_map(|r| r.list_at("/spec/limits")) {
        let names: BTreeSet<&String> = COLUMNS.iter().filter_map(|c| limit.section(c)).flat_map(Map::keys).collect();
        names.into_iter().for_each(|name| out.line(0, format_args!("{space}{}", row(limit, name))));
    }
}

fn row(limit: &Value, resource: &str) -> String {
    let cell = |column: &&str| {
        let value = limit.section(column).and_then(|m| Quantity::from_value(m.get(resource)?).ok());
        value.map_or("-".to_owned(), |q| q.to_string())
    };
    let cells: Vec<String> = COLUMNS.iter().map(cell).collect();
    format!("{}\t{resource}\t{}", limit.text("type"), cells.join("\t"))
}
