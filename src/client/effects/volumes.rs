//! Volumes whose files come from other objects: written anew below the pods that mount them when the objects change.
//!
//! A kubelet does it within a minute or two; here it is done at once. What is mounted by `subPath` stays as it was, as there:
//! the mount leads to the folder of the old content.

use std::path::Path;

use crate::apimachinery::key::Key;
use crate::apimachinery::object::Object;
use crate::apimachinery::status::Status;
use crate::cluster::Cluster;
use crate::control::kubelet;
use crate::control::sandbox::Sandbox;
use crate::runtime;

/// The containers whose volumes a transaction changes.
#[derive(Default)]
pub struct Volumes {
    stale: Vec<Sandbox>,
}

impl Volumes {
    /// Finds the pods with a folder that mount what was changed, or show their own labels and annotations, which were.
    pub fn of(cluster: &Cluster, home: &Path) -> Result<Volumes, Status> {
        let mut all = Volumes::default();
        for key in cluster.changed("configmaps").chain(cluster.changed("secrets")) {
            // What is made or removed changes no volume of a pod that runs: it waited for it, or keeps what it has.
            if cluster.get(key)?.is_none() || cluster.before(key)?.is_none() {
                continue;
            }
            for (_, pod) in kubelet::pods_that_mount(key, cluster)? {
                all.add(&pod, cluster, home);
            }
        }
        for key in cluster.changed("pods") {
            if let Some(pod) = cluster.get(key)?
                && is_relabelled(cluster, key, &pod)?
            {
                all.add(&pod, cluster, home);
            }
        }
        Ok(all)
    }

    fn add(&mut self, pod: &Object, cluster: &Cluster, home: &Path) {
        if !home.join("pods").join(pod.uid()).is_dir() {
            return;
        }
        let names = pod.list_at("/spec/containers").iter().filter_map(|c| c["name"].as_str());
        // Where something else is missing now the files stay as they are: a kubelet keeps them too.
        self.stale.extend(names.filter_map(|name| kubelet::sandbox(pod, name, cluster).ok()));
    }

    /// Writes them. What could not be written is told.
    pub fn run(self, home: &Path) -> Vec<String> {
        let written = self.stale.iter().map(|sandbox| runtime::write_volumes(home, sandbox));
        written.filter_map(Result::err).map(|failure| failure.to_string()).collect()
    }
}

/// Whether a pod's labels or annotations are not what they were before the transaction.
fn is_relabelled(cluster: &Cluster, key: &Key, pod: &Object) -> Result<bool, Status> {
    let shows_itself = |pod: &Object| {
        let volumes = pod.list_at("/spec/volumes").iter();
        volumes.filter(|v| !v["name"].as_str().unwrap_or_default().starts_with("kube-api-access-")).any(|v| {
            let projected = v.pointer("/projected/sources").and_then(|s| s.as_array()).into_iter().flatten();
            v.get("downwardAPI").is_some() || projected.into_iter().any(|s| s.get("downwardAPI").is_some())
        })
    };
    if !shows_itself(pod) {
        return Ok(false);
    }
    let before = cluster.before(key)?;
    let differs = |old: &Object, pointer: &str| old.at(pointer) != pod.at(pointer);
    Ok(before.is_some_and(|old| differs(&old, "/metadata/labels") || differs(&old, "/metadata/annotations")))
}
