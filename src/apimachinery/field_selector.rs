//! Field selectors (`--field-selector`): `status.phase=Running,metadata.name!=web-0`. Knows no kind's fields.
//!
//! The rules and words are those of k8s.io/apimachinery/pkg/fields.

use std::fmt;

use super::labels::SelectorError;
use super::quote::quote;

/// One term.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Term {
    field: String,
    /// `=` or `==` rather than `!=`.
    equal: bool,
    value: String,
}

/// All of its terms must hold; none at all matches everything.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FieldSelector {
    terms: Vec<Term>,
}

impl FieldSelector {
    /// Reads the text form. A backslash in a value stands before `\`, `,` and `=`.
    pub fn parse(text: &str) -> Result<FieldSelector, SelectorError> {
        let mut parts = split_terms(text);
        parts.sort_unstable();
        let parts = parts.into_iter().filter(|p| !p.is_empty());
        let terms: Result<Vec<Term>, String> = parts.map(|part| parse_term(text, part)).collect();
        Ok(FieldSelector { terms: terms.map_err(SelectorError)? })
    }

    /// Whether it selects every object.
    pub fn is_everything(&self) -> bool {
        self.terms.is_empty()
    }

    /// The fields it asks for, in the order in which the server checks them.
    pub fn fields(&self) -> impl Iterator<Item = &str> {
        self.terms.iter().map(|t| t.field.as_str())
    }

    /// Refuses the first field that a kind cannot select by. `refuse` is the kind's way to say so: [`not_supported`] or
    /// [`not_known`].
    pub fn check(&self, supported: &[&str], refuse: fn(&str) -> SelectorError) -> Result<(), SelectorError> {
        self.fields().find(|f| !supported.contains(f)).map_or(Ok(()), |f| Err(refuse(f)))
    }

    /// The value it demands of a field, if it demands one: a list by `metadata.name` needs to read one object only.
    pub fn required(&self, field: &str) -> Option<&str> {
        self.terms.iter().find(|t| t.equal && t.field == field).map(|t| t.value.as_str())
    }

    /// Whether an object with these fields is selected. A field that is missing has the value ``.
    pub fn matches(&self, field: impl Fn(&str) -> Option<String>) -> bool {
        self.terms.iter().all(|t| (field(&t.field).unwrap_or_default() == t.value) == t.equal)
    }
}

/// What the core group's kinds with fields of their own (Pod, Node, Event, …) say of a field they do not have.
pub fn not_supported(field: &str) -> SelectorError {
    SelectorError(format!("field label not supported: {field}"))
}

/// What kinds without fields of their own say.
pub fn not_known(field: &str) -> SelectorError {
    let quoted = quote(field);
    SelectorError(format!("{quoted} is not a known field selector: only \"metadata.name\", \"metadata.namespace\""))
}

/// The parts between commas that no backslash stands before.
fn split_terms(text: &str) -> Vec<&str> {
    let mut parts = Vec::new();
    let (mut start, mut escaped) = (0, false);
    for (i, c) in text.char_indices() {
        if c == ',' && !escaped {
            parts.push(&text[start..i]);
            start = i + 1;
        }
        escaped = c == '\\' && !escaped;
    }
    parts.push(&text[start..]);
    parts
}

fn parse_term(selector: &str, part: &str) -> Result<Term, String> {
    let operator = part.char_indices().find_map(|(i, _)| {
        let operator = ["!=", "==", "="].into_iter().find(|op| part[i..].starts_with(op))?;
        Some((i, operator))
    });
    let (at, operator) =
        operator.ok_or_else(|| format!("invalid selector: '{selector}'; can't understand '{part}'"))?;
    let value = unescape(&part[at + operator.len()..])?;
    Ok(Term { field: part[..at].to_owned(), equal: operator != "!=", value })
}

fn unescape(text: &str) -> Result<String, String> {
    let mut value = String::new();
    let mut chars = text.chars();
    while let Some(c) = chars.next() {
        match c {
            '\\' => match chars.next() {
                Some(escaped @ ('\\' | ',' | '=')) => value.push(escaped),
                other => {
                    let rest = other.map(String::from).unwrap_or_default();
                    return Err(format!("invalid field selector: invalid escape sequence: \\{rest}"));
                }
            },
            // Upstream prints the character's number.
            ',' | '=' => {
                return Err(format!("invalid field selector: unescaped character in value: {}", u32::from(c)));
            }
            _ => value.push(c),
        }
    }
    Ok(value)
}

impl fmt::Display for FieldSelector {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (i, term) in self.terms.iter().enumerate() {
            let comma = if i > 0 { "," } else { "" };
            let operator = if term.equal { "=" } else { "!=" };
            let value = term.value.replace('\\', "\\\\").replace(',', "\\,").replace('=', "\\=");
            write!(f, "{comma}{}{operator}{value}", term.field)?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn selects_by_fields() {
        let field = |f: &str| match f {
            "metadata.name" => Some("web-0".to_owned()),
            "x" => Some("a,b=c\\".to_owned()),
            _ => None,
        };
        let cases = [
            ("", true, ""),
            (",,", true, ""),
            ("metadata.name=web-0", true, "metadata.name=web-0"),
            ("status.phase!=Failed,metadata.name==web-0", true, "metadata.name=web-0,status.phase!=Failed"),
            ("metadata.name!=web-0", false, "metadata.name!=web-0"),
            ("gone=", true, "gone="),
            ("gone!=", false, "gone!="),
            ("x=a\\,b\\=c\\\\", true, "x=a\\,b\\=c\\\\"),
            ("=a", false, "=a"),
        ];
        for (text, want, canonical) in cases {
            let selector = FieldSelector::parse(text).unwrap();
            assert_eq!(selector.matches(field), want, "{text}");
            assert_eq!(selector.to_string(), canonical);
        }
        assert_eq!(FieldSelector::parse("a!=c,a=b").unwrap().required("a"), Some("b"));
    }

    #[test]
    fn errors_are_upstreams() {
        let cases = [
            ("a=b,c", "invalid selector: 'a=b,c'; can't understand 'c'"),
            ("a=b\\n", "invalid field selector: invalid escape sequence: \\n"),
            ("a=b\\", "invalid field selector: invalid escape sequence: \\"),
            ("a=b=c", "invalid field selector: unescaped character in value: 61"),
        ];
        for (text, want) in cases {
            assert_eq!(FieldSelector::parse(text).unwrap_err().to_string(), want);
        }
        let selector = FieldSelector::parse("metadata.name=a,spec.x=b").unwrap();
        assert_eq!(selector.check(&["metadata.name", "spec.x"], not_known), Ok(()));
        let says = |refuse| selector.check(&["metadata.name"], refuse).unwrap_err().to_string();
        assert_eq!(says(not_supported), "field label not supported: spec.x");
        assert_eq!(
            says(not_known),
            "\"spec.x\" is not a known field selector: only \"metadata.name\", \"metadata.namespace\""
        );
    }

    proptest! {
        #[test]
        fn any_text_parses_or_errs_and_what_parses_prints_itself(text in "[a-c=!,\\\\é.]{0,16}") {
            if let Ok(selector) = FieldSelector::parse(&text) {
                let mut again = FieldSelector::parse(&selector.to_string()).unwrap();
                // Terms are in the order of their text, and `==x` is printed as `=x`.
                again.terms.sort_by_key(|t| selector.terms.iter().position(|u| u == t));
                prop_assert_eq!(again, selector);
            }
        }
    }
}
