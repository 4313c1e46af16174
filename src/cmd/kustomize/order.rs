//! The order of what is built: kustomize's legacy order, in which what others need comes first. Knows kinds by name only.

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

/// Sorts, kinds first; objects of one kind by name, then namespace.
pub fn sort(resources: &mut [Resource]) {
    resources.sort_by_cached_key(key);
}

fn key(resource: &Resource) -> (usize, [String; 5]) {
    let kind = resource.kind();
    let rank = match (FIRST.iter().position(|k| *k == kind), LAST.iter().position(|k| *k == kind)) {
        (Some(at), _) => at,
        (None, Some(at)) => FIRST.len() + 1 + at,
        (None, None) => FIRST.len(),
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
