//! The store's clock, to look at and to move. Knows no output.

use chrono::TimeDelta;

use super::store_clock::Mode;
use super::{Client, answer, catch_up};
use crate::apimachinery::key::Key;
use crate::apimachinery::status::Status;
use crate::apimachinery::time::Time;
use crate::cluster::Snapshot;
use crate::control;

/// Where a command's time comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ClockMode {
    /// `KSTATE_NOW`.
    Asked,
    /// The store's own, which stands still.
    Virtual,
    /// The system's.
    Real,
}

/// What the clock shows.
#[derive(Clone, Debug, PartialEq)]
pub struct Reading {
    pub now: Time,
    pub mode: ClockMode,
    /// How far the store is ahead of the system's clock.
    pub ahead: TimeDelta,
    /// What is due next.
    pub next: Option<(Time, Key)>,
}

impl Client {
    /// What the clock shows, once everything has happened that would have by now.
    pub fn clock(&mut self) -> anyhow::Result<Reading> {
        let now = self.read(|cluster| Ok(cluster.now()))?;
        let state = self.store.begin_read()?;
        let next = answer(&state, state.due(Time::MAX_UTC))?.into_iter().next();
        let mode = match (self.clock.is_asked(), self.clock.is_real()) {
            (true, _) => ClockMode::Asked,
            (false, false) => ClockMode::Virtual,
            (false, true) => ClockMode::Real,
        };
        Ok(Reading { now, mode, ahead: self.clock.lead(), next })
    }

    /// Whether time passes by itself, as of the last look at the store.
    pub fn is_real(&self) -> bool {
        self.clock.is_real()
    }

    /// Lets everything happen until another time, which the clock then stands at. A store that nothing was done with begins
    /// there. Returns the time.
    ///
    /// # Errors
    /// What `to` answers for a time it refuses; it is given the present time, and whether the store is empty.
    pub fn move_clock(&mut self, to: impl FnOnce(Time, bool) -> Result<Time, Status>) -> anyhow::Result<Time> {
        self.transact(|cluster, asked| {
            let is_empty = cluster.resource_version() == 0;
            if !is_empty {
                catch_up(cluster, asked)?;
            }
            let to = to(asked.max(cluster.now()), is_empty)?;
            catch_up(cluster, to)?;
            Mode::Virtual.store(cluster)?;
            control::settle(cluster)?;
            Ok(cluster.now())
        })
    }

    /// Lets the clock follow the system's again, from where it stands. Returns the time.
    pub fn release_clock(&mut self) -> anyhow::Result<Time> {
        let system = self.clock.of_system();
        self.transact(|cluster, asked| {
            catch_up(cluster, asked.max(system))?;
            let ahead = cluster.now() - system;
            let mode = if ahead > TimeDelta::zero() { Mode::Ahead(ahead) } else { Mode::Real };
            mode.store(cluster)?;
            control::settle(cluster)?;
            Ok(cluster.now())
        })
    }
}
