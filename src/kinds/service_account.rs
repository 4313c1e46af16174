//! ServiceAccount: whom a pod acts as. Knows no pod; `default` of each namespace is made by the namespace's controller.

mod describe;
mod token;

pub use token::{ROOT_CERTIFICATE, create_token, secret_token};

use super::describe::{Text, View};
use super::{Kind, Names, zeros};
use crate::apimachinery::object::Object;
use crate::apimachinery::status::Status;
use crate::apimachinery::table::{Column, column};
use crate::apimachinery::time::{self, Time};
use crate::cluster::Cluster;

/// Says that an account's pods may mount the secrets that it lists, and no others.
const MOUNTABLE_ONLY: &str = "kubernetes.io/enforce-mountable-secrets";

/// The kind.
pub struct ServiceAccount;

static NAMES: Names = Names::core("ServiceAccount", "serviceaccounts", "serviceaccount", &["sa"]);
static COLUMNS: [Column; 2] = [column("Name"), column("Age")];

impl Kind for ServiceAccount {
    fn names(&self) -> &Names {
        &NAMES
    }

    fn columns(&self) -> &[Column] {
        &COLUMNS
    }

    fn cells(&self, object: &Object, now: Time) -> Vec<String> {
        vec![object.name().to_owned(), time::age(object.creation_timestamp(), now)]
    }

    fn describe(&self, object: &Object, view: &View, out: &mut Text) -> Result<(), Status> {
        describe::describe(object, view, out)
    }

    fn set_defaults(&self, object: &mut Object) {
        zeros::omit(object, &["/secrets", "/imagePullSecrets"]);
    }

    fn warnings(&self, new: &Object, old: Option<&Object>) -> Vec<String> {
        let has = |account: &Object| account.annotation(MOUNTABLE_ONLY).is_some();
        let why = "deprecated in v1.32+; prefer separate namespaces to isolate access to mounted secrets";
        let warning =
            (has(new) && !old.is_some_and(has)).then(|| format!("metadata.annotations[{MOUNTABLE_ONLY}]: {why}"));
        warning.into_iter().collect()
    }

    /// Each namespace makes its own `default`.
    fn export(&self, object: &mut Object, _cluster: &Cluster) -> Result<bool, Status> {
        Ok(object.name() != "default" || object.at("/secrets").or(object.at("/imagePullSecrets")).is_some())
    }
}
