//! FlowSchema: which requests share a priority level. Stored, not enforced.

use super::pod::Fields;
use super::{Kind, Names};
use crate::apimachinery::field::{Errors, Path};
use crate::apimachinery::names;
use crate::apimachinery::object::Object;
use crate::apimachinery::table::{Column, column};
use crate::apimachinery::time::{self, Time};
use serde_json::json;

mod rules;

/// The kind.
pub struct FlowSchema;

static NAMES: Names = Names {
    group: "flowcontrol.apiserver.k8s.io",
    api_version: "flowcontrol.apiserver.k8s.io/v1",
    resource: "flowschemas.flowcontrol.apiserver.k8s.io",
    namespaced: false,
    ..Names::core("FlowSchema", "flowschemas", "flowschema", &[])
};
static COLUMNS: [Column; 6] = [
    column("Name"),
    column("PriorityLevel"),
    column("MatchingPrecedence"),
    column("DistinguisherMethod"),
    column("Age"),
    column("MissingPL"),
];

impl Kind for FlowSchema {
    fn names(&self) -> &Names {
        &NAMES
    }

    fn columns(&self) -> &[Column] {
        &COLUMNS
    }

    fn cells(&self, object: &Object, now: Time) -> Vec<String> {
        let distinguisher = match object.str_at("/spec/distinguisherMethod/type") {
            "" => "<none>".to_owned(),
            method => method.to_owned(),
        };
        let dangling = object.list_at("/status/conditions").iter().find(|c| c.text("type") == "Dangling");
        vec![
            object.name().to_owned(),
            object.str_at("/spec/priorityLevelConfiguration/name").to_owned(),
            object.i64_at("/spec/matchingPrecedence").unwrap_or(0).to_string(),
            distinguisher,
            time::age(object.creation_timestamp(), now),
            dangling.map_or("?", |c| c.text("status")).to_owned(),
        ]
    }

    fn prepare_for_create(&self, object: &mut Object) {
        object.set("/status", json!({}));
    }

    fn set_defaults(&self, object: &mut Object) {
        if object.i64_at("/spec/matchingPrecedence").unwrap_or(0) == 0 {
            object.set("/spec/matchingPrecedence", 1000.into());
        }
    }

    fn validate(&self, object: &Object) -> Errors {
        let mut errors = Errors::default();
        let spec = Path::new("spec");
        let precedence = object.i64_at("/spec/matchingPrecedence").unwrap_or(0);
        let path = spec.child("matchingPrecedence");
        if precedence <= 0 {
            errors.invalid(&path, precedence, "must be a positive value");
        } else if precedence > 10_000 {
            errors.invalid(&path, precedence, "must not be greater than 10000");
        } else if precedence == 1 && object.name() != "exempt" {
            errors.invalid(&path, precedence, "only the schema named 'exempt' may have matchingPrecedence 1");
        }
        if let Some(method) = object.at("/spec/distinguisherMethod")
            && !["ByNamespace", "ByUser"].contains(&method.text("type"))
        {
            let path = spec.child("distinguisherMethod").child("type");
            let shown = format!("{{\"Type\":{:?}}}", method.text("type"));
            errors.not_supported_shown(&path, &shown, &["ByNamespace", "ByUser"]);
        }
        let level = object.str_at("/spec/priorityLevelConfiguration/name");
        let path = spec.child("priorityLevelConfiguration").child("name");
        if level.is_empty() {
            errors.required(&path, "must reference a priority level");
        } else {
            for problem in names::name_is_dns_subdomain(level, false) {
                errors.invalid(&path, level, &problem);
            }
        }
        for (i, rule) in object.list_at("/spec/rules").iter().enumerate() {
            rules::validate(rule, &spec.child("rules").index(i), &mut errors);
        }
        errors
    }

    fn has_generation(&self) -> bool {
        true
    }
}
