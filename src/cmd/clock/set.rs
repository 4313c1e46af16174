//! `clock set`: goes to a time.

use super::told;
use crate::apimachinery::status::Status;
use crate::apimachinery::time::{self, Time};
use crate::cmd::context::Context;
use crate::cmd::verbs::Run;

/// The last time that RFC 3339 can write.
pub(super) const LAST: Time = match chrono::DateTime::from_timestamp(253_402_300_799, 0) {
    Some(last) => last,
    None => Time::MAX_UTC,
};

/// Arguments of `clock set`.
#[derive(clap::Args)]
pub struct Set {
    time: Vec<String>,
}

impl Run for Set {
    const LONG: &'static str = "Go to a time: everything that would happen until then happens. The clock is virtual \
        afterwards.\n\n A time is written as in 2026-11-22T08:34:11Z (RFC 3339). One that is past is refused; a store \
        that nothing was done with yet begins at any time.";
    const EXAMPLES: &'static str = "  # Go to a time\n  kubectl clock set 2026-12-24T18:00:00Z";
    const USAGE: &'static str = "set TIME";

    fn run(self, cx: &mut Context) -> anyhow::Result<()> {
        let [text] = self.time.as_slice() else {
            return Err(cx.usage_error("exactly one time is required, as in 2026-11-22T08:34:11Z"));
        };
        let Some(to) = time::parse(text).filter(|t| *t <= LAST) else {
            anyhow::bail!("{text:?} is not a time; write it as in 2026-11-22T08:34:11Z (RFC 3339)")
        };
        let mut stands_at = None;
        let moved = cx.client()?.move_clock(|now, is_new| {
            stands_at = (to < now && !is_new).then_some(now);
            if stands_at.is_some() { Err(Status::bad_request("past")) } else { Ok(to) }
        });
        if let Some(now) = stands_at {
            let at = time::to_rfc3339(now);
            anyhow::bail!("{text} is past: the clock is at {at}, and time never runs backwards");
        }
        told(cx, moved?)
    }
}
