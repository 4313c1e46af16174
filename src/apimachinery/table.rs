//! The server's answer to a list when a person asked: columns and rows, still without a layout.

use std::sync::Arc;

use super::object::Object;

/// One column of a kind's table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Column {
    /// In the server's case (`Access Modes`); printers upper-case it.
    pub name: std::borrow::Cow<'static, str>,
    /// Shown only with `-o wide`; the server's `priority: 1`.
    pub wide: bool,
}

/// A column that is always shown.
pub const fn column(name: &'static str) -> Column {
    Column { name: std::borrow::Cow::Borrowed(name), wide: false }
}

/// A column that is shown with `-o wide` only.
pub const fn wide(name: &'static str) -> Column {
    Column { name: std::borrow::Cow::Borrowed(name), wide: true }
}

/// One object's row: as many cells as the table has columns.
#[derive(Clone, Debug)]
pub struct Row {
    pub cells: Vec<String>,
    pub object: Arc<Object>,
}

/// Rows of one kind.
#[derive(Clone, Debug)]
pub struct Table {
    pub columns: Vec<Column>,
    pub rows: Vec<Row>,
}
