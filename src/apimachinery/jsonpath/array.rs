//! What stands in square brackets: unions, quoted keys, indexes and slices. Knows no template around it.

use std::borrow::Cow;

use serde_json::Value;

use super::Found;
use super::node::{Node, Slice};
use super::parser::parse_action;

/// Reads the text between brackets; the error is client-go's text.
pub(super) fn parse(text: &str, depth: usize) -> Result<Vec<Node>, String> {
    if text.contains(',') {
        let parts = text.split(',').map(|part| parse_action(&format!("[{}]", part.trim_matches(' ')), depth));
        return Ok(vec![Node::Union(parts.collect::<Result<_, _>>()?)]);
    }
    let quoted = text.strip_prefix('\'').and_then(|t| t.strip_suffix('\'')).filter(|t| !t.contains('\''));
    if let Some(key) = quoted {
        return parse_action(&format!(".{key}"), depth);
    }
    Ok(vec![Node::Array(parse_slice(text)?)])
}

/// `3`, `-1`, `1:`, `:-1`, `::2`.
fn parse_slice(text: &str) -> Result<Slice, String> {
    let parts: Vec<&str> = text.split(':').collect();
    let is_number = |p: &&str| p.strip_prefix('-').unwrap_or(p).bytes().all(|b| b.is_ascii_digit());
    if parts.len() > 3 || !parts.iter().all(is_number) {
        return Err(format!("invalid array index {text}"));
    }
    let number = |i: usize| match parts.get(i) {
        None | Some(&"") => Ok(None),
        Some(text) => text.parse().map(Some).map_err(|_| format!("array index {text} is not a number")),
    };
    let (start, end, step) = (number(0)?, number(1)?, number(2)?);
    if parts.len() > 1 {
        return Ok(Slice { start, end, step, single: false });
    }
    Ok(Slice { start, end: Some(start.unwrap_or(0).wrapping_add(1)), step, single: true })
}

impl Slice {
    /// The items it asks for; `None` when it asks for none, which ends client-go's whole look-up.
    pub(super) fn items<'a>(&self, items: &Found<'a>) -> Result<Option<Vec<Found<'a>>>, String> {
        let length = items.as_array().map_or(0, Vec::len);
        let len = i64::try_from(length).unwrap_or(i64::MAX);
        let from_end = |i: i64, wraps: bool| if wraps { i.wrapping_add(len) } else { i };
        let start = self.start.unwrap_or(0);
        let start = from_end(start, start < 0);
        let end = self.end.unwrap_or(len);
        let end = from_end(end, end < 0 || (end == 0 && self.single));
        if start == end {
            return Ok(None);
        }
        let outside = |index: i64| Err(format!("array index out of bounds: index {index}, length {length}"));
        if start >= len || start < 0 {
            return outside(start);
        }
        if end > len || end < 0 {
            return outside(end.wrapping_sub(1));
        }
        if start > end {
            return Err(format!("starting index {start} is greater than ending index {end}"));
        }
        let step = self.step.unwrap_or(1);
        if step <= 0 {
            return Err("step must be > 0".to_owned());
        }
        let indexes = (start..end).step_by(usize::try_from(step).unwrap_or(usize::MAX));
        Ok(Some(indexes.filter_map(|i| item(items, usize::try_from(i).ok()?)).collect()))
    }
}

fn item<'a>(items: &Found<'a>, index: usize) -> Option<Found<'a>> {
    match items {
        Cow::Borrowed(Value::Array(items)) => items.get(index).map(Cow::Borrowed),
        Cow::Owned(Value::Array(items)) => items.get(index).cloned().map(Cow::Owned),
        _ => None,
    }
}
