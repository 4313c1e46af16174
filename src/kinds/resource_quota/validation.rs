//! What a ResourceQuota may be, in the words of core's ValidateResourceQuotaSpec.

use crate::apimachinery::field::{Errors, Path};
use crate::apimachinery::object::Object;
use crate::apimachinery::quantity::Quantity;

use super::scopes;
use crate::kinds::pod;

/// The resources without a domain that a quota may name, apart from `count/…`.
const STANDARD: [&str; 19] = [
    "cpu",
    "memory",
    "ephemeral-storage",
    "requests.cpu",
    "requests.memory",
    "requests.storage",
    "requests.ephemeral-storage",
    "limits.cpu",
    "limits.memory",
    "limits.ephemeral-storage",
    "pods",
    "resourcequotas",
    "services",
    "replicationcontrollers",
    "secrets",
    "persistentvolumeclaims",
    "configmaps",
    "services.nodeports",
    "services.loadbalancers",
];
/// What is wrong with a quota.
pub fn validate(quota: &Object) -> Errors {
    let mut errors = Errors::default();
    let spec = Path::new("spec");
    for (resource, amount) in quota.map_at("/spec/hard").into_iter().flatten() {
        let path = spec.child("hard").key(resource);
        validate_resource(resource, &path, &mut errors);
        let Ok(amount) = Quantity::from_value(amount) else { continue };
        if amount.is_negative() {
            errors.invalid(&path, amount.to_string(), "must be greater than or equal to 0");
        }
        if pod::is_counted(resource) && amount.milli_value() % 1000 != 0 {
            errors.invalid(&path, amount.to_string(), "must be an integer");
        }
    }
    scopes::validate(quota, &spec, &mut errors);
    errors
}

/// Whether a resource without a domain is one that quotas know.
pub(super) fn is_standard(resource: &str) -> bool {
    STANDARD.contains(&resource) || resource.starts_with("hugepages-") || resource.starts_with("requests.hugepages-")
}

fn validate_resource(resource: &str, path: &Path, errors: &mut Errors) {
    pod::validate_limit_name(resource, false, path, errors);
    if !resource.contains('/') && !is_standard(resource) {
        errors.invalid(path, resource, "must be a standard resource for quota");
    }
}
