//! Waiting: on a real clock by sleeping until something may have changed, on a fixed one by jumping to what is due next.

use std::time::Duration;

use chrono::TimeDelta;

use super::spinner::Spinner;
use super::{Client, answer, catch_up};
use crate::apimachinery::status::Status;
use crate::apimachinery::time::{self, Time};
use crate::cluster::{Cluster, Snapshot};
use crate::control;

/// How often another process's commit is looked for (a look costs microseconds).
pub(super) const POLL: Duration = Duration::from_millis(20);

/// How far a wait without a timeout jumps on a fixed clock.
const HORIZON: Duration = Duration::from_secs(24 * 60 * 60);

/// How far a jump goes at least, whatever is said to be due: what is due and stays due must not hold up time for ever.
const STEP: Duration = Duration::from_secs(1);

impl Client {
    /// Waits until `look` has an answer, sleeping on a real clock and jumping on a fixed one. `None` when the time is up.
    ///
    /// `what` is shown on a terminal while the wait lasts. A fixed clock moves with the events, never beyond the last.
    pub fn wait<T>(
        &mut self,
        what: &str,
        timeout: Option<Duration>,
        mut look: impl FnMut(&Cluster) -> Result<Option<T>, Status>,
    ) -> anyhow::Result<Option<T>> {
        // Asked before each look: a commit during the look then ends the sleep at once.
        let mut version = self.store.data_version()?;
        let mut found = self.read(&mut look)?;
        if found.is_none() && !self.clock.is_real() {
            return self.jump(timeout, look);
        }
        let begun = self.clock.now();
        let deadline = timeout.map(|t| later(begun, t));
        let mut spinner = Spinner::new(what, self.shows_waits);
        let mut in_time = true;
        while found.is_none() && in_time && self.clock.is_real() {
            in_time = self.sleep(version, begun, deadline, &mut spinner)?;
            version = self.store.data_version()?;
            found = self.read(&mut look)?;
        }
        // Somebody else has taken the clock in hand meanwhile.
        if found.is_none() && in_time { self.jump(timeout, look) } else { Ok(found) }
    }

    /// Waits until another process has changed something after a resourceVersion, without moving the clock; `false` when the
    /// time, which is the system's, is up.
    pub fn wait_for_others(&mut self, since: u64, timeout: Option<Duration>) -> anyhow::Result<bool> {
        let deadline = timeout.map(|t| later(self.clock.of_system(), t));
        loop {
            if self.store.begin_read()?.meta().resource_version > since {
                return Ok(true);
            }
            if deadline.is_some_and(|at| at <= self.clock.of_system()) {
                return Ok(false);
            }
            self.clock.sleep(POLL);
        }
    }

    /// Sleeps until something may have changed; `false` when the time is up.
    fn sleep(
        &mut self,
        version: i64,
        begun: Time,
        deadline: Option<Time>,
        spinner: &mut Spinner,
    ) -> anyhow::Result<bool> {
        let due = self.next_due()?;
        loop {
            let now = self.clock.now();
            if deadline.is_some_and(|at| at <= now) {
                return Ok(false);
            }
            if due.is_some_and(|at| at <= now) || self.store.data_version()? != version {
                return Ok(true);
            }
            spinner.turn((now - begun).to_std().unwrap_or_default());
            let until = [due, deadline].into_iter().flatten().min();
            let left = until.map_or(self.poll, |at| (at - now).to_std().unwrap_or_default());
            self.clock.sleep(left.min(self.poll));
        }
    }

    fn next_due(&mut self) -> anyhow::Result<Option<Time>> {
        let state = self.store.begin_read()?;
        answer(&state, state.next_due())
    }

    /// Goes from event to event in one transaction until there is an answer, or no event before the time is up.
    fn jump<T>(
        &mut self,
        timeout: Option<Duration>,
        mut look: impl FnMut(&Cluster) -> Result<Option<T>, Status>,
    ) -> anyhow::Result<Option<T>> {
        self.transact(|cluster, asked| {
            catch_up(cluster, asked)?;
            let deadline = later(cluster.now(), timeout.unwrap_or(HORIZON));
            loop {
                if let Some(answer) = look(cluster)? {
                    return Ok(Some(answer));
                }
                match cluster.next_wake()?.filter(|_| cluster.now() < deadline) {
                    Some(at) if at <= cluster.now() => {
                        control::advance(cluster, later(cluster.now(), STEP).min(deadline))?;
                    }
                    Some(at) if at <= deadline => control::advance(cluster, at)?,
                    _ => return Ok(None),
                }
            }
        })
    }
}

/// An instant that much later; the end of time where there is none.
fn later(at: Time, by: Duration) -> Time {
    TimeDelta::from_std(by).map_or(Time::MAX_UTC, |by| time::later(at, by))
}
