//! Go's escapes in quoted strings of a template: strconv.Unquote, for single quotes too. Knows no template.

use std::str::Chars;

const SYNTAX: &str = "invalid syntax";

/// The text that a quoted string stands for. The first and last character are the quotes.
pub(super) fn unquote(quoted: &str, quote: char) -> Result<String, &'static str> {
    let inner = quoted.strip_prefix(quote).and_then(|q| q.strip_suffix(quote)).ok_or(SYNTAX)?;
    if !inner.contains(['\\', quote]) {
        return Ok(inner.to_owned());
    }
    // Bytes, as \xff is one: only the whole need be UTF-8.
    let mut bytes = Vec::with_capacity(inner.len());
    let mut chars = inner.chars();
    while let Some(c) = chars.next() {
        match c {
            '\\' => escape(&mut chars, quote, &mut bytes)?,
            _ if c == quote => return Err(SYNTAX),
            _ => push(&mut bytes, c),
        }
    }
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

fn push(bytes: &mut Vec<u8>, c: char) {
    bytes.extend(c.encode_utf8(&mut [0; 4]).bytes());
}

fn escape(chars: &mut Chars, quote: char, bytes: &mut Vec<u8>) -> Result<(), &'static str> {
    let byte = match chars.next().ok_or(SYNTAX)? {
        'a' => 7,
        'b' => 8,
        'f' => 12,
        'n' => b'\n',
        'r' => b'\r',
        't' => b'\t',
        'v' => 11,
        '\\' => b'\\',
        'x' => u8::try_from(digits(chars, "", 2, 16)?).map_err(|_| SYNTAX)?,
        'u' => return code_point(digits(chars, "", 4, 16)?, bytes),
        'U' => return code_point(digits(chars, "", 8, 16)?, bytes),
        c @ '0'..='7' => u8::try_from(digits(chars, c.encode_utf8(&mut [0; 4]), 2, 8)?).map_err(|_| SYNTAX)?,
        c if c == quote => u8::try_from(c).map_err(|_| SYNTAX)?,
        _ => return Err(SYNTAX),
    };
    bytes.push(byte);
    Ok(())
}

fn code_point(number: u32, bytes: &mut Vec<u8>) -> Result<(), &'static str> {
    push(bytes, char::from_u32(number).ok_or(SYNTAX)?);
    Ok(())
}

/// The number that the given digits and the next `count` characters write.
fn digits(chars: &mut Chars, first: &str, count: usize, radix: u32) -> Result<u32, &'static str> {
    let text: String = first.chars().chain(chars.by_ref().take(count)).collect();
    let whole = text.len() == first.len() + count && text.chars().all(|c| c.is_digit(radix));
    if whole { u32::from_str_radix(&text, radix).map_err(|_| SYNTAX) } else { Err(SYNTAX) }
}
