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
        let of = object.str_at("/spec/type");
        if (object.name() == "exempt") != (of == "Exempt") {
            errors.invalid(&spec.child("type"), of, "type must be 'Exempt' if and only if name is 'exempt'");
        }
        match of {
            "Exempt" if object.at("/spec/limited").is_some() => {
                errors.forbidden(&spec.child("limited"), "must be nil if the type is not Limited");
            }
            "Limited" if object.at("/spec/exempt").is_some() => {
                errors.forbidden(&spec.child("exempt"), "must be nil if the type is Limited");
            }
            "Limited" if object.at("/spec/limited").is_none() => {
                errors.required(&spec.child("limited"), "must not be empty when type is Limited");
            }
            "Limited" => validate_limited(object, &spec.child("limited"), &mut errors),
            "Exempt" => {}
            other => errors.not_supported(&spec.child("type"), other, &["Exempt", "Limited"]),
        }
        errors
    }

    fn has_generation(&self) -> bool {
        true
    }
}

/// How much of the server a level may have, and what becomes of requests beyond that.
fn validate_limited(object: &Object, path: &Path, errors: &mut Errors) {
    let number = |field: &str| object.i64_at(&format!("/spec/limited/{field}"));
    if let Some(shares) = number("nominalConcurrencyShares").filter(|n| *n < 0) {
        errors.invalid(&path.child("nominalConcurrencyShares"), shares, "must be a non-negative integer");
    }
    if let Some(percent) = number("lendablePercent").filter(|n| !(0..=100).contains(n)) {
        errors.invalid(&path.child("lendablePercent"), percent, "must be between 0 and 100, inclusive");
    }
    if let Some(percent) = number("borrowingLimitPercent").filter(|n| *n < 0) {
        let why = "if specified, must be a non-negative integer";
        errors.invalid(&path.child("borrowingLimitPercent"), percent, why);
    }
    let path = path.child("limitResponse");
    let queuing = path.child("queuing");
    let has_queues = object.at("/spec/limited/limitResponse/queuing").is_some();
    // Both messages say `Limited` where they mean `Queue`.
    match object.str_at("/spec/limited/limitResponse/type") {
        "Reject" if has_queues => {
            errors.forbidden(&queuing, "must be nil if limited.limitResponse.type is not Limited");
        }
        "Queue" if !has_queues => {
            errors.required(&queuing, "must not be empty if limited.limitResponse.type is Limited");
        }
        "Queue" => validate_queues(object, &queuing, errors),
        "Reject" => {}
        other => errors.not_supported(&path.child("type"), other, &["Queue", "Reject"]),
    }
}

fn validate_queues(object: &Object, path: &Path, errors: &mut Errors) {
    const MOST: i64 = 10_000_000;
    let number = |field: &str| object.i64_at(&format!("/spec/limited/limitResponse/queuing/{field}")).unwrap_or(0);
    let (length, queues, hand) = (number("queueLengthLimit"), number("queues"), number("handSize"));
    if length <= 0 {
        errors.invalid(&path.child("queueLengthLimit"), length, "must be positive");
    }
    if queues <= 0 {
        errors.invalid(&path.child("queues"), queues, "must be positive");
    } else if queues > MOST {
        errors.invalid(&path.child("queues"), queues, &format!("must not be greater than {MOST}"));
    }
    if hand <= 0 {
        errors.invalid(&path.child("handSize"), hand, "must be positive");
    } else if hand > queues {
        errors.invalid(&path.child("handSize"), hand, &format!("should not be greater than queues ({queues})"));
    }
}
