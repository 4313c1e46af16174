//! The keeper's way to the store: records how its container's process ended, then lets time pass for its pod until
//! somebody else keeps the container, or nobody has to.

use std::ffi::OsString;
use std::process::ExitCode;
use std::time::Duration;

use super::Client;
use crate::Env;
use crate::apimachinery::key::Key;
use crate::cluster::Cluster;
use crate::control::observation::{Observation, Seen};
use crate::runtime::KEEPER;
use crate::runtime::keeper::{self, Claimed, Ended};
use crate::storage;

/// How often a keeper that only waits looks for other processes' commits.
const POLL: Duration = Duration::from_millis(200);

/// Keeps a container's process where the binary was started for that; `None` where it was not.
pub fn main(args: &[OsString], env: &Env) -> Option<ExitCode> {
    args.get(1).filter(|first| *first == KEEPER)?;
    let Some((what, order, claim, mut report)) = keeper::receive() else { return Some(ExitCode::FAILURE) };
    let kept = keeper::keep(&order, env, &mut report);
    let seen = match &kept.ended {
        Ended::Exited(code) => Seen::Exited { code: *code },
        Ended::CannotRun(message) => Seen::CannotRun { message: message.clone() },
        // The claim stays behind: the next command finds that nobody holds it.
        Ended::Lost => return Some(ExitCode::SUCCESS),
    };
    // A store that is gone is not made anew.
    if !order.home.join(storage::FILE).exists() {
        return Some(ExitCode::SUCCESS);
    }
    let is_over = matches!(seen, Seen::CannotRun { .. });
    let Ok(mut client) = record(env, &what, seen) else { return Some(ExitCode::FAILURE) };
    claim.release();
    drop((kept, report));
    if !is_over {
        let _store_is_gone = wait(&mut client, &what);
    }
    Some(ExitCode::SUCCESS)
}

fn record(env: &Env, what: &Claimed, seen: Seen) -> anyhow::Result<Client> {
    let mut client = Client::open(env)?;
    let key = Key::new("pods", &what.namespace, &what.pod);
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
    let home = client.home().to_owned();
    client.set_poll(POLL);
    let is_settled = |cluster: &Cluster| {
        let pod = cluster.get(&key)?.filter(|pod| pod.uid() == what.uid && home.exists());
        let waits = pod.is_some_and(|pod| {
            let statuses = ["/status/initContainerStatuses", "/status/containerStatuses"];
            let status = statuses.iter().flat_map(|s| pod.list_at(s)).find(|s| s["name"] == what.container.as_str());
            let is_over = matches!(pod.str_at("/status/phase"), "Succeeded" | "Failed");
            !is_over && status.is_some_and(|s| s.pointer("/state/waiting").is_some())
        });
        Ok((!waits).then_some(()))
    };
    client.wait("", None, is_settled)?;
    Ok(())
}
