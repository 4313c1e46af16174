//! Tokens to requirements, with upstream's messages. Knows no object.

use std::collections::BTreeSet;

use super::lexer::{Item, Token, scan};
use super::requirement::{Operator, Requirement, invalid_key};

/// Reads a selector; the error is upstream's text.
pub(super) fn parse(text: &str) -> Result<Vec<Requirement>, String> {
    Parser { items: scan(text), position: 0 }.parse()
}

struct Parser {
    /// Ends with [`Token::End`].
    items: Vec<Item>,
    position: usize,
}

impl Parser {
    /// The next token as it is; stays at the end.
    fn peek_operator(&self) -> (Token, &str) {
        self.items.get(self.position).map_or((Token::End, ""), |(token, text)| (*token, text))
    }

    /// The next token where `in` and `notin` are words like others.
    fn peek(&self) -> (Token, &str) {
        match self.peek_operator() {
            (Token::In | Token::NotIn, text) => (Token::Identifier, text),
            other => other,
        }
    }

    fn next(&mut self) -> (Token, String) {
        let (token, text) = self.peek();
        let item = (token, text.to_owned());
        self.position += 1;
        item
    }

    fn parse(&mut self) -> Result<Vec<Requirement>, String> {
        let mut requirements = Vec::new();
        loop {
            match self.peek() {
                (Token::Identifier | Token::DoesNotExist, _) => {}
                (Token::End, _) => return Ok(requirements),
                (_, text) => return Err(format!("found '{text}', expected: !, identifier, or 'end of string'")),
            }
            requirements.push(self.requirement().map_err(|e| format!("unable to parse requirement: {e}"))?);
            match self.next() {
                (Token::End, _) => return Ok(requirements),
                (Token::Comma, _) => {}
                (_, text) => return Err(format!("found '{text}', expected: ',' or 'end of string'")),
            }
            let (token, text) = self.peek();
            if !matches!(token, Token::Identifier | Token::DoesNotExist) {
                return Err(format!("found '{text}', expected: identifier after ','"));
            }
        }
    }

    fn requirement(&mut self) -> Result<Requirement, String> {
        let (key, operator) = self.key()?;
        if let Some(operator) = operator {
            return Requirement::new(&key, operator, Vec::new());
        }
        let operator = self.operator()?;
        let values = match operator {
            Operator::In | Operator::NotIn => self.values()?,
            _ => vec![self.exact_value()?],
        };
        Requirement::new(&key, operator, values)
    }

    /// The key, and the operator where no values follow.
    fn key(&mut self) -> Result<(String, Option<Operator>), String> {
        let (mut token, mut text) = self.next();
        let negated = token == Token::DoesNotExist;
        if negated {
            (token, text) = self.next();
        }
        if token != Token::Identifier {
            return Err(format!("found '{text}', expected: identifier"));
        }
        if let Some(why) = invalid_key(&text) {
            // Upstream prints a nil path.
            return Err(format!("<nil>: {why}"));
        }
        let alone = matches!(self.peek().0, Token::End | Token::Comma);
        let operator = if negated { Some(Operator::DoesNotExist) } else { alone.then_some(Operator::Exists) };
        Ok((text, operator))
    }

    fn operator(&mut self) -> Result<Operator, String> {
        let (token, text) = self.peek_operator();
        let operator = match token {
            Token::In => Operator::In,
            Token::Equals => Operator::Equals,
            Token::DoubleEquals => Operator::DoubleEquals,
            Token::GreaterThan => Operator::GreaterThan,
            Token::LessThan => Operator::LessThan,
            Token::NotIn => Operator::NotIn,
            Token::NotEquals => Operator::NotEquals,
            _ => return Err(format!("found '{text}', expected: in, notin, =, ==, !=, gt, lt")),
        };
        self.position += 1;
        Ok(operator)
    }

    /// `(x,y,z)`.
    fn values(&mut self) -> Result<Vec<String>, String> {
        let (token, text) = self.next();
        if token != Token::OpenPar {
            return Err(format!("found '{text}' expected: '('"));
        }
        let values = match self.peek() {
            (Token::Identifier | Token::Comma, _) => self.identifiers()?,
            (Token::ClosedPar, _) => BTreeSet::from([String::new()]),
            (_, text) => return Err(format!("found '{text}', expected: ',', ')' or identifier")),
        };
        self.position += 1; // the closing parenthesis that ended the list
        Ok(values.into_iter().collect())
    }

    /// Words between commas, up to a closing parenthesis; nothing between two commas is the empty value.
    fn identifiers(&mut self) -> Result<BTreeSet<String>, String> {
        let mut values = BTreeSet::new();
        loop {
            match self.next() {
                (Token::Identifier, text) => {
                    values.insert(text);
                    match self.peek() {
                        (Token::Comma, _) => {}
                        (Token::ClosedPar, _) => return Ok(values),
                        (_, text) => return Err(format!("found '{text}', expected: ',' or ')'")),
                    }
                }
                (Token::Comma, _) => {
                    let after = self.peek().0;
                    if values.is_empty() || matches!(after, Token::ClosedPar | Token::Comma) {
                        values.insert(String::new());
                    }
                    match after {
                        Token::ClosedPar => return Ok(values),
                        Token::Comma => self.position += 1,
                        _ => {}
                    }
                }
                (_, text) => return Err(format!("found '{text}', expected: ',', or identifier")),
            }
        }
    }

    /// What follows `=`; nothing is the empty value.
    fn exact_value(&mut self) -> Result<String, String> {
        if matches!(self.peek().0, Token::End | Token::Comma) {
            return Ok(String::new());
        }
        match self.next() {
            (Token::Identifier, text) => Ok(text),
            (_, text) => Err(format!("found '{text}', expected: identifier")),
        }
    }
}
