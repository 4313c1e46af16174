//! The only way to change a [`Cluster`]: verbs, admission, subresources, discovery.
//!
//! Pure. Knows no file, no clock and no controller; controllers and users come through the same functions.

use std::sync::Arc;

use crate::apimachinery::object::Object;
use crate::apimachinery::status::Status;
use crate::apimachinery::table::{Row, Table};
use crate::apimachinery::time::Time;
use crate::cluster::Cluster;
use crate::kinds::Kind;

mod bootstrap;

pub use bootstrap::bootstrap;

/// What becomes of the objects that a deleted object owns.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Propagation {
    /// The garbage collector deletes them afterwards.
    #[default]
    Background,
    /// They are deleted first.
    Foreground,
    /// They stay, without the owner reference.
    Orphan,
}

/// metav1.DeleteOptions, as far as it is used.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct DeleteOptions {
    /// Seconds; `None` for the object's own.
    pub grace_period: Option<i64>,
    pub propagation: Propagation,
    /// Preconditions.
    pub uid: Option<String>,
    pub resource_version: Option<String>,
    pub dry_run: bool,
}

/// Options of create and update.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct WriteOptions {
    pub dry_run: bool,
    /// Refuse unknown and duplicate fields: what `--validate=true` asks of the server.
    pub strict: bool,
}

/// One object, or a NotFound status.
pub fn get(cluster: &Cluster, kind: &dyn Kind, namespace: &str, name: &str) -> Result<Arc<Object>, Status> {
    let names = kind.names();
    cluster.get(&names.key(namespace, name))?.ok_or_else(|| Status::not_found(names.resource, name))
}

/// The objects of a kind in one namespace, or in all, ordered by namespace and name. Selecting is the caller's.
pub fn list(cluster: &Cluster, kind: &dyn Kind, namespace: Option<&str>) -> Result<Vec<Arc<Object>>, Status> {
    cluster.list(kind.names().resource, namespace.filter(|_| kind.names().namespaced))
}

/// Decodes, defaults, admits, validates and stores a new object. `namespace` is the request's.
pub fn create(
    _cluster: &mut Cluster,
    _kind: &dyn Kind,
    _namespace: &str,
    _object: Object,
    _options: &WriteOptions,
) -> Result<Arc<Object>, Status> {
    Err(Status::internal("create is being built"))
}

/// Asks for a deletion; the object may live on until its grace period and finalizers are over.
pub fn delete(
    _cluster: &mut Cluster,
    _kind: &dyn Kind,
    _namespace: &str,
    _name: &str,
    _options: &DeleteOptions,
) -> Result<Arc<Object>, Status> {
    Err(Status::internal("delete is being built"))
}

/// The table a server answers with when a person asked.
pub fn table(kind: &dyn Kind, objects: Vec<Arc<Object>>, now: Time) -> Table {
    let rows = objects.into_iter().map(|object| Row { cells: kind.cells(&object, now), object }).collect();
    Table { columns: kind.columns().to_vec(), rows }
}
