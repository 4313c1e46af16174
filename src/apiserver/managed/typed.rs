//! What server-side apply has to know of a value's type: which maps and lists are merged, and by what. Knows no paths.

use serde_json::Value;

use super::path::{Step, key_value};
use crate::apimachinery::schema::{Definition, Field, ListType, MapType, Shape, Type};
use crate::apimachinery::structural::Structural;
use crate::kinds::Kind;

/// What is known of a value's type.
#[derive(Clone, Copy)]
pub enum Typed<'s> {
    Unknown,
    /// An object of the API itself.
    Root(Definition),
    /// A type of the API's own, and the field that holds it.
    Fixed(Type, Option<Field>),
    Structural(&'s Structural),
    /// An object whose kind is made known by a definition: its metadata is like all others'.
    Custom(&'s Structural),
}

impl<'s> Typed<'s> {
    /// The type of a kind's objects.
    pub fn of(kind: &'s dyn Kind) -> Typed<'s> {
        let names = kind.names();
        match kind.structural() {
            Some(schema) => Typed::Custom(schema),
            None => Definition::of_kind(names.api_version, names.kind).map_or(Typed::Unknown, Typed::Root),
        }
    }

    fn shape(self) -> Option<Shape> {
        match self {
            Typed::Fixed(kind, _) => Some(kind.shape()),
            _ => None,
        }
    }

    fn is_atomic_map(self) -> bool {
        match self {
            Typed::Unknown | Typed::Root(_) | Typed::Custom(_) => false,
            Typed::Structural(schema) => schema.is_atomic_map,
            Typed::Fixed(kind, field) => {
                field.and_then(Field::map_type) == Some(MapType::Atomic)
                    || matches!(kind.shape(), Shape::Definition(d) if d.map_type() == Some(MapType::Atomic))
            }
        }
    }

    /// The type of a map's entry or a struct's field.
    pub fn property(self, name: &str) -> Typed<'s> {
        match (self, self.shape()) {
            (Typed::Root(definition), _) => fixed(definition, name),
            // All kinds have the same.
            (Typed::Custom(_), _) if name == "metadata" => {
                Definition::of_kind("v1", "ConfigMap").map_or(Typed::Unknown, |d| fixed(d, name))
            }
            (Typed::Custom(schema) | Typed::Structural(schema), _) => {
                schema.property(name).map_or(Typed::Unknown, Typed::Structural)
            }
            (_, Some(Shape::Definition(d))) => fixed(d, name),
            (_, Some(Shape::Map(values))) => Typed::Fixed(values, None),
            _ => Typed::Unknown,
        }
    }

    /// Whether the name is a field that the type declares, and not a key of a map.
    pub fn declares(self, name: &str) -> bool {
        match (self, self.shape()) {
            (Typed::Root(definition), _) => definition.field(name).is_some(),
            (Typed::Custom(schema) | Typed::Structural(schema), _) => {
                matches!(self, Typed::Custom(_)) && name == "metadata" || schema.properties.contains_key(name)
            }
            (_, Some(Shape::Definition(d))) => d.field(name).is_some(),
            _ => false,
        }
    }

    /// The type of a list's items.
    pub fn items(self) -> Typed<'s> {
        match (self, self.shape()) {
            (Typed::Structural(schema), _) => schema.items.as_deref().map_or(Typed::Unknown, Typed::Structural),
            (_, Some(Shape::List(of))) => Typed::Fixed(of, None),
            _ => Typed::Unknown,
        }
    }

    fn list_type(self) -> Option<ListType> {
        match self {
            Typed::Structural(schema) => schema.list_type,
            Typed::Fixed(kind, field) => {
                field.filter(|_| matches!(kind.shape(), Shape::List(_))).and_then(Field::list_type)
            }
            _ => None,
        }
    }

    fn list_map_keys(self) -> Vec<&'s str> {
        match self {
            Typed::Structural(schema) => schema.list_map_keys.iter().map(String::as_str).collect(),
            Typed::Fixed(_, Some(field)) => field.list_map_keys().collect(),
            _ => Vec::new(),
        }
    }

    /// Whether a value of the type is replaced as a whole: anything but a merged map or list. An empty one is no leaf here.
    pub fn is_leaf(self, value: &Value) -> bool {
        match value {
            Value::Object(_) => self.is_atomic_map(),
            Value::Array(_) => !matches!(self.list_type(), Some(ListType::Map | ListType::Set)),
            _ => true,
        }
    }

    /// The parts of a value that is no leaf, with the steps to them and their types.
    pub fn parts<'v>(self, value: &'v Value) -> Vec<(Step, &'v Value, Typed<'s>)> {
        match value {
            Value::Object(map) => {
                map.iter().map(|(name, v)| (Step::Field(name.clone()), v, self.property(name))).collect()
            }
            Value::Array(items) if self.list_type() == Some(ListType::Set) => {
                items.iter().map(|item| (Step::Member(item.clone()), item, Typed::Unknown)).collect()
            }
            Value::Array(items) => {
                let keys = self.list_map_keys();
                let step = |item: &Value| keys.iter().map(|k| ((*k).to_owned(), key_value(item, k))).collect();
                items.iter().map(|item| (Step::Keys(step(item)), item, self.items())).collect()
            }
            _ => Vec::new(),
        }
    }
}

fn fixed(definition: Definition, name: &str) -> Typed<'static> {
    definition.field(name).map_or(Typed::Unknown, |field| Typed::Fixed(field.type_of(), Some(field)))
}
