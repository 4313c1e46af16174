//! A template's text, before the crate reads it. Knows no engine.

use crate::apimachinery::quote::quote;

/// The same template with `"quoted"` strings in place of `` `raw` `` ones, whose backslashes the crate would read.
pub(super) fn without_raw_strings(text: &str) -> String {
    let mut out = String::new();
    let mut rest = text;
    while let Some(start) = rest.find("{{") {
        let length = action_length(&rest[start..]);
        out.push_str(&rest[..start]);
        out.push_str(&rewrite(&rest[start..start + length]));
        rest = &rest[start + length..];
    }
    out + rest
}

/// The same template with `{{else}}{{with …}}` and one more `{{end}}` in place of `{{else with …}}`, which the crate does not know.
pub(super) fn without_else_with(text: &str) -> String {
    let mut out = String::new();
    let mut rest = text;
    // Of each block that is open: how many were opened in it by `else with`.
    let mut open: Vec<usize> = Vec::new();
    while let Some(start) = rest.find("{{") {
        let length = action_length(&rest[start..]);
        let action = &rest[start..start + length];
        out.push_str(&rest[..start]);
        let inner = action.trim_start_matches('{').trim_start_matches("- ").trim_start();
        let mut words = inner.split(|c: char| !c.is_alphanumeric());
        match (words.next().unwrap_or_default(), words.next(), open.last_mut()) {
            ("if" | "with" | "range" | "define" | "block", ..) => open.push(0),
            ("else", Some("with"), Some(nested)) => {
                *nested += 1;
                let opening = &action[..action.len() - inner.len()];
                out.push_str(opening);
                out.push_str("else}}{{");
                out.push_str(inner["else".len()..].trim_start());
                rest = &rest[start + length..];
                continue;
            }
            ("end", ..) => out.push_str(&"{{end}}".repeat(open.pop().unwrap_or_default())),
            _ => {}
        }
        out.push_str(action);
        rest = &rest[start + length..];
    }
    out + rest
}

/// The bytes of the action that a text starts with, braces included; of the whole text if it is not closed.
fn action_length(text: &str) -> usize {
    if let Some(comment) = ["{{/*", "{{- /*"].iter().find(|c| text.starts_with(**c)) {
        return text[comment.len()..].find("*/").map_or(text.len(), |at| comment.len() + at + 2);
    }
    let mut quote = None;
    let mut chars = text.char_indices().skip(2);
    while let Some((i, c)) = chars.next() {
        match quote {
            None if text[i..].starts_with("}}") => return i + 2,
            None if matches!(c, '"' | '\'' | '`') => quote = Some(c),
            Some(open) if c == open => quote = None,
            Some('"' | '\'') if c == '\\' => drop(chars.next()),
            _ => {}
        }
    }
    text.len()
}

fn rewrite(action: &str) -> String {
    if !action.contains('`') || action.starts_with("{{/*") || action.starts_with("{{- /*") {
        return action.to_owned();
    }
    let mut out = String::new();
    let mut chars = action.char_indices();
    let mut open = None;
    while let Some((i, c)) = chars.next() {
        match open {
            None if c == '`' => match action[i + 1..].find('`') {
                Some(length) => {
                    // Go drops carriage returns from raw strings.
                    out.push_str(&quote(&action[i + 1..i + 1 + length].replace('\r', "")));
                    chars = action[i + 2 + length..].char_indices();
                    return out + &rewrite(chars.as_str());
                }
                None => return out + &action[i..],
            },
            None if matches!(c, '"' | '\'') => open = Some(c),
            Some(quote) if c == quote => open = None,
            Some(_) if c == '\\' => {
                out.push(c);
                out.extend(chars.next().map(|(_, c)| c));
                continue;
            }
            _ => {}
        }
        out.push(c);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn else_with_becomes_a_with_in_an_else() {
        let cases = [
            ("{{with .a}}1{{else with .b}}2{{end}}3", "{{with .a}}1{{else}}{{with .b}}2{{end}}{{end}}3"),
            (
                "{{with .a}}{{if .x}}{{end}}{{- else with .b }}{{else with .c}}{{else}}{{end -}} ",
                "{{with .a}}{{if .x}}{{end}}{{- else}}{{with .b }}{{else}}{{with .c}}{{else}}{{end}}{{end}}{{end -}} ",
            ),
            ("{{if .a}}{{else if .b}}{{end}}{{end}}", "{{if .a}}{{else if .b}}{{end}}{{end}}"),
            ("{{else with .a}}{{end}}", "{{else with .a}}{{end}}"),
        ];
        for (text, want) in cases {
            assert_eq!(without_else_with(text), want);
        }
    }

    #[test]
    fn raw_strings_become_quoted() {
        let cases = [
            ("a`b`{{.x}}", "a`b`{{.x}}"),
            ("{{`a\\t`}}{{print `x\"` `y`}}`z`", "{{\"a\\\\t\"}}{{print \"x\\\"\" \"y\"}}`z`"),
            ("{{/* ` */}}{{`b`}}", "{{/* ` */}}{{\"b\"}}"),
            ("{{\"`\"}}{{'`'}}", "{{\"`\"}}{{'`'}}"),
            ("{{\"\\\"`\" `}}`}}", "{{\"\\\"`\" \"}}\"}}"),
            ("{{`a", "{{`a"),
        ];
        for (text, want) in cases {
            assert_eq!(without_raw_strings(text), want);
        }
    }
}
