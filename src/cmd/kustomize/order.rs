//! The order of what is built: kustomize's legacy order, in which what others need comes first. Knows kinds by name only.

use super::kustomization::LegacyOrder;
use super::resource::Resource;

const FIRST: &[&str] = &[
    "Namespace",
    "ResourceQuota",
    "StorageClass",
    "CustomResourceDefinition",
    "ServiceAccount",
    "PodSecurityPolicy",
    "Role",
    "ClusterRole",
    "RoleBinding",
    "ClusterRoleBinding",
    "ConfigMap",
    "Secret",
    "Endpoints",
    "Service",
    "LimitRange",
    "PriorityClass",
    "PersistentVolume",
    "PersistentVolumeClaim",
    "Deployment",
    "StatefulSet",
    "CronJob",
    "PodDisruptionBudget",
];

const LAST: &[&str] = &["MutatingWebhookConfiguration", "ValidatingWebhookConfiguration"];

/// Sorts, kinds first; objects of one kind by name, then namespace. The kinds that come first and last may be given.
pub fn sort(resources: &mut [Resource], own: Option<&LegacyOrder>) {
    let default = |names: &[&str]| names.iter().map(|n| (*n).to_owned()).collect();
    let (first, last): (Vec<String>, Vec<String>) = match own {
        Some(own) => (own.order_first.clone(), own.order_last.clone()),
        None => (default(FIRST), default(LAST)),
    };
    resources.sort_by_cached_key(|r| key(r, &first, &last));
}

fn key(resource: &Resource, first: &[String], last: &[String]) -> (usize, [String; 5]) {
    let kind = resource.kind();
    let rank = match (first.iter().position(|k| *k == kind), last.iter().position(|k| *k == kind)) {
        (Some(at), _) => at,
        (None, Some(at)) => first.len() + 1 + at,
        (None, None) => first.len(),
    };
    // kustomize writes a missing part as `~G`, which comes after letters.
    let or = |text: &str, none: &str| if text.is_empty() { none.to_owned() } else { text.to_owned() };
    let (group, version) = resource.group_version();
    let rest = [
        or(group, "~G"),
        or(version, "~V"),
        kind.to_owned(),
        or(resource.namespace(), "~X"),
        resource.name().to_owned(),
    ];
    (rank, rest)
}
