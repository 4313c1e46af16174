//! The parts of a parsed template. Knows neither text nor values.

/// One step of a template.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Node {
    /// Outside braces, or a quoted string.
    Text(String),
    /// `.name`; the name may be empty.
    Field(String),
    /// `range`, `end`, or a word that is neither.
    Identifier(String),
    Int(i64),
    Float(f64),
    Bool(bool),
    /// `.*`.
    Wildcard,
    /// `..`.
    Recursive,
    /// `[0]`, `[1:3]`, `[::2]`.
    Array(Slice),
    /// `[a,b]`.
    Union(Vec<Vec<Node>>),
    /// `[?(left operator right)]`.
    Filter {
        left: Vec<Node>,
        operator: String,
        right: Vec<Node>,
    },
    /// What stands in one pair of braces.
    List(Vec<Node>),
}

/// The operator of `[?(@.x)]`.
pub(super) const EXISTS: &str = "exists";

/// The numbers in square brackets; `None` where none is written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Slice {
    pub start: Option<i64>,
    pub end: Option<i64>,
    pub step: Option<i64>,
    /// There is no colon: `end` is `start` plus one.
    pub single: bool,
}
