//! One YAML document as a tree of nodes, from yaml-rust2's events. Nothing is resolved yet: aliases stay aliases.
//!
//! Knows the shape of a document, not what its scalars mean.

use yaml_rust2::parser::{Event, Parser, Tag};
use yaml_rust2::scanner::{ScanError, TScalarStyle};

use super::MAX_DEPTH;

/// The place of a node in [`Document::nodes`].
pub(super) type Id = usize;

pub(super) enum Node {
    Scalar(Scalar),
    Sequence(Vec<Id>),
    /// Keys and values in turns.
    Mapping(Vec<Id>),
    /// The node that has the anchor, and where in the text the alias is.
    Alias(Id, usize),
}

pub(super) struct Scalar {
    pub(super) text: String,
    /// Written without quotes and without a tag: its text says what it is.
    pub(super) is_plain: bool,
    /// The whole tag (`tag:yaml.org,2002:int`); empty for none.
    pub(super) tag: String,
}

/// A document; the root is the first node. No nodes for an empty one.
#[derive(Default)]
pub(super) struct Document {
    pub(super) nodes: Vec<Node>,
    /// Where in the text the double-quoted scalars start, in characters and in order.
    pub(super) double_quoted: Vec<usize>,
    /// The node of each anchor number, the latest where a name is used again.
    anchors: std::collections::HashMap<usize, Id>,
}

/// Why there is no tree.
pub(super) enum Error {
    /// Nested too deeply to be shown to any other reader.
    Depth,
    /// What yaml-rust2 says.
    Scan(ScanError),
}

impl Error {
    /// In kubectl's words.
    pub(super) fn message(&self, text: &str) -> String {
        match self {
            // With kubectl's bound.
            Error::Depth => "yaml: exceeded max depth of 10000".to_owned(),
            Error::Scan(e) if e.info().ends_with("unknown anchor") => {
                format!("yaml: unknown anchor '{}' referenced", alias_name(text, e.marker().index()))
            }
            Error::Scan(e) => format!("yaml: line {}: {}", e.marker().line(), e.info()),
        }
    }
}

impl From<ScanError> for Error {
    fn from(error: ScanError) -> Error {
        // yaml-rust2 bounds flow collections only, at 255 levels.
        if error.info() == "recursion limit exceeded" { Error::Depth } else { Error::Scan(error) }
    }
}

/// Reads the first document of a text.
pub(super) fn document(text: &str) -> Result<Document, Error> {
    let mut parser = Parser::new_from_str(text);
    let mut document = Document::default();
    let mut open: Vec<Id> = Vec::new();
    loop {
        let (event, mark) = parser.next_token()?;
        let (node, anchor) = match event {
            Event::SequenceEnd | Event::MappingEnd => {
                open.pop();
                continue;
            }
            Event::DocumentEnd | Event::StreamEnd => return Ok(document),
            Event::Scalar(text, style, anchor, tag) => {
                if style == TScalarStyle::DoubleQuoted {
                    document.double_quoted.push(mark.index());
                }
                (Node::Scalar(scalar(text, style, tag)), anchor)
            }
            Event::SequenceStart(anchor, _) => (Node::Sequence(Vec::new()), anchor),
            Event::MappingStart(anchor, _) => (Node::Mapping(Vec::new()), anchor),
            Event::Alias(anchor) => (Node::Alias(document.anchors.get(&anchor).copied().unwrap_or(0), mark.index()), 0),
            Event::Nothing | Event::StreamStart | Event::DocumentStart => continue,
        };
        let id = document.nodes.len();
        let is_open = matches!(node, Node::Sequence(_) | Node::Mapping(_));
        document.nodes.push(node);
        if anchor > 0 {
            document.anchors.insert(anchor, id);
        }
        if let Some(parent) = open.last()
            && let Node::Sequence(children) | Node::Mapping(children) = &mut document.nodes[*parent]
        {
            children.push(id);
        }
        if is_open {
            open.push(id);
        }
        if open.len() > MAX_DEPTH {
            return Err(Error::Depth);
        }
    }
}

fn scalar(text: String, style: TScalarStyle, tag: Option<Tag>) -> Scalar {
    let is_plain = style == TScalarStyle::Plain && tag.is_none();
    let tag = tag.map(|t| t.handle + &t.suffix).filter(|t| t != "!").unwrap_or_default();
    Scalar { text, is_plain, tag }
}

/// The name after the `*` at a place in the text, which is counted in characters.
pub(super) fn alias_name(text: &str, at: usize) -> String {
    text.chars().skip(at + 1).take_while(|c| c.is_ascii_alphanumeric() || "-_".contains(*c)).collect()
}
