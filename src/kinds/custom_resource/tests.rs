use serde_json::json;

use super::*;
use crate::apimachinery::time;

fn definition(spec: Value) -> Object {
    let mut object = Object::new("apiextensions.k8s.io/v1", "CustomResourceDefinition", "", "shards.db.example.com");
    object.set("/spec", spec);
    object
}

fn shards(versions: Value) -> &'static [KindRef] {
    let names = json!({"plural": "shards", "singular": "shard", "kind": "Shard", "listKind": "ShardList", "shortNames": ["sh"], "categories": ["all"]});
    let definition =
        definition(json!({"group": "db.example.com", "scope": "Namespaced", "names": names, "versions": versions}));
    made(&definition, &names)
}

fn shard(spec: Value) -> Object {
    let mut object = Object::new("db.example.com/v1", "Shard", "default", "one");
    object.set("/metadata/creationTimestamp", "2026-11-22T08:00:00Z".into());
    object.set("/spec", spec);
    object
}

#[test]
fn a_kind_is_served_in_each_served_version_under_its_names() {
    let version = |name: &str, served: bool| json!({"name": name, "served": served, "storage": name == "v1", "schema": {"openAPIV3Schema": {"type": "object"}}});
    let kinds = shards(json!([version("v1beta1", true), version("v1", true), version("v1alpha1", false)]));
    let seen: Vec<&str> = kinds.iter().map(|k| k.names().api_version).collect();
    assert_eq!(seen, ["db.example.com/v1", "db.example.com/v1beta1"]);
    let names = kinds[0].names();
    assert_eq!((names.resource, names.short, names.categories), ("shards.db.example.com", &["sh"][..], &["all"][..]));
    let again = shards(json!([version("v1beta1", true), version("v1", true), version("v1alpha1", false)]));
    assert!(std::ptr::eq(kinds, again), "the same content makes the same kinds");
    let old = kinds[1].served(Arc::new(shard(json!({}))));
    assert_eq!(old.api_version(), "db.example.com/v1beta1");
}

#[test]
fn a_definition_is_served_once_it_is_established() {
    let mut definition =
        definition(json!({"group": "g.io", "names": {}, "versions": [{"name": "v1", "served": true}]}));
    assert!(versions(&Arc::new(definition.clone())).is_empty());
    definition.set(
        "/status",
        json!({"acceptedNames": {"plural": "xs"}, "conditions": [{"type": "Established", "status": "True"}]}),
    );
    assert_eq!(versions(&Arc::new(definition))[0].names().plural, "xs");
}

#[test]
fn cells_are_as_the_columns_types_say() {
    let column = |name: &str, of: &str, path: &str| json!({"name": name, "type": of, "jsonPath": path});
    let kinds = shards(json!([{
        "name": "v1", "served": true, "storage": true, "schema": {"openAPIV3Schema": {"type": "object"}},
        "additionalPrinterColumns": [
            column("Size", "integer", ".spec.size"), column("Load", "number", ".spec.load"), column("On", "boolean", ".spec.on"),
            column("Tags", "string", ".spec.tags"), column("Ready", "string", ".status.conditions[?(@.type=='Ready')].status"),
            column("Since", "date", ".metadata.creationTimestamp"), column("Bad", "date", ".spec.engine"),
            {"name": "Engine", "type": "string", "jsonPath": ".spec.engine", "priority": 1},
        ],
    }]));
    let wide: Vec<&str> = kinds[0].columns().iter().filter(|c| c.wide).map(|c| c.name.as_ref()).collect();
    assert_eq!(wide, ["Engine"]);
    let mut object = shard(json!({"size": 3, "load": 1.5, "on": true, "tags": ["a", "b"], "engine": "pg"}));
    object.set("/status", json!({"conditions": [{"type": "Ready", "status": "True"}]}));
    let now = time::parse("2026-11-22T08:05:00Z").unwrap();
    assert_eq!(
        kinds[0].cells(&object, now),
        ["one", "3", "1.5", "true", "[\"a\",\"b\"]", "True", "5m", "<invalid>", "pg"]
    );
    let empty = shard(json!({"size": "three"}));
    assert_eq!(kinds[0].cells(&empty, now), ["one", "", "", "", "", "", "5m", "", ""]);
}

#[test]
fn the_status_is_apart_only_where_the_definition_says_so() {
    let version = |subresources: Value| {
        json!([{"name": "v1", "served": true, "storage": true, "subresources": subresources,
        "schema": {"openAPIV3Schema": {"type": "object", "x-kubernetes-preserve-unknown-fields": true}}}])
    };
    for (subresources, is_apart) in [(json!({"status": {}}), true), (json!({}), false)] {
        let kind = shards(version(subresources))[0];
        let mut new = shard(json!({"size": 2}));
        new.set("/status", json!({"size": 9}));
        kind.prepare_for_create(&mut new);
        assert_eq!(new.at("/status").is_none(), is_apart);
        assert_eq!(kind.has_status(), is_apart);
    }
}

#[test]
fn replicas_are_where_the_scale_subresource_says() {
    let kind = shards(
        json!([{"name": "v1", "served": true, "storage": true, "schema": {"openAPIV3Schema": {"type": "object"}},
        "subresources": {"scale": {"specReplicasPath": ".spec.size", "statusReplicasPath": ".status.size"}}}]),
    )[0];
    assert_eq!(kind.scale().unwrap().spec_replicas, "/spec/size");
    let errors = kind.validate(&shard(json!({"size": -1})));
    assert_eq!(errors.0[0].to_string(), "spec.size: Invalid value: -1: should be a non-negative integer");
}

#[test]
fn rules_are_said_to_be_unchecked_where_the_server_says_so() {
    let schema = json!({"type": "object", "properties": {"spec": {"type": "object", "required": ["a"], "properties": {"a": {"type": "string"}},
        "x-kubernetes-validations": [{"rule": "self.a != ''"}]}}});
    let kind =
        shards(json!([{"name": "v1", "served": true, "storage": true, "schema": {"openAPIV3Schema": schema}}]))[0];
    let errors: Vec<String> = kind.validate(&shard(json!({}))).0.iter().map(ToString::to_string).collect();
    assert_eq!(
        errors,
        [
            "spec.a: Required value",
            "<nil>: Invalid value: null: some validation rules were not checked because the object was invalid; correct the existing errors to complete validation"
        ]
    );
}
