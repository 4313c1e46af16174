//! CustomResourceDefinition: a kind that a user defines. Stored; the kind itself is not served yet.

use super::plan::{Action, Plan};
use super::pod::Fields;
use super::{Kind, Names};
use crate::apimachinery::field::{Errors, Path};
use crate::apimachinery::object::Object;
use crate::apimachinery::status::Status;
use crate::apimachinery::table::{Column, column};
use crate::apimachinery::time::{self, Time};
use crate::cluster::Cluster;
use serde_json::{Value, json};
use std::sync::Arc;
mod validation;

/// The group resource of definitions.
pub const RESOURCE: &str = "customresourcedefinitions.apiextensions.k8s.io";

/// The kind.
pub struct CustomResourceDefinition;

static NAMES: Names = Names {
    group: "apiextensions.k8s.io",
    api_version: "apiextensions.k8s.io/v1",
    resource: RESOURCE,
    categories: &["api-extensions"],
    namespaced: false,
    ..Names::core("CustomResourceDefinition", "customresourcedefinitions", "customresourcedefinition", &["crd", "crds"])
};
static COLUMNS: [Column; 2] = [column("Name"), column("Created At")];

impl Kind for CustomResourceDefinition {
    fn names(&self) -> &Names {
        &NAMES
    }

    fn columns(&self) -> &[Column] {
        &COLUMNS
    }

    fn cells(&self, object: &Object, _now: Time) -> Vec<String> {
        vec![object.name().to_owned(), super::created_at(object)]
    }

    fn set_defaults(&self, object: &mut Object) {
        let kind = object.str_at("/spec/names/kind").to_owned();
        if object.str_at("/spec/names/singular").is_empty() {
            object.set("/spec/names/singular", kind.to_lowercase().into());
        }
        if object.str_at("/spec/names/listKind").is_empty() {
            object.set("/spec/names/listKind", format!("{kind}List").into());
        }
        object.set_default("/spec/conversion/strategy", "None");
    }

    fn prepare_for_create(&self, object: &mut Object) {
        let stored = object.list_at("/spec/versions").iter().filter(|v| v.flag("storage") == Some(true));
        let stored: Vec<Value> = stored.filter_map(|v| v.get("name").cloned()).collect();
        object.set(
            "/status",
            json!({"acceptedNames": {"kind": "", "plural": ""}, "conditions": null, "storedVersions": stored}),
        );
    }

    fn reconcile(&self, object: &Arc<Object>, _cluster: &Cluster, now: Time) -> Result<Plan, Status> {
        let mut plan = Plan::nothing();
        if object.list_at("/status/conditions").is_empty() {
            let mut new = Object::clone(object);
            let names = object.at("/spec/names").cloned().unwrap_or_default();
            new.set("/status/acceptedNames", names);
            new.set("/status/conditions", accepted(now));
            plan.push(Action::UpdateStatus(new));
        }
        Ok(plan)
    }

    fn validate(&self, object: &Object) -> Errors {
        validation::validate(object)
    }

    fn validate_update(&self, new: &Object, old: &Object) -> Errors {
        let mut errors = self.validate(new);
        for field in ["group", "scope", "names/kind", "names/plural"] {
            let value = |o: &Object| o.at(&format!("/spec/{field}")).cloned().unwrap_or_default();
            if value(new) != value(old) {
                errors.invalid(&Path::new("spec").child(&field.replace('/', ".")), value(new), "field is immutable");
            }
        }
        errors
    }

    fn has_generation(&self) -> bool {
        true
    }
}

/// The conditions of a definition whose names nobody else has.
fn accepted(now: Time) -> Value {
    let at = time::to_rfc3339(now);
    let condition = |kind: &str, reason: &str, message: &str| json!({"type": kind, "status": "True", "lastTransitionTime": at, "reason": reason, "message": message});
    json!([
        condition("NamesAccepted", "NoConflicts", "no conflicts found"),
        condition("Established", "InitialNamesAccepted", "the initial names have been accepted"),
    ])
}
