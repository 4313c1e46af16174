//! Lines of cells to aligned text: comfy-table where it does what kubectl does, Go's tabwriter elsewhere. Knows no table.

use comfy_table::{ColumnConstraint, ContentArrangement, Table, Width, presets};

use super::{MIN_WIDTH, PADDING, tab_writer};

/// comfy-table takes ten times as long, which shows from here on.
const MANY_LINES: usize = 500;

/// comfy-table counts widths in 16 bits; this is below, with room for all columns.
const LONG_CELL: usize = 1000;

/// The text of a table's lines, header included.
pub(super) fn layout(lines: &[Vec<String>]) -> String {
    if lines.len() <= MANY_LINES && is_ordinary(lines) { ordinary(lines) } else { by_tabwriter(lines) }
}

/// Whether comfy-table's idea of a table is kubectl's: display width is a matter of taste, tabs and breaks make cells, and
/// all lines have the same number of cells.
fn is_ordinary(lines: &[Vec<String>]) -> bool {
    let columns = lines.first().map_or(0, Vec::len);
    let plain = |cell: &String| cell.len() <= LONG_CELL && cell.bytes().all(|b| matches!(b, b' '..=b'~'));
    columns > 0 && lines.iter().all(|line| line.len() == columns && line.iter().all(plain))
}

fn by_tabwriter(lines: &[Vec<String>]) -> String {
    let mut writer = tab_writer();
    for line in lines {
        writer.write(&line.join("\t"));
    }
    writer.flush()
}

fn ordinary(lines: &[Vec<String>]) -> String {
    let mut table = Table::new();
    table.load_style(presets::NOTHING).set_content_arrangement(ContentArrangement::Disabled);
    table.add_rows(lines);
    for column in table.column_iter_mut() {
        column.set_padding((0, u16::try_from(PADDING).unwrap_or(0)));
        column.set_constraint(ColumnConstraint::LowerBoundary(Width::Fixed(u16::try_from(MIN_WIDTH).unwrap_or(0))));
    }
    let widest = lines.iter().map(|cells| last_width(cells)).max().unwrap_or(0);
    let padded = (widest + PADDING).max(MIN_WIDTH);
    let mut text = String::new();
    for (line, cells) in table.lines().zip(lines) {
        text.push_str(unpad_last(&line, cells, padded));
        text.push('\n');
    }
    text
}

/// The last cell is not padded, but the one before it is, even when the last is empty: so the line cannot be trimmed.
fn unpad_last<'l>(line: &'l str, cells: &[String], padded: usize) -> &'l str {
    &line[..(line.len() + last_width(cells)).saturating_sub(padded)]
}

fn last_width(cells: &[String]) -> usize {
    cells.last().map_or(0, String::len)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn both_ways_agree(lines in (1..6_usize).prop_flat_map(|columns| {
            let cell = "[ -~]{0,9}|[a-z0-9<>/-]{1,3}|";
            prop::collection::vec(prop::collection::vec(cell, columns), 1..6)
        })) {
            prop_assert!(is_ordinary(&lines));
            prop_assert_eq!(ordinary(&lines), by_tabwriter(&lines));
        }
    }
}
