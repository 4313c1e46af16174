//! Text that cannot take over a terminal. Knows no format.

/// Shows escape characters and carriage returns instead of writing them, as kubectl does.
pub(super) fn escape(text: &str) -> String {
    text.replace('\u{1b}', "^[").replace('\r', "\\r")
}
