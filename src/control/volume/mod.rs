//! The volume binder: claims get volumes, volumes are let go and reclaimed.
//!
//! Provisions for every StorageClass a user makes, whatever its provisioner, but `kubernetes.io/no-provisioner`.

pub mod claim;
pub mod persistent;
mod resize;

/// What the persistent volume controller calls itself in events.
pub const SOURCE: &str = "persistentvolume-controller";
/// Keeps a claim that a pod uses.
pub const PVC_PROTECTION: &str = "kubernetes.io/pvc-protection";
/// Keeps a volume that is bound to a claim.
pub const PV_PROTECTION: &str = "kubernetes.io/pv-protection";
/// Keeps a volume that was provisioned until its storage is gone.
pub const PV_CONTROLLER: &str = "kubernetes.io/pv-controller";
/// On a volume that was provisioned: by what. Its files are the store's own.
pub const PROVISIONED_BY: &str = "pv.kubernetes.io/provisioned-by";
/// On a claim or volume that the controller, not the user, bound.
pub const BOUND_BY_CONTROLLER: &str = "pv.kubernetes.io/bound-by-controller";
/// On a claim whose binding is complete.
pub const BIND_COMPLETED: &str = "pv.kubernetes.io/bind-completed";
/// On a claim that waited for its first consumer: the node that its volume has to be on.
pub const SELECTED_NODE: &str = "volume.kubernetes.io/selected-node";
/// The classes' provisioner that provisions nothing.
pub const NO_PROVISIONER: &str = "kubernetes.io/no-provisioner";
