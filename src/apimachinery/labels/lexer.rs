//! A selector's text as tokens. Knows no grammar.

/// What a piece of text is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Token {
    /// Operator characters that are none.
    Error,
    End,
    ClosedPar,
    Comma,
    DoesNotExist,
    DoubleEquals,
    Equals,
    GreaterThan,
    Identifier,
    In,
    LessThan,
    NotEquals,
    NotIn,
    OpenPar,
}

/// A token and its text; for [`Token::Error`] the message.
pub(super) type Item = (Token, String);

fn keyword(text: &str) -> Option<Token> {
    Some(match text {
        ")" => Token::ClosedPar,
        "," => Token::Comma,
        "!" => Token::DoesNotExist,
        "==" => Token::DoubleEquals,
        "=" => Token::Equals,
        ">" => Token::GreaterThan,
        "in" => Token::In,
        "<" => Token::LessThan,
        "!=" => Token::NotEquals,
        "notin" => Token::NotIn,
        "(" => Token::OpenPar,
        _ => return None,
    })
}

fn is_space(c: char) -> bool {
    matches!(c, ' ' | '\t' | '\r' | '\n')
}

fn is_special(c: char) -> bool {
    matches!(c, '=' | '!' | '(' | ')' | ',' | '>' | '<')
}

/// The tokens of a text; the last is [`Token::End`].
pub(super) fn scan(text: &str) -> Vec<Item> {
    let mut items = Vec::new();
    let mut rest = text.trim_start_matches(is_space);
    while !rest.is_empty() {
        let (item, length) = if rest.starts_with(is_special) { special(rest) } else { word(rest) };
        items.push(item);
        rest = rest[length..].trim_start_matches(is_space);
    }
    items.push((Token::End, String::new()));
    items
}

fn word(rest: &str) -> (Item, usize) {
    let end = rest.find(|c| is_special(c) || is_space(c)).unwrap_or(rest.len());
    let text = &rest[..end];
    ((keyword(text).unwrap_or(Token::Identifier), text.to_owned()), end)
}

/// The longest operator at the start of the text: every prefix from the first one that is an operator must be one.
fn special(rest: &str) -> (Item, usize) {
    let run = rest.find(|c| !is_special(c)).unwrap_or(rest.len());
    let mut found = None;
    for end in 1..=run {
        match keyword(&rest[..end]) {
            Some(token) => found = Some((token, end)),
            None if found.is_some() => break,
            None => {}
        }
    }
    match found {
        Some((token, end)) => ((token, rest[..end].to_owned()), end),
        None => ((Token::Error, format!("error expected: keyword found '{}'", &rest[..run])), run),
    }
}
