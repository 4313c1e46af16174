//! Documents that YAML 1.1 takes and yaml-rust2, which is YAML 1.2, does not: white space is changed until it does.
//!
//! Knows yaml-rust2's complaints. Safe because only the structure and the styles are taken from the changed document:
//! libyaml has found the document well-formed, and the texts are what it reads in the unchanged one.

use yaml_rust2::scanner::ScanError;

use super::compose::{Document, Error, document as compose};
use super::syntax;

/// Bytes that may be read again, all attempts together: each reads the document from its start.
const MAX_READ: usize = 64 << 20;

/// More than the indentation that a manifest has.
const INDENT: usize = 40;

/// The tree of a well-formed document that yaml-rust2 refused with `error`.
pub(super) fn document(text: &str, error: Error) -> Result<Document, String> {
    let (mut changed, mut error, mut read) = (text.to_owned(), error, 0);
    loop {
        let fixed = match &error {
            Error::Scan(e) if read <= MAX_READ => fix(&changed, e),
            _ => None,
        };
        changed = fixed.ok_or_else(|| error.message(&changed))?;
        read += changed.len();
        match compose(&changed) {
            Ok(mut document) => return syntax::read_texts(text, &mut document).map(|()| document),
            Err(next) => error = next,
        }
    }
}

/// The text without the one thing that is complained of; `None` for a complaint that has no remedy here.
fn fix(text: &str, error: &ScanError) -> Option<String> {
    let mark = error.marker();
    let (at, line) = (byte_at(text, mark.index()), byte_at(text, mark.index().saturating_sub(mark.col())));
    let (before, after) = text.split_at(at);
    match error.info() {
        // All at once: where it is no indicator, a colon is in a text, and texts are not taken from here.
        "':' must be followed by a valid YAML whitespace" if text.contains(":\t") => Some(text.replace(":\t", ": ")),
        "comments must be separated from other tokens by whitespace" => Some(format!("{before} {after}")),
        "tab cannot be used as indentation" => {
            Some(format!("{before}{:INDENT$}{}", "", after.trim_start_matches(['\t', ' '])))
        }
        "invalid indentation" | "invalid indentation in flow construct" => {
            Some(format!("{}{:INDENT$}{}", &text[..line], "", &text[line..]))
        }
        "invalid indentation in quoted scalar" => Some(format!("{before}{}", indent_quoted(after)?)),
        // libyaml ends a document there; what follows is not looked at.
        "missing explicit document end marker before directive" | "invalid content after document end marker" => {
            Some(text[..line].to_owned())
        }
        _ => None,
    }
}

fn byte_at(text: &str, character: usize) -> usize {
    text.char_indices().nth(character).map_or(text.len(), |(at, _)| at)
}

/// The text with the lines of the quoted scalar that it starts with indented.
fn indent_quoted(text: &str) -> Option<String> {
    let quote = text.chars().next().filter(|c| "'\"".contains(*c))?;
    let (mut end, mut escaped) = (None, false);
    for (at, c) in text.char_indices().skip(1) {
        if c == quote && !escaped {
            end = Some(at);
            break;
        }
        escaped = quote == '"' && c == '\\' && !escaped;
    }
    let (scalar, rest) = text.split_at(end?);
    Some(scalar.replace('\n', &format!("\n{:INDENT$}", "")) + rest)
}
