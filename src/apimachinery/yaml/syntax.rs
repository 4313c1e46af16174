//! What libyaml makes of a document, read through `serde_yaml`: whether it is well-formed, and the text of each scalar.
//!
//! Knows nothing of styles, and resolves nothing. Its words and lines are kubectl's, whose go-yaml is libyaml in Go.

use serde::Deserialize;
use serde::de::{DeserializeSeed, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_yaml::Deserializer;

use super::compose::{Document, Id, Node};

/// How serde says that a document is not built as the other reader found it.
const EXPECTING: &str = "what the other reader found";

/// What libyaml's parser (not its scanner) complains of. go-yaml counts the lines of those from zero.
const PARSER_PROBLEMS: [&str; 11] = [
    "did not find expected <document start>",
    "did not find expected <stream-start>",
    "did not find expected node content",
    "did not find expected key",
    "did not find expected '-' indicator",
    "did not find expected ',' or ']'",
    "did not find expected ',' or '}'",
    "found undefined tag handle",
    "found incompatible YAML document",
    "found duplicate %YAML directive",
    "found duplicate %TAG directive",
];

/// Why a document is not well-formed: `yaml: line 5: mapping values are not allowed in this context`.
pub(super) fn check(text: &str) -> Result<(), String> {
    let Some(document) = Deserializer::from_str(text).next() else { return Ok(()) };
    IgnoredAny::deserialize(document).map(drop).or_else(|e| complaint(&e))
}

/// As [`check`], and gives the scalars of a tree of the same document the texts that libyaml reads.
pub(super) fn read_texts(text: &str, document: &mut Document) -> Result<(), String> {
    if document.nodes.is_empty() {
        return check(text);
    }
    let Some(reader) = Deserializer::from_str(text).next() else { return Ok(()) };
    match (Texts { document, id: 0 }).deserialize(reader) {
        // The readers differ on what there is; then only libyaml's word counts.
        Err(e) if e.to_string().contains(EXPECTING) => {
            check(text)?;
            Err("yaml: this document is YAML 1.1 that kstate cannot read".to_owned())
        }
        other => other.or_else(|e| complaint(&e)),
    }
}

/// Finds the one escape that libyaml has learned and go-yaml has not: `\\/` in double quotes.
///
/// `starts` are where the double-quoted scalars start, in characters and in order.
pub(super) fn check_escapes(text: &str, starts: &[usize]) -> Result<(), String> {
    if !text.contains("\\/") {
        return Ok(());
    }
    let (mut starts, mut line, mut inside, mut escaped) = (starts.iter().peekable(), 0, false, false);
    for (at, c) in text.chars().enumerate() {
        match c {
            _ if !inside => inside = starts.next_if_eq(&&at).is_some(),
            '/' if escaped => return Err(on_line(line, "found unknown escape character")),
            '"' if !escaped => inside = false,
            _ => {}
        }
        escaped = inside && c == '\\' && !escaped;
        line += usize::from(c == '\n');
    }
    Ok(())
}

/// A problem of the scanner on a line that is counted from 0: go-yaml takes line 0 for "not known".
fn on_line(line: usize, problem: &str) -> String {
    if line == 0 { format!("yaml: {problem}") } else { format!("yaml: line {}: {problem}", line + 1) }
}

/// Gives one node and what is in it its texts.
struct Texts<'d> {
    document: &'d mut Document,
    id: Id,
}

impl<'de> DeserializeSeed<'de> for Texts<'_> {
    type Value = ();

    fn deserialize<D: serde::Deserializer<'de>>(self, reader: D) -> Result<(), D::Error> {
        match self.document.nodes[self.id] {
            Node::Scalar(_) => reader.deserialize_str(self),
            Node::Sequence(_) => reader.deserialize_seq(self),
            Node::Mapping(_) => reader.deserialize_map(self),
            Node::Alias(..) => reader.deserialize_ignored_any(IgnoredAny).map(drop),
        }
    }
}

impl Texts<'_> {
    fn child(&mut self, number: usize) -> Option<Texts<'_>> {
        let (Node::Sequence(children) | Node::Mapping(children)) = &self.document.nodes[self.id] else { return None };
        let id = *children.get(number)?;
        Some(Texts { document: self.document, id })
    }
}

impl<'de> Visitor<'de> for Texts<'_> {
    type Value = ();

    fn expecting(&self, f: &mut std::fmt::Formatter) -> std::fmt::Result {
        f.write_str(EXPECTING)
    }

    fn visit_str<E>(self, text: &str) -> Result<(), E> {
        if let Node::Scalar(scalar) = &mut self.document.nodes[self.id]
            && scalar.text != text
        {
            scalar.text = text.to_owned();
        }
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'de>>(mut self, mut items: A) -> Result<(), A::Error> {
        let mut number = 0;
        while let Some(child) = self.child(number) {
            items.next_element_seed(child)?;
            number += 1;
        }
        Ok(())
    }

    fn visit_map<A: MapAccess<'de>>(mut self, mut pairs: A) -> Result<(), A::Error> {
        let mut number = 0;
        while let Some(key) = self.child(number) {
            if pairs.next_key_seed(key)?.is_none() {
                break;
            }
            if let Some(value) = self.child(number + 1) {
                pairs.next_value_seed(value)?;
            }
            number += 2;
        }
        Ok(())
    }
}

/// An error in go-yaml's form; nothing for what is judged elsewhere.
fn complaint(error: &serde_yaml::Error) -> Result<(), String> {
    let whole = error.to_string();
    // serde_yaml's own bounds, and aliases, are judged where the value is built.
    if whole.contains("recursion limit") || whole.starts_with("unknown anchor") || whole.starts_with("EOF while") {
        return Ok(());
    }
    let ends = [" at line ", " at position ", ", while "].into_iter().filter_map(|e| whole.find(e));
    let problem = match &whole[..ends.min().unwrap_or(whole.len())] {
        // go-yaml never took over the correction of this word.
        "did not find expected hexadecimal number" => "did not find expected hexdecimal number",
        other => other,
    };
    let line = error.location().map_or(0, |l| l.line().saturating_sub(1));
    Err(match line {
        1.. if PARSER_PROBLEMS.contains(&problem) => format!("yaml: line {line}: {problem}"),
        _ => on_line(line, problem),
    })
}
