//! One transaction of one command: open the store, catch up to now, serve, settle, commit.

use std::time::Duration;

use crate::Env;
use crate::apimachinery::status::Status;
use crate::apimachinery::time::Time;
use crate::cluster::Cluster;

/// A command's way to its store.
pub struct Client {
    now: Time,
}

impl Client {
    /// Opens the store of `KSTATE_HOME`, making it when there is none.
    pub fn open(env: &Env) -> anyhow::Result<Client> {
        Ok(Client { now: env.clock.now() })
    }

    /// The time of the command, never before the store's.
    pub fn now(&self) -> Time {
        self.now
    }

    /// Looks at the cluster as it is now. Takes the write lock only when something is due.
    pub fn read<T>(&mut self, _look: impl FnMut(&Cluster) -> Result<T, Status>) -> anyhow::Result<T> {
        anyhow::bail!("the store is being built")
    }

    /// Serves one or more requests in one transaction and lets the controllers settle. Nothing is stored when it fails.
    pub fn write<T>(&mut self, _serve: impl FnMut(&mut Cluster) -> Result<T, Status>) -> anyhow::Result<T> {
        anyhow::bail!("the store is being built")
    }

    /// Waits until `look` has an answer, sleeping on a real clock and jumping on a fixed one. `None` when the time is up.
    pub fn wait<T>(
        &mut self,
        _timeout: Option<Duration>,
        _look: impl FnMut(&Cluster) -> Result<Option<T>, Status>,
    ) -> anyhow::Result<Option<T>> {
        anyhow::bail!("the store is being built")
    }
}
