//! One document of a manifest as objects: what kubectl checks before it sends them, and the items of lists.
//!
//! Knows documents, not where they come from.

use anyhow::{Error, anyhow, bail};
use serde_json::{Map, Value};

use super::{Item, Known};
use crate::apimachinery::decode;
use crate::apimachinery::go_value::{self, json_kind};
use crate::apimachinery::quote::quote;
use crate::kinds::{self, KindRef, Registry};

const STOP_VALIDATING: &str = "if you choose to ignore these errors, turn validation off with --validate=false";

/// What `--validate` checks on kubectl's side: that there is a kind to ask the server about.
pub(super) fn validate(document: &Value) -> anyhow::Result<()> {
    let mut wrong = Vec::new();
    match document {
        Value::Object(map) => {
            match map.get("apiVersion") {
                None | Some(Value::Null) => wrong.push("apiVersion not set".to_owned()),
                Some(Value::String(v)) if v.matches('/').count() > 1 => {
                    wrong.push(format!("unexpected GroupVersion string: {v}"));
                }
                Some(Value::String(_)) => {}
                Some(_) => wrong.push("apiVersion isn't string type".to_owned()),
            }
            match map.get("kind") {
                None | Some(Value::Null) => wrong.push("kind not set".to_owned()),
                Some(Value::String(_)) => {}
                Some(_) => wrong.push("kind isn't string type".to_owned()),
            }
        }
        _ => wrong.push("invalid object to validate".to_owned()),
    }
    match wrong.as_slice() {
        [] => Ok(()),
        [one] => bail!("error validating data: {one}; {STOP_VALIDATING}"),
        many => bail!("error validating data: [{}]; {STOP_VALIDATING}", many.join(", ")),
    }
}

/// The objects of one document, and why some items of a list are none.
///
/// # Errors
/// A document that is no object, or whose kind is not served; a store that cannot be read.
pub(super) fn items(known: &mut Known, source: &str, document: Value) -> anyhow::Result<(Vec<Item>, Vec<Error>)> {
    let map = object(document).map_err(|e| anyhow!("unable to decode {}: {e}", quote(source)))?;
    let kind = known.map(&map)?.map_err(|version_kind| {
        let metadata = |field: &str| map.get("metadata").and_then(|m| m.get(field)).and_then(Value::as_str);
        let (name, namespace) = (metadata("name").unwrap_or_default(), metadata("namespace").unwrap_or_default());
        anyhow!(
            "resource mapping not found for name: {} namespace: {} from {}: {version_kind}\nensure CRDs are installed \
             first",
            quote(name),
            quote(namespace),
            quote(source)
        )
    })?;
    match kind {
        Some(kind) => Ok((vec![Item::new(source, kind, map)], Vec::new())),
        None => Ok(flatten(known, source, map)),
    }
}

/// A document as kubectl's unstructured decoder takes it.
fn object(document: Value) -> Result<Map<String, Value>, String> {
    let Value::Object(map) = document else {
        let what = json_kind(&document);
        return Err(format!("json: cannot unmarshal {what} into Go value of type unstructured.detector"));
    };
    if let Some(items) = map.get("items").filter(|i| !i.is_array() && !i.is_null()) {
        let what = json_kind(items);
        return Err(format!(
            "json: cannot unmarshal {what} into Go struct field decodeList.items of type []json.RawMessage"
        ));
    }
    if text(&map, "kind").is_empty() {
        return Err(format!("Object 'Kind' is missing in '{}'", go_value::json(&Value::Object(map))));
    }
    decode::check_metadata(&map).map_err(|e| e.to_string())?;
    Ok(map)
}

fn text<'m>(map: &'m Map<String, Value>, field: &str) -> &'m str {
    map.get(field).and_then(Value::as_str).unwrap_or_default()
}

/// The kind of a document, `None` for a list; or kubectl's words for a kind that is not served.
pub(super) fn map_kind(registry: &Registry, map: &Map<String, Value>) -> Result<Option<KindRef>, String> {
    let (version, kind) = (text(map, "apiVersion"), text(map, "kind"));
    // Every version that is served has a List, and a list of each of its kinds.
    let is_list = map.contains_key("items")
        && registry
            .versions()
            .filter(|k| kinds::serves(*k, version))
            .any(|k| kind == "List" || kind.strip_suffix("List") == Some(k.names().kind));
    if is_list || (version, kind) == ("v1", "List") {
        return Ok(None);
    }
    // kubectl also maps a kind in lower case; the server is the one that refuses it.
    let served = registry.versions().chain(kinds::REVIEWS.iter().copied()).find(|k| {
        let names = k.names();
        kinds::serves(*k, version) && (names.kind == kind || names.kind.to_lowercase() == kind)
    });
    served.map(Some).ok_or_else(|| format!("no matches for kind {} in version {}", quote(kind), quote(version)))
}

/// The items of a list, and of lists in it. An item without a type has the list's.
fn flatten(known: &mut Known, source: &str, mut list: Map<String, Value>) -> (Vec<Item>, Vec<Error>) {
    let inherited = (text(&list, "apiVersion").to_owned(), text(&list, "kind").trim_end_matches("List").to_owned());
    let mut waiting: Vec<Value> = match list.remove("items") {
        Some(Value::Array(items)) => items.into_iter().map(|i| with_type(i, &inherited)).collect(),
        _ => Vec::new(),
    };
    let (mut items, mut errors, mut next) = (Vec::new(), Vec::new(), 0);
    // Lists in the list come after its other items, as kubectl appends what it finds in them.
    while next < waiting.len() {
        match std::mem::take(&mut waiting[next]) {
            Value::Object(mut map) if map.get("items").is_some_and(Value::is_array) => {
                if let Some(Value::Array(inner)) = map.remove("items") {
                    waiting.extend(inner);
                }
            }
            value => match item(value).and_then(|body| known.map(&body).map(|kind| (kind, body))) {
                Ok((Ok(Some(kind)), body)) => items.push(Item::new(source, kind, body)),
                Ok((Ok(None), _)) => errors.push(anyhow!("unable to recognize an empty list")),
                Ok((Err(why), _)) => errors.push(anyhow!("unable to recognize {why}")),
                Err(error) => errors.push(error),
            },
        }
        next += 1;
    }
    (items, errors)
}

fn with_type(mut item: Value, (version, kind): &(String, String)) -> Value {
    if item.is_null() {
        item = Value::Object(Map::new());
    }
    if let Value::Object(map) = &mut item
        && text(map, "apiVersion").is_empty()
        && text(map, "kind").is_empty()
    {
        map.insert("apiVersion".to_owned(), version.as_str().into());
        map.insert("kind".to_owned(), kind.as_str().into());
    }
    item
}

/// An item of a list, if it says what it is.
fn item(value: Value) -> anyhow::Result<Map<String, Value>> {
    let Value::Object(body) = value else {
        bail!("json: cannot unmarshal {} into Go value of type map[string]interface {{}}", json_kind(&value));
    };
    for (field, name) in [("kind", "Kind"), ("apiVersion", "apiVersion")] {
        if text(&body, field).is_empty() {
            bail!(
                "unable to get type info from the object \"*unstructured.Unstructured\": Object '{name}' is missing in \
                 'object has no {field} field '"
            );
        }
    }
    Ok(body)
}
