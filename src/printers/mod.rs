//! Tables and objects as text: what `get` and `-o` print. Knows neither the store nor the client.

mod custom_columns;
mod format;
mod go_template;
mod jsonpath;
mod list;
mod name;
mod printer;
mod sort;
mod table;
mod terminal;
mod whole;
pub mod yaml;

pub use format::{FORMATS, Format, GET_FORMATS, OutputFlags, ReadFile};
pub use list::ListPrinter;
pub use name::object_name;
pub use printer::Printer;
pub use sort::{check_sort_of_tables, sort_objects, sort_table};
pub use table::{TableOptions, TableWatcher, format_labels, print_table, print_tables};
pub use terminal::escape;
