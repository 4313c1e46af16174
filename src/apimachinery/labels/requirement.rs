//! One requirement on one label. Knows nothing of the text form's grammar.

use std::fmt;

use serde_json::{Map, Value};

use crate::apimachinery::names;
use crate::apimachinery::quote::quote;

/// How a label and values relate; upstream's selection.Operator.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Operator {
    Equals,
    /// `==`: means the same as `=`, but is printed as it was written.
    DoubleEquals,
    NotEquals,
    In,
    NotIn,
    Exists,
    DoesNotExist,
    GreaterThan,
    LessThan,
}

/// A key, an operator and values that fit together.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Requirement {
    key: String,
    operator: Operator,
    values: Vec<String>,
}

impl Requirement {
    /// Checks key and values; the error is upstream's aggregate: one text, or several in brackets.
    pub fn new(key: &str, operator: Operator, values: Vec<String>) -> Result<Requirement, String> {
        let mut errors = Vec::new();
        if let Some(why) = invalid_key(key) {
            errors.push(format!("key: {why}"));
        }
        errors.extend(invalid_count(operator, &values));
        for (i, value) in values.iter().enumerate() {
            if let Some(why) = names::is_label_value(value).into_iter().reduce(|a, b| format!("{a}; {b}")) {
                errors.push(format!("values[{i}][{key}]: Invalid value: {}: {why}", quote(value)));
            }
        }
        match errors.len() {
            0 => Ok(Requirement { key: key.to_owned(), operator, values }),
            1 => Err(errors.remove(0)),
            _ => Err(format!("[{}]", errors.join(", "))),
        }
    }

    /// An equality that is not checked: maps of objects were validated when they were stored.
    pub(super) fn equals(key: &str, value: &str) -> Requirement {
        Requirement { key: key.to_owned(), operator: Operator::Equals, values: vec![value.to_owned()] }
    }

    pub fn key(&self) -> &str {
        &self.key
    }

    pub fn operator(&self) -> Operator {
        self.operator
    }

    pub fn values(&self) -> &[String] {
        &self.values
    }

    /// Whether labels satisfy it. A missing label satisfies `!=`, `notin` and `!x` only.
    pub fn matches(&self, labels: Option<&Map<String, Value>>) -> bool {
        let label = labels.and_then(|l| l.get(&self.key)).map(|v| v.as_str().unwrap_or_default());
        let listed = |label: &str| self.values.iter().any(|v| v == label);
        match self.operator {
            Operator::Exists => label.is_some(),
            Operator::DoesNotExist => label.is_none(),
            Operator::In | Operator::Equals | Operator::DoubleEquals => label.is_some_and(listed),
            Operator::NotIn | Operator::NotEquals => !label.is_some_and(listed),
            Operator::GreaterThan => self.compares(label, |label, value| label > value),
            Operator::LessThan => self.compares(label, |label, value| label < value),
        }
    }

    fn compares(&self, label: Option<&str>, holds: fn(i64, i64) -> bool) -> bool {
        let label = label.and_then(|l| l.parse().ok());
        let value = self.values.first().and_then(|v| v.parse().ok());
        label.zip(value).is_some_and(|(label, value)| holds(label, value))
    }
}

/// `Invalid value: "a b": name part must …`, without a path; `None` for a good key.
pub(super) fn invalid_key(key: &str) -> Option<String> {
    let why = names::is_qualified_name(key).into_iter().reduce(|a, b| format!("{a}; {b}"))?;
    Some(format!("Invalid value: {}: {why}", quote(key)))
}

fn invalid_count(operator: Operator, values: &[String]) -> Vec<String> {
    let wrong = |why: &str| vec![format!("values: Invalid value: {}: {why}", Value::from(values))];
    match operator {
        Operator::In | Operator::NotIn if values.is_empty() => {
            wrong("for 'in', 'notin' operators, values set can't be empty")
        }
        Operator::Equals | Operator::DoubleEquals | Operator::NotEquals if values.len() != 1 => {
            wrong("exact-match compatibility requires one single value")
        }
        Operator::Exists | Operator::DoesNotExist if !values.is_empty() => {
            wrong("values set must be empty for exists and does not exist")
        }
        Operator::GreaterThan | Operator::LessThan => {
            let bad = values.iter().enumerate().filter(|(_, v)| v.parse::<i64>().is_err());
            let text = "for 'Gt', 'Lt' operators, the value must be an integer";
            bad.map(|(i, v)| format!("values[{i}]: Invalid value: {}: {text}", quote(v))).collect()
        }
        _ => Vec::new(),
    }
}

/// One entry of a LabelSelector's `matchExpressions`.
pub(super) fn from_expression(expression: &Value) -> Result<Requirement, String> {
    let text = |key: &str| expression.get(key).and_then(Value::as_str).unwrap_or_default();
    let operator = match text("operator") {
        "In" => Operator::In,
        "NotIn" => Operator::NotIn,
        "Exists" => Operator::Exists,
        "DoesNotExist" => Operator::DoesNotExist,
        other => return Err(format!("{} is not a valid label selector operator", quote(other))),
    };
    let values = expression.get("values").and_then(Value::as_array).into_iter().flatten();
    let values = values.map(|v| v.as_str().unwrap_or_default().to_owned()).collect();
    Requirement::new(text("key"), operator, values)
}

impl fmt::Display for Requirement {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut values = self.values.clone();
        values.sort();
        let (key, values) = (&self.key, values.join(","));
        match self.operator {
            Operator::Equals => write!(f, "{key}={values}"),
            Operator::DoubleEquals => write!(f, "{key}=={values}"),
            Operator::NotEquals => write!(f, "{key}!={values}"),
            Operator::In => write!(f, "{key} in ({values})"),
            Operator::NotIn => write!(f, "{key} notin ({values})"),
            Operator::Exists => f.write_str(key),
            Operator::DoesNotExist => write!(f, "!{key}"),
            Operator::GreaterThan => write!(f, "{key}>{values}"),
            Operator::LessThan => write!(f, "{key}<{values}"),
        }
    }
}
