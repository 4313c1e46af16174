//! What Go's decoder says of a kustomization whose fields are of other types than they should be. Knows types, no meaning.

use serde_json::Value;

use crate::apimachinery::go_value::json_kind;

/// What a field holds, in Go's terms.
enum Type {
    Text,
    Bool,
    Int,
    /// Texts by name.
    Texts,
    List(&'static Type),
    Struct(&'static str, &'static [(&'static str, Type)]),
    /// Nothing that is looked at here.
    Any,
}

use Type::{Any, Bool, Int, List, Struct, Text, Texts};

static OPTIONS: [(&str, Type); 4] =
    [("labels", Texts), ("annotations", Texts), ("disableNameSuffixHash", Bool), ("immutable", Bool)];

static GENERATOR: Type = Struct(
    "GeneratorArgs",
    &[
        ("name", Text),
        ("namespace", Text),
        ("behavior", Text),
        ("type", Text),
        ("literals", List(&Text)),
        ("files", List(&Text)),
        ("envs", List(&Text)),
        ("env", Text),
        ("options", Struct("GeneratorOptions", &OPTIONS)),
    ],
);

static LABEL: Type =
    Struct("Label", &[("pairs", Texts), ("includeSelectors", Bool), ("includeTemplates", Bool), ("fields", Any)]);

static IMAGE: Type =
    Struct("Image", &[("name", Text), ("newName", Text), ("tagSuffix", Text), ("newTag", Text), ("digest", Text)]);

static PATCH: Type = Struct("Patch", &[("path", Text), ("patch", Text), ("target", Any), ("options", Any)]);

static KUSTOMIZATION: Type = Struct(
    "Kustomization",
    &[
        ("kind", Text),
        ("apiVersion", Text),
        ("namePrefix", Text),
        ("nameSuffix", Text),
        ("namespace", Text),
        ("commonLabels", Texts),
        ("labels", List(&LABEL)),
        ("commonAnnotations", Texts),
        ("patchesStrategicMerge", List(&Text)),
        ("patchesJson6902", List(&PATCH)),
        ("patches", List(&PATCH)),
        ("images", List(&IMAGE)),
        ("replicas", List(&Struct("Replica", &[("name", Text), ("count", Int)]))),
        ("resources", List(&Text)),
        ("components", List(&Text)),
        ("bases", List(&Text)),
        ("configMapGenerator", List(&GENERATOR)),
        ("secretGenerator", List(&GENERATOR)),
        ("generatorOptions", Struct("GeneratorOptions", &OPTIONS)),
        ("buildMetadata", List(&Text)),
        ("openapi", Texts),
        ("configurations", List(&Text)),
        ("crds", List(&Text)),
    ],
);

/// The first value that does not fit, as `encoding/json` tells of it; `None` where all do.
pub fn problem(document: &Value) -> Option<String> {
    find(document, &KUSTOMIZATION, "Kustomization", "")
}

fn find(value: &Value, of: &Type, owner: &str, path: &str) -> Option<String> {
    let wrong = |go: &str| {
        Some(format!("json: cannot unmarshal {} into Go struct field {owner}.{path} of type {go}", json_kind(value)))
    };
    match (of, value) {
        (Any, _) | (_, Value::Null) | (Text, Value::String(_)) | (Bool, Value::Bool(_)) => None,
        (Int, Value::Number(number)) if number.is_i64() => None,
        (Int, Value::Number(number)) => {
            Some(format!("json: cannot unmarshal number {number} into Go struct field {owner}.{path} of type int64"))
        }
        (Texts, Value::Object(map)) => map.values().find_map(|v| find(v, &Text, owner, path)),
        (List(item), Value::Array(items)) => items.iter().find_map(|v| find(v, item, owner, path)),
        (Struct(name, fields), Value::Object(map)) => fields.iter().find_map(|(field, of)| {
            let path = if path.is_empty() { (*field).to_owned() } else { format!("{path}.{field}") };
            find(map.get(*field)?, of, name, &path)
        }),
        (Text, _) => wrong("string"),
        (Bool, _) => wrong("bool"),
        (Int, _) => wrong("int64"),
        (Texts, _) => wrong("map[string]string"),
        (List(item), _) => wrong(&format!("[]{}", go_name(item))),
        (Struct(name, _), _) => wrong(&format!("types.{name}")),
    }
}

fn go_name(of: &Type) -> String {
    match of {
        Text => "string".to_owned(),
        Struct(name, _) => format!("types.{name}"),
        _ => "interface {}".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn values_of_other_types_are_told_of_as_gos_decoder_does() {
        // From `kubectl kustomize` of these.
        let cases = [
            (
                json!({"labels": [{"pairs": {"x": true}}]}),
                "json: cannot unmarshal bool into Go struct field Label.labels.pairs of type string",
            ),
            (
                json!({"commonLabels": {"x": true}}),
                "json: cannot unmarshal bool into Go struct field Kustomization.commonLabels of type string",
            ),
            (
                json!({"images": [{"name": "a", "newTag": 1.5}]}),
                "json: cannot unmarshal number into Go struct field Image.images.newTag of type string",
            ),
        ];
        for (document, want) in cases {
            assert_eq!(problem(&document).as_deref(), Some(want));
        }
        assert_eq!(problem(&json!({"resources": ["a"], "replicas": [{"name": "x", "count": 3}]})), None);
    }
}
