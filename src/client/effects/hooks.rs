//! The postStart hooks of containers that a transaction lets run: each is run once, after the commit, whether its container is
//! a process of this machine or simulated. preStop hooks are not run: what they would leave behind goes with the pod.

use std::path::Path;
use std::time::Duration;

use serde_json::Value;

use super::FailedHook;
use crate::apimachinery::key::Key;
use crate::apimachinery::object::Object;
use crate::apimachinery::status::Status;
use crate::cluster::Cluster;
use crate::control::kubelet;
use crate::control::sandbox::Sandbox;
use crate::runtime::keeper;

/// How long a hook may take: the command that lets its container run waits for it.
const PATIENCE: Duration = Duration::from_secs(5);

/// A hook to run.
pub struct Hook {
    key: Key,
    container: String,
    sandbox: Sandbox,
    argv: Vec<String>,
}

/// The hooks of a pod's containers that run now and did not before the transaction.
pub fn of(key: &Key, pod: &Object, cluster: &Cluster) -> Result<Vec<Hook>, Status> {
    let mut hooks = Vec::new();
    let specs = pod.list_at("/spec/initContainers").iter().chain(pod.list_at("/spec/containers"));
    for spec in specs {
        let Some(argv) = spec.pointer("/lifecycle/postStart/exec/command").and_then(Value::as_array) else { continue };
        let container = spec["name"].as_str().unwrap_or_default();
        let before = cluster.stored(key)?.filter(|before| before.uid() == pod.uid());
        let run = running(pod, container);
        if run.is_none() || before.and_then(|before| running(&before, container)) == run {
            continue;
        }
        // Where its sandbox lacks something, its status says so.
        let Ok(sandbox) = kubelet::sandbox(pod, container, cluster) else { continue };
        let argv = argv.iter().filter_map(Value::as_str).map(str::to_owned).collect();
        hooks.push(Hook { key: key.clone(), container: container.to_owned(), sandbox, argv });
    }
    Ok(hooks)
}

/// Which run of a container is running.
fn running(pod: &Object, container: &str) -> Option<u64> {
    let lists = ["/status/initContainerStatuses", "/status/containerStatuses"];
    let status = lists.iter().flat_map(|list| pod.list_at(list)).find(|s| s["name"] == container)?;
    status.pointer("/state/running")?;
    status.get("restartCount")?.as_u64()
}

impl Hook {
    /// Runs it; itself again when it failed.
    pub fn run(self, home: &Path) -> Option<FailedHook> {
        let has_failed = !keeper::run_hook(home, &self.sandbox, &self.argv, PATIENCE);
        has_failed.then_some(FailedHook { key: self.key, uid: self.sandbox.pod_uid, container: self.container })
    }
}
