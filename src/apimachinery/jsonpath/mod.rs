//! kubectl's dialect of JSONPath: text with expressions in braces, as k8s.io/client-go/util/jsonpath reads it.
//!
//! Knows JSON values only: no object, no flag. Maps are walked in the order of their keys, where Go's order is random.

use std::borrow::Cow;
use std::sync::Arc;

use serde_json::Value;

use super::go_value;

mod array;
mod compare;
mod eval;
mod node;
mod parser;
mod quoted;

use node::Node;

/// What an expression found: a part of the object, or a value made by the template.
pub type Found<'a> = Cow<'a, Value>;

/// Why a template does not parse or cannot be applied, in client-go's words; printers put kubectl's in front.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct JsonPathError(pub String);

/// `{range}` inside `{range}` deeper than anyone writes; client-go has no limit, but a stack has.
const MAX_RANGES: usize = 200;

/// A parsed template.
#[derive(Clone, Debug)]
pub struct Template {
    nodes: Arc<[Node]>,
    allow_missing_keys: bool,
    /// Where the next run starts. client-go forgets the nodes before a range once it has run through one, which shows
    /// when one printer prints several objects: reproduced.
    start: usize,
    ranges: RangeState,
}

/// client-go's bookkeeping of `{range}` and `{end}`; like client-go's it is not reset by an error.
#[derive(Clone, Debug, Default)]
struct RangeState {
    begin: usize,
    inside: usize,
    end: usize,
    /// The index of the `{end}` that was met last.
    last_end: Option<usize>,
}

impl Template {
    /// Reads a template. Text outside braces stands for itself.
    pub fn parse(text: &str) -> Result<Template, JsonPathError> {
        let nodes = parser::parse(text, 0).map_err(JsonPathError)?;
        Ok(Template { nodes: nodes.into(), allow_missing_keys: false, start: 0, ranges: RangeState::default() })
    }

    /// Whether a key that is not there is nothing (`-o jsonpath`) or the error `x is not found` (the default).
    pub fn allow_missing_keys(mut self, allow: bool) -> Template {
        self.allow_missing_keys = allow;
        self
    }

    /// What each part of the template finds, in order.
    pub fn find<'a>(&mut self, value: &'a Value) -> Result<Vec<Vec<Found<'a>>>, JsonPathError> {
        let mut all = Vec::new();
        self.run(Cow::Borrowed(value), self.start, Some(&mut all)).map_err(JsonPathError)?;
        Ok(all)
    }

    /// The text that the template makes of a value. Objects and lists are compact JSON, texts bare, null is `null`.
    pub fn execute(&mut self, value: &Value) -> Result<String, JsonPathError> {
        let found = self.find(value)?;
        let groups = found.iter().map(|group| group.iter().map(|f| text_of(f)).collect::<Vec<_>>().join(" "));
        Ok(groups.collect())
    }

    /// What `jsonpath-as-json` makes of a value: an indented JSON list and a newline per part of the template.
    pub fn execute_as_json(&mut self, value: &Value) -> Result<String, JsonPathError> {
        let found = self.find(value)?;
        let lists = found.into_iter().map(|group| Value::Array(group.into_iter().map(Cow::into_owned).collect()));
        Ok(lists.map(|list| go_value::json_indent(&list) + "\n").collect())
    }

    /// Runs the nodes from `start`; results are dropped without `out` (a range over nothing still looks for its end).
    fn run<'a>(
        &mut self,
        value: Found<'a>,
        start: usize,
        mut out: Option<&mut Vec<Vec<Found<'a>>>>,
    ) -> Result<(), String> {
        let nodes = Arc::clone(&self.nodes);
        let mut i = start;
        while let Some(node) = nodes.get(i) {
            let results = self.walk(vec![value.clone()], node)?;
            if self.ranges.end > 0 && self.ranges.end <= self.ranges.inside {
                self.ranges.end -= 1;
                self.ranges.last_end = Some(i);
                break;
            }
            if self.ranges.begin > 0 {
                self.ranges.begin -= 1;
                self.range(results, i + 1, out.as_deref_mut())?;
                i = self.ranges.last_end.filter(|end| *end > i).unwrap_or(i);
            } else if let Some(out) = out.as_deref_mut() {
                out.push(results);
            }
            i += 1;
        }
        Ok(())
    }

    fn range<'a>(
        &mut self,
        over: Vec<Found<'a>>,
        start: usize,
        mut out: Option<&mut Vec<Vec<Found<'a>>>>,
    ) -> Result<(), String> {
        if self.ranges.inside >= MAX_RANGES {
            return Err(format!("more than {MAX_RANGES} ranges inside each other"));
        }
        self.ranges.inside += 1;
        self.start = start;
        if over.is_empty() {
            self.run(Cow::Owned(Value::Null), start, None)?;
        }
        for value in over {
            self.start = start;
            self.run(value, start, out.as_deref_mut())?;
        }
        self.ranges.inside -= 1;
        Ok(())
    }
}

/// One result as it is printed.
fn text_of(value: &Value) -> String {
    match value {
        Value::Null => "null".to_owned(),
        Value::Array(_) | Value::Object(_) => go_value::json(value),
        _ => go_value::display(value),
    }
}

/// A path as custom-columns, `--sort-by` and `wait --for=jsonpath` take it, with or without braces and first dot, as a
/// template: `metadata.name` becomes `{.metadata.name}`. Empty stays empty.
pub fn relaxed(path: &str) -> Result<String, JsonPathError> {
    if path.is_empty() {
        return Ok(String::new());
    }
    let inside = path.strip_prefix('{').and_then(|p| p.strip_suffix('}')).unwrap_or(path);
    let field = inside.strip_prefix('.').filter(|f| !f.is_empty()).unwrap_or(inside);
    if field.is_empty() || field.contains(['{', '}']) {
        let forms = "'name1.name2' or '.name1.name2' or '{name1.name2}' or '{.name1.name2}'";
        return Err(JsonPathError(format!("unexpected path string, expected a {forms}")));
    }
    Ok(format!("{{.{field}}}"))
}

#[cfg(test)]
mod tests;
