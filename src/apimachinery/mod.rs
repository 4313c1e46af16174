//! What all kinds share: objects, keys, errors, selectors, quantities, tables and the formats they are read from.
//!
//! Pure, and knows no kind, no store, no clock and no process.

pub mod base64;
pub mod body;
pub mod cel;
pub mod decode;
pub mod diff;
pub mod field;
pub mod field_selector;
pub mod go_value;
pub mod jsonpath;
pub mod key;
pub mod labels;
pub mod names;
pub mod object;
pub mod outline;
pub mod patch;
pub mod quantity;
pub mod quote;
pub mod schema;
pub mod seed;
pub mod status;
pub mod structural;
pub mod table;
pub mod tabwriter;
pub mod time;
pub mod yaml;
pub mod zeros;
