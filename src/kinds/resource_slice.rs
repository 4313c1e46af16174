//! ResourceSlice: devices that a driver has on a node. Stored, not allocated.

use super::{Kind, Names};
use crate::apimachinery::object::Object;
use crate::apimachinery::table::{Column, column};
use crate::apimachinery::time::{self, Time};

/// The kind.
pub struct ResourceSlice;

static NAMES: Names = Names {
    group: "resource.k8s.io",
    api_version: "resource.k8s.io/v1",
    resource: "resourceslices.resource.k8s.io",
    namespaced: false,
    ..Names::core("ResourceSlice", "resourceslices", "resourceslice", &[])
};
static COLUMNS: [Column; 5] = [column("Name"), column("Node"), column("Driver"), column("Pool"), column("Age")];

impl Kind for ResourceSlice {
    fn names(&self) -> &Names {
        &NAMES
    }

    fn columns(&self) -> &[Column] {
        &COLUMNS
    }

    fn cells(&self, object: &Object, now: Time) -> Vec<String> {
        let of = |field: &str| object.str_at(&format!("/spec/{field}")).to_owned();
        vec![
            object.name().to_owned(),
            of("nodeName"),
            of("driver"),
            of("pool/name"),
            time::age(object.creation_timestamp(), now),
        ]
    }

    fn has_generation(&self) -> bool {
        true
    }
}
