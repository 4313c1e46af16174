//! What stands in for the cluster's network where there is no Linux.

use crate::apimachinery::key::Key;
use crate::apimachinery::status::Status;
use crate::cluster::Cluster;
use crate::control::sandbox::Sandbox;

/// No pod has a world.
///
/// # Errors
/// None.
pub fn world(_cluster: &Cluster, _key: &Key) -> Result<Option<Sandbox>, Status> {
    Ok(None)
}
