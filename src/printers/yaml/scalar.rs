//! Texts in the style that fits: plain, quoted, or a block. Knows no list and no mapping.

use super::resolve::is_text;
use super::writer::{WIDTH, Writer};

/// How a scalar is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Style {
    Plain,
    SingleQuoted,
    DoubleQuoted,
    Literal,
}

/// The style go-yaml asks for; [`write`] takes another where that cannot hold the text.
pub(super) fn style_of_text(text: &str) -> Style {
    if text.contains('\n') {
        Style::Literal
    } else if is_text(text) {
        Style::Plain
    } else {
        Style::DoubleQuoted
    }
}

fn is_break(c: char) -> bool {
    matches!(c, '\r' | '\n' | '\u{85}' | '\u{2028}' | '\u{2029}')
}

/// Whether a text has more than one line.
pub(super) fn has_break(text: &str) -> bool {
    text.contains(is_break)
}

/// What libyaml writes as it is. Characters beyond the basic plane are not among them.
fn is_printable(c: char) -> bool {
    matches!(c, '\n' | ' '..='~' | '\u{a0}'..='\u{d7ff}' | '\u{e000}'..='\u{fffd}') && c != '\u{feff}'
}

/// The styles that a text may have.
struct Allowed {
    plain: bool,
    single_quoted: bool,
    block: bool,
}

fn analyze(text: &str) -> Allowed {
    if text.is_empty() {
        return Allowed { plain: true, single_quoted: true, block: false };
    }
    let chars: Vec<char> = text.chars().collect();
    let pair = |a: fn(char) -> bool, b: fn(char) -> bool| chars.windows(2).any(|w| a(w[0]) && b(w[1]));
    let is_space = |c| c == ' ';
    let special = chars.iter().any(|c| !is_printable(*c)) || pair(is_space, is_break);
    let break_space = pair(is_break, is_space);
    let blank_end = |c: Option<&char>| c.is_some_and(|c| *c == ' ' || is_break(*c));
    let blank_ends = blank_end(chars.first()) || blank_end(chars.last());
    Allowed {
        plain: !(blank_ends || break_space || special || has_break(text) || has_indicator(text, &chars)),
        single_quoted: !(break_space || special),
        block: !(special || chars.last() == Some(&' ')),
    }
}

/// Whether a plain text would be read as something else in a block.
fn has_indicator(text: &str, chars: &[char]) -> bool {
    let is_blank = |c: Option<&char>| c.is_none_or(|c| matches!(c, ' ' | '\t'));
    let is_indicator = |i: usize, c: char| match c {
        ':' => is_blank(chars.get(i + 1)),
        '?' | '-' if i == 0 => is_blank(chars.get(1)),
        '#' => i == 0 || chars.get(i - 1).is_some_and(|c| matches!(c, ' ' | '\t' | '\0') || is_break(*c)),
        ',' | '[' | ']' | '{' | '}' | '&' | '*' | '!' | '|' | '>' | '\'' | '"' | '%' | '@' | '`' => i == 0,
        _ => false,
    };
    text.starts_with("---") || text.starts_with("...") || chars.iter().enumerate().any(|(i, c)| is_indicator(i, *c))
}

/// Writes a scalar; a key is never folded.
pub(super) fn write(w: &mut Writer, text: &str, wanted: Style, is_key: bool) {
    let allowed = analyze(text);
    let mut style = wanted;
    if style == Style::Plain && !allowed.plain {
        style = Style::SingleQuoted;
    }
    if (style == Style::SingleQuoted && !allowed.single_quoted) || (style == Style::Literal && !allowed.block) {
        style = Style::DoubleQuoted;
    }
    let outer = w.increase_scalar_indent();
    match style {
        Style::Plain => plain(w, text, !is_key),
        Style::SingleQuoted => single_quoted(w, text, !is_key),
        Style::DoubleQuoted => double_quoted(w, text, !is_key),
        Style::Literal => literal(w, text),
    }
    w.set_indent(outer);
}

fn plain(w: &mut Writer, text: &str, folds: bool) {
    if !w.is_after_whitespace() {
        w.put(' ');
    }
    flow(w, text, folds, false);
    w.end_flow_scalar();
}

fn single_quoted(w: &mut Writer, text: &str, folds: bool) {
    w.indicator("'", true, false, false);
    flow(w, text, folds, true);
    w.indicator("'", false, false, false);
    w.end_flow_scalar();
}

/// The characters of a plain or single-quoted scalar. A space is a fold if the line is long enough, it is the only one
/// there, and it is not at an end.
fn flow(w: &mut Writer, text: &str, folds: bool, quoted: bool) {
    let (mut spaces, mut breaks) = (false, false);
    let mut chars = text.char_indices().peekable();
    while let Some((i, c)) = chars.next() {
        if c == ' ' {
            let alone = !spaces && chars.peek().is_some_and(|(_, next)| *next != ' ');
            if folds && alone && w.column() > WIDTH && i > 0 {
                w.indent_line();
            } else {
                w.put(' ');
            }
            spaces = true;
        } else if is_break(c) {
            w.write_break(c);
            breaks = true;
        } else {
            if breaks {
                w.indent_line();
            }
            if quoted && c == '\'' {
                w.put('\'');
            }
            w.put(c);
            w.leave_indention();
            (spaces, breaks) = (false, false);
        }
    }
}

fn double_quoted(w: &mut Writer, text: &str, folds: bool) {
    w.indicator("\"", true, false, false);
    // go-yaml asks whether the text, not the character, starts with a byte order mark.
    let escapes_all = text.starts_with('\u{feff}');
    let mut spaces = false;
    let mut chars = text.char_indices().peekable();
    while let Some((i, c)) = chars.next() {
        if escapes_all || !is_printable(c) || is_break(c) || matches!(c, '"' | '\\') {
            escape(c).chars().for_each(|c| w.put(c));
            spaces = false;
        } else if c == ' ' {
            let next = chars.peek().map(|(_, c)| *c);
            if folds && !spaces && w.column() > WIDTH && i > 0 && next.is_some() {
                w.indent_line();
                if next == Some(' ') {
                    w.put('\\');
                }
            } else {
                w.put(' ');
            }
            spaces = true;
        } else {
            w.put(c);
            spaces = false;
        }
    }
    w.indicator("\"", false, false, false);
    w.end_flow_scalar();
}

fn escape(c: char) -> String {
    let short = match c {
        '\0' => '0',
        '\u{7}' => 'a',
        '\u{8}' => 'b',
        '\t' => 't',
        '\n' => 'n',
        '\u{b}' => 'v',
        '\u{c}' => 'f',
        '\r' => 'r',
        '\u{1b}' => 'e',
        '"' | '\\' => c,
        '\u{85}' => 'N',
        '\u{a0}' => '_',
        '\u{2028}' => 'L',
        '\u{2029}' => 'P',
        _ => {
            return match u32::from(c) {
                n if n <= 0xff => format!("\\x{n:02X}"),
                n if n <= 0xffff => format!("\\u{n:04X}"),
                n => format!("\\U{n:08X}"),
            };
        }
    };
    format!("\\{short}")
}

fn literal(w: &mut Writer, text: &str) {
    w.indicator("|", true, false, false);
    if text.starts_with(|c| c == ' ' || is_break(c)) {
        w.indicator("2", false, false, false);
    }
    let mut last = text.chars().rev();
    match (last.next().is_some_and(is_break), last.next()) {
        (false, _) => w.indicator("-", false, false, false),
        (true, None) => w.indicator("+", false, false, false),
        (true, Some(c)) if is_break(c) => w.indicator("+", false, false, false),
        (true, Some(_)) => {}
    }
    w.start_block_scalar();
    let mut breaks = true;
    for c in text.chars() {
        if is_break(c) {
            w.write_break(c);
            breaks = true;
        } else {
            if breaks {
                w.indent_line();
            }
            w.put(c);
            w.leave_indention();
            breaks = false;
        }
    }
}
