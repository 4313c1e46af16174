//! RoleBinding: who has a role. Stored, not enforced: knows no role but its name.

use super::describe::{Text, View};
use super::rbac;
use super::{Kind, Names};
use crate::apimachinery::field::Errors;
use crate::apimachinery::names::{self, NameRule};
use crate::apimachinery::object::Object;
use crate::apimachinery::status::Status;
use crate::apimachinery::table::{Column, column, wide};
use crate::apimachinery::time::Time;

/// The kind.
pub struct RoleBinding;

static NAMES: Names = Names {
    group: "rbac.authorization.k8s.io",
    api_version: "rbac.authorization.k8s.io/v1",
    resource: "rolebindings.rbac.authorization.k8s.io",
    ..Names::core("RoleBinding", "rolebindings", "rolebinding", &[])
};
static COLUMNS: [Column; 6] =
    [column("Name"), column("Role"), column("Age"), wide("Users"), wide("Groups"), wide("ServiceAccounts")];

impl Kind for RoleBinding {
    fn names(&self) -> &Names {
        &NAMES
    }

    fn columns(&self) -> &[Column] {
        &COLUMNS
    }

    fn cells(&self, object: &Object, now: Time) -> Vec<String> {
        rbac::binding_cells(object, now)
    }

    fn describe(&self, object: &Object, _view: &View, out: &mut Text) -> Result<(), Status> {
        rbac::describe::binding(object, out);
        Ok(())
    }

    fn name_rule(&self) -> NameRule {
        names::is_path_segment_name
    }

    fn set_defaults(&self, object: &mut Object) {
        rbac::set_binding_defaults(object);
    }

    fn validate(&self, object: &Object) -> Errors {
        rbac::validate_binding(object, true)
    }

    fn validate_update(&self, new: &Object, old: &Object) -> Errors {
        rbac::validate_binding_update(new, old, true)
    }
}
