//! What server-side apply has to know of a value's type: which maps and lists are merged, and by what. Knows no paths.

use serde_json::Value;

use super::check;
use super::path::{Step, key_value};
use crate::apimachinery::schema::{Definition, Field, Form, ListType, MapType, Shape, Type};
use crate::apimachinery::structural::{Additional, Structural};
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

/// What a value is to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Expected {
    Anything,
    Map,
    List,
    Number,
    String,
    Boolean,
    Scalar,
}

impl Expected {
    pub fn described(self) -> &'static str {
        match self {
            Expected::Anything => "anything",
            Expected::Map => "map",
            Expected::List => "list",
            Expected::Number => "numeric (int or float)",
            Expected::String => "string",
            Expected::Boolean => "boolean",
            Expected::Scalar => "any scalar",
        }
    }

    fn of_shape(shape: Shape) -> Expected {
        match shape {
            Shape::String | Shape::Bytes => Expected::String,
            Shape::Bool => Expected::Boolean,
            Shape::Int32 | Shape::Int64 | Shape::Float64 => Expected::Number,
            Shape::List(_) => Expected::List,
            Shape::Map(_) => Expected::Map,
            Shape::Definition(definition) => match definition.form() {
                Form::Any => Expected::Anything,
                Form::Time | Form::MicroTime => Expected::String,
                Form::Quantity | Form::IntOrString => Expected::Scalar,
                Form::Struct => Expected::Map,
            },
        }
    }

    fn of_schema(schema: &Structural) -> Expected {
        match schema.type_of.as_str() {
            _ if schema.int_or_string => Expected::Scalar,
            "object" => Expected::Map,
            "array" if schema.items.is_some() => Expected::List,
            "string" => Expected::String,
            "integer" | "number" => Expected::Number,
            "boolean" => Expected::Boolean,
            _ => Expected::Anything,
        }
    }
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

    /// What a value of the type is to be.
    pub fn expected(self) -> Expected {
        match self {
            Typed::Unknown => Expected::Anything,
            Typed::Root(_) | Typed::Custom(_) => Expected::Map,
            Typed::Fixed(kind, _) => Expected::of_shape(kind.shape()),
            Typed::Structural(schema) => Expected::of_schema(schema),
        }
    }

    /// The type of what is under a name; `None` where the name is not declared.
    pub fn entry(self, name: &str) -> Option<Typed<'s>> {
        let is_object = matches!(name, "apiVersion" | "kind" | "metadata");
        match (self, self.shape()) {
            (Typed::Structural(schema) | Typed::Custom(schema), _) => {
                let is_open = schema.preserves_unknown
                    || matches!(schema.additional, Some(Additional::Any(true)))
                    || is_object && (schema.is_embedded || matches!(self, Typed::Custom(_)));
                let is_known = is_open || schema.property(name).is_some();
                is_known.then(|| self.property(name))
            }
            (Typed::Root(_), _) | (_, Some(Shape::Definition(_))) => self.declares(name).then(|| self.property(name)),
            _ => Some(self.property(name)),
        }
    }

    /// The step to an item of a merged list; `None` for another list's.
    pub fn item_step(self, item: &Value) -> Result<Option<Step>, String> {
        match self.list_type() {
            Some(ListType::Map) => check::keyed(item, &self.list_map_keys()).map(Some),
            Some(ListType::Set) => check::member(item).map(Some),
            _ => Ok(None),
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
