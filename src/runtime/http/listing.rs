//! Names in a list of a folder.

use super::target;

/// A name as a relative link.
pub fn link(name: &[u8]) -> String {
    target::escape(name).replace('&', "%26").replace('"', "%22").replace('<', "%3C").replace('>', "%3E")
}

/// A name as text in a page.
pub fn label(name: &[u8]) -> String {
    let name = String::from_utf8_lossy(name);
    name.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}
