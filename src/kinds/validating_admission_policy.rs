//! ValidatingAdmissionPolicy: rules in CEL to judge objects by. Asked by the API server.

use std::sync::Arc;

use super::admission_policy;
use super::plan::{Action, Plan};
use super::{Kind, Names};
use crate::apimachinery::field::Errors;
use crate::apimachinery::object::Object;
use crate::apimachinery::status::Status;
use crate::apimachinery::table::{Column, column};
use crate::apimachinery::time::{self, Time};
use crate::cluster::Cluster;
use serde_json::json;

/// The kind.
pub struct ValidatingAdmissionPolicy;

static NAMES: Names = Names {
    group: "admissionregistration.k8s.io",
    api_version: "admissionregistration.k8s.io/v1",
    resource: "validatingadmissionpolicies.admissionregistration.k8s.io",
    categories: &["api-extensions"],
    namespaced: false,
    ..Names::core("ValidatingAdmissionPolicy", "validatingadmissionpolicies", "validatingadmissionpolicy", &[])
};
static COLUMNS: [Column; 4] = [column("Name"), column("Validations"), column("ParamKind"), column("Age")];

impl Kind for ValidatingAdmissionPolicy {
    fn names(&self) -> &Names {
        &NAMES
    }

    fn columns(&self) -> &[Column] {
        &COLUMNS
    }

    fn finalizers_need_domain(&self) -> bool {
        false
    }

    fn cells(&self, object: &Object, now: Time) -> Vec<String> {
        vec![
            object.name().to_owned(),
            object.list_at("/spec/validations").len().to_string(),
            admission_policy::param_kind(object),
            time::age(object.creation_timestamp(), now),
        ]
    }

    fn prepare_for_create(&self, object: &mut Object) {
        object.set("/status", json!({}));
    }

    fn set_defaults(&self, object: &mut Object) {
        admission_policy::set_defaults(object);
    }

    fn validate(&self, object: &Object) -> Errors {
        admission_policy::validate(object, "validations")
    }

    /// As the controller of policies' statuses: expressions' types are not checked, so there is nothing to warn of.
    fn reconcile(&self, object: &Arc<Object>, _cluster: &Cluster, _now: Time) -> Result<Plan, Status> {
        let mut plan = Plan::default();
        if object.i64_at("/status/observedGeneration") != Some(object.generation()) {
            let mut new = Object::clone(object);
            new.set("/status/observedGeneration", object.generation().into());
            new.set("/status/typeChecking", json!({}));
            plan.push(Action::UpdateStatus(new));
        }
        Ok(plan)
    }

    fn has_generation(&self) -> bool {
        true
    }
}
