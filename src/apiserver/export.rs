//! Objects as manifests: what a user wrote or could have written, without what the server and the controllers added.
//!
//! Knows no file and no output format.

use std::sync::Arc;

use crate::apimachinery::object::Object;
use crate::apimachinery::status::Status;
use crate::cluster::Cluster;
use crate::kinds::Kind;

/// What the server keeps in `metadata`. Owners go too: their uids are those of this cluster, and an object whose owner is
/// not there is garbage.
const SERVER_METADATA: [&str; 8] = [
    "uid",
    "resourceVersion",
    "generation",
    "creationTimestamp",
    "deletionTimestamp",
    "selfLink",
    "managedFields",
    "ownerReferences",
];

/// What `kubectl apply` keeps on an object.
const LAST_APPLIED: &str = "kubectl.kubernetes.io/last-applied-configuration";

/// The manifest of an object; `None` for one that is on its way out, that a controller owns, or that a cluster makes by itself.
///
/// # Errors
/// Whatever the store could not read.
pub fn export(kind: &dyn Kind, object: &Arc<Object>, cluster: &Cluster) -> Result<Option<Object>, Status> {
    if object.deletion_timestamp().is_some() || object.controller_of().is_some() {
        return Ok(None);
    }
    let mut manifest = Object::clone(object);
    if !kind.export(&mut manifest, cluster)? {
        return Ok(None);
    }
    // What kstate keeps for itself is no part of what a user wrote.
    manifest.internal.clear();
    manifest.remove("/status");
    for field in SERVER_METADATA {
        manifest.remove(&format!("/metadata/{field}"));
    }
    manifest.remove_annotation(LAST_APPLIED);
    Ok(Some(manifest))
}
