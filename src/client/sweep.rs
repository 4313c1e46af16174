//! What commands and keepers that were killed have left: looked for once by each command, before its first transaction.

#[cfg(target_os = "linux")]
use std::collections::HashSet;

use super::Client;
#[cfg(target_os = "linux")]
use super::effects::Lost;
#[cfg(target_os = "linux")]
use crate::apimachinery::key::Key;
#[cfg(target_os = "linux")]
use crate::control::observation::{Observation, Seen};
#[cfg(target_os = "linux")]
use crate::runtime::{self, Journal};

#[cfg(target_os = "linux")]
impl Client {
    /// Records the processes that nobody keeps any more, and removes what was to be removed. Costs two look-ups of folders
    /// that are not there, in a home in which no container has ever been a process.
    pub(super) fn sweep(&mut self) -> anyhow::Result<()> {
        if std::mem::replace(&mut self.is_swept, true) || !self.runs_processes {
            return Ok(());
        }
        let lost = Lost::all(&self.home);
        if !lost.is_empty() {
            self.record(&lost)?;
            lost.into_iter().for_each(Lost::clear);
        }
        let left = Journal::left(&self.home);
        if !left.is_empty() {
            self.finish(left)?;
        }
        Ok(())
    }

    fn record(&mut self, lost: &[Lost]) -> anyhow::Result<()> {
        // A claim whose run the store does not know was made by somebody who died before the commit.
        for one in lost {
            let what = &one.what;
            self.observe(&one.key(), &what.uid, |at| Observation {
                container: what.container.clone(),
                attempt: what.attempt,
                at,
                seen: Seen::Lost,
            })?;
        }
        Ok(())
    }

    /// Removes what the store does not own any more. What a command wrote down and then did not commit is still owned.
    fn finish(&mut self, left: Vec<Journal>) -> anyhow::Result<()> {
        let uids: HashSet<String> =
            self.read(|c| Ok(c.list("pods", None)?.iter().map(|pod| pod.uid().to_owned()).collect()))?;
        for journal in left {
            let mut is_done = true;
            for (folder, name) in &journal.entries {
                let removed = match folder.as_str() {
                    "pods" if !uids.contains(name) => runtime::remove_pod(&self.home, name),
                    "volumes" if !self.owns_volume(name)? => runtime::remove_volume(&self.home, name),
                    _ => Ok(()),
                };
                if let Err(failure) = removed {
                    self.warnings.push(failure.to_string());
                    is_done = false;
                }
            }
            if is_done {
                journal.finish();
            }
        }
        Ok(())
    }

    fn owns_volume(&mut self, name: &str) -> anyhow::Result<bool> {
        let key = Key::cluster("persistentvolumes", name);
        self.read(|cluster| Ok(cluster.get(&key)?.is_some()))
    }
}

#[cfg(not(target_os = "linux"))]
impl Client {
    /// Nothing runs here, and nothing is left.
    pub(super) fn sweep(&mut self) -> anyhow::Result<()> {
        self.is_swept = true;
        Ok(())
    }
}
