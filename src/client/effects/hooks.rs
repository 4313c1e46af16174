//! `postStart` hooks of containers that are simulated: their commands run in the container's sandbox once it has started,
//! for what they leave in its files and volumes.
//!
//! A hook's failure says nothing here: most often the host lacks the image's programs.

use std::collections::BTreeSet;
use std::time::Duration;

use super::Place;
use super::processes::hook;
use crate::Env;
use crate::apimachinery::key::Key;
use crate::apimachinery::object::Object;
use crate::apimachinery::status::Status;
use crate::cluster::Cluster;
use crate::control::pace::Pace;
use crate::control::sandbox::Sandbox;
use crate::control::{kubelet, processes};
use crate::runtime::{self, Command};

/// How long a command waits for one hook, which is ended then.
const PATIENCE: Duration = Duration::from_secs(10);

/// The hooks that a transaction asks for.
#[derive(Default)]
pub struct Hooks(Vec<(Sandbox, Command)>);

impl Hooks {
    /// The hooks of the containers that run since this transaction.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub fn of(cluster: &Cluster, place: Place) -> Result<Hooks, Status> {
        let mut all = Hooks::default();
        if !place.is_real {
            return Ok(all);
        }
        let changed: BTreeSet<&Key> = cluster.log().iter().map(|c| &c.key).filter(|k| k.resource == "pods").collect();
        for key in changed {
            let Some(pod) = cluster.get(key)?.filter(|pod| processes::are_allowed(pod)) else { continue };
            if pod.deletion_timestamp().is_some() {
                continue;
            }
            for (container, argv) in hooks(&pod) {
                let before = cluster.before(key)?.filter(|before| before.uid() == pod.uid());
                let ran = before.and_then(|before| run_of(&before, &container));
                if run_of(&pod, &container).is_none_or(|run| ran == Some(run)) {
                    continue;
                }
                // Its keeper runs the hook of a container that is a process.
                if processes::of(&pod, &Pace::of(cluster)?).iter().any(|p| p.container == container) {
                    continue;
                }
                if let Ok(sandbox) = kubelet::sandbox(&pod, &container, cluster) {
                    all.0.push((sandbox, Command { argv, stdin: false, tty: false }));
                }
            }
        }
        Ok(all)
    }

    /// Runs them, one after the other.
    pub fn run(self, place: Place) {
        for (sandbox, command) in self.0 {
            let mut env = Env::real();
            env.stdin = Box::new(std::io::empty());
            (env.stdout, env.stderr) = (Box::new(std::io::sink()), Box::new(std::io::sink()));
            let _nobody_acts_on_it = runtime::hook(place.home, &sandbox, &command, PATIENCE, &mut env);
        }
    }
}

/// Which run of a container is under way.
fn run_of(pod: &Object, container: &str) -> Option<u64> {
    let status = pod.list_at("/status/containerStatuses").iter().find(|s| s["name"] == container)?;
    status.pointer("/state/running")?;
    status.get("restartCount")?.as_u64()
}

/// The containers that have a `postStart` hook with a command.
fn hooks(pod: &Object) -> Vec<(String, Vec<String>)> {
    let hook_of = |spec: &serde_json::Value| {
        let argv = hook(spec, "postStart");
        (!argv.is_empty()).then(|| Some((spec.get("name")?.as_str()?.to_owned(), argv)))?
    };
    pod.list_at("/spec/containers").iter().filter_map(hook_of).collect()
}
