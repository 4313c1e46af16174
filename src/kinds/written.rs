//! What kubectl's own Go types always write of an object, as each kind tells. Knows no kind.

use serde_json::{Map, Value, json};

/// What a Go type writes of a field that nobody set.
#[derive(Clone, Copy)]
pub enum Zero {
    Struct,
    Number,
    Text,
    Null,
}

use Zero::{Null, Number, Struct, Text};

impl Zero {
    fn value(self) -> Value {
        match self {
            Struct => json!({}),
            Number => 0.into(),
            Text => "".into(),
            Null => Value::Null,
        }
    }
}

/// What is always written of a kind besides its metadata, spec and status.
#[derive(Clone, Copy)]
pub struct Written {
    /// Where the spec of its pods is, for a kind that has such.
    pub pod_spec: Option<&'static str>,
    /// Other fields with their zeros; `*` in a pointer stands for every item of a list.
    pub zeros: &'static [(&'static str, Zero)],
}

impl Written {
    /// A kind with a template of pods.
    pub const TEMPLATE: Written = Written {
        pod_spec: Some("/spec/template/spec"),
        zeros: &[("/spec/template/metadata/creationTimestamp", Null)],
    };

    /// Adds what is missing to an object's body.
    pub fn fill(self, body: &mut Map<String, Value>) {
        for (pointer, zero) in
            [("/metadata/creationTimestamp", Null), ("/spec", Struct), ("/status", Struct)].iter().chain(self.zeros)
        {
            add(body, pointer, *zero);
        }
        let Some(spec) = self.pod_spec else { return };
        add(body, &format!("{spec}/containers"), Null);
        for list in ["containers", "initContainers", "ephemeralContainers"] {
            add(body, &format!("{spec}/{list}/*/resources"), Struct);
        }
    }
}

fn add(body: &mut Map<String, Value>, pointer: &str, zero: Zero) {
    let steps: Vec<&str> = pointer.split('/').skip(1).collect();
    add_in(body, &steps, zero);
}

/// A struct on the way is written, too; a list is not.
fn add_in(map: &mut Map<String, Value>, steps: &[&str], zero: Zero) {
    match steps {
        [] | ["*"] => {}
        [last] => {
            let value = map.entry(*last).or_insert_with(|| zero.value());
            if matches!(zero, Struct) && !value.is_object() {
                *value = json!({});
            }
        }
        [list, "*", rest @ ..] => {
            let items = map.get_mut(*list).and_then(Value::as_array_mut).into_iter().flatten();
            items.filter_map(Value::as_object_mut).for_each(|item| add_in(item, rest, zero));
        }
        [step, rest @ ..] => {
            let value = map.entry(*step).or_insert_with(|| json!({}));
            if !value.is_object() {
                *value = json!({});
            }
            if let Some(map) = value.as_object_mut() {
                add_in(map, rest, zero);
            }
        }
    }
}
