//! IngressClass: who looks after an Ingress. Stored; nobody does.

mod describe;

use super::describe::{Text, View};
use super::pod::Fields;
use super::reference;
use super::{Kind, Names, zeros};
use crate::apimachinery::field::{Errors, Path};
use crate::apimachinery::names;
use crate::apimachinery::object::Object;
use crate::apimachinery::status::Status;
use crate::apimachinery::table::{Column, column};
use crate::apimachinery::time::{self, Time};

/// The kind.
pub struct IngressClass;

static NAMES: Names = Names {
    group: "networking.k8s.io",
    api_version: "networking.k8s.io/v1",
    resource: "ingressclasses.networking.k8s.io",
    namespaced: false,
    ..Names::core("IngressClass", "ingressclasses", "ingressclass", &[])
};
static COLUMNS: [Column; 4] = [column("Name"), column("Controller"), column("Parameters"), column("Age")];

impl Kind for IngressClass {
    fn names(&self) -> &Names {
        &NAMES
    }

    fn columns(&self) -> &[Column] {
        &COLUMNS
    }

    fn cells(&self, object: &Object, now: Time) -> Vec<String> {
        let parameters = match (object.str_at("/spec/parameters/apiGroup"), object.str_at("/spec/parameters/kind")) {
            _ if object.at("/spec/parameters").is_none() => "<none>".to_owned(),
            ("", kind) => format!("{kind}/{}", object.str_at("/spec/parameters/name")),
            (group, kind) => format!("{kind}.{group}/{}", object.str_at("/spec/parameters/name")),
        };
        vec![
            object.name().to_owned(),
            object.str_at("/spec/controller").to_owned(),
            parameters,
            time::age(object.creation_timestamp(), now),
        ]
    }

    fn describe(&self, object: &Object, view: &View, out: &mut Text) -> Result<(), Status> {
        describe::describe(object, view, out)
    }

    fn set_defaults(&self, object: &mut Object) {
        if object.at("/spec/parameters").is_some() {
            object.set_default("/spec/parameters/scope", "Cluster");
        }
        zeros::write(object, &[("/spec", serde_json::json!({}))]);
    }

    fn validate(&self, object: &Object) -> Errors {
        let mut errors = Errors::default();
        let spec = Path::new("spec");
        let controller = object.str_at("/spec/controller");
        validate_controller(controller, &spec.child("controller"), &mut errors);
        if let Some(parameters) = object.at("/spec/parameters") {
            validate_parameters(parameters, &spec.child("parameters"), &mut errors);
        }
        errors
    }

    fn validate_update(&self, new: &Object, old: &Object) -> Errors {
        let mut errors = self.validate(new);
        if new.at("/spec/controller") != old.at("/spec/controller") {
            errors.invalid(&Path::new("spec.controller"), new.str_at("/spec/controller"), "field is immutable");
        }
        errors
    }

    fn has_generation(&self) -> bool {
        true
    }
}

/// A path under a domain: `example.com/ingress-controller`.
fn validate_controller(controller: &str, path: &Path, errors: &mut Errors) {
    if controller.len() > 250 {
        errors.too_long(path, 250);
    }
    errors.append(names::validate_domain_prefixed_path(controller, path));
}

fn validate_parameters(parameters: &serde_json::Value, path: &Path, errors: &mut Errors) {
    reference::validate(parameters, path, errors);
    let namespace = parameters.field("namespace").is_some();
    match parameters.text("scope") {
        "Namespace" if !namespace => {
            errors.required(&path.child("namespace"), "`parameters.scope` is set to 'Namespace'")
        }
        "Cluster" if namespace => errors.forbidden(&path.child("namespace"), "`parameters.scope` is set to 'Cluster'"),
        "Namespace" => {
            let name = parameters.text("namespace");
            names::name_is_dns_label(name, false)
                .iter()
                .for_each(|p| errors.invalid(&path.child("namespace"), name, p));
        }
        "Cluster" => {}
        other => errors.not_supported(&path.child("scope"), other, &["Cluster", "Namespace"]),
    }
}
