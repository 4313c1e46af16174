//! MutatingAdmissionPolicy: what is made of objects, in CEL. Asked by the API server.

use super::admission_policy;
use super::{Kind, Names};
use crate::apimachinery::field::Errors;
use crate::apimachinery::object::Object;
use crate::apimachinery::table::{Column, column};
use crate::apimachinery::time::{self, Time};

/// The kind.
pub struct MutatingAdmissionPolicy;

static NAMES: Names = Names {
    group: "admissionregistration.k8s.io",
    api_version: "admissionregistration.k8s.io/v1",
    resource: "mutatingadmissionpolicies.admissionregistration.k8s.io",
    categories: &["api-extensions"],
    namespaced: false,
    ..Names::core("MutatingAdmissionPolicy", "mutatingadmissionpolicies", "mutatingadmissionpolicy", &[])
};
static COLUMNS: [Column; 4] = [column("Name"), column("Mutations"), column("ParamKind"), column("Age")];

impl Kind for MutatingAdmissionPolicy {
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
            object.list_at("/spec/mutations").len().to_string(),
            admission_policy::param_kind(object),
            time::age(object.creation_timestamp(), now),
        ]
    }

    fn set_defaults(&self, object: &mut Object) {
        admission_policy::set_defaults(object);
    }

    fn validate(&self, object: &Object) -> Errors {
        admission_policy::validate(object, "mutations")
    }

    fn has_generation(&self) -> bool {
        true
    }
}
