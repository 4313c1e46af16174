use serde_json::json;

use super::*;
use crate::apimachinery::field::Errors;
use crate::apimachinery::field::Path;

fn object(value: Value) -> Fields {
    value.as_object().unwrap().clone()
}

fn spec(properties: Value) -> Structural {
    Structural::parse(&json!({"type": "object", "properties": {"spec": {"type": "object", "properties": properties}}}))
}

fn errors(properties: Value, value: Value) -> Vec<String> {
    let schema = spec(properties);
    let object = json!({"spec": value});
    let mut errors = validate(&object, None, &schema);
    errors.append(duplicates(object.as_object().unwrap(), &schema));
    errors.0.iter().map(ToString::to_string).collect()
}

#[test]
fn values_are_refused_in_the_servers_words() {
    let cases = [
        (
            json!({"x": {"type": "integer"}}),
            json!({"x": "a"}),
            "spec.x: Invalid value: \"string\": spec.x in body must be of type integer: \"string\"",
        ),
        (
            json!({"x": {"type": "integer"}}),
            json!({"x": 1.5}),
            "spec.x: Invalid value: \"number\": spec.x in body must be of type integer: \"number\"",
        ),
        (
            json!({"x": {"type": "string"}}),
            json!({"x": null}),
            "spec.x: Invalid value: \"null\": spec.x in body must be of type string: \"null\"",
        ),
        (
            json!({"x": {"x-kubernetes-int-or-string": true}}),
            json!({"x": true}),
            "spec.x: Invalid value: \"boolean\": spec.x in body must be of type integer,string: \"boolean\"",
        ),
        (
            json!({"x": {"type": "integer", "maximum": 9}}),
            json!({"x": 50}),
            "spec.x: Invalid value: 50: spec.x in body should be less than or equal to 9",
        ),
        (
            json!({"x": {"type": "number", "minimum": 0.5, "exclusiveMinimum": true}}),
            json!({"x": 0.5}),
            "spec.x: Invalid value: 0.5: spec.x in body should be greater than 0.5",
        ),
        (
            json!({"x": {"type": "integer", "multipleOf": 5}}),
            json!({"x": 7}),
            "spec.x: Invalid value: 7: spec.x in body should be a multiple of 5",
        ),
        (
            json!({"x": {"type": "string", "enum": ["a", "b"]}}),
            json!({"x": "c"}),
            "spec.x: Unsupported value: \"c\": supported values: \"a\", \"b\"",
        ),
        (
            json!({"x": {"type": "string", "pattern": "^a+$"}}),
            json!({"x": "b"}),
            "spec.x: Invalid value: \"b\": spec.x in body should match '^a+$'",
        ),
        (
            json!({"x": {"type": "string", "minLength": 3}}),
            json!({"x": "äö"}),
            "spec.x: Invalid value: \"äö\": spec.x in body should be at least 3 chars long",
        ),
        (
            json!({"x": {"type": "string", "maxLength": 1}}),
            json!({"x": "ab"}),
            "spec.x: Too long: may not be more than 1 byte",
        ),
        (
            json!({"x": {"type": "string", "format": "date-time"}}),
            json!({"x": "soon"}),
            "spec.x: Invalid value: \"soon\": spec.x in body must be of type date-time: \"soon\"",
        ),
        (
            json!({"x": {"type": "array", "items": {"type": "string"}, "maxItems": 1}}),
            json!({"x": ["a", "b"]}),
            "spec.x: Too many: 2: must have at most 1 item",
        ),
        (
            json!({"x": {"type": "array", "items": {"type": "string"}, "minItems": 1}}),
            json!({"x": []}),
            "spec.x: Invalid value: 0: spec.x in body should have at least 1 items",
        ),
        (
            json!({"x": {"type": "array", "items": {"type": "string"}}}),
            json!({"x": ["a", 1]}),
            "spec.x[1]: Invalid value: \"integer\": spec.x[1] in body must be of type string: \"integer\"",
        ),
        (
            json!({"x": {"type": "object", "required": ["y"], "properties": {"y": {"type": "string"}}}}),
            json!({"x": {}}),
            "spec.x.y: Required value",
        ),
        (
            json!({"x": {"type": "object", "additionalProperties": {"type": "integer"}}}),
            json!({"x": {"k": "v"}}),
            "spec.x.k: Invalid value: \"string\": spec.x.k in body must be of type integer: \"string\"",
        ),
        (
            json!({"x": {"type": "array", "x-kubernetes-list-type": "set", "items": {"type": "string"}}}),
            json!({"x": ["a", "a"]}),
            "spec.x[1]: Duplicate value: \"a\"",
        ),
        (
            json!({"x": {"type": "array", "x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": ["n"], "items": {"type": "object", "properties": {"n": {"type": "string"}}}}}),
            json!({"x": [{"n": "a", "v": 1}, {"n": "a"}]}),
            "spec.x[1]: Duplicate value: {\"n\":\"a\"}",
        ),
    ];
    for (schema, value, want) in cases {
        assert_eq!(errors(schema, value), [want]);
    }
}

#[test]
fn alternatives_are_reported_about_the_whole() {
    let schema = json!({"x": {"type": "object", "properties": {"a": {"type": "string"}, "b": {"type": "string"}},
        "oneOf": [{"required": ["a"]}, {"required": ["b"]}]}});
    assert_eq!(errors(schema.clone(), json!({"x": {"a": "1"}})), [""; 0]);
    assert_eq!(
        errors(schema.clone(), json!({"x": {}})),
        [
            "<nil>: Invalid value: \"\": \"spec.x\" must validate one and only one schema (oneOf). Found none valid",
            "spec.x.a: Required value"
        ]
    );
    assert_eq!(
        errors(schema, json!({"x": {"a": "1", "b": "2"}})),
        [
            "<nil>: Invalid value: \"\": \"spec.x\" must validate one and only one schema (oneOf). Found 2 valid alternatives"
        ]
    );
}

#[test]
fn what_the_schema_does_not_have_is_pruned() {
    let schema = spec(json!({
        "known": {"type": "string"},
        "free": {"type": "object", "x-kubernetes-preserve-unknown-fields": true, "properties": {"in": {"type": "object", "properties": {}}}},
        "map": {"type": "object", "additionalProperties": {"type": "string"}},
        "list": {"type": "array", "items": {"type": "object", "properties": {"n": {"type": "string"}}}},
        "pod": {"type": "object", "x-kubernetes-embedded-resource": true, "properties": {"spec": {"type": "object"}}},
    }));
    let mut it = object(json!({
        "apiVersion": "g/v1", "kind": "K", "metadata": {"name": "n"}, "top": 1,
        "spec": {
            "known": "k", "color": "red",
            "free": {"any": {"thing": 1}, "in": {"x": 1}},
            "map": {"k": "v"},
            "list": [{"n": "a", "m": "b"}],
            "pod": {"kind": "Pod", "metadata": {"name": "p"}, "status": {}},
        },
    }));
    let pruned = prune(&mut it, &schema);
    assert_eq!(pruned.unknown, ["spec.color", "spec.free.in.x", "spec.list[0].m", "spec.pod.status", "top"]);
    assert_eq!(
        Value::Object(it),
        json!({
            "apiVersion": "g/v1", "kind": "K", "metadata": {"name": "n"},
            "spec": {
                "known": "k", "free": {"any": {"thing": 1}, "in": {}}, "map": {"k": "v"}, "list": [{"n": "a"}],
                "pod": {"kind": "Pod", "metadata": {"name": "p"}},
            },
        })
    );
}

#[test]
fn defaults_are_filled_in_from_the_outside() {
    let schema = spec(json!({
        "a": {"type": "object", "default": {}, "properties": {"b": {"type": "integer", "default": 1}}},
        "n": {"type": "string", "nullable": true, "default": "x"},
        "z": {"type": "string"},
        "l": {"type": "array", "items": {"type": "object", "properties": {"p": {"type": "string", "default": "TCP"}}}},
    }));
    let mut it = object(json!({"spec": {"n": null, "z": null, "l": [{}, {"p": "UDP"}]}}));
    fill(&mut it, &schema);
    let want = json!({"spec": {"a": {"b": 1}, "n": null, "l": [{"p": "TCP"}, {"p": "UDP"}]}});
    assert_eq!(Value::Object(it), want);
}

#[test]
fn schemas_have_to_be_structural() {
    let problems =
        |schema: Value| -> Vec<String> { check(&schema, &Path::new("s")).0.iter().map(ToString::to_string).collect() };
    let object = |properties: Value| json!({"type": "object", "properties": properties});
    assert_eq!(problems(object(json!({"spec": {"type": "object"}}))), [""; 0]);
    assert_eq!(problems(json!({})), ["s.type: Required value: must not be empty at the root"]);
    assert_eq!(
        problems(object(json!({"x": {}, "l": {"type": "array"}}))),
        [
            "s.properties[l].items: Required value: must be specified",
            "s.properties[x].type: Required value: must not be empty for specified object fields"
        ]
    );
    assert_eq!(
        problems(object(json!({"x": {"type": "string", "anyOf": [{"type": "string"}]}}))),
        ["s.properties[x].anyOf[0].type: Forbidden: must be empty to be structural"]
    );
    assert_eq!(
        problems(object(json!({"x": {"type": "object", "oneOf": [{"properties": {"y": {"enum": ["a"]}}}]}}))),
        [
            "s.properties[x].properties[y]: Required value: because it is defined in s.properties[x].oneOf[0].properties[y]"
        ]
    );
    let int_or_string =
        json!({"x": {"x-kubernetes-int-or-string": true, "anyOf": [{"type": "integer"}, {"type": "string"}]}});
    assert_eq!(problems(object(int_or_string)), [""; 0]);
    assert_eq!(
        problems(object(json!({"x": {"type": "text"}}))),
        [
            "s.properties[x].type: Unsupported value: \"text\": supported values: \"array\", \"boolean\", \"integer\", \"number\", \"object\", \"string\""
        ]
    );
}

#[test]
fn each_node_is_looked_at() {
    let problems = |properties: Value| -> Vec<String> {
        let schema = json!({"type": "object", "properties": properties});
        check(&schema, &Path::new("s")).0.iter().map(ToString::to_string).collect()
    };
    let list = |keys: Value, items: Value| json!({"l": {"type": "array", "x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": keys, "items": items}});
    let item = json!({"type": "object", "required": ["a"], "properties": {"a": {"type": "string"}, "b": {"type": "string", "default": "x"}}});
    assert_eq!(problems(list(json!(["a", "b"]), item)), [""; 0]);
    let item = json!({"type": "object", "nullable": true, "properties": {"a": {"type": "object", "nullable": true}}});
    assert_eq!(
        problems(list(json!(["a", "a"]), item)),
        [
            "s.properties[l].items.properties[a].type: Invalid value: \"object\": must be a scalar type if parent array's x-kubernetes-list-type is map",
            "s.properties[l].items.properties[a].type: Invalid value: \"object\": must be a scalar type if parent array's x-kubernetes-list-type is map",
            "s.properties[l].x-kubernetes-list-map-keys: Invalid value: [\"a\",\"a\"]: must not contain duplicate entries",
            "s.properties[l].items.nullable: Forbidden: cannot be nullable when x-kubernetes-list-type is map",
            "s.properties[l].items.properties[a].default: Required value: this property is in x-kubernetes-list-map-keys, so it must have a default or be a required property",
            "s.properties[l].items.properties[a].nullable: Forbidden: this property is in x-kubernetes-list-map-keys, so it cannot be nullable",
            "s.properties[l].items.properties[a].default: Required value: this property is in x-kubernetes-list-map-keys, so it must have a default or be a required property",
            "s.properties[l].items.properties[a].nullable: Forbidden: this property is in x-kubernetes-list-map-keys, so it cannot be nullable",
        ]
    );
    assert_eq!(
        problems(json!({"metadata": {"type": "object", "properties": {"name": {"type": "string", "default": "x"}}}})),
        ["s.properties[metadata].properties[name].default: Forbidden: must not be set in top-level metadata"]
    );
    assert_eq!(
        problems(json!({"x": {"type": "array", "items": [{"type": "string"}]}})),
        ["s.properties[x].items: Forbidden: items must be a schema object and not an array"]
    );
}

mod hostile {
    use super::*;
    use proptest::prelude::*;

    /// Anything that could stand where a schema or a value should.
    fn anything() -> impl Strategy<Value = Value> {
        let keys = prop::sample::select(vec![
            "type",
            "properties",
            "items",
            "additionalProperties",
            "default",
            "enum",
            "pattern",
            "minimum",
            "maxLength",
            "required",
            "anyOf",
            "oneOf",
            "allOf",
            "not",
            "nullable",
            "format",
            "x-kubernetes-list-type",
            "x-kubernetes-list-map-keys",
            "x-kubernetes-int-or-string",
            "x-kubernetes-embedded-resource",
            "x-kubernetes-preserve-unknown-fields",
            "multipleOf",
            "spec",
            "metadata",
            "a",
        ]);
        let words = prop::sample::select(vec![
            "object",
            "array",
            "string",
            "integer",
            "number",
            "map",
            "set",
            "(",
            "a{9999}{9999}",
            "^x$",
            "date-time",
            "duration",
            "cidr",
            "spec",
            "a",
            "",
            "é",
        ]);
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::from),
            any::<i64>().prop_map(Value::from),
            any::<f64>().prop_map(|f| json!(f)),
            words.prop_map(Value::from),
        ];
        leaf.prop_recursive(6, 64, 6, move |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..5).prop_map(Value::from),
                prop::collection::btree_map(keys.clone().prop_map(str::to_owned), inner, 0..6)
                    .prop_map(|map| Value::Object(map.into_iter().collect())),
            ]
        })
    }

    proptest! {
        #[test]
        fn no_schema_and_no_object_panics(schema in anything(), value in anything()) {
            let _ = check(&schema, &Path::new("s"));
            let schema = Structural::parse(&schema);
            let mut it = match value {
                Value::Object(map) => map,
                other => object(json!({"spec": other})),
            };
            prune(&mut it, &schema);
            fill(&mut it, &schema);
            let mut again = it.clone();
            fill(&mut again, &schema);
            prop_assert_eq!(&again, &it, "filling in twice is filling in once");
            let _ = validate(&Value::Object(it.clone()), None, &schema);
            let _ = duplicates(&it, &schema);
        }
    }

    #[test]
    fn a_schema_as_deep_as_one_likes_is_read() {
        let mut schema = json!({"type": "string"});
        for _ in 0..500 {
            let mut properties = Map::new();
            properties.insert("a".to_owned(), schema);
            let mut next = Map::new();
            next.insert("type".to_owned(), "object".into());
            next.insert("properties".to_owned(), Value::Object(properties));
            schema = Value::Object(next);
        }
        let _ = check(&schema, &Path::new("s"));
    }
}

#[test]
fn rules_are_checked_where_they_stand() {
    let schema = Structural::parse(&json!({"type": "object", "properties": {"spec": {
        "type": "object",
        "x-kubernetes-validations": [
            {"rule": "self.min <= self.max", "message": "min is larger than max"},
            {"rule": "self.max < 100", "messageExpression": "'max is ' + string(self.max)", "fieldPath": ".max", "reason": "FieldValueForbidden"},
            {"rule": "self.missing == 1"},
            {"rule": "semver('1.0.0').major() > self.max"},
            {"rule": "this is no rule"},
        ],
        "properties": {
            "min": {"type": "integer"}, "max": {"type": "integer"}, "missing": {"type": "integer"},
            "name": {"type": "string", "x-kubernetes-validations": [{"rule": "self == oldSelf", "message": " name is immutable "}]},
            "tags": {"type": "object", "additionalProperties": {"type": "string", "x-kubernetes-validations": [{"rule": "self != ''"}]}},
            "parts": {
                "type": "array", "x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": ["id"],
                "items": {"type": "object", "properties": {"id": {"type": "string"}, "size": {
                    "type": "integer", "x-kubernetes-validations": [{"rule": "self >= oldSelf", "message": "may not shrink"}]}}},
            },
        },
    }}, "x-kubernetes-validations": [{"rule": "has(self.spec)", "message": "spec is needed"}]}));
    let texts = |errors: Errors| -> Vec<String> { errors.0.iter().map(ToString::to_string).collect() };
    let good = json!({"spec": {"min": 1, "max": 2, "missing": 1, "name": "a", "parts": [{"id": "x", "size": 2}]}});
    assert_eq!(texts(check_rules(&good, None, &schema).errors), [""; 0]);
    assert_eq!(texts(check_rules(&json!({}), None, &schema).errors), ["<nil>: Invalid value: spec is needed"]);
    let bad = json!({"spec": {"min": 300, "max": 200, "tags": {"a": ""}}});
    assert_eq!(
        texts(check_rules(&bad, None, &schema).errors),
        [
            "spec: Invalid value: min is larger than max",
            "spec.max: Forbidden: max is 200",
            "spec: Invalid value: \"object\": no such key: missing evaluating rule: self.missing == 1",
            "spec.tags[a]: Invalid value: \"\": failed rule: self != ''",
        ]
    );
    let changed = json!({"spec": {"min": 1, "max": 2, "missing": 1, "name": "b", "parts": [{"id": "y", "size": 1}, {"id": "x", "size": 1}]}});
    assert_eq!(
        texts(check_rules(&changed, Some(&good), &schema).errors),
        ["spec.name: Invalid value: \"b\": name is immutable", "spec.parts[1].size: Invalid value: 1: may not shrink",]
    );
    let again = json!({"spec": {"min": 3, "max": 2, "missing": 1, "tags": {"a": ""}}});
    let touched = json!({"metadata": {}, "spec": {"min": 4, "max": 2, "missing": 1, "tags": {"a": ""}}});
    let checked = check_rules(&touched, Some(&again), &schema);
    assert_eq!(texts(checked.errors), ["spec: Invalid value: min is larger than max"]);
    assert_eq!(texts(checked.tolerated), ["spec.tags[a]: Invalid value: \"\": failed rule: self != ''"]);
}

#[test]
fn what_was_wrong_may_stay() {
    let schema = Structural::parse(&json!({"type": "object", "properties": {
        "a": {"type": "integer", "maximum": 3}, "b": {"type": "array", "items": {"type": "integer", "maximum": 3}},
    }}));
    let old = json!({"a": 5, "b": [5]});
    let errors = |new: Value| validate(&new, Some(&old), &schema).0.len();
    assert_eq!((errors(json!({"a": 5, "b": [5], "c": 1})), errors(json!({"a": 6, "b": [5, 5]}))), (0, 3));
}

#[test]
fn what_a_rule_may_be() {
    let checked = |rule: Value| -> Vec<String> {
        let schema = json!({"type": "object", "x-kubernetes-validations": [rule], "properties": {
            "a": {"type": "object", "properties": {"b-c": {"type": "string"}}},
            "m": {"type": "object", "additionalProperties": {"type": "string"}}}});
        check(&schema, &Path::new("s")).0.iter().map(ToString::to_string).collect()
    };
    for path in [".a", ".a['b-c']", ".a.b-c", ".m.x", ".m['y z']"] {
        assert_eq!(checked(json!({"rule": "true", "fieldPath": path})), [""; 0], "{path}");
    }
    assert_eq!(
        checked(json!({"rule": "true", "fieldPath": ".a.x"})),
        ["s.x-kubernetes-validations[0].fieldPath: Invalid value: \".a.x\": must be a valid path"]
    );
    assert_eq!(
        checked(json!({"rule": " ", "message": "m"})),
        ["s.x-kubernetes-validations[0].rule: Required value: rule is not specified"]
    );
    assert_eq!(
        checked(json!({"rule": "a\nb"})),
        [
            "s.x-kubernetes-validations[0].message: Required value: message must be specified if rule contains line breaks"
        ]
    );
    assert_eq!(
        checked(json!({"rule": "true", "reason": "No", "messageExpression": " "})),
        [
            "s.x-kubernetes-validations[0].messageExpression: Required value: messageExpression must be non-empty if specified",
            "s.x-kubernetes-validations[0].reason: Unsupported value: \"No\": supported values: \"FieldValueDuplicate\", \"FieldValueForbidden\", \"FieldValueInvalid\", \"FieldValueRequired\"",
        ]
    );
}
