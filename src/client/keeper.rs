//! The keeper's way to the store: records how its container's process ended, then lets time pass for its pod until
//! somebody else keeps the container, or nobody has to.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::process::ExitCode;
use std::time::Duration;

use super::Client;
use crate::Env;
use crate::apimachinery::key::Key;
use crate::cluster::Cluster;
use crate::control::kubelet::health::{self, Probed};
use crate::control::observation::{self, Observation, Seen};
use crate::runtime::keeper::{self, Claimed, Ended, Probing};
use crate::runtime::{self, KEEPER};

/// How often a keeper that only waits looks for other processes' commits.
const POLL: Duration = Duration::from_millis(200);
/// How often one that waits sees whether its store is still there.
const LOOK: Duration = Duration::from_secs(1);
/// How often a keeper looks whether the run before its own is over.
const EARLIER: Duration = Duration::from_millis(20);

/// Keeps a container's process where the binary was started for that; `None` where it was not.
pub fn main(args: &[OsString], env: &Env) -> Option<ExitCode> {
    args.get(1).filter(|first| *first == KEEPER)?;
    let Some((what, order, claim, mut report)) = keeper::receive() else { return Some(ExitCode::FAILURE) };
    keeper::wait_for_earlier(&order.home, &what, || {
        // Its grace period may be long, and nobody has to wait for that.
        report = None;
        env.clock.sleep(EARLIER);
    });
    let probing = Probing::begin(&order, teller(&what));
    let kept = keeper::keep(&order, &claim, env, &mut report);
    drop(probing);
    let seen = match &kept.ended {
        Ended::Exited(code) => Seen::Exited { code: *code, message: kept.message.clone() },
        Ended::CannotRun(message) => Seen::CannotRun { message: message.clone() },
        // The claim stays behind: the next command finds that nobody holds it.
        Ended::Lost => {
            if !claim.is_there() {
                // The store was emptied while this was about to start: what it has made since is nobody's.
                let _removed_by_others = runtime::remove_pod(&order.home, &what.uid);
            }
            return Some(ExitCode::SUCCESS);
        }
    };
    let is_over = matches!(seen, Seen::CannotRun { .. });
    let Ok(mut client) = record(env, &what, seen, &kept.failed_hooks) else { return Some(ExitCode::FAILURE) };
    claim.release();
    drop((kept, report));
    if !is_over {
        let _store_is_gone = wait(&mut client, &what);
    }
    Some(ExitCode::SUCCESS)
}

/// Records what a probe answers, when that is something new. While it fails time passes for its pod: somebody has to count.
fn teller(what: &Claimed) -> impl FnMut(&str, Option<String>) + Send + 'static {
    let (what, mut client, mut known) = (what.clone(), None, BTreeMap::new());
    move |field, failure| {
        let is_new = known.insert(field.to_owned(), failure.clone()).unwrap_or_default() != failure;
        if !is_new && failure.is_none() {
            return;
        }
        if client.is_none() {
            client = Client::open_existing(&Env::real()).ok();
        }
        let Some(client) = &mut client else { return };
        let key = Key::new("pods", &what.namespace, &what.pod);
        let told = client.write(|cluster| {
            if !is_new {
                return Ok(());
            }
            let answer = Probed {
                container: what.container.clone(),
                attempt: what.attempt,
                probe: field.to_owned(),
                at: cluster.now(),
                failure: failure.as_ref().map(|text| text.trim_end().to_owned()),
            };
            health::record(cluster, &key, &what.uid, vec![answer])
        });
        if told.is_err() {
            // Told again the next time.
            known.remove(field);
        }
    }
}

fn record(env: &Env, what: &Claimed, seen: Seen, failed_hooks: &[&str]) -> anyhow::Result<Client> {
    let mut client = Client::open_existing(env)?;
    let key = Key::new("pods", &what.namespace, &what.pod);
    for hook in failed_hooks {
        client.write(|cluster| observation::hook_failed(cluster, &key, &what.uid, &what.container, hook))?;
    }
    client.observe(&key, &what.uid, |at| Observation {
        container: what.container.clone(),
        attempt: what.attempt,
        at,
        seen: seen.clone(),
    })?;
    Ok(client)
}

/// Waits while the container is to be started again: somebody has to be there when its back-off is over.
fn wait(client: &mut Client, what: &Claimed) -> anyhow::Result<()> {
    let key = Key::new("pods", &what.namespace, &what.pod);
    client.set_poll(POLL);
    let is_settled = |cluster: &Cluster| {
        let pod = cluster.get(&key)?.filter(|pod| pod.uid() == what.uid);
        let waits = pod.is_some_and(|pod| {
            let statuses = ["/status/initContainerStatuses", "/status/containerStatuses"];
            let status = statuses.iter().flat_map(|s| pod.list_at(s)).find(|s| s["name"] == what.container.as_str());
            let is_over = matches!(pod.str_at("/status/phase"), "Succeeded" | "Failed");
            !is_over && status.is_some_and(|s| s.pointer("/state/waiting").is_some())
        });
        Ok((!waits).then_some(()))
    };
    // A store that was taken away has no folder for the pod.
    let folder = client.home().join("pods").join(&what.uid);
    while folder.exists() && client.wait("", Some(LOOK), is_settled)?.is_none() {}
    Ok(())
}
