//! Hooks of containers that are simulated: their commands run in the container's sandbox, for what they leave in its files
//! and volumes; `postStart` once it has started, `preStop` before its pod's folder goes.
//!
//! A program that this machine lacks is the image's own and is taken to succeed, as the container that it belongs to is.

use std::sync::Arc;
use std::time::Duration;

use super::hook_command::hook_command;
use super::{FailedHook, Place};
use crate::apimachinery::key::Key;
use crate::apimachinery::object::Object;
use crate::apimachinery::status::Status;
use crate::cluster::Cluster;
use crate::control::pace::Pace;
use crate::control::{kubelet, processes};
use crate::runtime::{self, Command, Exit};

/// How long a command waits for hooks, which are ended then.
const PATIENCE: Duration = Duration::from_secs(10);

/// What a shell ends with that cannot run a program, or does not find it.
const NOT_HERE: [Exit; 2] = [Exit(126), Exit(127)];

/// One hook of one container, and whose it is should it fail.
struct Hook {
    who: FailedHook,
    run: runtime::Hook,
}

/// The hooks that a transaction asks for.
#[derive(Default)]
pub struct Hooks {
    starts: Vec<Hook>,
    stops: Vec<Hook>,
}

impl Hooks {
    /// The hooks of the containers that run since this transaction, and of those whose pods are deleted in it.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub fn of(cluster: &Cluster, place: Place) -> Result<Hooks, Status> {
        let mut all = Hooks::default();
        if !place.is_real {
            return Ok(all);
        }
        for key in cluster.changed("pods") {
            let (before, pod) = (cluster.before(key)?, cluster.get(key)?);
            if let Some(pod) = pod.as_ref().filter(|pod| pod.deletion_timestamp().is_none()) {
                all.starts.extend(starts(pod, before.as_ref(), cluster)?);
            }
            let stays = |before: &Arc<Object>| {
                let now = pod.as_ref().filter(|pod| pod.uid() == before.uid());
                now.is_some_and(|now| now.deletion_timestamp().is_none())
            };
            if let Some(before) = before.filter(|b| b.deletion_timestamp().is_none() && !stays(b)) {
                all.stops.extend(stops(&before, grace(key, &before, cluster), cluster)?);
            }
        }
        Ok(all)
    }

    /// Takes the `preStop` hooks, which come before what their containers leave is removed.
    pub fn take_stops(&mut self) -> Hooks {
        Hooks { stops: std::mem::take(&mut self.stops), ..Hooks::default() }
    }

    /// Runs them. Gives those that failed; one that took too long, or could not be run here, says nothing.
    pub fn run(self, place: Place) -> Vec<FailedHook> {
        let (who, run): (Vec<_>, Vec<_>) = self.stops.into_iter().chain(self.starts).map(|h| (h.who, h.run)).unzip();
        let ended = runtime::hooks(place.home, &run);
        let fails = |exit: &Option<Exit>| exit.is_some_and(|exit| exit != Exit(0) && !NOT_HERE.contains(&exit));
        who.into_iter().zip(ended).filter(|(_, exit)| fails(exit)).map(|(who, _)| who).collect()
    }
}

fn starts(pod: &Arc<Object>, before: Option<&Arc<Object>>, cluster: &Cluster) -> Result<Vec<Hook>, Status> {
    let before = before.filter(|before| before.uid() == pod.uid());
    let mut hooks = hooks(pod, "postStart", PATIENCE, cluster)?;
    hooks.retain(|hook| {
        let run = run_of(pod, &hook.who.container);
        run.is_some() && run != before.and_then(|before| run_of(before, &hook.who.container))
    });
    Ok(hooks)
}

/// A pod without a grace period is killed, and runs no hook.
fn stops(pod: &Arc<Object>, grace: u64, cluster: &Cluster) -> Result<Vec<Hook>, Status> {
    if grace == 0 {
        return Ok(Vec::new());
    }
    let mut hooks = hooks(pod, "preStop", PATIENCE.min(Duration::from_secs(grace)), cluster)?;
    hooks.retain(|hook| run_of(pod, &hook.who.container).is_some() && !only_sleeps(&hook.run.command.argv));
    Ok(hooks)
}

/// The grace period that a pod is deleted with, in seconds.
fn grace(key: &Key, pod: &Object, cluster: &Cluster) -> u64 {
    let removed = cluster.removed().iter().find(|c| c.object.uid() == pod.uid()).map(|c| c.object.clone());
    let last = removed.or_else(|| cluster.get(key).ok().flatten().filter(|now| now.uid() == pod.uid()));
    let told = last.and_then(|last| last.i64_at("/metadata/deletionGracePeriodSeconds"));
    let grace = told.or_else(|| pod.i64_at("/spec/terminationGracePeriodSeconds"));
    grace.map_or(30, |seconds| u64::try_from(seconds).unwrap_or(0))
}

/// Whether a command does nothing but take time, which the pace gives it.
fn only_sleeps(argv: &[String]) -> bool {
    let line = argv.last().map_or("", String::as_str);
    let is_script = argv.len() > 1 && argv[argv.len() - 2].starts_with('-') && argv[argv.len() - 2].ends_with('c');
    let words: Vec<&str> =
        if is_script { line.split_whitespace().collect() } else { argv.iter().map(|w| &**w).collect() };
    matches!(words.as_slice(), [program, time] if program.ends_with("sleep") && time.starts_with(|c: char| c.is_ascii_digit()))
}

/// The hooks with a command of a pod's simulated containers; a container that is a process has a keeper for its own.
fn hooks(pod: &Arc<Object>, field: &'static str, patience: Duration, cluster: &Cluster) -> Result<Vec<Hook>, Status> {
    let mut found = Vec::new();
    if !processes::are_allowed(pod) {
        return Ok(found);
    }
    for spec in pod.list_at("/spec/containers") {
        // The pace gives a hook that sleeps its time.
        let runs = spec.pointer(&format!("/lifecycle/{field}")).is_some_and(|hook| hook.get("sleep").is_none());
        let Some(container) = spec.get("name").and_then(|n| n.as_str()).filter(|_| runs) else { continue };
        if processes::of(pod, &Pace::of(cluster)?).iter().any(|p| p.container == container) {
            continue;
        }
        let Ok(sandbox) = kubelet::sandbox(pod, container, cluster) else { continue };
        let argv = hook_command(spec, field, sandbox.ip);
        if argv.is_empty() {
            continue;
        }
        let command = Command { argv, stdin: false, tty: false };
        found.push(Hook {
            who: FailedHook { pod: Arc::clone(pod), container: container.to_owned(), hook: field },
            run: runtime::Hook { sandbox, command, patience },
        });
    }
    Ok(found)
}

/// Which run of a container is under way.
fn run_of(pod: &Object, container: &str) -> Option<u64> {
    let status = pod.list_at("/status/containerStatuses").iter().find(|s| s["name"] == container)?;
    status.pointer("/state/running")?;
    status.get("restartCount")?.as_u64()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_only_sleeps_is_not_run() {
        let only = |words: &[&str]| only_sleeps(&words.iter().map(|w| (*w).to_owned()).collect::<Vec<_>>());
        assert!(only(&["sleep", "5"]) && only(&["/bin/sh", "-c", "sleep 15"]) && only(&["sh", "-ec", "/bin/sleep 1"]));
        assert!(!only(&["sh", "-c", "sleep 1; echo bye > /v/x"]) && !only(&["nginx", "-s", "quit"]) && !only(&[]));
    }
}
