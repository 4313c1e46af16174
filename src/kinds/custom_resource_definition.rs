//! CustomResourceDefinition: a kind that a user defines, which [`super::custom_resource`] makes of it.

mod controller;
mod validation;

use std::collections::BTreeSet;
use std::sync::Arc;

use serde_json::{Value, json};

use super::plan::Plan;
use super::pod::Fields;
use super::{Kind, Names, Trigger};
use crate::apimachinery::field::{Errors, Path};
use crate::apimachinery::object::Object;
use crate::apimachinery::status::Status;
use crate::apimachinery::structural;
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

    fn warnings(&self, new: &Object, old: Option<&Object>) -> Vec<String> {
        let before = old.map(unknown_formats).unwrap_or_default();
        let told = unknown_formats(new).into_iter().filter(|format| !before.contains(format));
        told.map(|format| format!("unrecognized format {format:?}")).collect()
    }

    fn has_generation(&self) -> bool {
        true
    }
}

/// The formats in the versions' schemas that the server does not know, each once.
fn unknown_formats(definition: &Object) -> BTreeSet<&str> {
    let mut found = BTreeSet::new();
    for version in definition.list_at("/spec/versions") {
        if let Some(schema) = version.pointer("/schema/openAPIV3Schema") {
            collect_unknown_formats(schema, &mut found);
        }
    }
    found
}

fn collect_unknown_formats<'d>(schema: &'d Value, found: &mut BTreeSet<&'d str>) {
    let format = schema.text("format");
    if !format.is_empty() && !structural::is_known_format(schema.text("type"), format) {
        found.insert(format);
    }
    let one = ["items", "not", "additionalProperties"].into_iter().filter_map(|key| schema.get(key));
    let several = ["allOf", "anyOf", "oneOf"].into_iter().flat_map(|key| schema.items(key));
    let named = ["properties", "patternProperties", "definitions"].into_iter().filter_map(|key| schema.section(key));
    for part in one.chain(several).chain(named.flat_map(|map| map.values())) {
        collect_unknown_formats(part, found);
    }
}

/// The version that objects are stored in.
fn storage_version(definition: &Object) -> Option<String> {
    let stored = definition.list_at("/spec/versions").iter().find(|v| v.flag("storage") == Some(true));
    stored.map(|v| v.text("name").to_owned())
}
