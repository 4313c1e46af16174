//! The time of one command: its clock's, moved ahead where its store is ahead.

use std::time::Duration;

use chrono::TimeDelta;

use crate::apimachinery::time::Time;
use crate::clock::Clock;

/// A clock that is never behind its store. A system clock goes on from the store's time, so that what a wait waits for
/// comes; a fixed one stays where it was put.
#[derive(Clone, Copy, Debug)]
pub(super) struct StoreClock {
    clock: Clock,
    /// How far the store's time is ahead of the clock's.
    ahead: TimeDelta,
}

impl StoreClock {
    pub(super) fn new(clock: Clock) -> StoreClock {
        StoreClock { clock, ahead: TimeDelta::zero() }
    }

    pub(super) fn now(self) -> Time {
        self.clock.now().checked_add_signed(self.ahead).unwrap_or(Time::MAX_UTC)
    }

    /// The time now, after a look at the store's.
    pub(super) fn at_least(&mut self, stored: Time) -> Time {
        let now = self.now();
        if self.is_real() && stored > now {
            self.ahead += stored - now;
        }
        now.max(stored)
    }

    pub(super) fn is_real(self) -> bool {
        self.clock.is_real()
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
        assert!(real.at_least(Time::UNIX_EPOCH) < store);
        assert_eq!(real.at_least(store), store);
        assert!(real.now() >= store && real.now() < store + TimeDelta::days(1));
        let mut fixed = StoreClock::new(Clock::Fixed(Time::UNIX_EPOCH));
        assert_eq!(fixed.at_least(store), store);
        assert_eq!(fixed.now(), Time::UNIX_EPOCH);
    }
}
