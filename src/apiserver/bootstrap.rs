//! The objects that a new cluster starts with.

use crate::apimachinery::status::Status;
use crate::cluster::Cluster;

/// Makes the objects that a new cluster starts with.
pub fn bootstrap(_cluster: &mut Cluster) -> Result<(), Status> {
    Ok(())
}
