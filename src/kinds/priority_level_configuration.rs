//! PriorityLevelConfiguration: how many requests of a level are served at once. Stored, not enforced.

use super::{Kind, Names};
use crate::apimachinery::field::{Errors, Path};
use crate::apimachinery::object::Object;
use crate::apimachinery::table::{Column, column};
use crate::apimachinery::time::{self, Time};
use serde_json::json;

/// The kind.
pub struct PriorityLevelConfiguration;

static NAMES: Names = Names {
    group: "flowcontrol.apiserver.k8s.io",
    api_version: "flowcontrol.apiserver.k8s.io/v1",
    resource: "prioritylevelconfigurations.flowcontrol.apiserver.k8s.io",
    namespaced: false,
    ..Names::core("PriorityLevelConfiguration", "prioritylevelconfigurations", "prioritylevelconfiguration", &[])
};
static COLUMNS: [Column; 7] = [
    column("Name"),
    column("Type"),
    column("NominalConcurrencyShares"),
    column("Queues"),
    column("HandSize"),
    column("QueueLengthLimit"),
    column("Age"),
];

impl Kind for PriorityLevelConfiguration {
    fn names(&self) -> &Names {
        &NAMES
    }

    fn columns(&self) -> &[Column] {
        &COLUMNS
    }

    fn cells(&self, object: &Object, now: Time) -> Vec<String> {
        let number = |pointer: &str| object.i64_at(pointer).map_or("<none>".to_owned(), |n| n.to_string());
        let queuing = |field: &str| number(&format!("/spec/limited/limitResponse/queuing/{field}"));
        let shares = if object.str_at("/spec/type") == "Exempt" { "exempt" } else { "limited" };
        vec![
            object.name().to_owned(),
            object.str_at("/spec/type").to_owned(),
            number(&format!("/spec/{shares}/nominalConcurrencyShares")),
            queuing("queues"),
            queuing("handSize"),
            queuing("queueLengthLimit"),
            time::age(object.creation_timestamp(), now),
        ]
    }

    fn prepare_for_create(&self, object: &mut Object) {
        object.set("/status", json!({}));
    }

    fn set_defaults(&self, object: &mut Object) {
        match object.str_at("/spec/type") {
            "Exempt" => {
                object.set_default("/spec/exempt/nominalConcurrencyShares", 0);
                object.set_default("/spec/exempt/lendablePercent", 0);
            }
            "Limited" => {
                object.set_default("/spec/limited/nominalConcurrencyShares", 30);
                object.set_default("/spec/limited/lendablePercent", 0);
                if object.at("/spec/limited/limitResponse/queuing").is_some() {
                    object.set_default("/spec/limited/limitResponse/queuing/handSize", 8);
                    object.set_default("/spec/limited/limitResponse/queuing/queues", 64);
                    object.set_default("/spec/limited/limitResponse/queuing/queueLengthLimit", 50);
                }
            }
            _ => {}
        }
    }

    fn validate(&self, object: &Object) -> Errors {
        let mut errors = Errors::default();
        let spec = Path::new("spec");
        match object.str_at("/spec/type") {
            "Exempt" if object.at("/spec/limited").is_some() => {
                errors.forbidden(&spec.child("limited"), "must be nil if the type is not Limited");
            }
            "Limited" if object.at("/spec/exempt").is_some() => {
                errors.forbidden(&spec.child("exempt"), "must be nil if the type is Limited");
            }
            "Limited" if object.at("/spec/limited").is_none() => {
                errors.required(&spec.child("limited"), "must not be empty when type is Limited");
            }
            "Exempt" | "Limited" => {}
            other => errors.not_supported(&spec.child("type"), other, &["Exempt", "Limited"]),
        }
        errors
    }

    fn has_generation(&self) -> bool {
        true
    }
}
