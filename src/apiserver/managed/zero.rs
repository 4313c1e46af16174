//! An object before anybody wrote it, as Go would encode it: what a created object is compared with.

use serde_json::{Map, Value, json};

use crate::apimachinery::schema::{Definition, Shape};
use crate::kinds::Kind;

/// Fields of the API that are structs and not pointers to them, so that Go always writes them: those that a kind's own
/// struct has inside itself. Facts of k8s.io/api.
const STRUCTS: [&str; 9] = [
    "metadata",
    "spec",
    "status",
    "template",
    "strategy",
    "updateStrategy",
    "jobTemplate",
    "scaleTargetRef",
    "roleRef",
];

/// The empty object of a kind.
pub fn of(kind: &dyn Kind) -> Map<String, Value> {
    let names = kind.names();
    match Definition::of_kind(names.api_version, names.kind).filter(|_| kind.structural().is_none()) {
        Some(definition) => fields(definition),
        None => Map::new(),
    }
}

fn fields(definition: Definition) -> Map<String, Value> {
    let zero = |field: crate::apimachinery::schema::Field| match field.type_of().shape() {
        Shape::Definition(inner) if STRUCTS.contains(&field.name()) => Some(Value::Object(fields(inner))),
        _ if field.drops_empty() => None,
        Shape::List(_) => Some(json!([])),
        Shape::Map(_) => Some(json!({})),
        _ => None,
    };
    definition.fields().filter_map(|field| Some((field.name().to_owned(), zero(field)?))).collect()
}
