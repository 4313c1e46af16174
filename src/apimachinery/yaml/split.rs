//! Cuts a stream into YAML documents at lines that start with `---`, before anything is parsed, as Kubernetes does.
//!
//! Knows lines only: a separator inside a block scalar separates all the same, and line numbers start anew after it.

use super::Error;

/// The documents of a stream that have any line.
pub(super) struct Documents<'a> {
    lines: std::str::Lines<'a>,
    ended: bool,
}

impl Documents<'_> {
    pub(super) fn new(text: &str) -> Documents<'_> {
        // `lines` drops a CR before the LF, as Go's ReadLine does.
        Documents { lines: text.lines(), ended: false }
    }
}

impl Iterator for Documents<'_> {
    type Item = Result<String, Error>;

    fn next(&mut self) -> Option<Self::Item> {
        let mut document = String::new();
        while !self.ended {
            let Some(line) = self.lines.next() else {
                self.ended = true;
                break;
            };
            if let Some(rest) = line.strip_prefix("---") {
                let rest = rest.trim();
                if !rest.is_empty() && !rest.starts_with('#') {
                    self.ended = true;
                    return Some(Err(Error(format!("invalid Yaml document separator: {rest}"))));
                }
                if !document.is_empty() {
                    return Some(Ok(document));
                }
            }
            // A separator that starts a document stays in it: libyaml counts lines from there.
            document.push_str(line);
            document.push('\n');
        }
        (!document.is_empty()).then_some(Ok(document))
    }
}
