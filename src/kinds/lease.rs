//! Lease: who holds what, until when. Knows no holder.

use super::{Kind, Names, zeros};
use crate::apimachinery::field::{Errors, Path};
use crate::apimachinery::object::Object;
use crate::apimachinery::status::Status;
use crate::apimachinery::table::{Column, column};
use crate::apimachinery::time::{self, Time};
use crate::cluster::Cluster;
use serde_json::json;

/// The kind.
pub struct Lease;

static NAMES: Names = Names {
    group: "coordination.k8s.io",
    api_version: "coordination.k8s.io/v1",
    resource: "leases.coordination.k8s.io",
    ..Names::core("Lease", "leases", "lease", &[])
};
static COLUMNS: [Column; 3] = [column("Name"), column("Holder"), column("Age")];

impl Kind for Lease {
    fn names(&self) -> &Names {
        &NAMES
    }

    fn columns(&self) -> &[Column] {
        &COLUMNS
    }

    fn cells(&self, object: &Object, now: Time) -> Vec<String> {
        vec![
            object.name().to_owned(),
            object.str_at("/spec/holderIdentity").to_owned(),
            time::age(object.creation_timestamp(), now),
        ]
    }

    fn set_defaults(&self, object: &mut Object) {
        zeros::write(object, &[("/spec", json!({}))]);
    }

    fn validate(&self, object: &Object) -> Errors {
        let mut errors = Errors::default();
        let spec = Path::new("spec");
        if let Some(seconds) = object.i64_at("/spec/leaseDurationSeconds").filter(|n| *n <= 0) {
            errors.invalid(&spec.child("leaseDurationSeconds"), seconds, "must be greater than 0");
        }
        if let Some(count) = object.i64_at("/spec/leaseTransitions").filter(|n| *n < 0) {
            errors.invalid(&spec.child("leaseTransitions"), count, "must be greater than or equal to 0");
        }
        errors
    }

    /// Whoever holds a lease takes it himself.
    fn export(&self, _object: &mut Object, _cluster: &Cluster) -> Result<bool, Status> {
        Ok(false)
    }
}
