//! Probes that are real where they can be: the emulated servers of a pod are asked what they answer from the files as they
//! are now, and what has changed is recorded on the pod. Its kubelet follows in the probe's own periods.

use super::Client;
use crate::apimachinery::key::Key;
#[cfg(target_os = "linux")]
use crate::control::{
    kubelet::{
        self,
        health::{self, Probed},
    },
    pace::Pace,
};
#[cfg(target_os = "linux")]
use crate::runtime;

impl Client {
    /// Asks a pod's emulated servers and records what they answer now and did not before: after something may have changed
    /// their files.
    ///
    /// # Errors
    /// When the store cannot be used.
    #[cfg(target_os = "linux")]
    pub fn ask_probes(&mut self, key: &Key) -> anyhow::Result<()> {
        let found = self.read(|cluster| {
            let Some(pod) = cluster.get(key)? else { return Ok(None) };
            let questions = health::questions(&pod, &Pace::of(cluster)?, cluster.now());
            let Some(first) = questions.first() else { return Ok(None) };
            let sandbox = kubelet::sandbox(&pod, &first.container, cluster)?;
            Ok(Some((pod.uid().to_owned(), questions, sandbox)))
        })?;
        let Some((uid, questions, sandbox)) = found else { return Ok(()) };
        let mut changed = Vec::new();
        for question in questions {
            let status = runtime::http_status(&self.home, &sandbox, question.port, &question.path, &question.headers);
            let Some(failure) = status.map(health::failure_of).filter(|failure| *failure != question.known) else {
                continue;
            };
            changed.push((question, failure));
        }
        if changed.is_empty() {
            return Ok(());
        }
        self.write(|cluster| {
            let at = cluster.now();
            let answers = changed.iter().map(|(question, failure)| Probed {
                container: question.container.clone(),
                attempt: question.attempt,
                probe: question.probe.field().to_owned(),
                at,
                failure: failure.clone(),
            });
            health::record(cluster, key, &uid, answers.collect())
        })
    }

    /// Pods have no files where nothing runs in them.
    ///
    /// # Errors
    /// Never.
    #[cfg(not(target_os = "linux"))]
    pub fn ask_probes(&mut self, _key: &Key) -> anyhow::Result<()> {
        Ok(())
    }
}
