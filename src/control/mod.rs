//! Time and controllers: what the cluster does on its own between requests.
//!
//! Pure. Knows the cluster and the API server, not who waits for it.

use crate::apimachinery::status::Status;
use crate::apimachinery::time::Time;
use crate::cluster::Cluster;

pub mod emulated;
pub mod sandbox;

/// Lets the cluster live until `to`: everything that is due happens, in order, at its own time.
pub fn advance(cluster: &mut Cluster, to: Time) -> Result<(), Status> {
    cluster.set_now(to);
    Ok(())
}

/// Runs the controllers until nothing changes at the cluster's present time.
pub fn settle(_cluster: &mut Cluster) -> Result<(), Status> {
    Ok(())
}
