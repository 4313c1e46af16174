//! The only way to change a [`Cluster`]: verbs, admission, subresources, discovery.
//!
//! Pure. Knows no file, no clock and no controller; controllers and users come through the same functions.

use std::ops::ControlFlow;
use std::sync::Arc;

use crate::apimachinery::labels::Selector;
use crate::apimachinery::object::Object;
use crate::apimachinery::outline::Outline;
use crate::apimachinery::status::Status;
use crate::apimachinery::table::{Row, Table};
use crate::apimachinery::time::Time;
use crate::cluster::{Cluster, Visitor};
use crate::kinds::rbac::authorizer::User;
use crate::kinds::{Kind, pod_security};

mod apply;
mod bootstrap;
mod built_in;
mod create;
mod decode;
mod delete;
mod evict;
mod export;
mod managed;
mod patch;
mod policy;
mod quota;
mod scale;
mod update;
mod validation;

pub use apply::{ApplyOptions, apply};
pub use bootstrap::bootstrap;
pub use built_in::WithBuiltIn;
pub use create::create;
pub use decode::unknown_fields;
pub use delete::{DeleteOptions, FOREGROUND, ORPHAN, Propagation, delete, finish};
pub use evict::evict;
pub use export::export;
pub use managed::{ManagedFields, show as show_managed_fields};
pub use patch::{Part, patch, unknown_in_patch};
pub use scale::{get_scale, scale_table, update_scale};
pub use update::{bind, update, update_status};

/// Options of create and update.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct WriteOptions {
    /// Do everything but store.
    pub dry_run: bool,
    /// Refuse unknown and duplicate fields: what `--validate=true` asks of the server.
    pub strict: bool,
    /// Who writes, as `managedFields` names it: `--field-manager`. Empty for the cluster's own controllers.
    pub manager: String,
    /// The object was applied by a server-side apply and has its `managedFields` already.
    pub is_applied: bool,
    /// The subresource that is written through, as `managedFields` names it; empty for the object itself.
    pub subresource: &'static str,
    /// The object's bookkeeping replaces the stored one's: a controller's write. A client's object has none.
    pub keeps_bookkeeping: bool,
    /// A new object is made as the server would decode it: that is not done again. Events are, of which most of a cluster's
    /// new objects are.
    pub is_decoded: bool,
    /// Whom the request is made for; `None` for whoever can read the store.
    pub user: Option<Arc<User>>,
}

/// One object, or a NotFound status.
pub fn get(cluster: &Cluster, kind: &dyn Kind, namespace: &str, name: &str) -> Result<Arc<Object>, Status> {
    let names = kind.names();
    kind.check_served(cluster, "get", name)?;
    let found = cluster.get(&names.key(namespace, name))?;
    found.map(|o| kind.served(o)).ok_or_else(|| Status::not_found(names.resource, name))
}

/// The objects of a kind in one namespace, or in all, ordered by namespace and name. Selecting is the caller's.
pub fn list(cluster: &Cluster, kind: &dyn Kind, namespace: Option<&str>) -> Result<Vec<Arc<Object>>, Status> {
    list_for(cluster, kind, namespace, &Selector::everything())
}

/// As [`list`], for a caller who selects by these labels: what one of them rules out need not be among the objects.
pub fn list_for(
    cluster: &Cluster,
    kind: &dyn Kind,
    namespace: Option<&str>,
    labels: &Selector,
) -> Result<Vec<Arc<Object>>, Status> {
    kind.check_served(cluster, "get", "")?;
    let namespace = namespace.filter(|_| kind.names().namespaced);
    let mut objects = match labels.exact_label() {
        Some(label) => cluster.labelled(kind.names().resource, namespace, label)?,
        None => cluster.list(kind.names().resource, namespace)?,
    };
    if kind.structural().is_some() {
        objects = objects.into_iter().map(|o| kind.served(o)).collect();
    }
    Ok(objects)
}

/// As [`list`], one object after the other: for a list too long to hold. What `outline` does not have may be left out.
pub fn visit(
    cluster: &Cluster,
    kind: &dyn Kind,
    namespace: Option<&str>,
    outline: Option<&Outline>,
    each: &mut Visitor<'_>,
) -> Result<(), Status> {
    kind.check_served(cluster, "get", "")?;
    let namespace = namespace.filter(|_| kind.names().namespaced);
    cluster.visit(kind.names().resource, namespace, outline, &mut |object| each(kind.served(object)))
}

/// The table of all objects of a kind that are wanted, made row by row: of each object no more than its metadata is kept, which
/// is what a server sends with a row. `is_wanted` looks at no more than names and the fields that the kind can be selected by.
pub fn table_of_all(
    cluster: &Cluster,
    kind: &dyn Kind,
    namespace: Option<&str>,
    is_wanted: impl Fn(&Object) -> bool,
) -> Result<Table, Status> {
    let now = cluster.now();
    let mut rows = Vec::new();
    visit(cluster, kind, namespace, kind.row_outline(), &mut |object| {
        if is_wanted(&object) {
            rows.push(Row { cells: kind.cells(&object, now), object: Arc::new(metadata_of(&object)) });
        }
        ControlFlow::Continue(())
    })?;
    Ok(Table { columns: kind.columns().to_vec(), rows })
}

/// An object's type, name and labels: as much of its metadata as a table shows.
fn metadata_of(object: &Object) -> Object {
    let mut bare = Object::new(object.api_version(), object.kind(), object.namespace(), object.name());
    if let Some(labels) = object.labels() {
        bare.set("/metadata/labels", labels.clone().into());
    }
    bare
}

/// What the server warns of in an object that was written: what its kind has to say, then what PodSecurity and policies
/// have. `old` is the object before an update.
///
/// # Errors
/// Those of the store.
pub fn warnings(cluster: &Cluster, kind: &dyn Kind, new: &Object, old: Option<&Object>) -> Result<Vec<String>, Status> {
    let mut warnings = kind.warnings(new, old);
    warnings.extend(pod_security::warnings(kind.names(), new, old, cluster)?);
    warnings.extend(policy::warnings(cluster, &policy::Request { kind, new: Some(new), old, dry_run: false })?);
    Ok(warnings)
}

/// The table a server answers with when a person asked.
pub fn table(kind: &dyn Kind, objects: Vec<Arc<Object>>, now: Time) -> Table {
    let rows = objects.into_iter().map(|object| Row { cells: kind.cells(&object, now), object }).collect();
    Table { columns: kind.columns().to_vec(), rows }
}
