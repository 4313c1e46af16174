//! MutatingAdmissionPolicyBinding: where a MutatingAdmissionPolicy holds. Asked by the API server.

use super::admission_policy;
use super::{Kind, Names};
use crate::apimachinery::field::Errors;
use crate::apimachinery::object::Object;
use crate::apimachinery::table::{Column, column};
use crate::apimachinery::time::{self, Time};

/// The kind.
pub struct MutatingAdmissionPolicyBinding;

static NAMES: Names = Names {
    group: "admissionregistration.k8s.io",
    api_version: "admissionregistration.k8s.io/v1",
    resource: "mutatingadmissionpolicybindings.admissionregistration.k8s.io",
    categories: &["api-extensions"],
    namespaced: false,
    ..Names::core(
        "MutatingAdmissionPolicyBinding",
        "mutatingadmissionpolicybindings",
        "mutatingadmissionpolicybinding",
        &[],
    )
};
static COLUMNS: [Column; 4] = [column("Name"), column("PolicyName"), column("ParamRef"), column("Age")];

impl Kind for MutatingAdmissionPolicyBinding {
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
            object.str_at("/spec/policyName").to_owned(),
            admission_policy::param_ref(object),
            time::age(object.creation_timestamp(), now),
        ]
    }

    fn set_defaults(&self, object: &mut Object) {
        admission_policy::set_match_defaults(object, "matchResources");
    }

    fn validate(&self, object: &Object) -> Errors {
        admission_policy::validate_binding(object, false)
    }

    fn has_generation(&self) -> bool {
        true
    }
}
