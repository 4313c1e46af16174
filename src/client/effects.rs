//! What has to be done outside the store after a commit: folders of pods and volumes that are gone are removed.

use std::collections::BTreeSet;
use std::path::Path;

use crate::cluster::{ChangeType, Changes};
#[cfg(target_os = "linux")]
use crate::runtime;

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

/// Does them. What could not be done is told: the transaction itself has succeeded and stays.
#[cfg(target_os = "linux")]
pub(super) fn run(home: &Path, effects: &BTreeSet<Effect>) -> Vec<String> {
    let tried = effects.iter().map(|effect| match effect {
        Effect::RemovePod(uid) => runtime::remove_pod(home, uid),
        Effect::RemoveVolume(name) => runtime::remove_volume(home, name),
    });
    tried.filter_map(Result::err).map(|failure| failure.to_string()).collect()
}

/// Pods have no folders where nothing runs in them.
#[cfg(not(target_os = "linux"))]
pub(super) fn run(_home: &Path, _effects: &BTreeSet<Effect>) -> Vec<String> {
    Vec::new()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::apimachinery::key::Key;
    use crate::apimachinery::object::Object;
    use crate::apimachinery::seed::Seed;
    use crate::cluster::{Cluster, Snapshot};
    use crate::storage::memory::Memory;

    fn put(cluster: &mut Cluster, key: &Key, uid: &str) {
        let mut object = Object::new("v1", "X", &key.namespace, &key.name);
        object.set("/metadata/uid", uid.into());
        cluster.put(key, object).unwrap();
    }

    #[test]
    fn what_is_gone_is_cleared_away_and_what_came_back_is_not() {
        let store = Memory::new(Seed("s".to_owned()));
        let mut cluster = Cluster::new(&store as &dyn Snapshot);
        let (pod, volume) = (Key::new("pods", "a", "web-0"), Key::cluster("persistentvolumes", "pvc-1"));
        let (kept, claim) = (Key::cluster("persistentvolumes", "pvc-2"), Key::new("persistentvolumeclaims", "a", "c"));
        for key in [&pod, &volume, &kept, &claim] {
            put(&mut cluster, key, "old");
            cluster.remove(key).unwrap();
        }
        put(&mut cluster, &pod, "new");
        put(&mut cluster, &kept, "new");
        let want = [Effect::RemovePod("old".to_owned()), Effect::RemoveVolume("pvc-1".to_owned())];
        assert_eq!(of(&cluster.into_changes()), want.into());
    }
}
