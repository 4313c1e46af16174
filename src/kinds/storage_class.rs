//! StorageClass: how claims without a volume get one. Knows no claim; provisioning is the volume binder's.

mod describe;
mod topology;

use std::sync::Arc;

use serde_json::{Map, Value};

use super::describe::{Text, View};
use super::{Kind, Names, zeros};
use crate::apimachinery::field::{Errors, Path};
use crate::apimachinery::names;
use crate::apimachinery::object::Object;
use crate::apimachinery::status::Status;
use crate::apimachinery::table::{Column, column};
use crate::apimachinery::time::{self, Time};
use crate::cluster::Cluster;

/// The kind.
pub struct StorageClass;

/// The group resource, as keys have it.
pub const RESOURCE: &str = "storageclasses.storage.k8s.io";

static NAMES: Names = Names {
    group: "storage.k8s.io",
    api_version: "storage.k8s.io/v1",
    resource: RESOURCE,
    namespaced: false,
    ..Names::core("StorageClass", "storageclasses", "storageclass", &["sc"])
};
static COLUMNS: [Column; 6] = [
    column("Name"),
    column("Provisioner"),
    column("ReclaimPolicy"),
    column("VolumeBindingMode"),
    column("AllowVolumeExpansion"),
    column("Age"),
];

const DEFAULT: &str = "storageclass.kubernetes.io/is-default-class";
const BETA_DEFAULT: &str = "storageclass.beta.kubernetes.io/is-default-class";
const MAX_PARAMETERS: usize = 512;
const MAX_PARAMETERS_SIZE: usize = 256 << 10;

impl Kind for StorageClass {
    fn names(&self) -> &Names {
        &NAMES
    }

    fn columns(&self) -> &[Column] {
        &COLUMNS
    }

    fn cells(&self, object: &Object, now: Time) -> Vec<String> {
        let or = |pointer, default| match object.str_at(pointer) {
            "" => String::from(default),
            text => text.to_owned(),
        };
        let default = if is_default(object) { " (default)" } else { "" };
        vec![
            format!("{}{default}", object.name()),
            object.str_at("/provisioner").to_owned(),
            or("/reclaimPolicy", "Delete"),
            or("/volumeBindingMode", "Immediate"),
            object.bool_at("/allowVolumeExpansion").unwrap_or(false).to_string(),
            time::age(object.creation_timestamp(), now),
        ]
    }

    fn describe(&self, object: &Object, view: &View, out: &mut Text) -> Result<(), Status> {
        describe::describe(object, view, out)
    }

    fn set_defaults(&self, object: &mut Object) {
        zeros::omit(object, &["/parameters", "/mountOptions", "/allowedTopologies"]);
        object.set_default("/reclaimPolicy", "Delete");
        object.set_default("/volumeBindingMode", "Immediate");
    }

    fn validate(&self, object: &Object) -> Errors {
        let mut errors = Errors::default();
        validate_provisioner(object.str_at("/provisioner"), &mut errors);
        validate_parameters(object.map_at("/parameters"), &mut errors);
        one_of(object, "reclaimPolicy", &["Delete", "Retain"], &mut errors);
        one_of(object, "volumeBindingMode", &["Immediate", "WaitForFirstConsumer"], &mut errors);
        topology::validate(object.list_at("/allowedTopologies"), &mut errors);
        errors
    }

    fn validate_update(&self, new: &Object, old: &Object) -> Errors {
        let mut errors = Errors::default();
        for field in ["parameters", "provisioner", "reclaimPolicy"] {
            let pointer = format!("/{field}");
            if new.at(&pointer) != old.at(&pointer) {
                errors.forbidden(&Path::new(field), &format!("updates to {field} are forbidden."));
            }
        }
        if new.at("/volumeBindingMode") != old.at("/volumeBindingMode") {
            errors.invalid(&Path::new("volumeBindingMode"), new.str_at("/volumeBindingMode"), "field is immutable");
        }
        errors
    }
}

/// Whether claims that name no class get this one.
pub fn is_default(class: &Object) -> bool {
    class.annotation(DEFAULT) == Some("true") || class.annotation(BETA_DEFAULT) == Some("true")
}

/// The default class: of several the newest, and of those the first by name.
pub fn default_class(cluster: &Cluster) -> Result<Option<Arc<Object>>, Status> {
    let classes = cluster.list(RESOURCE, None)?.into_iter().filter(|c| is_default(c));
    Ok(classes.min_by_key(|c| (std::cmp::Reverse(c.creation_timestamp()), c.name().to_owned())))
}

fn validate_provisioner(provisioner: &str, errors: &mut Errors) {
    let path = Path::new("provisioner");
    if provisioner.is_empty() {
        return errors.required(&path, "");
    }
    for problem in names::is_qualified_name(&provisioner.to_lowercase()) {
        errors.invalid(&path, provisioner, &problem);
    }
}

fn validate_parameters(parameters: Option<&Map<String, Value>>, errors: &mut Errors) {
    let path = Path::new("parameters");
    let Some(parameters) = parameters else { return };
    if parameters.len() > MAX_PARAMETERS {
        return errors.too_long(&path, MAX_PARAMETERS);
    }
    if parameters.contains_key("") {
        errors.invalid(&path, "", "field can not be empty.");
    }
    let size: usize = parameters.iter().map(|(k, v)| k.len() + v.as_str().unwrap_or_default().len()).sum();
    if size > MAX_PARAMETERS_SIZE {
        errors.too_long(&path, MAX_PARAMETERS_SIZE);
    }
}

fn one_of(object: &Object, field: &str, supported: &[&str], errors: &mut Errors) {
    let value = object.str_at(&format!("/{field}"));
    if !supported.contains(&value) {
        errors.not_supported(&Path::new(field), value, supported);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn class(body: Value) -> Object {
        let mut o = Object::from_value(body).unwrap();
        StorageClass.set_defaults(&mut o);
        o
    }

    #[test]
    fn rows_are_kubectls() {
        let mut o = class(json!({"metadata": {"name": "standard"}, "provisioner": "kubernetes.io/host-path"}));
        o.set_annotation(DEFAULT, "true");
        assert_eq!(
            StorageClass.cells(&o, Time::MAX_UTC)[..5],
            ["standard (default)", "kubernetes.io/host-path", "Delete", "Immediate", "false"]
        );
    }

    #[test]
    fn validation_says_what_the_server_says() {
        let errors = StorageClass
            .validate(&class(json!({"provisioner": "", "reclaimPolicy": "Recycle", "volumeBindingMode": "x"})));
        let texts: Vec<String> = errors.0.iter().map(ToString::to_string).collect();
        assert_eq!(
            texts,
            [
                "provisioner: Required value",
                "reclaimPolicy: Unsupported value: \"Recycle\": supported values: \"Delete\", \"Retain\"",
                "volumeBindingMode: Unsupported value: \"x\": supported values: \"Immediate\", \"WaitForFirstConsumer\"",
            ]
        );
    }

    #[test]
    fn updates_keep_what_was_promised() {
        let old = class(json!({"provisioner": "a/b"}));
        let new =
            class(json!({"provisioner": "a/c", "parameters": {"x": "y"}, "volumeBindingMode": "WaitForFirstConsumer"}));
        let texts: Vec<String> = StorageClass.validate_update(&new, &old).0.iter().map(ToString::to_string).collect();
        assert_eq!(
            texts,
            [
                "parameters: Forbidden: updates to parameters are forbidden.",
                "provisioner: Forbidden: updates to provisioner are forbidden.",
                "volumeBindingMode: Invalid value: \"WaitForFirstConsumer\": field is immutable",
            ]
        );
    }
}
