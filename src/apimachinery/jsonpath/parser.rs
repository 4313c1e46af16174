//! A template's text to nodes, with client-go's messages. Knows no value.

use super::array;
use super::node::{EXISTS, Node};
use super::quoted::unquote;
use crate::apimachinery::quote::is_print;

/// Expressions inside expressions: a filter's sides, a union's parts. More than a handful cannot be written sensibly.
const MAX_DEPTH: usize = 32;

/// Reads a template, or the expression of a part of one; the error is client-go's text.
pub(super) fn parse(text: &str, depth: usize) -> Result<Vec<Node>, String> {
    if depth > MAX_DEPTH {
        return Err(format!("more than {MAX_DEPTH} expressions inside each other"));
    }
    Parser { text, pos: 0, start: 0, depth }.template()
}

/// Reads an expression without its braces. What follows a closing brace inside it is read and forgotten.
pub(super) fn parse_action(text: &str, depth: usize) -> Result<Vec<Node>, String> {
    match parse(&format!("{{{text}}}"), depth + 1)?.into_iter().next() {
        Some(Node::List(nodes)) => Ok(nodes),
        // The text starts with a brace, so the first node is a list.
        _ => Ok(Vec::new()),
    }
}

struct Parser<'t> {
    text: &'t str,
    pos: usize,
    /// Where the text that [`Parser::consume`] returns begins.
    start: usize,
    depth: usize,
}

impl<'t> Parser<'t> {
    fn rest(&self) -> &'t str {
        &self.text[self.pos..]
    }

    fn peek(&self) -> Option<char> {
        self.rest().chars().next()
    }

    fn next(&mut self) -> Option<char> {
        let c = self.peek()?;
        self.pos += c.len_utf8();
        Some(c)
    }

    /// The text since the last call.
    fn consume(&mut self) -> &'t str {
        let text = &self.text[self.start..self.pos];
        self.start = self.pos;
        text
    }

    fn template(&mut self) -> Result<Vec<Node>, String> {
        let mut nodes = Vec::new();
        loop {
            let brace = self.rest().find('{');
            self.pos = brace.map_or(self.text.len(), |at| self.pos + at);
            if self.pos > self.start {
                nodes.push(Node::Text(self.consume().to_owned()));
            }
            if brace.is_none() {
                return Ok(nodes);
            }
            self.pos += 1;
            self.consume();
            let mut list = Vec::new();
            while self.step(&mut list)? {}
            nodes.push(Node::List(list));
        }
    }

    /// Reads one part of what stands in braces; false at the closing brace.
    fn step(&mut self, nodes: &mut Vec<Node>) -> Result<bool, String> {
        if self.rest().starts_with("[?(") {
            nodes.push(self.filter()?);
            return Ok(true);
        }
        if self.rest().starts_with("..") {
            self.recursive(nodes)?;
            return Ok(true);
        }
        match self.peek() {
            None | Some('\r' | '\n') => return Err("unclosed action".to_owned()),
            Some('}') => {
                self.pos += 1;
                self.consume();
                return Ok(false);
            }
            Some(' ' | '@' | '$') => {
                self.pos += 1;
                self.consume();
            }
            Some('[') => nodes.extend(self.array()?),
            Some(quote @ ('"' | '\'')) => nodes.push(self.quoted(quote)?),
            Some('.') => {
                self.pos += 1;
                nodes.push(self.field());
            }
            Some('+' | '-') => nodes.push(self.number()?),
            Some(c) if c.is_numeric() => nodes.push(self.number()?),
            Some(c) if is_word(c) => nodes.push(self.identifier()),
            Some(c) => return Err(format!("unrecognized character in action: {}", unicode(c))),
        }
        Ok(true)
    }

    fn identifier(&mut self) -> Node {
        while self.peek().is_some_and(|c| !is_terminator(c)) {
            self.next();
        }
        match self.consume() {
            "true" => Node::Bool(true),
            "false" => Node::Bool(false),
            word => Node::Identifier(word.to_owned()),
        }
    }

    fn recursive(&mut self, nodes: &mut Vec<Node>) -> Result<(), String> {
        if nodes.last() == Some(&Node::Recursive) {
            return Err("invalid multiple recursive descent".to_owned());
        }
        self.pos += 2;
        self.consume();
        nodes.push(Node::Recursive);
        if self.peek().is_some_and(is_word) {
            nodes.push(self.field());
        }
        Ok(())
    }

    fn number(&mut self) -> Result<Node, String> {
        if matches!(self.peek(), Some('+' | '-')) {
            self.next();
        }
        while self.peek().is_some_and(|c| c == '.' || c.is_numeric()) {
            self.next();
        }
        let text = self.consume();
        if let Ok(i) = text.parse() {
            return Ok(Node::Int(i));
        }
        let float = text.parse().ok().filter(|f: &f64| f.is_finite());
        float.map(Node::Float).ok_or_else(|| format!("cannot parse number {text}"))
    }

    fn quoted(&mut self, quote: char) -> Result<Node, String> {
        self.next();
        loop {
            match self.next() {
                None | Some('\n') => return Err("unterminated quoted string".to_owned()),
                Some(c) if c == quote && !self.is_escaped() => break,
                _ => {}
            }
        }
        let text = self.consume();
        unquote(text, quote).map(Node::Text).map_err(|e| format!("unquote string {text} error {e}"))
    }

    /// Whether the character just read has a backslash before it.
    fn is_escaped(&self) -> bool {
        self.pos >= 2 && self.text.as_bytes()[self.pos - 2] == b'\\'
    }

    /// The name after a dot, up to a terminator without a backslash.
    fn field(&mut self) -> Node {
        self.consume();
        while let Some(c) = self.peek().filter(|c| !is_terminator(*c)) {
            self.next();
            if c == '\\' {
                self.next();
            }
        }
        match self.consume() {
            "*" => Node::Wildcard,
            name => Node::Field(name.replace('\\', "")),
        }
    }

    fn array(&mut self) -> Result<Vec<Node>, String> {
        let end = self.rest().find([']', '\n']).filter(|at| self.rest().as_bytes()[*at] == b']');
        self.pos += end.ok_or("unterminated array")? + 1;
        let text = self.consume();
        let inside = &text[1..text.len() - 1];
        array::parse(if inside == "*" { ":" } else { inside }, self.depth)
    }

    fn filter(&mut self) -> Result<Node, String> {
        self.pos += "[?(".len();
        self.consume();
        self.skip_filter()?;
        if self.next() != Some(']') {
            return Err("unclosed array expect ]".to_owned());
        }
        let text = self.consume();
        let text = &text[..text.len() - ")]".len()];
        let Some((left, operator, right)) = split_comparison(text) else {
            let left = parse_action(text, self.depth)?;
            return Ok(Node::Filter { left, operator: EXISTS.to_owned(), right: Vec::new() });
        };
        let (left, right) = (parse_action(left, self.depth)?, parse_action(right, self.depth)?);
        Ok(Node::Filter { left, operator: operator.to_owned(), right })
    }

    /// Goes behind the filter's closing parenthesis: the first one, or the first after a quoted string if one is open.
    fn skip_filter(&mut self) -> Result<(), String> {
        let (mut pair, mut ended) = (None, false);
        loop {
            match self.next() {
                None | Some('\n') => return Err("unterminated filter".to_owned()),
                Some(c @ ('"' | '\'')) => match pair {
                    None => pair = Some(c),
                    Some(open) => ended = ended || (c == open && !self.is_escaped()),
                },
                Some(')') if pair.is_some() == ended => return Ok(()),
                _ => {}
            }
        }
    }
}

/// `@.a`, `==`, `"x"`. The operator is every operator character in a row, less the last where nothing follows.
fn split_comparison(text: &str) -> Option<(&str, &str, &str)> {
    let is_operator = |c| matches!(c, '!' | '<' | '>' | '=');
    let at = text.find(is_operator).filter(|at| *at > 0)?;
    let (left, rest) = text.split_at(at);
    let length = rest.find(|c| !is_operator(c)).unwrap_or(rest.len() - 1);
    let (operator, right) = rest.split_at(length);
    (!operator.is_empty()).then_some((left, operator, right))
}

fn is_word(c: char) -> bool {
    c == '_' || c.is_alphanumeric()
}

fn is_terminator(c: char) -> bool {
    matches!(c, ' ' | '\t' | '\r' | '\n' | '.' | ',' | '[' | ']' | '$' | '@' | '{' | '}')
}

/// Go's `%#U`: `U+0028 '('`.
fn unicode(c: char) -> String {
    let code = format!("U+{:04X}", u32::from(c));
    if is_print(c) { format!("{code} '{c}'") } else { code }
}
