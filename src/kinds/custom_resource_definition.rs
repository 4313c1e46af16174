//! CustomResourceDefinition: a kind that a user defines, which [`super::custom_resource`] makes of it.

mod controller;
mod validation;

use std::sync::Arc;

use serde_json::{Value, json};

use super::plan::Plan;
use super::pod::Fields;
use super::{Kind, Names, Trigger};
use crate::apimachinery::field::{Errors, Path};
use crate::apimachinery::object::Object;
use crate::apimachinery::status::Status;
use crate::apimachinery::table::{Column, column};
use crate::apimachinery::time::Time;
use crate::cluster::Cluster;

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

    fn finalizers_need_domain(&self) -> bool {
        false
    }

    fn cells(&self, object: &Object, _now: Time) -> Vec<String> {
        vec![object.name().to_owned(), super::created_at(object)]
    }

    fn set_defaults(&self, object: &mut Object) {
        let kind = object.str_at("/spec/names/kind").to_owned();
        if object.str_at("/spec/names/singular").is_empty() {
            object.set("/spec/names/singular", kind.to_lowercase().into());
        }
        if object.str_at("/spec/names/listKind").is_empty() && !kind.is_empty() {
            object.set("/spec/names/listKind", format!("{kind}List").into());
        }
        object.set_default("/spec/conversion/strategy", "None");
    }

    fn prepare_for_create(&self, object: &mut Object) {
        let stored: Vec<Value> = storage_version(object).into_iter().map(Value::from).collect();
        object.set(
            "/status",
            json!({"acceptedNames": {"kind": "", "plural": ""}, "conditions": null, "storedVersions": stored}),
        );
    }

    fn prepare_for_update(&self, new: &mut Object, old: &Object) {
        new.set("/status", old.at("/status").cloned().unwrap_or_default());
        let mut stored = old.list_at("/status/storedVersions").to_vec();
        if let Some(version) = storage_version(new).filter(|v| !stored.iter().any(|s| s == v)) {
            stored.push(version.into());
            new.set("/status/storedVersions", Value::Array(stored));
        }
    }

    fn prepare_for_delete(&self, object: &mut Object) {
        controller::begin_cleanup(object);
    }

    fn reconcile(&self, object: &Arc<Object>, cluster: &Cluster, now: Time) -> Result<Plan, Status> {
        controller::reconcile(object, cluster, now)
    }

    fn triggers(&self) -> &'static [Trigger] {
        controller::TRIGGERS
    }

    fn validate(&self, object: &Object) -> Errors {
        validation::validate(object)
    }

    fn validate_update(&self, new: &Object, old: &Object) -> Errors {
        let mut errors = self.validate(new);
        for field in ["scope", "names/kind", "group", "names/plural"] {
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

/// The version that objects are stored in.
fn storage_version(definition: &Object) -> Option<String> {
    let stored = definition.list_at("/spec/versions").iter().find(|v| v.flag("storage") == Some(true));
    stored.map(|v| v.text("name").to_owned())
}
