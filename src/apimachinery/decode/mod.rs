//! Strict decoding of a JSON value against a kind's schema, with the API server's errors.
//!
//! Knows the schema's types, not what a field means. Follows sigs.k8s.io/json, which the server decodes with: the first
//! value of a wrong type is reported after the whole document was read; a value whose own form is wrong (a quantity, a
//! time) ends the reading at once; unknown fields are collected and matter only when nothing else is wrong.
//!
//! The order is that of the JSON text. kubectl sends an object with its keys sorted, which is the order of `Map`.

mod gotime;
mod scalar;
mod zero;

use serde_json::{Map, Value};

use super::base64;
use super::quote::quote;
use super::schema::{Definition, Form, Shape, Type};
use super::status::Status;
use crate::apimachinery::go_value::json_kind;

/// As many unknown fields as the server reports.
const MAX_UNKNOWN: usize = 100;

/// An object as the API's Go types would hold and write it: without unknown fields, without nulls, and without the empty
/// values that Go leaves out. What Go would add (`status: {}`, `creationTimestamp: null`) is not added.
#[derive(Clone, Debug, PartialEq)]
pub struct Decoded {
    pub value: Value,
    /// What strict decoding refuses, in order: `unknown field "spec.replica"`.
    pub strict_errors: Vec<String>,
}

/// Why a value does not fit its type, in Go's words: `json: cannot unmarshal string into Go struct field …`.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct Error(pub String);

/// Reads a value as a definition.
pub fn decode(definition: Definition, value: Value) -> Result<Decoded, Error> {
    let mut reader = Reader::default();
    let value = reader.definition(definition, value).map_err(Error)?;
    match reader.first_error {
        Some(error) => Err(Error(error)),
        None => Ok(Decoded { value, strict_errors: reader.unknown }),
    }
}

/// Reads a request's body as a kind; every error is the server's BadRequest. Unknown fields are dropped unless `strict`.
pub fn decode_body(api_version: &str, kind: &str, body: Value, strict: bool) -> Result<Value, Status> {
    let version = api_version.rsplit('/').next().unwrap_or_default();
    // A body's own kind may differ in case: kubectl maps `pod` to the resource, and leaves the refusal to the server.
    let sent = body.get("kind").and_then(Value::as_str).filter(|k| !k.is_empty()).unwrap_or(kind).to_owned();
    let refuse =
        |why: &str| Status::bad_request(format!("{sent} in version {version:?} cannot be handled as a {kind}: {why}"));
    let definition = Definition::of_kind(api_version, kind).filter(|_| sent == kind).ok_or_else(|| {
        let scheme = "pkg/api/legacyscheme/scheme.go:30";
        refuse(&format!("no kind {sent:?} is registered for version {api_version:?} in scheme {scheme:?}"))
    })?;
    let decoded = decode(definition, body).map_err(|e| refuse(&e.0))?;
    if strict && !decoded.strict_errors.is_empty() {
        return Err(refuse(&format!("strict decoding error: {}", decoded.strict_errors.join(", "))));
    }
    Ok(decoded.value)
}

/// Checks what kubectl checks of any manifest before it sends it: that its type and metadata fit Go's.
pub fn check_metadata(object: &Map<String, Value>) -> Result<(), Error> {
    let mut reader = Reader { holder: Some("metadataOnlyObject"), ..Reader::default() };
    for (field, value) in object {
        let name = ["apiVersion", "kind", "metadata"].into_iter().find(|n| n == field);
        let Some(name) = name.filter(|_| !value.is_null()) else { continue };
        reader.fields = vec![name];
        match (name, Definition::named("io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta")) {
            ("metadata", Some(meta)) => drop(reader.definition(meta, value.clone()).map_err(Error)?),
            ("metadata", None) => {}
            _ if value.is_string() => {}
            _ => drop(reader.mismatch("string", value)),
        }
    }
    reader.first_error.map_or(Ok(()), |e| Err(Error(e)))
}

/// What is known of the place that is being read.
#[derive(Default)]
struct Reader {
    /// The first value of a wrong type.
    first_error: Option<String>,
    unknown: Vec<String>,
    /// The path with indexes and map keys, for unknown fields.
    path: String,
    /// The fields on the way, without indexes and map keys, for wrong types.
    fields: Vec<&'static str>,
    /// The Go name of the innermost struct one of whose fields is being read.
    holder: Option<&'static str>,
}

/// What ends the reading at once.
type Fatal = String;

impl Reader {
    fn value(&mut self, kind: Type, value: Value) -> Result<Value, Fatal> {
        match (kind.shape(), value) {
            (_, Value::Null) => Ok(zero::of(kind)),
            (Shape::Definition(definition), value) => self.definition(definition, value),
            (Shape::List(items), Value::Array(values)) => self.list(items, values),
            (Shape::Map(values), Value::Object(map)) => self.map(values, map),
            (Shape::String, Value::String(s)) => Ok(Value::String(s)),
            (Shape::Bool, Value::Bool(b)) => Ok(Value::Bool(b)),
            (Shape::Float64, Value::Number(n)) => Ok(Value::Number(n)),
            (Shape::Int32, Value::Number(n)) => Ok(self.integer(kind, n, i64::from(i32::MIN), i64::from(i32::MAX))),
            (Shape::Int64, Value::Number(n)) => Ok(self.integer(kind, n, i64::MIN, i64::MAX)),
            (Shape::Bytes, Value::String(s)) => match base64::decode(s.as_bytes()) {
                Ok(bytes) => Ok(Value::String(base64::encode(&bytes))),
                Err(error) => Ok(self.refuse(error.to_string())),
            },
            (_, value) => Ok(self.mismatch(&kind.go_type(), &value)),
        }
    }

    fn definition(&mut self, definition: Definition, value: Value) -> Result<Value, Fatal> {
        match (definition.form(), value) {
            (_, Value::Null) => Ok(Value::Null),
            (Form::Any, value) => Ok(value),
            (Form::Struct, Value::Object(map)) => self.structure(definition, map),
            (Form::Struct, value) => Ok(self.mismatch(definition.go_type(), &value)),
            (Form::Quantity, value) => scalar::quantity(&value),
            (Form::IntOrString, Value::String(s)) => Ok(Value::String(s)),
            (Form::IntOrString, value) => self.own_integer(value),
            (Form::Time | Form::MicroTime, Value::String(s)) => {
                gotime::canonical(&s, definition.form()).map(Value::String)
            }
            (Form::Time | Form::MicroTime, value) => Err(self.type_error("string", json_kind(&value))),
        }
    }

    fn structure(&mut self, definition: Definition, map: Map<String, Value>) -> Result<Value, Fatal> {
        let (outer, at) = (self.holder, self.path.len());
        let mut out = Map::new();
        for (key, value) in map {
            let Some(field) = definition.field(&key) else {
                self.report_unknown(&key);
                continue;
            };
            if value.is_null() {
                continue;
            }
            self.fields.push(field.name());
            self.holder = Some(definition.go_name());
            self.push_key(&key);
            let value = self.value(field.type_of(), value)?;
            if !(field.drops_empty() && zero::is_empty(&value)) {
                out.insert(key, value);
            }
            self.path.truncate(at);
            self.fields.pop();
            self.holder = outer;
        }
        Ok(Value::Object(out))
    }

    fn list(&mut self, items: Type, values: Vec<Value>) -> Result<Value, Fatal> {
        let at = self.path.len();
        let mut out = Vec::with_capacity(values.len());
        for (i, value) in values.into_iter().enumerate() {
            self.path.push_str(&format!("[{i}]"));
            out.push(self.value(items, value)?);
            self.path.truncate(at);
        }
        Ok(Value::Array(out))
    }

    fn map(&mut self, values: Type, map: Map<String, Value>) -> Result<Value, Fatal> {
        let at = self.path.len();
        let mut out = Map::new();
        for (key, value) in map {
            self.push_key(&key);
            let value = self.value(values, value)?;
            out.insert(key, value);
            self.path.truncate(at);
        }
        Ok(Value::Object(out))
    }

    fn push_key(&mut self, key: &str) {
        if !self.path.is_empty() {
            self.path.push('.');
        }
        self.path.push_str(key);
    }

    fn report_unknown(&mut self, key: &str) {
        let dot = if self.path.is_empty() { "" } else { "." };
        let error = format!("unknown field {}", quote(&format!("{}{dot}{key}", self.path)));
        if self.unknown.len() < MAX_UNKNOWN && !self.unknown.contains(&error) {
            self.unknown.push(error);
        }
    }

    fn integer(&mut self, kind: Type, number: serde_json::Number, min: i64, max: i64) -> Value {
        match number.as_i64() {
            Some(n) if (min..=max).contains(&n) => n.into(),
            _ => {
                let error = self.type_error(&kind.go_type(), format!("number {}", scalar::go_number(&number)));
                self.refuse(error)
            }
        }
    }

    /// The integer of an IntOrString, whose own reader fails at once.
    fn own_integer(&self, value: Value) -> Result<Value, Fatal> {
        let Value::Number(n) = &value else { return Err(self.type_error("int32", json_kind(&value))) };
        match n.as_i64() {
            Some(i) if i32::try_from(i).is_ok() => Ok(value),
            _ => Err(self.type_error("int32", format!("number {}", scalar::go_number(n)))),
        }
    }

    fn mismatch(&mut self, go_type: &str, value: &Value) -> Value {
        let error = self.type_error(go_type, json_kind(value));
        self.refuse(error)
    }

    /// Keeps an error if it is the first; null stands for the value, which nobody will see.
    fn refuse(&mut self, error: String) -> Value {
        self.first_error.get_or_insert(error);
        Value::Null
    }

    /// Go's UnmarshalTypeError.
    fn type_error(&self, go_type: &str, value: impl std::fmt::Display) -> String {
        match self.holder {
            Some(holder) => format!(
                "json: cannot unmarshal {value} into Go struct field {}.{} of type {go_type}",
                holder,
                self.fields.join(".")
            ),
            None => format!("json: cannot unmarshal {value} into Go value of type {go_type}"),
        }
    }
}

#[cfg(test)]
mod tests;
