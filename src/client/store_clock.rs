//! The time of one command: its clock's, moved ahead where its store is ahead, or held where the store's is virtual.

use std::time::Duration;

use chrono::TimeDelta;
use serde_json::{Value, json};

use crate::apimachinery::key::Key;
use crate::apimachinery::object::Object;
use crate::apimachinery::status::Status;
use crate::apimachinery::time::Time;
use crate::clock::Clock;
use crate::cluster::{Cluster, Snapshot};

/// What a store says of its clock, kept in the bookkeeping of the namespace that holds the system's own objects.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Mode {
    /// Follows the system's clock, ahead of it by so much at least.
    #[default]
    Real,
    Ahead(TimeDelta),
    /// Stands still until it is moved.
    Virtual,
}

/// Where the bookkeeping has the mode.
const KEY: &str = "clock";

fn place() -> Key {
    Key::cluster("namespaces", "kube-system")
}

impl Mode {
    /// The mode of a stored state.
    pub(super) fn of(state: &impl Snapshot) -> Result<Mode, Status> {
        let object = state.get(&place())?;
        let Some(mode) = object.as_ref().and_then(|o| o.internal.get(KEY)) else { return Ok(Mode::Real) };
        Ok(match mode.get("aheadMicros").and_then(Value::as_i64) {
            Some(micros) => Mode::Ahead(TimeDelta::microseconds(micros)),
            None => Mode::Virtual,
        })
    }

    /// Stores the mode with a transaction.
    pub(super) fn store(self, cluster: &mut Cluster) -> Result<(), Status> {
        let Some(object) = cluster.get(&place())? else { return Ok(()) };
        let mut new = Object::clone(&object);
        match self {
            Mode::Real => drop(new.internal.remove(KEY)),
            Mode::Ahead(by) => {
                new.internal.insert(KEY, json!({"aheadMicros": by.num_microseconds().unwrap_or(i64::MAX)}));
            }
            Mode::Virtual => new.internal.insert(KEY, json!({"virtual": true})),
        }
        if new != *object {
            cluster.put(&place(), new)?;
        }
        Ok(())
    }
}

/// A clock that is never behind its store. A system clock goes on from the store's time, so that what a wait waits for
/// comes; a fixed one stays where it was put, and so does any where the store's is virtual.
#[derive(Clone, Copy, Debug)]
pub(super) struct StoreClock {
    clock: Clock,
    /// How far the store's time is ahead of the clock's.
    ahead: TimeDelta,
    /// The store's time, where it is virtual and nobody asked for another.
    held: Option<Time>,
}

impl StoreClock {
    pub(super) fn new(clock: Clock) -> StoreClock {
        StoreClock { clock, ahead: TimeDelta::zero(), held: None }
    }

    pub(super) fn now(self) -> Time {
        self.held.unwrap_or_else(|| self.clock.now().checked_add_signed(self.ahead).unwrap_or(Time::MAX_UTC))
    }

    /// The time now, after a look at the store's.
    pub(super) fn at_least(&mut self, stored: Time, mode: Mode) -> Time {
        self.held = (mode == Mode::Virtual && self.clock.is_real()).then_some(stored);
        if let (Mode::Ahead(by), true) = (mode, self.clock.is_real()) {
            self.ahead = self.ahead.max(by);
        }
        let now = self.now();
        if self.is_real() && stored > now {
            self.ahead += stored - now;
        }
        now.max(stored)
    }

    /// Whether time passes by itself.
    pub(super) fn is_real(self) -> bool {
        self.clock.is_real() && self.held.is_none()
    }

    /// Whether `KSTATE_NOW` says what time it is.
    pub(super) fn is_asked(self) -> bool {
        !self.clock.is_real()
    }

    /// How far it is ahead of the system's clock.
    pub(super) fn lead(self) -> TimeDelta {
        self.ahead
    }

    /// What the clock would say if the store had no time of its own.
    pub(super) fn of_system(self) -> Time {
        self.clock.now()
    }

    pub(super) fn sleep(self, d: Duration) {
        self.clock.sleep(d);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_real_clock_goes_on_from_the_store_and_a_fixed_one_stays() {
        let store = Time::UNIX_EPOCH + TimeDelta::days(100 * 365);
        let mut real = StoreClock::new(Clock::System);
        assert!(real.at_least(Time::UNIX_EPOCH, Mode::Real) < store);
        assert_eq!(real.at_least(store, Mode::Real), store);
        assert!(real.now() >= store && real.now() < store + TimeDelta::days(1));
        let mut fixed = StoreClock::new(Clock::Fixed(Time::UNIX_EPOCH));
        assert_eq!(fixed.at_least(store, Mode::Real), store);
        assert_eq!(fixed.now(), Time::UNIX_EPOCH);
    }

    #[test]
    fn a_virtual_clock_stands_and_one_that_was_ahead_stays_ahead() {
        let store = Time::UNIX_EPOCH + TimeDelta::days(100 * 365);
        let mut clock = StoreClock::new(Clock::System);
        assert_eq!(clock.at_least(store, Mode::Virtual), store);
        assert_eq!(clock.now(), store);
        assert!(!clock.is_real());
        let by = TimeDelta::days(3);
        let ahead = clock.at_least(Time::UNIX_EPOCH, Mode::Ahead(by));
        assert!(clock.is_real() && ahead - clock.of_system() > by - TimeDelta::seconds(5));
        let mut asked = StoreClock::new(Clock::Fixed(store));
        assert_eq!(asked.at_least(Time::UNIX_EPOCH, Mode::Virtual), store);
    }
}
