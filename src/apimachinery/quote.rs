//! Strings quoted as Go quotes them (`%q`, strconv.Quote). Knows nothing but text.

/// `"web\n"` with Go's escapes: Rust's own `{:?}` writes `\u{7f}` where Go writes `\x7f`, and escapes `'` not at all.
pub fn quote(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 2);
    out.push('"');
    for c in text.chars() {
        push_escaped(&mut out, c);
    }
    out.push('"');
    out
}

fn push_escaped(out: &mut String, c: char) {
    let short = match c {
        '"' => "\\\"",
        '\\' => "\\\\",
        '\u{7}' => "\\a",
        '\u{8}' => "\\b",
        '\u{c}' => "\\f",
        '\n' => "\\n",
        '\r' => "\\r",
        '\t' => "\\t",
        '\u{b}' => "\\v",
        _ if is_print(c) => return out.push(c),
        _ => return out.push_str(&escape_code(c)),
    };
    out.push_str(short);
}

fn escape_code(c: char) -> String {
    match u32::from(c) {
        n if n < 0x80 => format!("\\x{n:02x}"),
        n if n < 0x10000 => format!("\\u{n:04x}"),
        n => format!("\\U{n:08x}"),
    }
}

/// Go's strconv.IsPrint: letters, marks, numbers, punctuation, symbols and the ASCII space.
pub fn is_print(c: char) -> bool {
    if c.is_ascii() {
        return matches!(c, ' '..='~');
    }
    // Rust's table of printable characters is reached through escape_debug only, which also escapes combining marks
    // unless another character stands before them.
    let mut buffer = [b'a'; 5];
    let text = c.encode_utf8(&mut buffer[1..]).len();
    std::str::from_utf8(&buffer[..=text]).is_ok_and(|s| s.escape_debug().nth(1) == Some(c))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quotes_as_go() {
        let cases = [
            ("", r#""""#),
            ("web", r#""web""#),
            ("it's \"x\"\\", r#""it's \"x\"\\""#),
            ("a\u{7}\u{8}\u{c}\n\r\t\u{b}b", r#""a\a\b\f\n\r\t\vb""#),
            ("\0\u{1b}\u{7f}", r#""\x00\x1b\x7f""#),
            ("é世\u{301}🚀", "\"é世\u{301}🚀\""),
            ("\u{301}", "\"\u{301}\""),
            ("\u{a0}\u{200b}\u{feff}\u{e000}", r#""\u00a0\u200b\ufeff\ue000""#),
            ("\u{10ffff}", r#""\U0010ffff""#),
        ];
        for (text, want) in cases {
            assert_eq!(quote(text), want);
        }
    }
}
