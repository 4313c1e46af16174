//! PodDisruptionBudget: how many pods of a group may be taken away at once. Its controller keeps count.

use super::describe::{Text, View};
use super::int_or_percent;
use super::internal;
use super::plan::Plan;
use super::{Kind, Names, Trigger};
use crate::apimachinery::field::{Errors, Path};
use crate::apimachinery::names;
use crate::apimachinery::object::Object;
use crate::apimachinery::status::Status;
use crate::apimachinery::table::{Column, column};
use crate::apimachinery::time::{self, Time};
use crate::cluster::Cluster;
use serde_json::{Value, json};
use std::sync::Arc;
mod controller;

pub use controller::budgets_of_pod;
mod describe;

/// The kind.
pub struct PodDisruptionBudget;

/// The resource of budgets.
pub const RESOURCE: &str = "poddisruptionbudgets.policy";

static NAMES: Names = Names {
    group: "policy",
    api_version: "policy/v1",
    resource: RESOURCE,
    ..Names::core("PodDisruptionBudget", "poddisruptionbudgets", "poddisruptionbudget", &["pdb"])
};
static COLUMNS: [Column; 5] =
    [column("Name"), column("Min Available"), column("Max Unavailable"), column("Allowed Disruptions"), column("Age")];

impl Kind for PodDisruptionBudget {
    fn names(&self) -> &Names {
        &NAMES
    }

    fn columns(&self) -> &[Column] {
        &COLUMNS
    }

    fn cells(&self, object: &Object, now: Time) -> Vec<String> {
        let bound = |field: &str| match object.at(&format!("/spec/{field}")) {
            None => "N/A".to_owned(),
            Some(Value::String(percent)) => percent.clone(),
            Some(number) => number.to_string(),
        };
        vec![
            object.name().to_owned(),
            bound("minAvailable"),
            bound("maxUnavailable"),
            object.i64_at("/status/disruptionsAllowed").unwrap_or(0).to_string(),
            time::age(object.creation_timestamp(), now),
        ]
    }

    fn describe(&self, object: &Object, view: &View, out: &mut Text) -> Result<(), Status> {
        describe::describe(object, view, out)
    }

    fn prepare_for_create(&self, object: &mut Object) {
        object.set(
            "/status",
            json!({"currentHealthy": 0, "desiredHealthy": 0, "disruptionsAllowed": 0, "expectedPods": 0}),
        );
    }

    fn validate(&self, object: &Object) -> Errors {
        let mut errors = Errors::default();
        let spec = Path::new("spec");
        let (min, max) = (object.at("/spec/minAvailable"), object.at("/spec/maxUnavailable"));
        if min.is_some() && max.is_some() {
            let shown = internal::shown(object.at("/spec").unwrap_or(&Value::Null), internal::BUDGET_SPEC);
            errors.invalid_shown(&spec, &shown, "minAvailable and maxUnavailable cannot be both set");
        }
        for (field, value) in [("minAvailable", min), ("maxUnavailable", max)] {
            if let Some(value) = value {
                int_or_percent::validate(value, &spec.child(field), &mut errors);
                int_or_percent::validate_at_most_all(value, &spec.child(field), &mut errors);
            }
        }
        errors.append(names::validate_label_selector(object.at("/spec/selector"), &spec.child("selector")));
        let policies = ["AlwaysAllow", "IfHealthyBudget"];
        if let Some(policy) = object.at("/spec/unhealthyPodEvictionPolicy").and_then(Value::as_str)
            && !policies.contains(&policy)
        {
            errors.not_supported(&spec.child("unhealthyPodEvictionPolicy"), policy, &policies);
        }
        errors
    }

    fn has_generation(&self) -> bool {
        true
    }

    fn reconcile(&self, object: &Arc<Object>, cluster: &Cluster, now: Time) -> Result<Plan, Status> {
        controller::reconcile(object, cluster, now)
    }

    fn triggers(&self) -> &'static [Trigger] {
        &[Trigger { resource: "pods", keys: controller::budgets_of_pod }]
    }
}
