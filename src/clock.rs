//! DOOR time: the only place that asks the operating system what time it is, or sleeps.

use std::time::Duration;

use chrono::SubsecRound;

use crate::apimachinery::time::Time;

/// Where a command takes its time from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Clock {
    /// The operating system's clock.
    System,
    /// `KSTATE_NOW`: this instant for the whole command. A wait jumps instead of sleeping.
    Fixed(Time),
}

impl Clock {
    /// The instant now, in whole microseconds, as the store keeps it; a store that is ahead of it wins.
    #[expect(clippy::disallowed_methods, reason = "the door to time")]
    pub fn now(self) -> Time {
        let now = match self {
            Clock::System => chrono::Utc::now(),
            Clock::Fixed(t) => t,
        };
        now.trunc_subsecs(6)
    }

    /// Whether a wait has to sleep for real.
    pub fn is_real(self) -> bool {
        self == Clock::System
    }

    /// Sleeps for real; does nothing on a fixed clock.
    #[expect(clippy::disallowed_methods, reason = "the door to time")]
    pub fn sleep(self, d: Duration) {
        if self.is_real() {
            std::thread::sleep(d);
        }
    }
}
