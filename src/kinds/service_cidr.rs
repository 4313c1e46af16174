//! ServiceCIDR: a range of addresses for services. Stored; services have the cluster's own range.

mod describe;

use super::describe::{Text, View};
use super::{Kind, Names};
use crate::apimachinery::field::{Errors, Path};
use crate::apimachinery::object::Object;
use crate::apimachinery::status::Status;
use crate::apimachinery::table::{Column, column};
use crate::apimachinery::time::{self, Time};
use serde_json::{Value, json};

/// The kind.
pub struct ServiceCIDR;

static NAMES: Names = Names {
    group: "networking.k8s.io",
    api_version: "networking.k8s.io/v1",
    resource: "servicecidrs.networking.k8s.io",
    namespaced: false,
    ..Names::core("ServiceCIDR", "servicecidrs", "servicecidr", &[])
};
static COLUMNS: [Column; 3] = [column("Name"), column("CIDRs"), column("Age")];

impl Kind for ServiceCIDR {
    fn names(&self) -> &Names {
        &NAMES
    }

    fn columns(&self) -> &[Column] {
        &COLUMNS
    }

    fn cells(&self, object: &Object, now: Time) -> Vec<String> {
        let ranges: Vec<&str> = object.list_at("/spec/cidrs").iter().filter_map(Value::as_str).collect();
        vec![object.name().to_owned(), ranges.join(","), time::age(object.creation_timestamp(), now)]
    }

    fn describe(&self, object: &Object, view: &View, out: &mut Text) -> Result<(), Status> {
        describe::describe(object, view, out)
    }

    fn prepare_for_create(&self, object: &mut Object) {
        object.set("/status", json!({}));
    }

    fn validate(&self, object: &Object) -> Errors {
        let mut errors = Errors::default();
        let path = Path::new("spec.cidrs");
        let ranges = object.list_at("/spec/cidrs");
        if ranges.is_empty() {
            errors.required(&path, "at least one CIDR required");
        }
        if ranges.len() > 2 {
            errors.invalid(&path, object.at("/spec").cloned().unwrap_or_default(), "may only hold up to 2 values");
        }
        for (i, range) in ranges.iter().filter_map(Value::as_str).enumerate() {
            super::ip::validate_cidr(range, &path.index(i), &mut errors);
        }
        errors
    }

    fn validate_update(&self, new: &Object, old: &Object) -> Errors {
        let mut errors = Errors::default();
        if new.at("/spec/cidrs") != old.at("/spec/cidrs") {
            let value = new.at("/spec/cidrs").cloned().unwrap_or_default();
            errors.invalid(&Path::new("spec.cidrs"), value, "field is immutable");
        }
        errors
    }
}
