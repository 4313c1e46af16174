//! What `--for` asks of an object. Knows no store.

use std::sync::Arc;

use anyhow::bail;
use serde_json::Value;

use crate::apimachinery::go_value;
use crate::apimachinery::jsonpath::{self, Template};
use crate::apimachinery::object::Object;
use crate::apimachinery::quote::quote;

/// One condition.
#[derive(Debug)]
pub enum Condition {
    Create,
    Delete,
    /// A condition in `status.conditions` has a value; both without regard to case.
    Status {
        name: String,
        value: String,
    },
    /// An expression finds something, or this value.
    Path {
        path: Template,
        value: String,
    },
}

impl Condition {
    /// Reads `--for`.
    ///
    /// # Errors
    /// kubectl's texts.
    pub fn parse(text: &str) -> anyhow::Result<Condition> {
        match text.to_lowercase().as_str() {
            "delete" => return Ok(Condition::Delete),
            "create" => return Ok(Condition::Create),
            _ => {}
        }
        if let Some(condition) = text.strip_prefix("condition=") {
            let (name, value) = condition.split_once('=').unwrap_or((condition, "true"));
            return Ok(Condition::Status { name: name.to_owned(), value: value.to_owned() });
        }
        match text.strip_prefix("jsonpath=") {
            Some(input) => path(input),
            None => bail!("unrecognized condition: {}", quote(text)),
        }
    }

    /// The object when the condition holds for it, `None` when it does not yet. `first` is the object as it was named,
    /// `now` as it is.
    ///
    /// # Errors
    /// An expression that does not lead to one plain value.
    pub fn check(&mut self, first: &Arc<Object>, now: Option<Arc<Object>>) -> Result<Option<Arc<Object>>, String> {
        let object = match (&self, now) {
            (Condition::Delete, Some(object)) if object.uid() == first.uid() => return Ok(None),
            (Condition::Delete, _) => return Ok(Some(first.clone())),
            (_, Some(object)) => object,
            (_, None) => return Ok(None),
        };
        let holds = match self {
            Condition::Create | Condition::Delete => true,
            Condition::Status { name, value } => has_condition(&object, name, value),
            Condition::Path { path, value } => finds(&object, path, value)?,
        };
        Ok(holds.then_some(object))
    }
}

/// An expression and perhaps a value, parted by a single `=`.
fn path(input: &str) -> anyhow::Result<Condition> {
    let (expression, value) = match split(input).as_slice() {
        [expression] => (jsonpath::relaxed(expression)?, String::new()),
        [expression, value] => {
            let value = value.trim_matches(['\'', '"']);
            let expression = jsonpath::relaxed(expression)?;
            if value.is_empty() {
                bail!(
                    "jsonpath wait has to have a value after equal sign, like --for=jsonpath='{{.status.readyReplicas}}'=3"
                );
            }
            (expression, value.to_owned())
        }
        _ => bail!(
            "jsonpath wait format must be --for=jsonpath='{{.status.readyReplicas}}'=3 or \
             --for=jsonpath='{{.status.readyReplicas}}'"
        ),
    };
    if expression.is_empty() {
        bail!("jsonpath expression cannot be empty");
    }
    Ok(Condition::Path { path: Template::parse(&expression)?.allow_missing_keys(true), value })
}

/// Parts a text at every `=` that is not doubled.
fn split(input: &str) -> Vec<String> {
    let mut parts = vec![String::new()];
    let mut rest = input;
    while let Some(at) = rest.find('=') {
        let doubled = rest[at..].starts_with("==");
        if let Some(last) = parts.last_mut() {
            last.push_str(&rest[..at]);
            if doubled {
                last.push_str("==");
            }
        }
        if !doubled {
            parts.push(String::new());
        }
        rest = &rest[at + if doubled { 2 } else { 1 }..];
    }
    if let Some(last) = parts.last_mut() {
        last.push_str(rest);
    }
    parts
}

fn has_condition(object: &Object, name: &str, value: &str) -> bool {
    let same = |a: &str, b: &str| a.to_lowercase() == b.to_lowercase();
    let conditions = object.list_at("/status/conditions");
    let found = conditions.iter().find_map(|c| {
        let status = c["status"].as_str()?;
        c["type"].as_str().filter(|t| same(t, name)).map(|_| (c, status))
    });
    let Some((condition, status)) = found else { return false };
    let observed = condition["observedGeneration"].as_i64().or_else(|| object.i64_at("/status/observedGeneration"));
    let is_stale = observed.is_some_and(|o| object.at("/metadata/generation").is_some() && o < object.generation());
    !is_stale && same(status, value)
}

fn finds(object: &Object, path: &mut Template, value: &str) -> Result<bool, String> {
    let body = object.to_value();
    let results = path.find(&body).map_err(|e| e.to_string())?;
    let Some(found) = results.first().and_then(|r| r.first()) else { return Ok(false) };
    if results.len() > 1 {
        return Err("given jsonpath expression matches more than one list".to_owned());
    }
    if results[0].len() > 1 {
        return Err("given jsonpath expression matches more than one value".to_owned());
    }
    match found.as_ref() {
        _ if value.is_empty() => Ok(true),
        Value::Object(_) | Value::Array(_) => {
            Err("jsonpath leads to a nested object or list which is not supported".to_owned())
        }
        plain => Ok(go_value::display(plain).trim() == value.trim()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn pod() -> Arc<Object> {
        let conditions =
            json!([{"type": "Ready", "status": "True"}, {"type": "Old", "status": "True", "observedGeneration": 1}]);
        let body = json!({"metadata": {"name": "p", "generation": 2}, "spec": {"a": {"b": 1}},
            "status": {"phase": "Running", "conditions": conditions}});
        Arc::new(Object::from_value(body).unwrap())
    }

    #[test]
    fn conditions_are_kubectls() {
        let cases = [
            ("condition=ready", Ok(true)),
            ("condition=Ready=true", Ok(true)),
            ("condition=Ready=False", Ok(false)),
            ("condition=Old", Ok(false)),
            ("condition=Nope", Ok(false)),
            ("create", Ok(true)),
            ("Delete", Ok(false)),
            ("jsonpath={.status.phase}=Running", Ok(true)),
            ("jsonpath=.status.phase='Running'", Ok(true)),
            ("jsonpath={.status.phase}", Ok(true)),
            ("jsonpath={.status.nope}", Ok(false)),
            (r#"jsonpath={.status.conditions[?(@.type=="Ready")].status}=True"#, Ok(true)),
            ("jsonpath={.spec.a}=1", Err("jsonpath leads to a nested object or list which is not supported")),
            ("jsonpath={.spec.a.b}=1", Ok(true)),
            ("jsonpath={.status.conditions[*].type}=x", Err("given jsonpath expression matches more than one value")),
        ];
        for (text, want) in cases {
            let met = Condition::parse(text).unwrap().check(&pod(), Some(pod())).map(|o| o.is_some());
            assert_eq!(met, want.map_err(str::to_owned), "{text}");
        }
    }

    #[test]
    fn bad_conditions_are_refused_in_kubectls_words() {
        let format = "jsonpath wait format must be --for=jsonpath='{.status.readyReplicas}'=3 or \
            --for=jsonpath='{.status.readyReplicas}'";
        let cases = [
            ("", "unrecognized condition: \"\""),
            ("x", "unrecognized condition: \"x\""),
            ("jsonpath={.a}=b=c", format),
            (
                "jsonpath={.a}=",
                "jsonpath wait has to have a value after equal sign, like --for=jsonpath='{.status.readyReplicas}'=3",
            ),
            ("jsonpath=", "jsonpath expression cannot be empty"),
        ];
        for (text, want) in cases {
            assert_eq!(Condition::parse(text).unwrap_err().to_string(), want);
        }
    }
}
