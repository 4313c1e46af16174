//! What a user can type is never a reason to stop or to hang: the parsers of jsonpath, Go templates, custom columns,
//! selectors, quantities and patches take any text, and end in a value or an error.

use kstate::apimachinery::field_selector::FieldSelector;
use kstate::apimachinery::jsonpath::{self, Template};
use kstate::apimachinery::labels::Selector;
use kstate::apimachinery::patch::{self, PatchType};
use kstate::apimachinery::quantity::Quantity;
use kstate::apimachinery::schema::Definition;
use kstate::apimachinery::yaml;
use kstate::printers::{Format, GET_FORMATS, OutputFlags, Printer};
use proptest::prelude::*;
use serde_json::{Value, json};

/// A stored object, with a list, maps and numbers to find.
fn stored() -> Value {
    json!({
        "apiVersion": "v1", "kind": "Pod",
        "metadata": {"name": "web-0", "labels": {"app": "web", "a/b": "c"}, "finalizers": ["x", "y"]},
        "spec": {"containers": [{"name": "a", "image": "i", "ports": [{"containerPort": 80}]}, {"name": "b"}],
                 "terminationGracePeriodSeconds": 30},
        "status": {"phase": "Running", "podIPs": []},
    })
}

/// Texts made of the words and marks of a grammar, and of anything else now and then.
fn texts(words: &'static [&'static str]) -> impl Strategy<Value = String> {
    let word = prop_oneof![
        8 => proptest::sample::select(words).prop_map(str::to_owned),
        1 => "\\PC{0,6}",
        1 => "[0-9]{1,20}",
    ];
    proptest::collection::vec(word, 0..16).prop_map(|parts| parts.concat())
}

const JSONPATH: &[&str] = &[
    "{",
    "}",
    "{range ",
    "{end}",
    ".",
    "..",
    "*",
    "[",
    "]",
    "[?(",
    ")]",
    "@",
    "$",
    "==",
    "<=",
    "!=",
    "'",
    "\"",
    "\\",
    ",",
    ":",
    "-1",
    "0",
    "1",
    ".items",
    ".metadata.name",
    ".spec.containers",
    "image",
    "\\.",
    " ",
    "\n",
    "(",
    ")",
];

const GO_TEMPLATE: &[&str] = &[
    "{{",
    "}}",
    "{{-",
    "-}}",
    "range ",
    "end",
    "if ",
    "else",
    "with ",
    "define ",
    "template ",
    "block ",
    "$",
    ":=",
    "=",
    "|",
    ".",
    ".metadata",
    ".spec.containers",
    "index ",
    "len ",
    "printf ",
    "slice ",
    "eq ",
    "lt ",
    "and ",
    "not ",
    "base64decode ",
    "exists ",
    "\"",
    "`",
    "'",
    "(",
    ")",
    " ",
    "1",
    "-1",
    "1e9",
    "nil",
    "true",
    "/*",
    "*/",
    "%",
    "%s",
    "%[9]d",
    "break",
    "continue",
    ",",
];

const SELECTOR: &[&str] =
    &["a", "app", "a/b", "=", "==", "!=", "!", " in ", " notin ", "(", ")", ",", " ", "<", ">", "-", "/", "."];

const COLUMNS: &[&str] = &["NAME", ":", ".metadata.name", ",", "{", "}", "[", "]", "*", "..", "\\", " ", "\n", "[0:9]"];

const QUANTITY: &[&str] =
    &["1", "0", "9", "-", "+", ".", "e", "E", "Ki", "Mi", "Gi", "Ei", "m", "u", "n", "k", "M", "P", "i", "100", " "];

/// Patches: any JSON over names that mean something to one.
fn patches() -> impl Strategy<Value = Value> {
    let names = || {
        proptest::sample::select(
            &[
                "metadata",
                "spec",
                "containers",
                "name",
                "labels",
                "$patch",
                "$retainKeys",
                "$setElementOrder/containers",
                "$deleteFromPrimitiveList/finalizers",
                "finalizers",
                "ports",
                "op",
                "path",
                "value",
                "from",
                "status",
            ][..],
        )
    };
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        proptest::sample::select(
            &[
                "a",
                "b",
                "delete",
                "replace",
                "merge",
                "add",
                "test",
                "copy",
                "/spec/containers/0",
                "/",
                "/-",
                "/spec/~1",
                ""
            ][..]
        )
        .prop_map(Value::from),
    ];
    leaf.prop_recursive(5, 40, 5, move |inner| {
        prop_oneof![
            proptest::collection::vec(inner.clone(), 0..5).prop_map(Value::Array),
            proptest::collection::btree_map(names().prop_map(str::to_owned), inner, 0..5)
                .prop_map(|map| Value::Object(map.into_iter().collect())),
        ]
    })
}

/// Prints the object, and a list of it, as a format says; what comes of it does not matter.
fn print(output: &str) {
    let flags =
        OutputFlags { output, template: "", allow_missing_keys: output.len().is_multiple_of(2), no_headers: false };
    let no_file = |_: &str| Err(std::io::ErrorKind::NotFound.into());
    let Ok(format) = Format::parse(&flags, GET_FORMATS, &no_file) else { return };
    let object = std::sync::Arc::new(kstate::apimachinery::object::Object::from_value(stored()).unwrap());
    let mut out = Vec::new();
    let mut printer = Printer::new(format, false);
    let _ = printer.print(&object, "", &mut out);
    let _ = printer.print_list(&[object.clone(), object], &mut out);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn jsonpath(text in texts(JSONPATH)) {
        if let Ok(mut template) = Template::parse(&text) {
            let _ = template.execute(&stored());
            let _ = template.execute_as_json(&stored());
        }
        let _ = jsonpath::relaxed(&text);
        print(&format!("jsonpath={text}"));
        print(&format!("jsonpath-as-json={text}"));
    }

    #[test]
    fn go_templates(text in texts(GO_TEMPLATE)) {
        print(&format!("go-template={text}"));
    }

    #[test]
    fn custom_columns(text in texts(COLUMNS)) {
        print(&format!("custom-columns={text}"));
    }

    #[test]
    fn selectors(text in texts(SELECTOR)) {
        let object = stored();
        let labels = object.pointer("/metadata/labels").and_then(Value::as_object);
        if let Ok(selector) = Selector::parse(&text) {
            let _ = (selector.matches(labels), selector.matches(None));
            // What is printed means the same.
            let again = Selector::parse(&selector.to_string());
            prop_assert!(again.is_ok_and(|a| a.matches(labels) == selector.matches(labels)), "{text:?}");
        }
        if let Ok(selector) = FieldSelector::parse(&text) {
            let _ = selector.matches(|field| Some(field.to_owned()));
        }
    }

    #[test]
    fn quantities(text in texts(QUANTITY), other in texts(QUANTITY)) {
        if let (Ok(a), Ok(b)) = (Quantity::parse(&text), Quantity::parse(&other)) {
            let _ = (a.value(), a.milli_value(), a.add(&b), a.sub(&b), a.round_up_to_milli(), a.is_negative());
        }
        if let Ok(quantity) = Quantity::parse(&text) {
            let printed = quantity.to_string();
            let again = Quantity::parse(&printed).map(|q| q.to_string());
            prop_assert_eq!(again.ok(), Some(printed), "{:?}", text);
        }
    }

    #[test]
    fn patches_of_every_kind(patch in patches(), other in patches()) {
        let definition = Definition::of_kind("v1", "Pod");
        for form in [PatchType::Json, PatchType::Merge, PatchType::Strategic] {
            let _ = patch::apply(form, stored(), &patch, definition);
            let _ = patch::apply(form, other.clone(), &patch, None);
        }
        if let (Value::Object(old), Value::Object(new)) = (stored(), &patch) {
            let made = patch::merge_patch(&old, new, &old);
            let merged = patch::apply(PatchType::Merge, stored(), &Value::Object(made), None);
            prop_assert!(merged.is_ok());
            if let Some(definition) = definition {
                let _ = patch::strategic_patch(&old, new, &old, definition);
            }
        }
    }

    #[test]
    fn yaml_documents(text in "[-a:{}\\[\\]\"'#&*!|>%@\\n ,?0-9~.]{0,60}") {
        let _ = yaml::documents(&text).collect::<Vec<_>>();
    }
}
