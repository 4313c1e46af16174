//! Which parts of an object are wanted: what is read of each object of a long list, for which the rest would be made only to be
//! dropped. Knows no kind.

use std::fmt;

use serde::Deserialize;
use serde::de::{DeserializeSeed, Deserializer, Error, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Value};

/// Parts of a JSON value.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Outline {
    is_whole: bool,
    /// Few, and looked for by every key that is read: side by side they are found sooner than in a tree.
    fields: Vec<(&'static str, Outline)>,
    items: Option<Box<Outline>>,
}

impl Outline {
    /// The parts at these JSON pointers, whole; `*`, or an index, stands for every item of a list. Escapes are not supported.
    pub fn of(pointers: impl IntoIterator<Item = &'static str>) -> Outline {
        let mut root = Outline::default();
        for pointer in pointers {
            let mut here = &mut root;
            for step in pointer.split('/').skip(1) {
                let is_item = step == "*" || step.bytes().all(|b| b.is_ascii_digit());
                here = if is_item { here.items.get_or_insert_default() } else { here.field(step) };
            }
            here.is_whole = true;
        }
        root
    }

    fn field(&mut self, name: &'static str) -> &mut Outline {
        let at = self.fields.iter().position(|(known, _)| *known == name).unwrap_or_else(|| {
            self.fields.push((name, Outline::default()));
            self.fields.len() - 1
        });
        &mut self.fields[at].1
    }

    /// Decodes the parts of a JSON text; a list keeps its length.
    ///
    /// # Errors
    /// When the text is not JSON. What is left out is checked for that alone.
    pub fn decode(&self, json: &[u8]) -> serde_json::Result<Value> {
        // Looked through once as a whole, not string by string.
        let text = std::str::from_utf8(json).map_err(serde_json::Error::custom)?;
        let mut reader = serde_json::Deserializer::from_str(text);
        let value = self.deserialize(&mut reader)?;
        reader.end()?;
        Ok(value)
    }
}

impl<'de> DeserializeSeed<'de> for &Outline {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        if self.is_whole { Value::deserialize(deserializer) } else { deserializer.deserialize_any(Part(self)) }
    }
}

/// What makes a value of the parts of one that is read. A scalar has no parts and is kept.
struct Part<'o>(&'o Outline);

impl<'de> Visitor<'de> for Part<'_> {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut access: A) -> Result<Value, A::Error> {
        let mut map = Map::new();
        while let Some(wanted) = access.next_key_seed(Wanted(&self.0.fields))? {
            match wanted {
                Some((field, part)) => drop(map.insert((*field).to_owned(), access.next_value_seed(part)?)),
                None => drop(access.next_value::<IgnoredAny>()?),
            }
        }
        Ok(Value::Object(map))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut access: A) -> Result<Value, A::Error> {
        let mut items = Vec::new();
        match &self.0.items {
            Some(part) => {
                while let Some(item) = access.next_element_seed(&**part)? {
                    items.push(item);
                }
            }
            None => {
                while access.next_element::<IgnoredAny>()?.is_some() {
                    items.push(Value::Null);
                }
            }
        }
        Ok(Value::Array(items))
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_u64<E>(self, value: u64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_f64<E>(self, value: f64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_str<E>(self, value: &str) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }
}

/// Finds a key among the wanted ones without a copy of it.
struct Wanted<'o>(&'o [(&'static str, Outline)]);

impl<'de, 'o> DeserializeSeed<'de> for Wanted<'o> {
    type Value = Option<&'o (&'static str, Outline)>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_str(self)
    }
}

impl<'o> Visitor<'_> for Wanted<'o> {
    type Value = Option<&'o (&'static str, Outline)>;

    fn expecting(&self, f: &mut fmt::Formatter) -> fmt::Result {
        f.write_str("a key")
    }

    fn visit_str<E>(self, key: &str) -> Result<Self::Value, E> {
        Ok(self.0.iter().find(|(name, _)| *name == key))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn what_is_not_wanted_is_left_out_and_lists_keep_their_length() {
        let outline = Outline::of(["/metadata/name", "/spec/containers/*/name", "/spec/volumes", "/status", "/gates"]);
        let whole = json!({
            "kind": "Pod", "metadata": {"name": "a\"b", "labels": {"x": "y"}},
            "spec": {"containers": [{"name": "c", "env": [{"name": "E"}]}, {"image": "i"}], "volumes": [{"name": "v"}]},
            "status": {"n": 1.5, "deep": {"list": [1, null, true]}}, "gates": null, "more": [[{"a": "\\"}]],
        });
        let parts = json!({
            "metadata": {"name": "a\"b"}, "spec": {"containers": [{"name": "c"}, {}], "volumes": [{"name": "v"}]},
            "status": {"n": 1.5, "deep": {"list": [1, null, true]}}, "gates": null,
        });
        assert_eq!(outline.decode(whole.to_string().as_bytes()).unwrap(), parts);
        let lengths = Outline::of(["/spec/containers/*/name"]);
        assert_eq!(lengths.decode(br#"{"spec": {"containers": 3}}"#).unwrap(), json!({"spec": {"containers": 3}}));
        assert_eq!(Outline::of(["/a/b"]).decode(br#"{"a": [1, 2]}"#).unwrap(), json!({"a": [null, null]}));
    }

    #[test]
    fn what_is_no_json_is_refused() {
        let outline = Outline::of(["/a"]);
        assert!(outline.decode(b"{\"b\": \"\xff\"}").is_err());
        for text in ["", "{", r#"{"a": 1} 2"#, r#"{"b": [}"#, r#"{"b": tru}"#] {
            assert!(outline.decode(text.as_bytes()).is_err(), "{text}");
        }
    }
}
