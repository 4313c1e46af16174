//! ValidatingWebhookConfiguration: webhooks to ask before objects are stored. Stored, not called.

use super::webhook;
use super::{Kind, Names};
use crate::apimachinery::field::Errors;
use crate::apimachinery::object::Object;
use crate::apimachinery::table::{Column, column};
use crate::apimachinery::time::{self, Time};

/// The kind.
pub struct ValidatingWebhookConfiguration;

static NAMES: Names = Names {
    group: "admissionregistration.k8s.io",
    api_version: "admissionregistration.k8s.io/v1",
    resource: "validatingwebhookconfigurations.admissionregistration.k8s.io",
    categories: &["api-extensions"],
    namespaced: false,
    ..Names::core(
        "ValidatingWebhookConfiguration",
        "validatingwebhookconfigurations",
        "validatingwebhookconfiguration",
        &[],
    )
};
static COLUMNS: [Column; 3] = [column("Name"), column("Webhooks"), column("Age")];

impl Kind for ValidatingWebhookConfiguration {
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
            object.list_at("/webhooks").len().to_string(),
            time::age(object.creation_timestamp(), now),
        ]
    }

    fn set_defaults(&self, object: &mut Object) {
        webhook::set_defaults(object, false);
    }

    fn validate(&self, object: &Object) -> Errors {
        webhook::validate(object, false)
    }

    fn has_generation(&self) -> bool {
        true
    }
}
