//! ResourceClaimTemplate: claims to make for pods. Stored, not acted on.

use super::{Kind, Names};
use crate::apimachinery::object::Object;
use crate::apimachinery::table::{Column, column};
use crate::apimachinery::time::{self, Time};

/// The kind.
pub struct ResourceClaimTemplate;

static NAMES: Names = Names {
    group: "resource.k8s.io",
    api_version: "resource.k8s.io/v1",
    resource: "resourceclaimtemplates.resource.k8s.io",
    ..Names::core("ResourceClaimTemplate", "resourceclaimtemplates", "resourceclaimtemplate", &[])
};
static COLUMNS: [Column; 2] = [column("Name"), column("Age")];

impl Kind for ResourceClaimTemplate {
    fn names(&self) -> &Names {
        &NAMES
    }

    fn columns(&self) -> &[Column] {
        &COLUMNS
    }

    fn cells(&self, object: &Object, now: Time) -> Vec<String> {
        vec![object.name().to_owned(), time::age(object.creation_timestamp(), now)]
    }
}
