//! Turns the facts of Kubernetes' OpenAPI document into `src/apimachinery/schema/generated.rs`.
//!
//! The document (`../shared/reference/openapi-definitions.json`) is no part of the project: without it the table is
//! not compared. The tables beside this file hold what the document lacks: Go's type names, and which empty values Go
//! leaves out.

use std::collections::{BTreeMap, HashMap};
use std::fmt::Write;
use std::fs;

use serde_json::Value;

const INPUT: &str = "../shared/reference/openapi-definitions.json";
const OUTPUT: &str = "src/apimachinery/schema/generated.rs";

#[test]
fn schema_table_is_up_to_date() {
    let Some(definitions) = read_definitions() else {
        eprintln!("skipped: {INPUT} is not here");
        return;
    };
    super::check(OUTPUT, &Tables::of(&definitions).into_rust());
}

#[expect(clippy::disallowed_methods, reason = "a test that reads the generator's input")]
fn read_definitions() -> Option<BTreeMap<String, Value>> {
    let text = fs::read_to_string(super::root(INPUT)).ok()?;
    let mut document: Value = serde_json::from_str(&text).expect("the OpenAPI document is JSON");
    serde_json::from_value(document["definitions"].take()).expect("definitions is a map")
}

/// One pool of all names and words; a text is its place in it: offset in the upper 20 bits, length in the lower 12.
#[derive(Default)]
struct Pool {
    text: String,
    known: HashMap<String, u32>,
}

impl Pool {
    fn add(&mut self, word: &str) -> u32 {
        if word.is_empty() {
            return 0;
        }
        if let Some(&at) = self.known.get(word) {
            return at;
        }
        assert!(word.len() < 1 << 12 && self.text.len() < 1 << 20, "{word}: the pool's places are too narrow");
        let at = u32::try_from(self.text.len()).unwrap() << 12 | u32::try_from(word.len()).unwrap();
        self.text.push_str(word);
        self.known.insert(word.to_owned(), at);
        at
    }
}

/// Rows as they are written, each once; a row is known by its number.
#[derive(Default)]
struct Rows(Vec<String>, HashMap<String, usize>);

impl Rows {
    fn add(&mut self, row: String) -> usize {
        if let Some(&i) = self.1.get(&row) {
            return i;
        }
        self.1.insert(row.clone(), self.0.len());
        self.0.push(row);
        self.0.len() - 1
    }
}

#[derive(Default)]
struct Tables {
    pool: Pool,
    types: Rows,
    extras: Rows,
    fields: Vec<String>,
    definitions: Vec<String>,
    kinds: BTreeMap<(String, String), usize>,
    /// A definition's number by its name.
    numbers: HashMap<String, usize>,
    /// Go types the document lacks, by definition and field.
    go_names: HashMap<(String, String), String>,
    /// Where Go's treatment of empty values does not follow from the document.
    empty_values: HashMap<(String, String), String>,
}

impl Tables {
    fn of(definitions: &BTreeMap<String, Value>) -> Tables {
        let mut t = Tables {
            go_names: facts(include_str!("go-type-names.tsv")),
            empty_values: facts(include_str!("go-empty-values.tsv")),
            ..Tables::default()
        };
        t.extras.add("(0, 0)".to_owned());
        t.numbers = definitions.keys().enumerate().map(|(i, name)| (name.clone(), i)).collect();
        for (number, (name, definition)) in definitions.iter().enumerate() {
            t.definition(number, name, definition);
        }
        t
    }

    fn definition(&mut self, number: usize, name: &str, definition: &Value) {
        let first = self.fields.len();
        for (field, property) in definition["properties"].as_object().into_iter().flatten() {
            self.field(name, field, property, &definition["required"]);
        }
        let row = format!(
            "({}, {}, {first}, {}, {})",
            self.pool.add(name),
            form(name),
            self.fields.len() - first,
            map_type(definition)
        );
        self.definitions.push(row);
        for gvk in definition["x-kubernetes-group-version-kind"].as_array().into_iter().flatten() {
            let part = |key: &str| gvk[key].as_str().unwrap_or_default();
            let group = part("group");
            let slash = if group.is_empty() { "" } else { "/" };
            self.kinds.insert((format!("{group}{slash}{}", part("version")), part("kind").to_owned()), number);
        }
    }

    fn field(&mut self, definition: &str, name: &str, property: &Value, required: &Value) {
        let place = (definition.to_owned(), name.to_owned());
        let go = self.go_names.get(&place).cloned().unwrap_or_default();
        let kind = self.type_of(property, &go);
        let mut flags = u16::from(required.as_array().is_some_and(|r| r.iter().any(|f| f == name)));
        flags |= word(&property["x-kubernetes-list-type"], &["atomic", "set", "map"]) << 1;
        for strategy in property["x-kubernetes-patch-strategy"].as_str().unwrap_or_default().split(',') {
            flags |= match strategy {
                "merge" => 1 << 3,
                "retainKeys" => 1 << 4,
                "replace" => 1 << 5,
                _ => 0,
            };
        }
        flags |= map_type(property) << 6;
        let drops_empty = self.empty_values.get(&place).map_or(flags & 1 == 0, |fact| fact == "drops");
        flags |= u16::from(drops_empty && property["$ref"].is_null()) << 8;
        let merge_key = self.pool.add(property["x-kubernetes-patch-merge-key"].as_str().unwrap_or_default());
        let keys = self.pool.add(&words(&property["x-kubernetes-list-map-keys"]).join(","));
        let extra = self.extras.add(format!("({merge_key}, {keys})"));
        let row = format!("({}, {kind}, {flags}, {extra})", self.pool.add(name));
        self.fields.push(row);
    }

    /// The number of a type; `go` is its Go name where the document does not say it, or empty.
    fn type_of(&mut self, schema: &Value, go: &str) -> usize {
        let (shape, argument, named) = match (&schema["$ref"], schema["type"].as_str(), schema["format"].as_str()) {
            (Value::String(name), ..) => (7, self.numbers[name.trim_start_matches("#/definitions/")], ""),
            (_, Some("array"), _) => {
                let element = go.strip_prefix("[]");
                let inner = self.type_of(&schema["items"], element.unwrap_or_default());
                (5, inner, if element.is_some() { "" } else { go })
            }
            (_, Some("object"), _) => {
                let (key, element) = go.strip_prefix("map[").and_then(|t| t.split_once(']')).unwrap_or(("string", ""));
                let inner = self.type_of(&schema["additionalProperties"], element);
                // Only the key's name is kept where it is not plain; there, the element is Kubernetes' own type.
                (6, inner, if go.starts_with("map[") && key == "string" { "" } else { go })
            }
            (_, Some("boolean"), _) => (1, 0, go),
            (_, Some("integer"), Some("int32")) => (2, 0, go),
            (_, Some("integer"), Some("int64")) => (3, 0, go),
            (_, Some("number"), _) => (4, 0, go),
            (_, Some("string"), Some("byte")) => (8, 0, go),
            (_, Some("string"), None) => (0, 0, go),
            _ => panic!("a type the table has no shape for: {schema}"),
        };
        let values = self.pool.add(&words(&schema["enum"]).join("\n"));
        let go_name = self.pool.add(named);
        self.types.add(format!("({shape}, {argument}, {go_name}, {values})"))
    }

    fn into_rust(mut self) -> String {
        let kinds: Vec<String> = std::mem::take(&mut self.kinds)
            .into_iter()
            .map(|((version, kind), number)| {
                format!("({}, {}, {number})", self.pool.add(&version), self.pool.add(&kind))
            })
            .collect();
        let mut out = String::from(
            "//! Generated by tests/generated.rs from Kubernetes 1.36's OpenAPI document; do not edit. What a column means\n\
             //! is said where it is read, in mod.rs. Larger than a file should be because it is data.\n",
        );
        table(&mut out, "TYPES", "(u8, u16, u32, u32)", &self.types.0);
        table(&mut out, "EXTRAS", "(u32, u32)", &self.extras.0);
        table(&mut out, "FIELDS", "(u32, u16, u16, u16)", &self.fields);
        table(&mut out, "DEFINITIONS", "(u32, u8, u16, u16, u8)", &self.definitions);
        table(&mut out, "KINDS", "(u32, u32, u16)", &kinds);
        out.push_str("\npub static POOL: &str = \"");
        out.push_str(&literal(&self.pool.text));
        out.push_str("\";\n");
        out
    }
}

fn table(out: &mut String, name: &str, row: &str, rows: &[String]) {
    write!(out, "\npub static {name}: [{row}; {}] = [", rows.len()).unwrap();
    for (i, row) in rows.iter().enumerate() {
        out.push_str(if i % 6 == 0 { "\n    " } else { " " });
        out.push_str(row);
        out.push(',');
    }
    out.push_str("\n];\n");
}

/// The inside of a Rust string literal, in lines.
fn literal(text: &str) -> String {
    let (mut out, mut column) = (String::new(), 110);
    for c in text.chars() {
        // A line that is continued loses the white space it starts with.
        if column >= 110 && !c.is_whitespace() {
            out.push_str("\\\n    ");
            column = 0;
        }
        out.extend(c.escape_default());
        column += 1;
    }
    out
}

/// How a definition is read: 0 a struct, the others have a form of their own in JSON.
fn form(name: &str) -> u8 {
    match name.rsplit('.').next().unwrap_or_default() {
        "Quantity" => 2,
        "Time" => 3,
        "MicroTime" => 4,
        "IntOrString" => 5,
        "JSON" | "JSONSchemaPropsOrArray" | "JSONSchemaPropsOrBool" | "JSONSchemaPropsOrStringArray" => 1,
        "FieldsV1" | "Patch" | "RawExtension" => 1,
        _ => 0,
    }
}

fn map_type(schema: &Value) -> u16 {
    word(&schema["x-kubernetes-map-type"], &["atomic", "granular"])
}

/// The place of a word among those known, from 1; 0 for none.
fn word(value: &Value, known: &[&str]) -> u16 {
    let Some(word) = value.as_str() else { return 0 };
    let at = known.iter().position(|k| *k == word).unwrap_or_else(|| panic!("unknown word {word}"));
    u16::try_from(at + 1).unwrap()
}

fn words(value: &Value) -> Vec<&str> {
    value.as_array().into_iter().flatten().filter_map(Value::as_str).collect()
}

/// Rows of definition, field and fact.
fn facts(table: &str) -> HashMap<(String, String), String> {
    let lines = table.lines().filter(|l| !l.starts_with('#'));
    let rows = lines.map(|l| l.split('\t').collect::<Vec<_>>());
    rows.map(|r| ((r[0].to_owned(), r[1].to_owned()), r[2].to_owned())).collect()
}
