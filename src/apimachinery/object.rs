//! An API object: a JSON body with typed access to its metadata. Knows no kind.

use std::borrow::Cow;

use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

use super::body::Body;
use super::time::{self, Time};

/// One object of any kind.
///
/// The body is what users see. Its keys are sorted (serde_json's map is a BTreeMap), which is the order kubectl prints. A copy
/// shares the body's fields until they are changed.
/// `internal` is kstate's own bookkeeping (sub-second times, observations of real processes): it is stored with the
/// object, kept by every update through the API, and never shown.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Object {
    body: Body,
    /// kstate's own bookkeeping; see the type's documentation.
    pub internal: Body,
}

/// One entry of `metadata.ownerReferences`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OwnerReference<'a> {
    pub api_version: &'a str,
    pub kind: &'a str,
    pub name: &'a str,
    pub uid: &'a str,
    pub controller: bool,
    pub block_owner_deletion: bool,
}

impl Object {
    /// An object that has nothing but its type and name. `namespace` is left out when empty.
    pub fn new(api_version: &str, kind: &str, namespace: &str, name: &str) -> Object {
        let mut o = Object::default();
        o.set("/apiVersion", api_version.into());
        o.set("/kind", kind.into());
        if !namespace.is_empty() {
            o.set("/metadata/namespace", namespace.into());
        }
        o.set("/metadata/name", name.into());
        o
    }

    /// Takes a JSON object as it is; `None` for any other JSON value.
    pub fn from_value(value: Value) -> Option<Object> {
        match value {
            Value::Object(map) => Some(Object { body: map.into(), internal: Body::default() }),
            _ => None,
        }
    }

    /// The body, to print or to walk.
    pub fn body(&self) -> &Body {
        &self.body
    }

    /// The body, to change in place.
    pub fn body_mut(&mut self) -> &mut Body {
        &mut self.body
    }

    /// The body as a JSON value, without the bookkeeping.
    pub fn to_value(&self) -> Value {
        Value::Object(self.body.to_map())
    }

    /// The body as a JSON value, without the bookkeeping.
    pub fn into_value(self) -> Value {
        Value::Object(self.body.into_map())
    }

    /// What is at a JSON pointer (RFC 6901), if anything. The empty pointer is not supported.
    pub fn at(&self, pointer: &str) -> Option<&Value> {
        // Hardly a pointer has an escaped step: to see that once is cheaper than at every step.
        let is_escaped = pointer.as_bytes().contains(&b'~');
        let mut parts = steps(pointer.strip_prefix('/')?);
        let mut here = self.body.get(parts.next()?)?;
        for part in parts {
            here = match here {
                Value::Object(map) if is_escaped => map.get(&*unescape(part))?,
                Value::Object(map) => map.get(part)?,
                Value::Array(items) => items.get(part.parse::<usize>().ok()?)?,
                _ => return None,
            };
        }
        Some(here)
    }

    /// The string at a pointer, empty when there is none, as Go's zero value is.
    pub fn str_at(&self, pointer: &str) -> &str {
        self.at(pointer).and_then(Value::as_str).unwrap_or_default()
    }

    /// The integer at a pointer.
    pub fn i64_at(&self, pointer: &str) -> Option<i64> {
        self.at(pointer).and_then(Value::as_i64)
    }

    /// The boolean at a pointer.
    pub fn bool_at(&self, pointer: &str) -> Option<bool> {
        self.at(pointer).and_then(Value::as_bool)
    }

    /// The list at a pointer, empty when there is none.
    pub fn list_at(&self, pointer: &str) -> &[Value] {
        self.at(pointer).and_then(Value::as_array).map_or(&[], Vec::as_slice)
    }

    /// The map at a pointer.
    pub fn map_at(&self, pointer: &str) -> Option<&Map<String, Value>> {
        self.at(pointer).and_then(Value::as_object)
    }

    /// A typed view of the part at a pointer; the view's `Default` when the part is absent or does not fit it.
    pub fn view<T: DeserializeOwned + Default>(&self, pointer: &str) -> T {
        self.at(pointer).and_then(|v| T::deserialize(v).ok()).unwrap_or_default()
    }

    /// Sets what is at a pointer, making the maps that lead to it. Array indexes are not supported on the way.
    pub fn set(&mut self, pointer: &str, value: Value) {
        let Some((way, last)) = pointer.rsplit_once('/') else { return };
        let mut way = way.strip_prefix('/').into_iter().flat_map(steps);
        let Some(first) = way.next() else { return self.body.insert(&unescape(last), value) };
        let mut here = self.body.map_mut(&unescape(first));
        for part in way {
            let part = unescape(part);
            // Most maps are there already: a key that need not be made is not copied.
            if !here.get(&*part).is_some_and(Value::is_object) {
                here.insert(part.clone().into_owned(), Value::Object(Map::new()));
            }
            let Some(Value::Object(map)) = here.get_mut(&*part) else { return };
            here = map;
        }
        match (here.get_mut(&*unescape(last)), value) {
            (Some(old), value) => *old = value,
            (None, value) => drop(here.insert(unescape(last).into_owned(), value)),
        }
    }

    /// Sets what is at a pointer when nothing (or null) is there: how API defaults are filled in.
    pub fn set_default(&mut self, pointer: &str, value: impl Into<Value>) {
        if self.at(pointer).is_none_or(Value::is_null) {
            self.set(pointer, value.into());
        }
    }

    /// Removes and returns what is at a pointer. Array indexes are not supported.
    pub fn remove(&mut self, pointer: &str) -> Option<Value> {
        let (way, last) = pointer.rsplit_once('/')?;
        // What is not there is not looked for in a field that would be copied for it.
        self.at(pointer)?;
        let mut way = way.strip_prefix('/').into_iter().flat_map(steps);
        let Some(first) = way.next() else { return self.body.remove(&unescape(last)) };
        let mut here = self.body.get_mut(&unescape(first))?.as_object_mut()?;
        for part in way {
            here = here.get_mut(&*unescape(part))?.as_object_mut()?;
        }
        here.remove(&*unescape(last))
    }

    /// A field of the metadata: what is looked up most, without a pointer to take apart.
    fn metadata(&self, field: &str) -> Option<&Value> {
        self.body.get("metadata")?.as_object()?.get(field)
    }

    fn metadata_text(&self, field: &str) -> &str {
        self.metadata(field).and_then(Value::as_str).unwrap_or_default()
    }

    fn metadata_list(&self, field: &str) -> &[Value] {
        self.metadata(field).and_then(Value::as_array).map_or(&[], Vec::as_slice)
    }

    pub fn api_version(&self) -> &str {
        self.body.get("apiVersion").and_then(Value::as_str).unwrap_or_default()
    }

    pub fn kind(&self) -> &str {
        self.body.get("kind").and_then(Value::as_str).unwrap_or_default()
    }

    pub fn name(&self) -> &str {
        self.metadata_text("name")
    }

    /// Empty for cluster-scoped objects.
    pub fn namespace(&self) -> &str {
        self.metadata_text("namespace")
    }

    pub fn uid(&self) -> &str {
        self.metadata_text("uid")
    }

    /// 0 for an object that was never stored.
    pub fn resource_version(&self) -> u64 {
        self.metadata_text("resourceVersion").parse().unwrap_or(0)
    }

    pub fn generation(&self) -> i64 {
        self.metadata("generation").and_then(Value::as_i64).unwrap_or(0)
    }

    /// With seconds, as stored.
    pub fn creation_timestamp(&self) -> Option<Time> {
        time::parse(self.metadata("creationTimestamp")?.as_str()?)
    }

    pub fn deletion_timestamp(&self) -> Option<Time> {
        time::parse(self.metadata("deletionTimestamp")?.as_str()?)
    }

    /// The instant at a pointer, when it is one.
    pub fn time_at(&self, pointer: &str) -> Option<Time> {
        time::parse(self.at(pointer)?.as_str()?)
    }

    pub fn labels(&self) -> Option<&Map<String, Value>> {
        self.metadata("labels")?.as_object()
    }

    pub fn label(&self, key: &str) -> Option<&str> {
        self.labels()?.get(key)?.as_str()
    }

    pub fn annotation(&self, key: &str) -> Option<&str> {
        self.metadata("annotations")?.as_object()?.get(key)?.as_str()
    }

    pub fn set_label(&mut self, key: &str, value: &str) {
        self.set(&format!("/metadata/labels/{}", escape(key)), value.into());
    }

    pub fn set_annotation(&mut self, key: &str, value: &str) {
        self.set(&format!("/metadata/annotations/{}", escape(key)), value.into());
    }

    /// Takes an annotation off; the last one takes the map with it.
    pub fn remove_annotation(&mut self, key: &str) {
        self.remove(&format!("/metadata/annotations/{}", escape(key)));
        if self.map_at("/metadata/annotations").is_some_and(Map::is_empty) {
            self.remove("/metadata/annotations");
        }
    }

    /// Takes a label off; the last one takes the map with it.
    pub fn remove_label(&mut self, key: &str) {
        self.remove(&format!("/metadata/labels/{}", escape(key)));
        if self.map_at("/metadata/labels").is_some_and(Map::is_empty) {
            self.remove("/metadata/labels");
        }
    }

    /// The finalizers, in order.
    pub fn finalizers(&self) -> impl Iterator<Item = &str> {
        self.metadata_list("finalizers").iter().filter_map(Value::as_str)
    }

    pub fn has_finalizer(&self, name: &str) -> bool {
        self.finalizers().any(|f| f == name)
    }

    /// Adds a finalizer once, at the end.
    pub fn add_finalizer(&mut self, name: &str) {
        if !self.has_finalizer(name) {
            let mut all = self.list_at("/metadata/finalizers").to_vec();
            all.push(name.into());
            self.set("/metadata/finalizers", Value::Array(all));
        }
    }

    /// Takes a finalizer off; the last one takes the list with it.
    pub fn remove_finalizer(&mut self, name: &str) {
        let rest: Vec<Value> = self.list_at("/metadata/finalizers").iter().filter(|f| *f != name).cloned().collect();
        if rest.is_empty() {
            self.remove("/metadata/finalizers");
        } else {
            self.set("/metadata/finalizers", Value::Array(rest));
        }
    }

    /// The owner references, in order; entries without a uid are skipped.
    pub fn owner_references(&self) -> impl Iterator<Item = OwnerReference<'_>> {
        self.metadata_list("ownerReferences").iter().filter_map(|r| {
            let text = |key: &str| r.get(key).and_then(Value::as_str).unwrap_or_default();
            let flag = |key: &str| r.get(key).and_then(Value::as_bool).unwrap_or(false);
            Some(OwnerReference {
                uid: r.get("uid")?.as_str()?,
                api_version: text("apiVersion"),
                kind: text("kind"),
                name: text("name"),
                controller: flag("controller"),
                block_owner_deletion: flag("blockOwnerDeletion"),
            })
        })
    }

    /// Takes the references to an owner off; the last one takes the list with it.
    pub fn remove_owner(&mut self, uid: &str) {
        let references = self.list_at("/metadata/ownerReferences").iter();
        let rest: Vec<Value> = references.filter(|r| r.get("uid").is_none_or(|u| u != uid)).cloned().collect();
        if rest.is_empty() {
            self.remove("/metadata/ownerReferences");
        } else {
            self.set("/metadata/ownerReferences", Value::Array(rest));
        }
    }

    /// The one owner with `controller: true`.
    pub fn controller_of(&self) -> Option<OwnerReference<'_>> {
        self.owner_references().find(|r| r.controller)
    }
}

/// The steps of a JSON pointer without its first slash. Steps are short: a loop over the bytes is faster than a search.
fn steps(pointer: &str) -> impl Iterator<Item = &str> {
    let mut rest = Some(pointer);
    std::iter::from_fn(move || {
        let all = rest?;
        let end = all.bytes().position(|b| b == b'/');
        rest = end.map(|at| &all[at + 1..]);
        Some(&all[..end.unwrap_or(all.len())])
    })
}

/// One step of a JSON pointer as the key that it stands for.
fn unescape(step: &str) -> Cow<'_, str> {
    if step.bytes().any(|b| b == b'~') { step.replace("~1", "/").replace("~0", "~").into() } else { step.into() }
}

/// Escapes one step of a JSON pointer, for label and annotation keys.
pub fn escape(step: &str) -> String {
    step.replace('~', "~0").replace('/', "~1")
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn pointers_reach_maps_lists_and_escaped_keys() {
        let mut o = Object::from_value(json!({"spec": {"c": [{"n": 1}]}})).unwrap();
        assert_eq!(o.at("/spec/c/0/n"), Some(&json!(1)));
        o.set_annotation("a/b", "x");
        assert_eq!(o.annotation("a/b"), Some("x"));
        assert_eq!(o.at("/metadata/annotations/a~1b"), Some(&json!("x")));
        o.set_default("/spec/d/e", 2);
        o.set_default("/spec/d/e", 3);
        assert_eq!(o.i64_at("/spec/d/e"), Some(2));
        assert_eq!(o.remove("/spec/d/e"), Some(json!(2)));
    }

    #[test]
    fn finalizers_come_and_go() {
        let mut o = Object::new("v1", "Pod", "default", "p");
        o.add_finalizer("a");
        o.add_finalizer("a");
        o.add_finalizer("b");
        assert_eq!(o.finalizers().collect::<Vec<_>>(), ["a", "b"]);
        o.remove_finalizer("a");
        o.remove_finalizer("b");
        assert!(o.at("/metadata/finalizers").is_none());
    }
}
