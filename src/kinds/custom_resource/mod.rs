//! The kinds that CustomResourceDefinitions make known: one [`CustomResource`] for each version that is served.
//!
//! Knows a definition's fields, not how it is stored or who asks for its kind.

mod names;

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use serde_json::Value;

use super::pod::Fields;
use super::{Kind, KindRef, Names, custom_resource_definition};
use crate::apimachinery::object::Object;
use crate::apimachinery::table::{Column, column};
use crate::apimachinery::time::{self, Time};

/// One served version of a kind that a definition made known.
pub struct CustomResource {
    names: Names,
    columns: Vec<Column>,
}

/// The versions made so far of each definition by its name: its spec and accepted names, and what came of them.
type Made = BTreeMap<String, Vec<(Value, Value, &'static [KindRef])>>;

static MADE: Mutex<Made> = Mutex::new(BTreeMap::new());

/// The versions in which a definition's kind is served, the preferred one first; none before its names were accepted.
///
/// A kind is a `&'static` everywhere, and what a definition makes is no exception: it is leaked, once for each content
/// of the definition. A process sees few of them (definitions change when a person changes them), and everything that
/// looks kinds up stays a plain reference that is copied and compared for nothing.
pub fn versions(definition: &Arc<Object>) -> &'static [KindRef] {
    if !is_established(definition) {
        return &[];
    }
    let names = definition.at("/status/acceptedNames").unwrap_or(&Value::Null);
    made(definition, names)
}

/// As [`versions`], of an object as a manifest has it: as if it had been stored, and its names accepted. None for an object
/// that is no definition.
pub fn versions_to_be(kind: KindRef, object: &Object) -> &'static [KindRef] {
    if kind.names().resource != custom_resource_definition::RESOURCE {
        return &[];
    }
    let mut definition = object.clone();
    kind.set_defaults(&mut definition);
    made(&definition, definition.at("/spec/names").unwrap_or(&Value::Null))
}

fn is_established(definition: &Object) -> bool {
    let conditions = definition.list_at("/status/conditions");
    conditions.iter().any(|c| c.text("type") == "Established" && c.text("status") == "True")
}

fn made(definition: &Object, names: &Value) -> &'static [KindRef] {
    let spec = definition.at("/spec").unwrap_or(&Value::Null);
    // What a panic left behind is whole: entries are only ever pushed.
    let mut made = MADE.lock().unwrap_or_else(PoisonError::into_inner);
    let of_name = made.entry(definition.name().to_owned()).or_default();
    if let Some((_, _, versions)) = of_name.iter().find(|(s, n, _)| s == spec && n == names) {
        return versions;
    }
    let kinds = names::served(spec, names).into_iter().map(|names| -> KindRef {
        Box::leak(Box::new(CustomResource { names, columns: vec![column("Name"), column("Age")] }))
    });
    let versions: &'static [KindRef] = Box::leak(kinds.collect());
    of_name.push((spec.clone(), names.clone(), versions));
    versions
}

impl Kind for CustomResource {
    fn names(&self) -> &Names {
        &self.names
    }

    fn columns(&self) -> &[Column] {
        &self.columns
    }

    fn cells(&self, object: &Object, now: Time) -> Vec<String> {
        vec![object.name().to_owned(), time::age(object.creation_timestamp(), now)]
    }

    fn has_generation(&self) -> bool {
        true
    }
}
