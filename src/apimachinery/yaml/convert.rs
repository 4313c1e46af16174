//! A tree of nodes as a JSON value: aliases expanded, merge keys merged, keys made strings.
//!
//! Knows YAML and JSON. Follows go-yaml v2's decoder and sigs.k8s.io/yaml's conversion, with their errors and with
//! go-yaml's bound on what aliases may expand to.

use std::collections::HashSet;

use serde_json::{Map, Number, Value};

use super::MAX_DEPTH;
use super::compose::{Document, Id, Node, Scalar, alias_name};
use super::resolve::{Resolved, resolve};

/// The document as JSON; null when it is empty.
pub(super) fn to_json(document: &Document, text: &str) -> Result<Value, String> {
    if document.nodes.is_empty() {
        return Ok(Value::Null);
    }
    Converter { document, text, decoded: 0, aliased: 0, alias_depth: 0, open: HashSet::new() }.value(0, 0)
}

struct Converter<'d> {
    document: &'d Document,
    /// What the document was read from, for the names in errors.
    text: &'d str,
    /// Nodes visited, and those of them within aliases.
    decoded: u64,
    aliased: u64,
    alias_depth: u32,
    /// The aliases being expanded.
    open: HashSet<Id>,
}

impl Converter<'_> {
    fn value(&mut self, id: Id, depth: usize) -> Result<Value, String> {
        self.count()?;
        if depth > MAX_DEPTH {
            return Err("yaml: exceeded max depth of 10000".to_owned());
        }
        match &self.document.nodes[id] {
            Node::Scalar(scalar) => json(resolve(scalar)?),
            Node::Sequence(items) => {
                items.iter().map(|i| self.value(*i, depth + 1)).collect::<Result<_, _>>().map(Value::Array)
            }
            Node::Mapping(children) => {
                let mut map = Map::new();
                self.mapping(children, &mut map, depth)?;
                Ok(Value::Object(map))
            }
            Node::Alias(target, at) => {
                self.enter(id, *at)?;
                let value = self.value(*target, depth + 1)?;
                self.leave(id);
                Ok(value)
            }
        }
    }

    fn count(&mut self) -> Result<(), String> {
        self.decoded += 1;
        self.aliased += u64::from(self.alias_depth > 0);
        let ratio = self.aliased as f64 / self.decoded as f64;
        if self.aliased > 100 && self.decoded > 1000 && ratio > allowed_alias_ratio(self.decoded) {
            return Err("yaml: document contains excessive aliasing".to_owned());
        }
        Ok(())
    }

    fn enter(&mut self, alias: Id, at: usize) -> Result<(), String> {
        if !self.open.insert(alias) {
            return Err(format!("yaml: anchor '{}' value contains itself", alias_name(self.text, at)));
        }
        self.alias_depth += 1;
        Ok(())
    }

    fn leave(&mut self, alias: Id) {
        self.open.remove(&alias);
        self.alias_depth -= 1;
    }

    /// Puts a mapping's pairs into a map in order; the last of equal keys stays.
    fn mapping(&mut self, children: &[Id], map: &mut Map<String, Value>, depth: usize) -> Result<(), String> {
        for pair in children.chunks_exact(2) {
            if self.is_merge(pair[0]) {
                self.merge(pair[1], map, depth)?;
                continue;
            }
            let key = self.key(pair[0], depth)?;
            let value = self.value(pair[1], depth + 1)?;
            let Some(key) = key else {
                let value = go_syntax(&value);
                return Err(format!("unsupported map key of type: %!s(<nil>), key: <nil>, value: {value}"));
            };
            map.insert(key, value);
        }
        Ok(())
    }

    fn is_merge(&self, id: Id) -> bool {
        let Node::Scalar(Scalar { text, is_plain, tag }) = &self.document.nodes[id] else { return false };
        text == "<<" && (*is_plain || tag == "tag:yaml.org,2002:merge")
    }

    /// A key as sigs.k8s.io/yaml writes it; `None` for null.
    fn key(&mut self, id: Id, depth: usize) -> Result<Option<String>, String> {
        let target = match &self.document.nodes[id] {
            Node::Alias(target, _) => *target,
            _ => id,
        };
        match &self.document.nodes[target] {
            Node::Scalar(scalar) => {
                self.count()?;
                Ok(key_text(resolve(scalar)?))
            }
            _ => {
                let value = self.value(id, depth + 1)?;
                Err(format!("yaml: invalid map key: {}", go_syntax(&value)))
            }
        }
    }

    fn merge(&mut self, id: Id, map: &mut Map<String, Value>, depth: usize) -> Result<(), String> {
        match &self.document.nodes[id] {
            // Backwards, because earlier maps take precedence.
            Node::Sequence(items) => items.iter().rev().try_for_each(|item| self.merge_one(*item, map, depth)),
            _ => self.merge_one(id, map, depth),
        }
    }

    fn merge_one(&mut self, id: Id, map: &mut Map<String, Value>, depth: usize) -> Result<(), String> {
        self.count()?;
        if depth > MAX_DEPTH {
            return Err("yaml: exceeded max depth of 10000".to_owned());
        }
        let (target, alias) = match &self.document.nodes[id] {
            Node::Alias(target, at) => (*target, Some(*at)),
            _ => (id, None),
        };
        let Node::Mapping(children) = &self.document.nodes[target] else {
            return Err("yaml: map merge requires map or sequence of maps as the value".to_owned());
        };
        if let Some(at) = alias {
            self.enter(id, at)?;
        }
        self.mapping(children, map, depth + 1)?;
        if alias.is_some() {
            self.leave(id);
        }
        Ok(())
    }
}

/// How much of a document may come from aliases: 99 % of a small one, 10 % of a large one.
fn allowed_alias_ratio(decoded: u64) -> f64 {
    const LOW: f64 = 400_000.0;
    const HIGH: f64 = 4_000_000.0;
    let place = ((decoded as f64 - LOW) / (HIGH - LOW)).clamp(0.0, 1.0);
    0.99 - 0.89 * place
}

/// A scalar as JSON. A float without a fraction is an integer, as Go's JSON writes it and the API reads it.
fn json(scalar: Resolved) -> Result<Value, String> {
    Ok(match scalar {
        Resolved::Null => Value::Null,
        Resolved::Bool(b) => b.into(),
        Resolved::Int(n) => n.into(),
        Resolved::Uint(n) => number(n as f64),
        Resolved::Float(f) if f.is_finite() => number(f),
        Resolved::Float(f) => {
            let name = if f.is_nan() {
                "NaN"
            } else if f > 0.0 {
                "+Inf"
            } else {
                "-Inf"
            };
            return Err(format!("json: unsupported value: {name}"));
        }
        Resolved::Text(s) => s.into(),
    })
}

/// A double as the API holds it: an integer where it is one that fits.
pub(super) fn number(f: f64) -> Value {
    const BOUND: f64 = 9_223_372_036_854_775_808.0;
    if f.fract() == 0.0 && (-BOUND..BOUND).contains(&f) {
        return (f as i64).into();
    }
    Number::from_f64(f).map_or(Value::Null, Value::Number)
}

fn key_text(key: Resolved) -> Option<String> {
    match key {
        Resolved::Null => None,
        Resolved::Bool(b) => Some(b.to_string()),
        Resolved::Int(n) => Some(n.to_string()),
        Resolved::Uint(n) => Some(n.to_string()),
        Resolved::Float(f) => Some(float_key(f)),
        Resolved::Text(s) => Some(s),
    }
}

/// Go's FormatFloat(f, 'g', -1, 32), with YAML's names for what is no number.
fn float_key(f: f64) -> String {
    let f = f as f32;
    if f.is_nan() {
        return ".nan".to_owned();
    }
    if f.is_infinite() {
        return if f > 0.0 { ".inf" } else { "-.inf" }.to_owned();
    }
    let scientific = format!("{f:e}");
    let (digits, exponent) = scientific.split_once('e').unwrap_or((&scientific, "0"));
    match exponent.parse::<i32>() {
        Ok(e) if !(-4..6).contains(&e) => {
            format!("{digits}e{}{:02}", if e < 0 { '-' } else { '+' }, e.abs())
        }
        _ => format!("{f}"),
    }
}

/// A value as Go's `%#v` prints what go-yaml made of it.
fn go_syntax(value: &Value) -> String {
    match value {
        Value::Null => "interface {}(nil)".to_owned(),
        Value::Array(items) => {
            let items: Vec<String> = items.iter().map(go_syntax).collect();
            format!("[]interface {{}}{{{}}}", items.join(", "))
        }
        Value::Object(map) => {
            let pairs: Vec<String> = map.iter().map(|(k, v)| format!("{k:?}:{}", go_syntax(v))).collect();
            format!("map[interface {{}}]interface {{}}{{{}}}", pairs.join(", "))
        }
        other => other.to_string(),
    }
}
