//! Label selectors: of `-l`, of LabelSelector objects and of Services' maps. Knows no kind and no object but its labels.
//!
//! The rules and words are those of k8s.io/apimachinery/pkg/labels.

use std::fmt;

use serde_json::{Map, Value};

use super::status::Status;

mod lexer;
mod parser;
mod requirement;

pub use requirement::{Operator, Requirement};

/// Why text or an object is no selector, in apimachinery's words; kubectl and the server put their own in front.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct SelectorError(pub String);

impl From<SelectorError> for Status {
    fn from(e: SelectorError) -> Status {
        Status::bad_request(e.0)
    }
}

/// All of its requirements must hold; none at all matches everything. Sorted by key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Selector {
    requirements: Vec<Requirement>,
    /// The selector of a null LabelSelector: it matches no object.
    nothing: bool,
}

impl Selector {
    fn new(mut requirements: Vec<Requirement>) -> Selector {
        requirements.sort_by(|a, b| a.key().cmp(b.key()));
        Selector { requirements, nothing: false }
    }

    /// Matches every object.
    pub fn everything() -> Selector {
        Selector::new(Vec::new())
    }

    /// Matches no object.
    pub fn nothing() -> Selector {
        Selector { requirements: Vec::new(), nothing: true }
    }

    /// Reads the text form of `-l`: `a=b,c!=d,e in (f,g),!h`.
    pub fn parse(text: &str) -> Result<Selector, SelectorError> {
        parser::parse(text).map(Selector::new).map_err(SelectorError)
    }

    /// Reads a metav1.LabelSelector: an empty one matches everything, a null one nothing.
    pub fn from_label_selector(selector: &Value) -> Result<Selector, SelectorError> {
        let Value::Object(selector) = selector else { return Ok(Selector::nothing()) };
        let mut requirements = Vec::new();
        for (key, value) in selector.get("matchLabels").and_then(Value::as_object).into_iter().flatten() {
            let value = value.as_str().unwrap_or_default().to_owned();
            requirements.push(Requirement::new(key, Operator::Equals, vec![value]).map_err(SelectorError)?);
        }
        for expression in selector.get("matchExpressions").and_then(Value::as_array).into_iter().flatten() {
            requirements.push(requirement::from_expression(expression).map_err(SelectorError)?);
        }
        Ok(Selector::new(requirements))
    }

    /// The selector that wants exactly these labels, as a Service's or a ReplicationController's map does. An empty map
    /// matches everything; that a Service without a selector selects nothing is the Service's rule.
    pub fn from_map(map: &Map<String, Value>) -> Selector {
        let equals = |(k, v): (&String, &Value)| Requirement::equals(k, v.as_str().unwrap_or_default());
        Selector::new(map.iter().map(equals).collect())
    }

    /// Whether an object with these labels is selected.
    pub fn matches(&self, labels: Option<&Map<String, Value>>) -> bool {
        !self.nothing && self.requirements.iter().all(|r| r.matches(labels))
    }

    /// A label that every object it selects has, key and value: one that an index can be asked for.
    pub fn exact_label(&self) -> Option<(&str, &str)> {
        let is_exact = |o| matches!(o, Operator::Equals | Operator::DoubleEquals | Operator::In);
        let mut exact = self.requirements.iter().filter(|r| is_exact(r.operator()));
        exact.find_map(|r| match r.values() {
            [value] => Some((r.key(), value.as_str())),
            _ => None,
        })
    }

    /// Whether it selects every object.
    pub fn is_everything(&self) -> bool {
        !self.nothing && self.requirements.is_empty()
    }

    pub fn requirements(&self) -> &[Requirement] {
        &self.requirements
    }
}

/// upstream's String(): `a=b,c in (d,e),!f`; empty for everything and for nothing.
impl fmt::Display for Selector {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (i, requirement) in self.requirements.iter().enumerate() {
            if i > 0 {
                f.write_str(",")?;
            }
            requirement.fmt(f)?;
        }
        Ok(())
    }
}

/// A LabelSelector as `describe` and wide tables print it: metav1.FormatLabelSelector.
pub fn format_label_selector(selector: &Value) -> String {
    match Selector::from_label_selector(selector) {
        Err(_) => "<error>".to_owned(),
        Ok(s) if s.requirements.is_empty() => "<none>".to_owned(),
        Ok(s) => s.to_string(),
    }
}

#[cfg(test)]
mod tests;
