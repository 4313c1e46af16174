//! CSINode: the drivers of volumes on a node. Knows no node but its name.

mod describe;

use super::describe::{Text, View};
use super::pod::Fields;
use super::{Kind, Names, zeros};
use crate::apimachinery::field::{Errors, Path};
use crate::apimachinery::object::Object;
use crate::apimachinery::status::Status;
use crate::apimachinery::table::{Column, column};
use crate::apimachinery::time::{self, Time};
use crate::cluster::Cluster;
use serde_json::Value;

/// The kind.
pub struct CSINode;

static NAMES: Names = Names {
    group: "storage.k8s.io",
    api_version: "storage.k8s.io/v1",
    resource: "csinodes.storage.k8s.io",
    namespaced: false,
    ..Names::core("CSINode", "csinodes", "csinode", &[])
};
static COLUMNS: [Column; 3] = [column("Name"), column("Drivers"), column("Age")];

impl Kind for CSINode {
    fn names(&self) -> &Names {
        &NAMES
    }

    fn columns(&self) -> &[Column] {
        &COLUMNS
    }

    fn cells(&self, object: &Object, now: Time) -> Vec<String> {
        vec![
            object.name().to_owned(),
            object.list_at("/spec/drivers").len().to_string(),
            time::age(object.creation_timestamp(), now),
        ]
    }

    fn describe(&self, object: &Object, view: &View, out: &mut Text) -> Result<(), Status> {
        describe::describe(object, view, out)
    }

    fn set_defaults(&self, object: &mut Object) {
        zeros::write(object, &[("/spec/drivers", Value::Null)]);
        zeros::omit(object, &["/spec/drivers/*/topologyKeys"]);
    }

    fn validate(&self, object: &Object) -> Errors {
        let mut errors = Errors::default();
        let drivers = object.list_at("/spec/drivers");
        for (i, driver) in drivers.iter().enumerate() {
            let path = Path::new("spec.drivers").index(i);
            for field in ["name", "nodeID"].into_iter().filter(|f| driver.text(f).is_empty()) {
                errors.required(&path.child(field), "");
            }
            if drivers[..i].iter().any(|d| d.text("name") == driver.text("name")) {
                errors.duplicate(&path.child("name"), driver.text("name"));
            }
        }
        errors
    }

    /// The node's kubelet makes it.
    fn export(&self, _object: &mut Object, _cluster: &Cluster) -> Result<bool, Status> {
        Ok(false)
    }
}
