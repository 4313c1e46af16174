//! Subresources that write a part of an object's spec: a pod's `resize` and `ephemeralcontainers`. Knows no kind.

use crate::apimachinery::field::Errors;
use crate::apimachinery::object::Object;
use crate::apimachinery::status::Status;
use crate::cluster::Cluster;

/// What a subresource of this kind does with an object that is sent to it: a strategy of its own.
pub trait SpecPart: Sync {
    /// The subresource, as requests name it.
    fn name(&self) -> &'static str;

    /// Takes back every change but those that the subresource is for.
    fn prepare(&self, new: &mut Object, old: &Object);

    /// Validates what was sent, as it was prepared.
    fn validate(&self, new: &Object, old: &Object) -> Errors;

    /// Validating admission of an object that was found valid.
    ///
    /// # Errors
    /// Forbidden; those of the store.
    fn admit(&self, _new: &Object, _old: &Object, _cluster: &Cluster) -> Result<(), Status> {
        Ok(())
    }

    /// Whether the namespace's quotas may refuse the change.
    fn is_held_to_quotas(&self) -> bool {
        false
    }
}

/// Puts the old object in place of the new one, whose managers it keeps; returns what was sent.
pub fn take_back(new: &mut Object, old: &Object) -> Object {
    const MANAGERS: &str = "/metadata/managedFields";
    let sent = std::mem::replace(new, old.clone());
    match sent.at(MANAGERS) {
        Some(managers) => new.set(MANAGERS, managers.clone()),
        None => drop(new.remove(MANAGERS)),
    }
    sent
}
