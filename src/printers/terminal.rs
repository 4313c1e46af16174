//! Text that cannot take over a terminal. Knows no format.

/// Shows escape characters and carriage returns instead of writing them, as kubectl does.
pub fn escape(text: &str) -> String {
    if !text.contains(['\u{1b}', '\r']) {
        return text.to_owned();
    }
    text.replace('\u{1b}', "^[").replace('\r', "\\r")
}
