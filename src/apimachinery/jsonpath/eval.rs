//! What each node finds in the values before it. Knows no text.

use std::borrow::Cow;

use serde_json::{Number, Value};

use super::compare::compare;
use super::node::{EXISTS, Node, Slice};
use super::{Found, Template};
use crate::apimachinery::go_value;

impl Template {
    /// Applies a node to values.
    pub(super) fn walk<'a>(&mut self, input: Vec<Found<'a>>, node: &Node) -> Result<Vec<Found<'a>>, String> {
        let each = |value: Value| Ok(input.iter().map(|_| Cow::Owned(value.clone())).collect());
        match node {
            Node::Text(text) => Ok(vec![Cow::Owned(Value::String(text.clone()))]),
            Node::Int(i) => each(Value::from(*i)),
            Node::Float(f) => each(Number::from_f64(*f).map_or(Value::Null, Value::Number)),
            Node::Bool(b) => each(Value::Bool(*b)),
            Node::List(nodes) => self.walk_all(input, nodes),
            Node::Field(name) => self.field(input, name),
            Node::Identifier(word) => self.identifier(input, word),
            Node::Wildcard => Ok(input.iter().flat_map(children).collect()),
            Node::Recursive => Ok(recursive(input)),
            Node::Array(slice) => array(input, slice),
            Node::Union(parts) => {
                let parts: Result<Vec<_>, _> = parts.iter().map(|nodes| self.walk_all(input.clone(), nodes)).collect();
                Ok(parts?.into_iter().flatten().collect())
            }
            Node::Filter { left, operator, right } => self.filter(input, left, operator, right),
        }
    }

    fn walk_all<'a>(&mut self, input: Vec<Found<'a>>, nodes: &[Node]) -> Result<Vec<Found<'a>>, String> {
        nodes.iter().try_fold(input, |current, node| self.walk(current, node))
    }

    fn identifier<'a>(&mut self, input: Vec<Found<'a>>, word: &str) -> Result<Vec<Found<'a>>, String> {
        match word {
            "range" => {
                self.ranges.begin += 1;
                Ok(input)
            }
            "end" if self.ranges.inside > 0 => {
                self.ranges.end += 1;
                Ok(Vec::new())
            }
            "end" => Err("not in range, nothing to end".to_owned()),
            _ => Err(format!("unrecognized identifier {word}")),
        }
    }

    fn field<'a>(&self, input: Vec<Found<'a>>, name: &str) -> Result<Vec<Found<'a>>, String> {
        let found: Vec<Found<'a>> = input.iter().filter_map(|value| member(value, name)).collect();
        if found.is_empty() && !input.is_empty() && !self.allow_missing_keys {
            return Err(format!("{name} is not found"));
        }
        Ok(found)
    }

    fn filter<'a>(
        &mut self,
        input: Vec<Found<'a>>,
        left: &[Node],
        operator: &str,
        right: &[Node],
    ) -> Result<Vec<Found<'a>>, String> {
        let mut found = Vec::new();
        for value in &input {
            if !value.is_array() {
                // An owned null is what a range over nothing is run with.
                let invalid = matches!(value, Cow::Owned(Value::Null));
                let shown = if invalid { "<invalid reflect.Value>".to_owned() } else { go_value::display(value) };
                return Err(format!("{shown} is not array or slice and cannot be filtered"));
            }
            for item in children(value) {
                if self.passes(&item, left, operator, right)? {
                    found.push(item);
                }
            }
        }
        Ok(found)
    }

    fn passes(&mut self, item: &Found, left: &[Node], operator: &str, right: &[Node]) -> Result<bool, String> {
        let lefts = self.walk_all(vec![item.clone()], left);
        if operator == EXISTS {
            // client-go looks at what it had when the error came: for a missing key nothing, else the values before it.
            return Ok(lefts.map_or_else(|e| !e.ends_with(" is not found"), |found| !found.is_empty()));
        }
        let Some(left) = only(lefts?)? else { return Ok(false) };
        let Some(right) = only(self.walk_all(vec![item.clone()], right)?)? else { return Ok(false) };
        compare(&left, operator, &right)
    }
}

fn only(mut found: Vec<Found>) -> Result<Option<Found>, String> {
    if found.len() > 1 {
        return Err("can only compare one element at a time".to_owned());
    }
    Ok(found.pop())
}

fn member<'a>(value: &Found<'a>, name: &str) -> Option<Found<'a>> {
    match value {
        Cow::Borrowed(Value::Object(map)) => map.get(name).map(Cow::Borrowed),
        Cow::Owned(Value::Object(map)) => map.get(name).cloned().map(Cow::Owned),
        _ => None,
    }
}

/// The members of a map, the items of a list, the bytes of a text.
fn children<'a>(value: &Found<'a>) -> Vec<Found<'a>> {
    match value {
        Cow::Borrowed(Value::Object(map)) => map.values().map(Cow::Borrowed).collect(),
        Cow::Borrowed(Value::Array(items)) => items.iter().map(Cow::Borrowed).collect(),
        Cow::Owned(Value::Object(map)) => map.values().cloned().map(Cow::Owned).collect(),
        Cow::Owned(Value::Array(items)) => items.iter().cloned().map(Cow::Owned).collect(),
        Cow::Borrowed(Value::String(s)) => s.bytes().map(|b| Cow::Owned(b.into())).collect(),
        Cow::Owned(Value::String(s)) => s.bytes().map(|b| Cow::Owned(b.into())).collect(),
        _ => Vec::new(),
    }
}

/// Every value that has children, before them.
fn recursive(input: Vec<Found>) -> Vec<Found> {
    let mut found = Vec::new();
    for value in input {
        let children = children(&value);
        if !children.is_empty() {
            found.push(value);
            found.extend(recursive(children));
        }
    }
    found
}

fn array<'a>(input: Vec<Found<'a>>, slice: &Slice) -> Result<Vec<Found<'a>>, String> {
    let mut found = Vec::new();
    for value in input.iter().filter(|v| !v.is_null()) {
        if !value.is_array() {
            return Err(format!("{} is not array or slice", go_value::type_name(value)));
        }
        match slice.items(value)? {
            Some(items) => found.extend(items),
            None => return Ok(found),
        }
    }
    Ok(found)
}
