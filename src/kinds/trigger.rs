//! What else a kind's controller follows than its own objects.

use crate::apimachinery::key::Key;
use crate::apimachinery::object::Object;
use crate::apimachinery::status::Status;
use crate::cluster::Cluster;

/// A [`Trigger`]'s resource for the objects of every kind that a definition made known.
pub const ANY_CUSTOM: &str = "*";

/// Which objects' controllers to run when another object changed.
pub struct Trigger {
    /// The group resource whose changes matter, or [`ANY_CUSTOM`].
    pub resource: &'static str,
    /// The keys (of the kind that declares the trigger) to look at. Called with the object before and after the change.
    pub keys: fn(&Object, &Cluster) -> Result<Vec<Key>, Status>,
}
