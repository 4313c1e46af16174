//! The processes that a transaction starts and stops: what the pods' statuses say is running, against what is kept.

use std::path::Path;
use std::time::Duration;

use serde_json::Value;

use super::Place;
use super::hook_command::hook_command;
use crate::apimachinery::key::Key;
use crate::apimachinery::object::Object;
use crate::apimachinery::status::Status;
use crate::cluster::Cluster;
use crate::control::kubelet;
use crate::control::pace::Pace;
use crate::control::processes::{self, Process};
use crate::runtime::keeper::{self, Claim, Claimed, Order, Probe};

/// How long a command waits for short processes that it has started, one after the other (init containers), to end.
const SETTLE: Duration = Duration::from_secs(5);
/// How long a command waits for a process that it has asked to stop.
const STOP: Duration = Duration::from_millis(100);

/// How many containers of one store may be processes at once: each costs four, and a large cluster is a simulation.
const MOST: usize = 100;

/// What a transaction asks of this machine's processes.
#[derive(Default)]
pub struct Processes {
    starts: Vec<(Claimed, Claim, Order)>,
    /// What would be too many.
    refused: Vec<Claimed>,
    stops: Vec<Stop>,
}

/// A process to end.
struct Stop {
    uid: String,
    container: String,
    grace: u64,
}

/// A container whose process was kept by somebody who died.
pub struct Lost {
    pub what: Claimed,
    claim: Claim,
}

impl Lost {
    /// Everything that died.
    pub fn all(home: &Path) -> Vec<Lost> {
        // A folder that cannot be read has nothing to say; what depends on it says so itself.
        let claims = keeper::claims(home).unwrap_or_default();
        let lost = claims.into_iter().filter_map(|(what, claim)| Some(Lost { what, claim: claim? }));
        // Recording one twice does no harm, while the next run waits for as long as somebody holds this one's claim.
        lost.inspect(|lost| lost.claim.let_go()).collect()
    }

    /// The pod's key.
    pub fn key(&self) -> Key {
        Key::new("pods", &self.what.namespace, &self.what.pod)
    }

    /// It is recorded now.
    pub fn clear(self) {
        self.claim.release();
    }
}

impl Processes {
    /// Works out what the changed pods ask for, and claims what is to be started.
    pub fn of(cluster: &Cluster, place: Place) -> Result<Processes, Status> {
        let mut all = Processes::default();
        let mut pace = None;
        let mut kept = None;
        for key in cluster.changed("pods") {
            let Some(pod) = cluster.get(key)?.filter(|pod| processes::are_allowed(pod)) else { continue };
            let pace = match &pace {
                Some(pace) => pace,
                None => pace.insert(Pace::of(cluster)?),
            };
            let kept = kept.get_or_insert_with(|| keeper::claims(place.home).unwrap_or_default());
            let wanted = processes::of(&pod, pace);
            let room = MOST.saturating_sub(kept.len());
            let of_pod = kept.iter().map(|(what, _)| what).filter(|what| what.uid == pod.uid());
            all.stop(&pod, of_pod, &wanted);
            if place.is_real && pod.deletion_timestamp().is_none() {
                all.start(&pod, wanted, room, (cluster, place))?;
            }
        }
        Ok(all)
    }

    /// Stops what is kept and not wanted any more, and all of a pod that is being deleted.
    fn stop<'k>(&mut self, pod: &Object, kept: impl Iterator<Item = &'k Claimed>, wanted: &[Process]) {
        let is_going = pod.deletion_timestamp().is_some();
        let grace =
            if is_going { "/metadata/deletionGracePeriodSeconds" } else { "/spec/terminationGracePeriodSeconds" };
        let grace = pod.i64_at(grace).and_then(|g| u64::try_from(g).ok()).unwrap_or(30);
        for what in kept {
            let is_wanted = wanted.iter().any(|w| w.container == what.container && w.attempt == what.attempt);
            if is_going || !is_wanted {
                self.stops.push(Stop { uid: what.uid.clone(), container: what.container.clone(), grace });
            }
        }
    }

    fn start(
        &mut self,
        pod: &Object,
        wanted: Vec<Process>,
        room: usize,
        (cluster, place): (&Cluster, Place),
    ) -> Result<(), Status> {
        for process in wanted {
            let what = Claimed {
                namespace: pod.namespace().to_owned(),
                pod: pod.name().to_owned(),
                uid: pod.uid().to_owned(),
                container: process.container.clone(),
                attempt: process.attempt,
            };
            if what.exists(place.home) {
                continue;
            }
            if self.starts.len() >= room {
                self.refused.push(what);
                continue;
            }
            let Some(order) = order(pod, &process, cluster, place.home)? else { continue };
            // Where it cannot be claimed somebody else has, or nothing can be run in this home.
            if let Ok(claim) = Claim::take(place.home, &what) {
                self.starts.push((what, claim, order));
            }
        }
        Ok(())
    }

    /// The containers that are not started because too many run; they are to be recorded as simulated.
    pub fn take_refused(&mut self) -> Vec<Claimed> {
        std::mem::take(&mut self.refused)
    }

    /// Stops and starts them, and waits a moment for what ends at once. What could not be done is told.
    pub fn run(self, place: Place) -> Vec<String> {
        let mut warnings = Vec::new();
        let mut stopping = Vec::new();
        for stop in self.stops {
            match keeper::stop(place.home, &stop.uid, &stop.container, stop.grace) {
                Ok(asked) => stopping.extend(asked),
                Err(failure) => warnings.push(failure.to_string()),
            }
        }
        let mut started = Vec::new();
        for (what, claim, order) in &self.starts {
            match keeper::start(place.exe, what, claim, order, place.fsync) {
                Ok(one) => started.push(one),
                Err(error) => warnings.push(format!("start container {} of pod {}: {error}", what.container, what.pod)),
            }
        }
        drop(self.starts);
        started.iter().for_each(|one| one.wait(SETTLE));
        stopping.iter().for_each(|one| one.wait(STOP));
        warnings
    }
}

/// What a container's keeper is told; `None` where its sandbox lacks something, which its status says.
fn order(pod: &Object, process: &Process, cluster: &Cluster, home: &Path) -> Result<Option<Order>, Status> {
    let Ok(sandbox) = kubelet::sandbox(pod, &process.container, cluster) else { return Ok(None) };
    let Some(spec) = kubelet::specs(pod).find(|c| c["name"] == process.container.as_str()) else { return Ok(None) };
    let is = |field: &str| spec.get(field).is_some_and(|v| *v == true);
    let known = |name: &str| sandbox.env.iter().find(|(n, _)| n == name).map(|(_, value)| value.clone());
    let argv: Vec<String> = process.command.iter().map(|word| kubelet::expand(word, known)).collect();
    let other = argv.first().and_then(|program| processes::other_name(program));
    Ok(Some(Order {
        home: home.to_owned(),
        attempt: process.attempt,
        other_names: other.map(str::to_owned).into_iter().collect(),
        argv,
        stdin: is("stdin"),
        stdin_once: is("stdinOnce"),
        tty: is("tty"),
        message_from_log: spec["terminationMessagePolicy"] == "FallbackToLogsOnError",
        probes: probes(spec),
        post_start: hook_command(spec, "postStart", sandbox.ip),
        pre_stop: hook_command(spec, "preStop", sandbox.ip),
        grace: pod.i64_at("/spec/terminationGracePeriodSeconds").and_then(|g| u64::try_from(g).ok()).unwrap_or(30),
        sandbox,
    }))
}

/// The container's probes that run a command in it.
fn probes(spec: &Value) -> Vec<Probe> {
    let probe = |field: &&str| {
        let probe = spec.get(field)?;
        let argv = probe.pointer("/exec/command")?.as_array()?;
        let seconds = |name: &str, default: u64| {
            Duration::from_secs(probe.get(name).and_then(Value::as_u64).unwrap_or(default).min(31_536_000))
        };
        Some(Probe {
            field: (*field).to_owned(),
            argv: argv.iter().filter_map(Value::as_str).map(str::to_owned).collect(),
            delay: seconds("initialDelaySeconds", 0),
            period: seconds("periodSeconds", 10),
            timeout: seconds("timeoutSeconds", 1),
        })
    };
    ["startupProbe", "readinessProbe", "livenessProbe"].iter().filter_map(probe).collect()
}
