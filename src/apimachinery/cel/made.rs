//! What an expression makes: the objects of a mutation, `Object.spec{replicas: 1}`, and their like in JSON.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use ::cel::common::types::{CelMap, CelMapKey, Type};
use ::cel::common::value::{CowVal, Val};
use ::cel::objects::{Key, OptionalValue};
use ::cel::{Context, ExecutionError, StructType, Value};
use serde_json::{Map, Number, Value as Json};

use super::{Failure, Program, environment, failure};

/// A type by whose name a mapping is made.
struct Made(Type);

impl StructType for Made {
    fn get_type(&self) -> &Type {
        &self.0
    }

    fn new_value<'b, 'v>(&self, fields: BTreeMap<String, CowVal<'b, 'v>>) -> Result<Box<dyn Val + 'v>, ExecutionError> {
        let entry = |(name, value): (String, CowVal<'b, 'v>)| {
            (CelMapKey::from(Key::String(Arc::new(name))), value.into_owned())
        };
        Ok(Box::new(CelMap::from(fields.into_iter().map(entry).collect::<HashMap<_, _>>())))
    }
}

/// The names of types in an expression that makes objects; more may be found than are used.
fn type_names(text: &str) -> Vec<&str> {
    let is_part = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '.';
    let mut names: Vec<&str> =
        text.split('{').filter_map(|before| before.trim_end().rsplit(|c| !is_part(c)).next()).collect();
    names.retain(|name| *name == "JSONPatch" || *name == "Object" || name.starts_with("Object."));
    names.sort_unstable();
    names.dedup();
    names
}

/// What an expression of a mutation makes, in JSON.
///
/// # Errors
/// A [`Failure`].
pub fn make(text: &str, variables: &[(&str, Value)]) -> Result<Json, Failure> {
    let program = Program::compile(text).ok_or(Failure::Unsupported)?;
    let mut env = environment();
    for name in type_names(text) {
        env.add_type(Made(Type::new_struct(name.to_owned()))).map_err(|_| Failure::Unsupported)?;
    }
    let mut context = Context::with_env(Arc::new(env));
    for (name, value) in variables {
        context.add_variable_from_value(*name, value.clone());
    }
    let value = program.0.execute(&context).map_err(|error| failure(&error))?;
    json(&value).ok_or(Failure::Unsupported)
}

/// A value as JSON; none for one that JSON does not have.
fn json(value: &Value) -> Option<Json> {
    Some(match value {
        Value::Null => Json::Null,
        Value::Bool(b) => Json::Bool(*b),
        Value::Int(i) => Json::from(*i),
        Value::UInt(u) => Json::from(*u),
        Value::Float(f) => Json::Number(Number::from_f64(*f)?),
        Value::String(s) => Json::String(s.as_ref().clone()),
        Value::List(items) => Json::Array(items.iter().map(json).collect::<Option<_>>()?),
        Value::Map(fields) => {
            let mut map = Map::new();
            for (key, value) in fields.map.iter() {
                let Key::String(key) = key else { return None };
                map.insert(key.as_ref().clone(), json(value)?);
            }
            Json::Object(map)
        }
        Value::Opaque(other) => json(other.downcast_ref::<OptionalValue>()?.value()?)?,
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::super::from_json;
    use super::*;
    use serde_json::json;

    #[test]
    fn objects_and_patches_are_made() {
        let object = from_json(&json!({"spec": {"replicas": 2}}));
        let make = |text: &str| make(text, &[("object", object.clone())]);
        let text = "Object{spec: Object.spec{replicas: object.spec.replicas + 1, template: Object.spec.template {x: [Object.spec.list{a: 'b'}]}}}";
        assert_eq!(make(text), Ok(json!({"spec": {"replicas": 3, "template": {"x": [{"a": "b"}]}}})));
        let text =
            "[JSONPatch{op: \"add\", path: \"/metadata/labels/\" + jsonpatch.escapeKey(\"a/b~\"), value: \"c\"}]";
        assert_eq!(make(text), Ok(json!([{"op": "add", "path": "/metadata/labels/a~1b~0", "value": "c"}])));
        assert_eq!(make("object.spec.none"), Err(Failure::Error("no such key: none".to_owned())));
    }
}
