//! Sets of fields of an object, as `metadata.managedFields` writes them (FieldsV1). Knows types, not objects' stories.
//!
//! A set is a tree: `f:name` for a field, `k:{…}` for an item of a keyed list, `v:…` for a member of a set, `.` for the
//! node itself. A node without children is a member too.

use serde_json::{Map, Value, json};

use crate::apimachinery::go_value;
use crate::apimachinery::schema::{Definition, Field, ListType, MapType, Shape, Type};
use crate::apimachinery::structural::Structural;
use crate::kinds::Kind;

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

/// What is known of a value's type.
#[derive(Clone, Copy)]
enum Typed<'s> {
    Unknown,
    /// A type of the API's own, and the field that holds it.
    Fixed(Type, Option<Field>),
    Structural(&'s Structural),
}

/// What a kind's objects look like.
#[derive(Clone, Copy)]
pub enum Schema<'s> {
    Fixed(Option<Definition>),
    Structural(&'s Structural),
}

impl<'s> Schema<'s> {
    pub fn of(kind: &'s dyn Kind) -> Schema<'s> {
        let names = kind.names();
        match kind.structural() {
            Some(schema) => Schema::Structural(schema),
            None => Schema::Fixed(Definition::of_kind(names.api_version, names.kind)),
        }
    }

    fn field(self, name: &str) -> Typed<'s> {
        let definition = match self {
            Schema::Fixed(definition) => definition,
            Schema::Structural(schema) if name != "metadata" => return structural(schema.property(name)),
            // All kinds have the same.
            Schema::Structural(_) => Definition::of_kind("v1", "ConfigMap"),
        };
        fixed(definition, name)
    }
}

fn structural(schema: Option<&Structural>) -> Typed<'_> {
    schema.map_or(Typed::Unknown, Typed::Structural)
}

fn fixed(definition: Option<Definition>, name: &str) -> Typed<'static> {
    match definition.and_then(|d| d.field(name)) {
        Some(field) => Typed::Fixed(field.type_of(), Some(field)),
        None => Typed::Unknown,
    }
}

impl<'s> Typed<'s> {
    fn shape(self) -> Option<Shape> {
        match self {
            Typed::Fixed(kind, _) => Some(kind.shape()),
            _ => None,
        }
    }

    fn is_atomic_map(self) -> bool {
        match self {
            Typed::Unknown => false,
            Typed::Structural(schema) => schema.is_atomic_map,
            Typed::Fixed(kind, field) => {
                field.and_then(Field::map_type) == Some(MapType::Atomic)
                    || matches!(kind.shape(), Shape::Definition(d) if d.map_type() == Some(MapType::Atomic))
            }
        }
    }

    fn property(self, name: &str) -> Typed<'s> {
        match (self, self.shape()) {
            (Typed::Structural(schema), _) => structural(schema.property(name)),
            (_, Some(Shape::Definition(d))) => fixed(Some(d), name),
            (_, Some(Shape::Map(values))) => Typed::Fixed(values, None),
            _ => Typed::Unknown,
        }
    }

    fn items(self) -> Typed<'s> {
        match (self, self.shape()) {
            (Typed::Structural(schema), _) => structural(schema.items.as_deref()),
            (_, Some(Shape::List(of))) => Typed::Fixed(of, None),
            _ => Typed::Unknown,
        }
    }

    fn list_type(self) -> Option<ListType> {
        match self {
            Typed::Unknown => None,
            Typed::Structural(schema) => schema.list_type,
            Typed::Fixed(kind, field) => {
                field.filter(|_| matches!(kind.shape(), Shape::List(_))).and_then(Field::list_type)
            }
        }
    }

    fn list_map_keys(self) -> Vec<&'s str> {
        match self {
            Typed::Structural(schema) => schema.list_map_keys.iter().map(String::as_str).collect(),
            Typed::Fixed(_, Some(field)) => field.list_map_keys().collect(),
            _ => Vec::new(),
        }
    }
}

/// What a value is to server-side apply.
enum Node<'s> {
    /// Replaced as a whole.
    Leaf,
    /// Parts with their steps, values and types.
    Parts(Vec<(Step, Value, Typed<'s>)>),
}

fn node<'s>(value: &Value, typed: Typed<'s>) -> Node<'s> {
    match value {
        Value::Object(map) if map.is_empty() || typed.is_atomic_map() => Node::Leaf,
        Value::Object(map) => {
            let part = |(name, v): (&String, &Value)| (Step::Field(name.clone()), v.clone(), typed.property(name));
            Node::Parts(map.iter().map(part).collect())
        }
        Value::Array(items) if !items.is_empty() => match typed.list_type() {
            Some(ListType::Map) => {
                let keys = typed.list_map_keys();
                let step = |i: &Value| keys.iter().map(|k| ((*k).to_owned(), key_value(i, k))).collect();
                Node::Parts(items.iter().map(|i| (Step::Keys(step(i)), i.clone(), typed.items())).collect())
            }
            Some(ListType::Set) => {
                Node::Parts(items.iter().map(|i| (Step::Member(i.clone()), i.clone(), Typed::Unknown)).collect())
            }
            _ => Node::Leaf,
        },
        _ => Node::Leaf,
    }
}

/// Every leaf of a manifest with the way to it; what names the object itself is left out.
pub fn leaves(object: &Map<String, Value>, schema: Schema) -> Vec<(Path, Value)> {
    const NAMES: [&str; 8] =
        ["name", "namespace", "uid", "creationTimestamp", "selfLink", "generation", "resourceVersion", "managedFields"];
    let mut found = Vec::new();
    for (name, value) in object.iter().filter(|(name, _)| !["apiVersion", "kind"].contains(&name.as_str())) {
        let mut value = value.clone();
        if name == "metadata"
            && let Value::Object(metadata) = &mut value
        {
            metadata.retain(|name, _| !NAMES.contains(&name.as_str()));
            if metadata.is_empty() {
                continue;
            }
        }
        walk(vec![Step::Field(name.clone())], &value, schema.field(name), &mut found);
    }
    found
}

fn walk(path: Path, value: &Value, typed: Typed, found: &mut Vec<(Path, Value)>) {
    match node(value, typed) {
        Node::Leaf => found.push((path, value.clone())),
        Node::Parts(parts) => {
            for (step, value, typed) in parts {
                walk([path.clone(), vec![step]].concat(), &value, typed, found);
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
        leaves(object.as_object().unwrap(), Schema::Fixed(definition))
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
    fn a_structural_schema_tells_which_lists_are_merged() {
        let schema = Structural::parse(&json!({"properties": {"spec": {"properties": {
            "ports": {"x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": ["n"], "items": {"properties": {}}},
            "tags": {"x-kubernetes-list-type": "set", "items": {"type": "string"}},
            "args": {"items": {"type": "string"}},
            "whole": {"x-kubernetes-map-type": "atomic"},
        }}}}));
        let object = json!({"metadata": {"labels": {"a": "b"}}, "spec": {
            "ports": [{"n": "x", "p": 1}], "tags": ["t"], "args": ["a"], "whole": {"k": "v"}, "free": {"k": "v"}}});
        let leaves = leaves(object.as_object().unwrap(), Schema::Structural(&schema));
        let texts: Vec<String> = leaves.iter().map(|(path, _)| path_text(path)).collect();
        let want = [
            ".metadata.labels.a",
            ".spec.args",
            ".spec.free.k",
            ".spec.ports[n=\"x\"].n",
            ".spec.ports[n=\"x\"].p",
            ".spec.tags[=\"t\"]",
            ".spec.whole",
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
