//! Tables and objects as text: what `get` and `-o` print. Knows neither the store nor the client.

mod table;
mod terminal;
pub mod yaml;

pub use table::{TableOptions, TableWatcher, format_labels, print_table, print_tables};
