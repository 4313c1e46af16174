//! IPAddress: that an address is taken, and by whom. Stored, not acted on.

mod describe;

use super::describe::{Text, View};
use super::{Kind, Names};
use crate::apimachinery::field::{Errors, Path};
use crate::apimachinery::names::NameRule;
use crate::apimachinery::object::Object;
use crate::apimachinery::status::Status;
use crate::apimachinery::table::{Column, column};
use crate::apimachinery::time::Time;
use crate::cluster::Cluster;

/// The kind.
pub struct IPAddress;

static NAMES: Names = Names {
    group: "networking.k8s.io",
    api_version: "networking.k8s.io/v1",
    resource: "ipaddresses.networking.k8s.io",
    namespaced: false,
    ..Names::core("IPAddress", "ipaddresses", "ipaddress", &["ip"])
};
static COLUMNS: [Column; 2] = [column("Name"), column("ParentRef")];

impl Kind for IPAddress {
    fn names(&self) -> &Names {
        &NAMES
    }

    fn columns(&self) -> &[Column] {
        &COLUMNS
    }

    fn cells(&self, object: &Object, _now: Time) -> Vec<String> {
        let of = |field: &str| object.str_at(&format!("/spec/parentRef/{field}"));
        let parts = [of("group"), of("resource"), of("namespace"), of("name")];
        let shown: Vec<&str> = parts.into_iter().filter(|p| !p.is_empty()).collect();
        vec![object.name().to_owned(), if shown.is_empty() { "<none>".to_owned() } else { shown.join("/") }]
    }

    fn describe(&self, object: &Object, view: &View, out: &mut Text) -> Result<(), Status> {
        describe::describe(object, view, out)
    }

    fn validate(&self, object: &Object) -> Errors {
        let mut errors = Errors::default();
        super::ip::validate(object.name(), &Path::new("metadata.name"), &mut errors);
        let path = Path::new("spec.parentRef");
        if object.at("/spec/parentRef").is_none() {
            errors.required(&path, "");
            return errors;
        }
        for field in ["resource", "name"] {
            if object.str_at(&format!("/spec/parentRef/{field}")).is_empty() {
                errors.required(&path.child(field), "");
            }
        }
        errors
    }

    fn name_rule(&self) -> NameRule {
        |_, _| Vec::new()
    }

    /// The Service that has the address makes it.
    fn export(&self, _object: &mut Object, _cluster: &Cluster) -> Result<bool, Status> {
        Ok(false)
    }
}
