//! ClusterRole: what may be done in every namespace. Stored, not enforced: knows no subject.

use super::describe::{Text, View};
use super::rbac;
use super::{Kind, Names};
use crate::apimachinery::field::Errors;
use crate::apimachinery::names::{self, NameRule};
use crate::apimachinery::object::Object;
use crate::apimachinery::status::Status;
use crate::apimachinery::table::{Column, column};
use crate::apimachinery::time::Time;

/// The kind.
pub struct ClusterRole;

static NAMES: Names = Names {
    group: "rbac.authorization.k8s.io",
    api_version: "rbac.authorization.k8s.io/v1",
    resource: "clusterroles.rbac.authorization.k8s.io",
    namespaced: false,
    ..Names::core("ClusterRole", "clusterroles", "clusterrole", &[])
};
static COLUMNS: [Column; 2] = [column("Name"), column("Created At")];

impl Kind for ClusterRole {
    fn names(&self) -> &Names {
        &NAMES
    }

    fn columns(&self) -> &[Column] {
        &COLUMNS
    }

    fn cells(&self, object: &Object, _now: Time) -> Vec<String> {
        vec![object.name().to_owned(), super::created_at(object)]
    }

    fn describe(&self, object: &Object, _view: &View, out: &mut Text) -> Result<(), Status> {
        rbac::describe::role(object, out);
        Ok(())
    }

    fn name_rule(&self) -> NameRule {
        names::is_path_segment_name
    }

    fn set_defaults(&self, object: &mut Object) {
        rbac::set_rule_defaults(object);
    }

    fn validate(&self, object: &Object) -> Errors {
        rbac::validate_cluster_role(object)
    }
}
