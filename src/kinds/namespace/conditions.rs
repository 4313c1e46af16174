//! What a namespace that is being deleted says of what is still in it: namespace_conditions.go of upstream. Deletes nothing.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::apimachinery::object::Object;
use crate::apimachinery::time::{self, Time};
use crate::kinds::Names;
use crate::kinds::pod::Fields;

/// The conditions in their order, each with the reason and the words of when all is well.
const WELL: [(&str, &str, &str); 5] = [
    ("NamespaceDeletionDiscoveryFailure", "ResourcesDiscovered", "All resources successfully discovered"),
    ("NamespaceDeletionGroupVersionParsingFailure", "ParsedGroupVersions", "All legacy kube types successfully parsed"),
    (
        "NamespaceDeletionContentFailure",
        "ContentDeleted",
        "All content successfully deleted, may be waiting on finalization",
    ),
    ("NamespaceContentRemaining", "ContentRemoved", "All content successfully removed"),
    ("NamespaceFinalizersRemaining", "ContentHasNoFinalizers", "All content-preserving finalizers finished"),
];

/// How much of each resource is left, and how many objects each finalizer holds.
#[derive(Default)]
pub struct Remaining {
    resources: BTreeMap<String, usize>,
    finalizers: BTreeMap<String, usize>,
}

impl Remaining {
    pub fn add(&mut self, names: &Names, object: &Object) {
        *self.resources.entry(format!("{}.{}", names.plural, names.group)).or_default() += 1;
        for finalizer in object.finalizers() {
            *self.finalizers.entry(finalizer.to_owned()).or_default() += 1;
        }
    }

    /// The namespace with conditions that say so; `None` where they do already.
    pub fn told(&self, namespace: &Object, now: Time) -> Option<Object> {
        let old = namespace.list_at("/status/conditions");
        let of_type = |kind: &str| old.iter().find(|c| c.text("type") == kind);
        let conditions = WELL.map(|(kind, reason, message)| {
            let (status, reason, message) = match kind {
                "NamespaceContentRemaining" => state(
                    &texts(&self.resources, "has"),
                    ("SomeResourcesRemain", "Some resources are remaining: "),
                    (reason, message),
                ),
                "NamespaceFinalizersRemaining" => state(
                    &texts(&self.finalizers, "in"),
                    ("SomeFinalizersRemain", "Some content in the namespace has finalizers remaining: "),
                    (reason, message),
                ),
                _ => ("False", reason, message.to_owned()),
            };
            let before = of_type(kind).filter(|c| c.text("status") == status);
            let since = before.map(|c| c["lastTransitionTime"].clone());
            json!({
                "type": kind, "status": status, "reason": reason, "message": message,
                "lastTransitionTime": since.unwrap_or_else(|| time::to_rfc3339(now).into()),
            })
        });
        let conditions = Value::Array(conditions.to_vec());
        let mut told = namespace.clone();
        told.set("/status/conditions", conditions);
        (told != *namespace).then_some(told)
    }
}

/// A condition's status, reason and message.
fn state<'t>(
    remaining: &[String],
    (some, prefix): (&'t str, &str),
    (none, message): (&'t str, &str),
) -> (&'static str, &'t str, String) {
    match remaining {
        [] => ("False", none, message.to_owned()),
        texts => ("True", some, format!("{prefix}{}", texts.join(", "))),
    }
}

/// `configmaps. has 1 resource instances`.
fn texts(counts: &BTreeMap<String, usize>, word: &str) -> Vec<String> {
    let mut texts: Vec<String> =
        counts.iter().map(|(name, count)| format!("{name} {word} {count} resource instances")).collect();
    texts.sort();
    texts
}
