//! Validation errors of one field, in the API server's words.
//!
//! The forms are those of k8s.io/apimachinery/pkg/util/validation/field: `path: What: value: detail`.

use std::fmt;

use serde_json::Value;

use super::go_value;
use super::quote::quote;

/// A path to a field: `spec.containers[0].name`, `metadata.labels[app]`.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct Path(String);

impl Path {
    /// The path of a top-level field; several parts may be joined by dots.
    pub fn new(name: &str) -> Path {
        Path(name.to_owned())
    }

    pub fn child(&self, name: &str) -> Path {
        if self.0.is_empty() { Path(name.to_owned()) } else { Path(format!("{}.{name}", self.0)) }
    }

    pub fn index(&self, i: usize) -> Path {
        Path(format!("{}[{i}]", self.0))
    }

    pub fn key(&self, key: &str) -> Path {
        Path(format!("{}[{key}]", self.0))
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Path {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// What is wrong with a field; the reason of a cause in a Status.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ErrorType {
    Required,
    Invalid,
    NotSupported,
    Duplicate,
    NotFound,
    Forbidden,
    TooLong,
    TooMany,
    TypeInvalid,
    Internal,
}

impl ErrorType {
    /// Whether a value is so wrong that rules over it make no sense.
    pub fn hides_others(self) -> bool {
        use ErrorType::{NotSupported, Required, TooLong, TooMany, TypeInvalid};
        matches!(self, NotSupported | Required | TooLong | TooMany | TypeInvalid)
    }

    /// The cause's `reason`.
    pub fn reason(self) -> &'static str {
        match self {
            ErrorType::Required => "FieldValueRequired",
            ErrorType::Invalid => "FieldValueInvalid",
            ErrorType::NotSupported => "FieldValueNotSupported",
            ErrorType::Duplicate => "FieldValueDuplicate",
            ErrorType::NotFound => "FieldValueNotFound",
            ErrorType::Forbidden => "FieldValueForbidden",
            ErrorType::TooLong => "FieldValueTooLong",
            ErrorType::TooMany => "FieldValueTooMany",
            ErrorType::TypeInvalid => "FieldValueTypeInvalid",
            ErrorType::Internal => "InternalError",
        }
    }
}

/// One thing wrong with one field.
#[derive(Clone, Debug, PartialEq)]
pub struct Error {
    pub kind: ErrorType,
    pub field: String,
    /// What follows the path and the colon: `Invalid value: "x": must be …`.
    pub body: String,
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.field.is_empty() { f.write_str(&self.body) } else { write!(f, "{}: {}", self.field, self.body) }
    }
}

/// The errors of one object, in the order they are reported.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Errors(pub Vec<Error>);

impl Errors {
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub fn append(&mut self, mut other: Errors) {
        self.0.append(&mut other.0);
    }

    fn push(&mut self, kind: ErrorType, path: &Path, body: String) {
        self.0.push(Error { kind, field: path.to_string(), body });
    }

    /// `Required value` or `Required value: detail`.
    pub fn required(&mut self, path: &Path, detail: &str) {
        self.push(ErrorType::Required, path, with_detail("Required value".to_owned(), detail));
    }

    /// `Invalid value: VALUE: detail`.
    pub fn invalid(&mut self, path: &Path, value: impl Into<Value>, detail: &str) {
        self.push(ErrorType::Invalid, path, with_detail(format!("Invalid value: {}", show(&value.into())), detail));
    }

    /// As [`Errors::invalid`], with the value as it is to be shown.
    pub fn invalid_shown(&mut self, path: &Path, shown: &str, detail: &str) {
        self.push(ErrorType::Invalid, path, with_detail(format!("Invalid value: {shown}"), detail));
    }

    /// As [`Errors::invalid`], for a value of another type: the two read alike.
    pub fn type_invalid(&mut self, path: &Path, value: impl Into<Value>, detail: &str) {
        let body = with_detail(format!("Invalid value: {}", show(&value.into())), detail);
        self.push(ErrorType::TypeInvalid, path, body);
    }

    /// `Invalid value: detail`, for a whole whose value is not shown.
    pub fn invalid_plain(&mut self, path: &Path, detail: &str) {
        self.push(ErrorType::Invalid, path, with_detail("Invalid value".to_owned(), detail));
    }

    /// `Unsupported value: VALUE: supported values: "A", "B"`; the caller orders the supported values (upstream sorts sets).
    pub fn not_supported(&mut self, path: &Path, value: impl Into<Value>, supported: &[&str]) {
        self.not_supported_shown(path, &show(&value.into()), supported);
    }

    /// As [`Errors::not_supported`], with the value as it is to be shown.
    pub fn not_supported_shown(&mut self, path: &Path, shown: &str, supported: &[&str]) {
        let mut body = format!("Unsupported value: {shown}");
        if !supported.is_empty() {
            let quoted: Vec<String> = supported.iter().map(|s| format!("{s:?}")).collect();
            body.push_str(&format!(": supported values: {}", quoted.join(", ")));
        }
        self.push(ErrorType::NotSupported, path, body);
    }

    /// `Duplicate value: VALUE`.
    pub fn duplicate(&mut self, path: &Path, value: impl Into<Value>) {
        self.duplicate_shown(path, &show(&value.into()));
    }

    /// As [`Errors::duplicate`], with the value as it is to be shown.
    pub fn duplicate_shown(&mut self, path: &Path, shown: &str) {
        self.push(ErrorType::Duplicate, path, format!("Duplicate value: {shown}"));
    }

    /// `Not found: VALUE`.
    pub fn not_found(&mut self, path: &Path, value: impl Into<Value>) {
        self.push(ErrorType::NotFound, path, format!("Not found: {}", show(&value.into())));
    }

    /// `Forbidden: detail`.
    pub fn forbidden(&mut self, path: &Path, detail: &str) {
        self.push(ErrorType::Forbidden, path, with_detail("Forbidden".to_owned(), detail));
    }

    /// `Too long: may not be more than N bytes`; upstream prints no value.
    pub fn too_long(&mut self, path: &Path, max: usize) {
        self.push(ErrorType::TooLong, path, format!("Too long: may not be more than {max} {}", plural(max, "byte")));
    }

    /// `Too many: N: must have at most M items`.
    pub fn too_many(&mut self, path: &Path, actual: usize, max: usize) {
        self.push(
            ErrorType::TooMany,
            path,
            format!("Too many: {actual}: must have at most {max} {}", plural(max, "item")),
        );
    }
}

fn plural(count: usize, what: &str) -> String {
    if count == 1 { what.to_owned() } else { format!("{what}s") }
}

fn with_detail(body: String, detail: &str) -> String {
    if detail.is_empty() { body } else { format!("{body}: {detail}") }
}

/// A value as upstream prints it: strings as Go quotes them, the rest as Go's JSON.
fn show(value: &Value) -> String {
    match value {
        Value::String(text) => quote(text),
        other => go_value::json(other),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn errors_read_as_upstreams() {
        let mut e = Errors::default();
        let path = Path::new("spec").child("ports").index(0).child("port");
        e.invalid(&path, 99999, "must be between 1 and 65535, inclusive");
        e.required(&Path::new("metadata.name"), "name or generateName is required");
        e.not_supported(&Path::new("spec.x"), "A", &["B", "C"]);
        e.invalid(&Path::new("spec.l"), json!({"app": "x"}), "no");
        e.invalid(&Path::new("spec.t"), "a<b\u{7f}", "");
        e.too_long(&Path::new("spec.t"), 1);
        e.too_many(&Path::new("spec.t"), 2, 1);
        let text: Vec<String> = e.0.iter().map(ToString::to_string).collect();
        assert_eq!(
            text,
            [
                "spec.ports[0].port: Invalid value: 99999: must be between 1 and 65535, inclusive",
                "metadata.name: Required value: name or generateName is required",
                "spec.x: Unsupported value: \"A\": supported values: \"B\", \"C\"",
                "spec.l: Invalid value: {\"app\":\"x\"}: no",
                "spec.t: Invalid value: \"a<b\\x7f\"",
                "spec.t: Too long: may not be more than 1 byte",
                "spec.t: Too many: 2: must have at most 1 item",
            ]
        );
    }
}
