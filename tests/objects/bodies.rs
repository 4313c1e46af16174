//! Bodies that the schema allows, made up from a seed.

use kstate::apimachinery::schema::{Definition, Form, Shape, Type};
use kstate::kinds::Names;
use serde_json::{Map, Value, json};

/// Deeper than this only what is required is made up.
const DEEP: usize = 6;
/// Texts that mean something somewhere.
const TEXTS: [&str; 14] = [
    "",
    "a",
    "x-1",
    "A_b",
    "10Gi",
    "a.b/c",
    "/x",
    "10.0.0.1",
    "80",
    "*",
    "kubernetes.io/x",
    "\u{fffd}",
    "a b",
    "Always",
];
/// Small: a controller makes as many pods as it is told to.
const NUMBERS: [i64; 6] = [-1, 0, 1, 2, 3, 80];
const QUANTITIES: [&str; 6] = ["0", "1", "100m", "1Gi", "1500Ki", "1e3"];

/// A source of choices: splitmix64, so that a seed is all there is to a body.
pub struct Dice(u64);

impl Dice {
    pub fn new(seed: u64) -> Dice {
        Dice(seed)
    }

    fn roll(&mut self, sides: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        usize::try_from((z ^ (z >> 31)) % sides.max(1) as u64).expect("fits")
    }

    fn of<T: Copy>(&mut self, choices: &[T]) -> T {
        choices[self.roll(choices.len())]
    }

    /// A whole object, with a name.
    pub fn whole(&mut self, names: &Names, definition: Definition) -> Value {
        let mut body = self.definition(definition, 0);
        body["apiVersion"] = names.api_version.into();
        body["kind"] = names.kind.into();
        body["metadata"] = json!({"name": "made-up", "labels": {"a": "b"}});
        body
    }

    /// Sets one field, somewhere below the top, to something that the schema allows.
    pub fn change(&mut self, definition: Definition, body: &mut Value) {
        let fields: Vec<_> =
            definition.fields().filter(|f| !matches!(f.name(), "apiVersion" | "kind" | "status")).collect();
        if fields.is_empty() {
            return;
        }
        let field = self.of(&fields);
        let Some(map) = body.as_object_mut() else { return };
        match (field.type_of().shape(), map.get_mut(field.name())) {
            (Shape::Definition(inner), Some(part)) if inner.form() == Form::Struct => self.change(inner, part),
            (Shape::List(items), Some(Value::Array(list))) if !list.is_empty() => {
                let at = self.roll(list.len());
                match items.shape() {
                    Shape::Definition(inner) if inner.form() == Form::Struct => self.change(inner, &mut list[at]),
                    _ => list[at] = self.value(items, DEEP),
                }
            }
            _ => drop(map.insert(field.name().to_owned(), self.value(field.type_of(), DEEP - 1))),
        }
    }

    fn definition(&mut self, definition: Definition, depth: usize) -> Value {
        match definition.form() {
            Form::Any => json!({"any": "thing"}),
            Form::Quantity => self.of(&QUANTITIES).into(),
            Form::Time => "2026-11-22T08:00:00Z".into(),
            Form::MicroTime => "2026-11-22T08:00:00.000000Z".into(),
            Form::IntOrString => {
                if self.roll(2) == 0 {
                    self.of(&NUMBERS).into()
                } else {
                    self.of(&TEXTS).into()
                }
            }
            Form::Struct => {
                let mut map = Map::new();
                for field in definition.fields() {
                    let wanted = field.is_required() || (depth < DEEP && self.roll(3 + depth * 2) == 0);
                    // A schema may hold itself, as that of JSON schemas does.
                    if wanted && depth < DEEP * 2 {
                        map.insert(field.name().to_owned(), self.value(field.type_of(), depth + 1));
                    }
                }
                Value::Object(map)
            }
        }
    }

    fn value(&mut self, of: Type, depth: usize) -> Value {
        match of.shape() {
            Shape::String => {
                let values: Vec<&str> = of.values().collect();
                if values.is_empty() || self.roll(8) == 0 { self.of(&TEXTS).into() } else { self.of(&values).into() }
            }
            Shape::Bool => (self.roll(2) == 0).into(),
            Shape::Int32 | Shape::Int64 => self.of(&NUMBERS).into(),
            Shape::Float64 => 0.5.into(),
            Shape::Bytes => "eA==".into(),
            Shape::List(items) => (0..self.roll(3)).map(|_| self.value(items, depth + 1)).collect(),
            Shape::Map(values) => {
                let keys = ["a", "cpu", "x.io/y"];
                let count = self.roll(3);
                let entries = keys.iter().take(count).map(|key| ((*key).to_owned(), self.value(values, depth + 1)));
                Value::Object(entries.collect())
            }
            Shape::Definition(inner) => self.definition(inner, depth),
        }
    }
}
