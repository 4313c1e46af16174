//! ResourceQuota: how much a namespace may hold of what. Its controller keeps count.

use super::describe::{Text, View};
use super::plan::Plan;
use super::{Kind, Names, resource_list, zeros};
use crate::apimachinery::field::{Errors, Path};
use crate::apimachinery::object::Object;
use crate::apimachinery::status::Status;
use crate::apimachinery::table::{Column, column};
use crate::apimachinery::time::{self, Time};
use crate::cluster::Cluster;
use serde_json::{Value, json};
pub mod describe;
use std::sync::Arc;
mod controller;
mod scopes;
mod validation;

/// The kind.
pub struct ResourceQuota;

static NAMES: Names = Names::core("ResourceQuota", "resourcequotas", "resourcequota", &["quota"]);
static COLUMNS: [Column; 4] = [column("Name"), column("Request"), column("Limit"), column("Age")];

impl Kind for ResourceQuota {
    fn names(&self) -> &Names {
        &NAMES
    }

    fn columns(&self) -> &[Column] {
        &COLUMNS
    }

    fn cells(&self, object: &Object, now: Time) -> Vec<String> {
        vec![
            object.name().to_owned(),
            usage(object, false),
            usage(object, true),
            time::age(object.creation_timestamp(), now),
        ]
    }

    fn describe(&self, object: &Object, _view: &View, out: &mut Text) -> Result<(), Status> {
        describe::describe(object, out);
        Ok(())
    }

    fn prepare_for_create(&self, object: &mut Object) {
        object.set("/status", json!({}));
    }

    fn set_defaults(&self, object: &mut Object) {
        resource_list::canonicalize(object, "/spec/hard");
        zeros::omit(object, &["/spec/scopes"]);
        zeros::write(object, &[("/spec", json!({}))]);
    }

    fn reconcile(&self, object: &Arc<Object>, cluster: &Cluster, _now: Time) -> Result<Plan, Status> {
        controller::reconcile(object, cluster)
    }

    /// A quota with another scope has to be counted anew.
    fn prepare_for_update(&self, new: &mut Object, old: &Object) {
        new.set("/status", old.at("/status").cloned().unwrap_or_else(|| json!({})));
        if new.at("/spec/scopeSelector") != old.at("/spec/scopeSelector") {
            new.remove("/status/hard");
        }
    }

    fn validate(&self, object: &Object) -> Errors {
        validation::validate(object)
    }

    fn warnings(&self, new: &Object, old: Option<&Object>) -> Vec<String> {
        if old.is_some() { Vec::new() } else { request_warnings(new) }
    }

    fn validate_update(&self, new: &Object, old: &Object) -> Errors {
        let mut errors = self.validate(new);
        let scopes = |o: &Object| o.list_at("/spec/scopes").to_vec();
        if scopes(new) != scopes(old) {
            errors.invalid(&Path::new("spec.scopes"), Value::Array(scopes(new)), "field is immutable");
        }
        errors
    }
}

/// Of requests that may be more than the limits; `cpu` and `memory` alone are requests.
fn request_warnings(quota: &Object) -> Vec<String> {
    let amount = |name: &str| resource_list::quantity_at(quota, &format!("/spec/hard/{name}"));
    let told = ["cpu", "memory", "storage", "ephemeral-storage"].into_iter().filter_map(|name| {
        let plain = Some(name.to_owned()).filter(|_| matches!(name, "cpu" | "memory"));
        let names = [Some(format!("requests.{name}")), plain];
        let (asked, request) = names.into_iter().flatten().find_map(|n| amount(&n).map(|request| (n, request)))?;
        let limit = amount(&format!("limits.{name}"))?;
        let why = || format!("ResourceQuota {asked} ({request}) should be less than limits.{name} ({limit})");
        (request > limit).then(why)
    });
    told.collect()
}

/// `pods: 1/10, requests.cpu: 1/2`: what is used of what there is; limits apart.
fn usage(quota: &Object, limits: bool) -> String {
    let hard = quota.map_at("/status/hard").into_iter().flatten();
    let shown = hard.filter(|(name, _)| name.starts_with("limits") == limits).map(|(name, amount)| {
        let used = quota.map_at("/status/used").and_then(|u| u.get(name)).and_then(Value::as_str).unwrap_or("0");
        format!("{name}: {used}/{}", amount.as_str().unwrap_or_default())
    });
    shown.collect::<Vec<_>>().join(", ")
}
