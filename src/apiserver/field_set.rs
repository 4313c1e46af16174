//! Sets of fields of an object, as `metadata.managedFields` writes them (FieldsV1). Knows types, not objects' stories.
//!
//! A set is a tree: `f:name` for a field, `k:{…}` for an item of a keyed list, `v:…` for a member of a set, `.` for the
//! node itself. A node without children is a member too.

use serde_json::{Map, Value, json};

use crate::apimachinery::go_value;
use crate::apimachinery::schema::{Definition, Field, ListType, MapType, Shape, Type};

/// One step to a part of an object.
#[derive(Clone, Debug, PartialEq)]
pub enum Step {
    Field(String),
    /// The item of a list that has these values.
    Keys(Map<String, Value>),
    /// The member of a set.
    Member(Value),
}

/// The way to a part of an object.
pub type Path = Vec<Step>;

/// A set of fields: FieldsV1.
pub type FieldSet = Map<String, Value>;

impl Step {
    /// As FieldsV1 writes it.
    fn key(&self) -> String {
        match self {
            Step::Field(name) => format!("f:{name}"),
            Step::Keys(keys) => format!("k:{}", go_value::json(&Value::Object(keys.clone()))),
            Step::Member(value) => format!("v:{}", go_value::json(value)),
        }
    }

    fn parse(key: &str) -> Option<Step> {
        let (kind, rest) = key.split_once(':')?;
        match kind {
            "f" => Some(Step::Field(rest.to_owned())),
            "k" => serde_json::from_str(rest).ok().map(Step::Keys),
            "v" => serde_json::from_str(rest).ok().map(Step::Member),
            _ => None,
        }
    }

    /// Where the step leads, among the items of a list.
    fn position(&self, items: &[Value]) -> Option<usize> {
        items.iter().position(|item| match self {
            Step::Field(_) => false,
            Step::Keys(keys) => keys.iter().all(|(name, value)| key_value(item, name) == *value),
            Step::Member(value) => item == value,
        })
    }
}

/// `.spec.template.spec.containers[name="c"].image`.
pub fn path_text(path: &[Step]) -> String {
    let step = |step: &Step| match step {
        Step::Field(name) => format!(".{name}"),
        Step::Member(value) => format!("[={}]", go_value::json(value)),
        Step::Keys(keys) => {
            let keys: Vec<String> =
                keys.iter().map(|(name, value)| format!("{name}={}", go_value::json(value))).collect();
            format!("[{}]", keys.join(","))
        }
    };
    path.iter().map(step).collect()
}

/// The value of a key of a list's item. The one key that the API defaults is a port's protocol.
fn key_value(item: &Value, name: &str) -> Value {
    match (item.get(name), name) {
        (Some(value), _) => value.clone(),
        (None, "protocol") => "TCP".into(),
        (None, _) => Value::Null,
    }
}

/// What a value is to server-side apply.
enum Node {
    /// Replaced as a whole.
    Leaf,
    /// Parts with their steps, values and types.
    Parts(Vec<(Step, Value, Option<Type>, Option<Field>)>),
}

fn node(value: &Value, kind: Option<Type>, field: Option<Field>) -> Node {
    let shape = kind.map(Type::shape);
    let is_atomic = field.and_then(Field::map_type) == Some(MapType::Atomic)
        || matches!(shape, Some(Shape::Definition(d)) if d.map_type() == Some(MapType::Atomic));
    match (value, shape) {
        (Value::Object(map), _) if map.is_empty() || is_atomic => Node::Leaf,
        (Value::Object(map), shape) => Node::Parts(
            map.iter()
                .map(|(name, v)| {
                    let (inner, kind) = match shape {
                        Some(Shape::Definition(d)) => (d.field(name), d.field(name).map(Field::type_of)),
                        Some(Shape::Map(values)) => (None, Some(values)),
                        _ => (None, None),
                    };
                    (Step::Field(name.clone()), v.clone(), kind, inner)
                })
                .collect(),
        ),
        (Value::Array(items), Some(Shape::List(of))) if !items.is_empty() => match field.and_then(Field::list_type) {
            Some(ListType::Map) => {
                let keys: Vec<&str> = field.into_iter().flat_map(Field::list_map_keys).collect();
                let step = |i: &Value| keys.iter().map(|k| ((*k).to_owned(), key_value(i, k))).collect();
                Node::Parts(items.iter().map(|i| (Step::Keys(step(i)), i.clone(), Some(of), None)).collect())
            }
            Some(ListType::Set) => {
                Node::Parts(items.iter().map(|i| (Step::Member(i.clone()), i.clone(), None, None)).collect())
            }
            _ => Node::Leaf,
        },
        _ => Node::Leaf,
    }
}

/// Every leaf of a manifest with the way to it; what names the object itself is left out.
pub fn leaves(object: &Map<String, Value>, definition: Option<Definition>) -> Vec<(Path, Value)> {
    const NAMES: [&str; 8] =
        ["name", "namespace", "uid", "creationTimestamp", "selfLink", "generation", "resourceVersion", "managedFields"];
    let mut found = Vec::new();
    for (name, value) in object.iter().filter(|(name, _)| !["apiVersion", "kind"].contains(&name.as_str())) {
        let field = definition.and_then(|d| d.field(name));
        let mut value = value.clone();
        if name == "metadata"
            && let Value::Object(metadata) = &mut value
        {
            metadata.retain(|name, _| !NAMES.contains(&name.as_str()));
            if metadata.is_empty() {
                continue;
            }
        }
        walk(vec![Step::Field(name.clone())], &value, field.map(Field::type_of), field, &mut found);
    }
    found
}

fn walk(path: Path, value: &Value, kind: Option<Type>, field: Option<Field>, found: &mut Vec<(Path, Value)>) {
    match node(value, kind, field) {
        Node::Leaf => found.push((path, value.clone())),
        Node::Parts(parts) => {
            for (step, value, kind, field) in parts {
                walk([path.clone(), vec![step]].concat(), &value, kind, field, found);
            }
        }
    }
}

/// The set of these paths. Items of keyed lists are members themselves.
pub fn set_of<'p>(paths: impl Iterator<Item = &'p Path>) -> FieldSet {
    let mut set = FieldSet::new();
    for path in paths {
        let mut here = &mut set;
        for step in path {
            let next = here.entry(step.key()).or_insert_with(|| Value::Object(Map::new()));
            let Value::Object(map) = next else { break };
            if matches!(step, Step::Keys(_)) {
                map.insert(".".to_owned(), json!({}));
            }
            here = map;
        }
    }
    set
}

/// The paths of a set: its leaves, and the items of keyed lists after what is in them.
pub fn paths_of(set: &FieldSet) -> Vec<Path> {
    let mut found = Vec::new();
    for (key, value) in set {
        let (Some(step), Value::Object(inner)) = (Step::parse(key), value) else { continue };
        found.extend(paths_of(inner).into_iter().map(|path| [vec![step.clone()], path].concat()));
        if inner.is_empty() || inner.contains_key(".") {
            found.push(vec![step]);
        }
    }
    found
}

/// Whether a set has a path, or something below it.
pub fn contains(set: &FieldSet, path: &[Step]) -> bool {
    let Some((first, rest)) = path.split_first() else { return true };
    matches!(set.get(&first.key()), Some(Value::Object(inner)) if contains(inner, rest))
}

/// Takes a path out of a set, with the nodes that are empty then.
pub fn remove_from(set: &mut FieldSet, path: &[Step]) {
    let Some((first, rest)) = path.split_first() else { return };
    let key = first.key();
    let Some(Value::Object(inner)) = set.get_mut(&key) else { return };
    remove_from(inner, rest);
    if rest.is_empty() || inner.is_empty() {
        set.remove(&key);
    }
}

/// What is at a path.
pub fn get<'v>(value: &'v Value, path: &[Step]) -> Option<&'v Value> {
    path.iter().try_fold(value, |here, step| match (here, step) {
        (Value::Object(map), Step::Field(name)) => map.get(name),
        (Value::Array(items), step) => step.position(items).and_then(|at| items.get(at)),
        _ => None,
    })
}

/// Puts a value at a path, making what leads to it.
pub fn put(value: &mut Value, path: &[Step], new: &Value) {
    let Some((first, rest)) = path.split_first() else {
        *value = new.clone();
        return;
    };
    match first {
        Step::Field(name) => {
            if !value.is_object() {
                *value = json!({});
            }
            if let Value::Object(map) = value {
                put(map.entry(name.clone()).or_insert(Value::Null), rest, new);
            }
        }
        step => {
            if !value.is_array() {
                *value = json!([]);
            }
            let Value::Array(items) = value else { return };
            let at = step.position(items).unwrap_or_else(|| {
                items.push(match step {
                    Step::Keys(keys) => Value::Object(keys.clone()),
                    Step::Member(member) => member.clone(),
                    Step::Field(_) => Value::Null,
                });
                items.len() - 1
            });
            put(&mut items[at], rest, new);
        }
    }
}

/// Takes out what is at a path.
pub fn take(value: &mut Value, path: &[Step]) {
    let Some((first, rest)) = path.split_first() else { return };
    match (value, first) {
        (Value::Object(map), Step::Field(name)) if rest.is_empty() => drop(map.remove(name)),
        (Value::Object(map), Step::Field(name)) => map.get_mut(name).into_iter().for_each(|v| take(v, rest)),
        (Value::Array(items), step) => {
            if let Some(at) = step.position(items) {
                if rest.is_empty() { drop(items.remove(at)) } else { take(&mut items[at], rest) }
            }
        }
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn leaves_of(object: Value) -> Vec<(Path, Value)> {
        let definition = Definition::of_kind("apps/v1", "StatefulSet");
        leaves(object.as_object().unwrap(), definition)
    }

    fn manifest() -> Value {
        json!({"kind": "StatefulSet", "metadata": {"name": "web", "labels": {"a": "b"}}, "spec": {
            "replicas": 2, "selector": {"matchLabels": {"a": "b"}},
            "template": {"spec": {"containers": [{"name": "c", "ports": [{"containerPort": 80}], "args": ["x"]}]}}}})
    }

    #[test]
    fn leaves_are_told_apart_by_type() {
        let texts: Vec<String> = leaves_of(manifest()).iter().map(|(path, _)| path_text(path)).collect();
        let container = ".spec.template.spec.containers[name=\"c\"]";
        let want = [
            ".metadata.labels.a".to_owned(),
            ".spec.replicas".to_owned(),
            ".spec.selector".to_owned(),
            format!("{container}.args"),
            format!("{container}.name"),
            format!("{container}.ports[containerPort=80,protocol=\"TCP\"].containerPort"),
        ];
        assert_eq!(texts, want);
    }

    #[test]
    fn sets_hold_what_was_put_in() {
        let leaves = leaves_of(manifest());
        let mut set = set_of(leaves.iter().map(|(path, _)| path));
        for (path, value) in &leaves {
            assert!(contains(&set, path));
            let mut made = json!({});
            put(&mut made, path, value);
            assert_eq!(get(&made, path), Some(value));
            take(&mut made, path);
            assert_eq!(get(&made, path), None);
        }
        assert_eq!(set_of(paths_of(&set).iter()), set);
        leaves.iter().for_each(|(path, _)| remove_from(&mut set, path));
        assert!(leaves.iter().all(|(path, _)| !contains(&set, path)));
    }
}
