//! Sets of paths in an object, as `metadata.managedFields` writes them (FieldsV1). Knows neither types nor managers.
//!
//! A set is a tree: `f:name` for a field, `k:{…}` for an item of a keyed list, `v:…` for a member of a set, `.` for the
//! node itself where others are below it. A node without children is a member.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use super::path::Step;

/// A set of paths.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Set(BTreeMap<String, Node>);

/// What a set has at a path, and below it. Steps are as FieldsV1 writes them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Node {
    pub is_member: bool,
    pub below: Set,
}

impl Set {
    /// Reads FieldsV1; what is none of it is left out.
    pub fn parse(fields: &Value) -> Set {
        let Value::Object(map) = fields else { return Set::default() };
        let node = |value: &Value| {
            let below = Set::parse(value);
            Node { is_member: below.0.is_empty() || value.get(".").is_some(), below }
        };
        Set(map.iter().filter(|(key, _)| *key != ".").map(|(key, value)| (key.clone(), node(value))).collect())
    }

    /// FieldsV1.
    pub fn to_value(&self) -> Value {
        let node = |node: &Node| {
            let mut value = node.below.to_value();
            if node.is_member && !node.below.is_empty() {
                value["."] = json!({});
            }
            value
        };
        Value::Object(self.0.iter().map(|(key, inner)| (key.clone(), node(inner))).collect::<Map<_, _>>())
    }

    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// What is at a step.
    pub fn node(&self, step: &str) -> Option<&Node> {
        self.0.get(step)
    }

    /// The steps from here, in order.
    pub fn nodes(&self) -> impl Iterator<Item = (&String, &Node)> {
        self.0.iter()
    }

    /// Makes a path a member.
    pub fn insert(&mut self, path: &[String]) {
        let Some((first, rest)) = path.split_first() else { return };
        let node = self.0.entry(first.clone()).or_default();
        if rest.is_empty() { node.is_member = true } else { node.below.insert(rest) }
    }

    pub fn has(&self, path: &[String]) -> bool {
        match path.split_first() {
            None => false,
            Some((first, [])) => self.0.get(first).is_some_and(|n| n.is_member),
            Some((first, rest)) => self.0.get(first).is_some_and(|n| n.below.has(rest)),
        }
    }

    pub fn union(&mut self, other: &Set) {
        for (step, theirs) in &other.0 {
            let ours = self.0.entry(step.clone()).or_default();
            ours.is_member |= theirs.is_member;
            ours.below.union(&theirs.below);
        }
    }

    /// Takes out the members of another set. What is below a member stays.
    pub fn subtract(&mut self, other: &Set) {
        self.0.retain(|step, ours| {
            if let Some(theirs) = other.0.get(step) {
                ours.is_member &= !theirs.is_member;
                ours.below.subtract(&theirs.below);
            }
            ours.is_member || !ours.below.is_empty()
        });
    }

    /// Takes out what is at these steps from the root, with everything below.
    pub fn drop_top(&mut self, is_dropped: impl Fn(&str) -> bool) {
        self.0.retain(|step, _| !is_dropped(step));
    }

    /// The members of both sets.
    pub fn intersection(&self, other: &Set) -> Set {
        let both = self.0.iter().filter_map(|(step, ours)| {
            let theirs = other.0.get(step)?;
            let node =
                Node { is_member: ours.is_member && theirs.is_member, below: ours.below.intersection(&theirs.below) };
            (node.is_member || !node.below.is_empty()).then(|| (step.clone(), node))
        });
        Set(both.collect())
    }

    /// Every member in the order a server names them: those of a level before what is below them.
    pub fn members(&self) -> Vec<Vec<String>> {
        let here = self.0.iter().filter(|(_, n)| n.is_member).map(|(step, _)| vec![step.clone()]);
        let below = self
            .0
            .iter()
            .flat_map(|(step, node)| node.below.members().into_iter().map(|rest| [vec![step.clone()], rest].concat()));
        here.chain(below.collect::<Vec<_>>()).collect()
    }
}

/// `.spec.template.spec.containers[name="c"].image`.
pub fn text(path: &[String]) -> String {
    path.iter().filter_map(|step| Step::parse(step)).map(|step| step.text()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn set(value: Value) -> Set {
        Set::parse(&value)
    }

    #[test]
    fn sets_are_read_and_written() {
        let fields = json!({"f:a": {}, "f:b": {".": {}, "k:{\"n\":1}": {".": {}, "f:n": {}}}, "f:c": {"f:d": {}}});
        let read = set(fields.clone());
        assert_eq!(read.to_value(), fields);
        let members: Vec<String> = read.members().iter().map(|path| text(path)).collect();
        assert_eq!(members, [".a", ".b", ".b[n=1]", ".b[n=1].n", ".c.d"]);
    }

    #[test]
    fn sets_are_added_and_taken_from_each_other() {
        let mut one = set(json!({"f:a": {".": {}, "f:b": {}}, "f:c": {}}));
        let other = set(json!({"f:a": {}, "f:d": {"f:e": {}}}));
        assert_eq!(one.intersection(&other).to_value(), json!({"f:a": {}}));
        one.union(&other);
        assert_eq!(one.to_value(), json!({"f:a": {".": {}, "f:b": {}}, "f:c": {}, "f:d": {"f:e": {}}}));
        one.subtract(&other);
        assert_eq!(one.to_value(), json!({"f:a": {"f:b": {}}, "f:c": {}}));
        one.subtract(&set(json!({"f:a": {"f:b": {}}, "f:c": {}})));
        assert!(one.is_empty());
    }
}
