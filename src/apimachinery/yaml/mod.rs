//! Manifests as kubectl reads them: a stream of YAML or JSON documents, each a JSON value.
//!
//! Knows formats, not objects and not files. Follows k8s.io/apimachinery's YAMLOrJSONDecoder over sigs.k8s.io/yaml, which
//! is YAML 1.1 as go-yaml resolves it. Two readers share the work, because neither can do it alone:
//!
//! - `yaml-rust2` gives events with each scalar's style, without which `yes` and `"yes"` cannot be told apart
//!   ([`compose`]; [`repair`] where it is stricter than YAML 1.1).
//! - `serde_yaml` is libyaml, whose Go translation kubectl uses. It says whether a document is well-formed, in kubectl's
//!   words and with kubectl's lines, and what the scalars' texts are ([`syntax`]).
//!
//! Memory and time are bounded by [`MAX_DOCUMENT`], [`MAX_DEPTH`] and go-yaml's own bound on what aliases may expand to.

mod compose;
mod convert;
mod gojson;
mod json;
mod repair;
mod resolve;
mod split;
mod syntax;

use serde_json::Value;

/// Bytes of one document. kubectl has no such bound; the API server refuses an object a fifth as large.
pub const MAX_DOCUMENT: usize = 16 << 20;

/// Levels of nesting. kubectl's bound is 10000; serde_json, which reads the objects of a store back, stops at 128.
pub const MAX_DEPTH: usize = 120;

/// Why a document cannot be read, as kubectl says it after `error parsing FILE: `.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct Error(pub String);

/// The documents of a stream in order, without the empty ones. Ends after the first error.
pub fn documents(text: &str) -> impl Iterator<Item = Result<Value, Error>> + '_ {
    let source: Box<dyn Iterator<Item = Result<Value, Error>>> = if text.trim_start().starts_with('{') {
        Box::new(json::Stream::new(text))
    } else {
        Box::new(split::Documents::new(text).map(|document| from_yaml(&document?)))
    };
    let mut failed = false;
    source.filter(|d| *d != Ok(Value::Null)).take_while(move |d| !std::mem::replace(&mut failed, d.is_err()))
}

/// As [`documents`], of what is YAML whatever it begins with: a kustomization's files.
pub fn yaml_documents(text: &str) -> impl Iterator<Item = Result<Value, Error>> + '_ {
    let source = split::Documents::new(text).map(|document| from_yaml(&document?));
    let mut failed = false;
    source.filter(|d| *d != Ok(Value::Null)).take_while(move |d| !std::mem::replace(&mut failed, d.is_err()))
}

/// As [`yaml_documents`], by YAML 1.2's booleans: `yes`, `on` and their like are texts. kustomize reads resources so, with
/// another library than kubectl's.
pub fn yaml_1_2_documents(text: &str) -> impl Iterator<Item = Result<Value, Error>> + '_ {
    let source = split::Documents::new(text).map(|document| read(&document?, Version::Later));
    let mut failed = false;
    source.filter(|d| *d != Ok(Value::Null)).take_while(move |d| !std::mem::replace(&mut failed, d.is_err()))
}

/// Whose booleans a document has.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Version {
    /// 1.1
    First,
    /// 1.2
    Later,
}

/// Whether a document has nothing but its separator and comments: a stream may have millions of those.
fn is_empty(text: &str) -> bool {
    let body = text.strip_prefix("---").filter(|rest| rest.starts_with([' ', '\n'])).unwrap_or(text);
    text.len() < 1024 && body.lines().map(|l| l.trim_start_matches(' ')).all(|l| l.is_empty() || l.starts_with('#'))
}

/// One YAML document; what follows its end is not looked at.
fn from_yaml(text: &str) -> Result<Value, Error> {
    read(text, Version::First)
}

fn read(text: &str, version: Version) -> Result<Value, Error> {
    if text.len() > MAX_DOCUMENT {
        return Err(Error(format!("document is larger than {MAX_DOCUMENT} bytes")));
    }
    if is_empty(text) {
        return Ok(Value::Null);
    }
    let wrap = |why: String| Error(format!("error converting YAML to JSON: {why}"));
    let composed = match compose::document(text) {
        // libyaml takes a time that grows with the square of the depth, so it does not see what is too deep.
        Err(compose::Error::Depth) => Err(compose::Error::Depth.message(text)),
        Ok(mut document) => syntax::read_texts(text, &mut document)
            .and_then(|()| syntax::check_escapes(text, &document.double_quoted))
            .map(|()| document),
        Err(error) => syntax::check(text).and_then(|()| repair::document(text, error)),
    };
    let converted = composed.and_then(|mut document| {
        if version == Version::Later {
            document.nodes.iter_mut().for_each(resolve::keep_words);
        }
        convert::to_json(&document, text)
    });
    converted.map_err(wrap)
}

#[cfg(test)]
mod tests;
