//! What has to be done outside the store after a commit: processes of containers are started and stopped, folders of pods
//! and volumes that are gone are removed.
//!
//! Nothing is lost when a command dies between its commit and its effects: what is to be started is claimed and what is to
//! be removed is written down before the commit, and the next command finishes what nobody holds any more.

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Arc;

use crate::apimachinery::key::Key;
use crate::apimachinery::object::Object;
use crate::apimachinery::status::Status;
#[cfg(target_os = "linux")]
use crate::apimachinery::time::Time;
use crate::cluster::{Changes, Cluster};
use crate::control::observation::Observation;
#[cfg(target_os = "linux")]
use crate::control::observation::Seen;
#[cfg(target_os = "linux")]
use crate::runtime;

#[cfg(target_os = "linux")]
mod hook_command;
#[cfg(target_os = "linux")]
mod hooks;
#[cfg(target_os = "linux")]
mod processes;
#[cfg(target_os = "linux")]
mod volumes;

#[cfg(target_os = "linux")]
pub(super) use processes::Lost;

/// How effects are run.
#[derive(Clone, Copy, Debug)]
#[cfg_attr(not(target_os = "linux"), expect(dead_code, reason = "no process is started there"))]
pub(super) struct Place<'p> {
    pub home: &'p Path,
    /// The kstate binary.
    pub exe: &'p Path,
    pub fsync: bool,
    /// Whether processes are started at all.
    pub is_real: bool,
}

/// One thing to remove after a commit.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Removal {
    /// The pod with this uid is gone, and its containers' layers with it.
    Pod(String),
    /// The persistent volume of this name is gone, and its data with it.
    Volume(String),
}

/// A lifecycle hook that failed.
pub(super) struct FailedHook {
    pub pod: Arc<Object>,
    pub container: String,
    /// `postStart` or `preStop`.
    pub hook: &'static str,
}

/// What follows a transaction.
#[derive(Default)]
pub(super) struct Effects {
    removals: BTreeSet<Removal>,
    #[cfg(target_os = "linux")]
    journal: Option<runtime::Journal>,
    #[cfg(target_os = "linux")]
    processes: processes::Processes,
    #[cfg(target_os = "linux")]
    hooks: hooks::Hooks,
    #[cfg(target_os = "linux")]
    volumes: volumes::Volumes,
}

/// What is removed after a transaction's changes, each once. An object that was made anew under the same name counts by its
/// uid for a pod and by its name for a volume, as their folders do.
fn removals(changes: &Changes) -> BTreeSet<Removal> {
    let effects = changes.removed.iter().filter_map(|change| match change.key.resource.as_ref() {
        "pods" => Some(Removal::Pod(change.object.uid().to_owned())),
        "persistentvolumes" if changes.objects.get(&change.key).is_none_or(Option::is_none) => {
            Some(Removal::Volume(change.key.name.clone()))
        }
        _ => None,
    });
    effects.collect()
}

#[cfg(target_os = "linux")]
impl Effects {
    /// Works out what processes a transaction asks for and claims them. Called before its commit.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub(super) fn of(cluster: &Cluster, place: Place) -> Result<Effects, Status> {
        let hooks = hooks::Hooks::of(cluster, place)?;
        let volumes = volumes::Volumes::of(cluster, place.home)?;
        let processes = processes::Processes::of(cluster, place)?;
        Ok(Effects { processes, hooks, volumes, ..Effects::default() })
    }

    /// Adds what a transaction removes, and writes down what of it has a folder. Called before its commit.
    pub(super) fn add_removals(&mut self, changes: &Changes, place: Place) {
        self.removals = removals(changes);
        let folder = |removal: &Removal| match removal {
            Removal::Pod(uid) => ("pods", uid.clone()),
            Removal::Volume(name) => ("volumes", name.clone()),
        };
        self.removals.retain(|removal| {
            let (parent, name) = folder(removal);
            place.home.join(parent).join(name).symlink_metadata().is_ok()
        });
        if !self.removals.is_empty() {
            // Without a journal what a killed command leaves stays; the removal itself does not depend on it.
            self.journal = runtime::Journal::begin(place.home, self.removals.iter().map(folder)).ok();
        }
    }

    /// The containers that are not started because too many run.
    pub(super) fn take_refused(&mut self) -> Vec<(Key, String, Observation)> {
        let message = "too many containers run for real; 'run-containers: never' in the pace simulates all".to_owned();
        let seen = |what: runtime::keeper::Claimed| {
            let key = Key::new("pods", &what.namespace, &what.pod);
            let seen = Seen::CannotRun { message: message.clone() };
            let at = Time::UNIX_EPOCH;
            (key, what.uid, Observation { container: what.container, attempt: what.attempt, at, seen })
        };
        self.processes.take_refused().into_iter().map(seen).collect()
    }

    /// Does them. What could not be done is told: the transaction itself has succeeded and stays.
    pub(super) fn run(mut self, place: Place) -> (Vec<String>, Vec<FailedHook>) {
        let mut failed = self.hooks.take_stops().run(place);
        let tried = self.removals.iter().map(|removal| match removal {
            Removal::Pod(uid) => runtime::remove_pod(place.home, uid),
            Removal::Volume(name) => runtime::remove_volume(place.home, name),
        });
        let mut warnings: Vec<String> = tried.filter_map(Result::err).map(|failure| failure.to_string()).collect();
        if let Some(journal) = self.journal.filter(|_| warnings.is_empty()) {
            journal.finish();
        }
        warnings.extend(self.volumes.run(place.home));
        warnings.extend(self.processes.run(place));
        failed.extend(self.hooks.run(place));
        (warnings, failed)
    }
}

/// Pods have no folders where nothing runs in them.
#[cfg(not(target_os = "linux"))]
impl Effects {
    pub(super) fn of(_cluster: &Cluster, _place: Place) -> Result<Effects, Status> {
        Ok(Effects::default())
    }

    pub(super) fn add_removals(&mut self, changes: &Changes, _place: Place) {
        self.removals = removals(changes);
    }

    pub(super) fn take_refused(&mut self) -> Vec<(Key, String, Observation)> {
        Vec::new()
    }

    pub(super) fn run(self, _place: Place) -> (Vec<String>, Vec<FailedHook>) {
        (Vec::new(), Vec::new())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
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
        let want = [Removal::Pod("old".to_owned()), Removal::Volume("pvc-1".to_owned())];
        assert_eq!(removals(&cluster.into_changes()), want.into());
    }
}
