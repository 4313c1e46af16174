//! APIService: who serves a group's version. Stored; nobody else is asked.

use super::pod::Fields;
use super::{Kind, Names};
use crate::apimachinery::field::{Errors, Path};
use crate::apimachinery::names::{self, NameRule};
use crate::apimachinery::object::Object;
use crate::apimachinery::table::{Column, column};
use crate::apimachinery::time::{self, Time};
use serde_json::json;

/// The kind.
pub struct APIService;

static NAMES: Names = Names {
    group: "apiregistration.k8s.io",
    api_version: "apiregistration.k8s.io/v1",
    resource: "apiservices.apiregistration.k8s.io",
    categories: &["api-extensions"],
    namespaced: false,
    ..Names::core("APIService", "apiservices", "apiservice", &[])
};
static COLUMNS: [Column; 4] = [column("Name"), column("Service"), column("Available"), column("Age")];

impl Kind for APIService {
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
        let service = match object.at("/spec/service") {
            None => "Local".to_owned(),
            Some(service) => format!("{}/{}", service.text("namespace"), service.text("name")),
        };
        let conditions = object.list_at("/status/conditions").iter();
        let available = conditions.rev().find(|c| c.text("type") == "Available");
        let available = available.map_or("Unknown".to_owned(), |c| match c.text("status") {
            "True" => "True".to_owned(),
            status => format!("{status} ({})", c.text("reason")),
        });
        vec![object.name().to_owned(), service, available, time::age(object.creation_timestamp(), now)]
    }

    fn prepare_for_create(&self, object: &mut Object) {
        object.set("/status", json!({}));
    }

    fn set_defaults(&self, object: &mut Object) {
        if object.at("/spec/service").is_some() {
            object.set_default("/spec/service/port", 443);
        }
    }

    fn name_rule(&self) -> NameRule {
        names::is_path_segment_name
    }

    fn validate(&self, object: &Object) -> Errors {
        let mut errors = Errors::default();
        let spec = Path::new("spec");
        let (group, version) = (object.str_at("/spec/group"), object.str_at("/spec/version"));
        let wanted = format!("{version}.{group}");
        if object.name() != wanted {
            errors.invalid(
                &Path::new("metadata.name"),
                object.name(),
                &format!("must be `spec.version+\".\"+spec.group`: {wanted:?}"),
            );
        }
        if !group.is_empty() {
            for problem in names::is_dns1123_subdomain(group) {
                errors.invalid(&spec.child("group"), group, &problem);
            }
        }
        for problem in names::is_dns1035_label(version) {
            errors.invalid(&spec.child("version"), version, &problem);
        }
        for (field, limit) in [("groupPriorityMinimum", 20000), ("versionPriority", 1000)] {
            let priority = object.i64_at(&format!("/spec/{field}")).unwrap_or(0);
            if !(1..=limit).contains(&priority) {
                errors.invalid(&spec.child(field), priority, &format!("must be positive and less than {}", limit));
            }
        }
        errors
    }

    fn has_generation(&self) -> bool {
        true
    }
}
