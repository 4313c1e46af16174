//! `clock`: the store's time, to look at and to move.

mod advance;
mod real;
mod set;

use chrono::TimeDelta;

use super::context::Context;
use super::verbs::Run;
use crate::apimachinery::time::{self, Time};
use crate::client::ClockMode;

pub use advance::Advance;
pub use real::Real;
pub use set::Set;

/// Arguments of `clock`.
#[derive(clap::Args)]
pub struct Clock {
    args: Vec<String>,
}

impl Run for Clock {
    const LONG: &'static str = "Show the time of the store, where it comes from, and when something is due next.\n\n \
        Without a subcommand the clock is only shown. A clock that was advanced or set is virtual: it stands still, and \
        a command that waits jumps from event to event instead of sleeping. Time never runs backwards.";
    const EXAMPLES: &'static str = "  # Show the clock\n  kubectl clock\n  \n  # Let ninety seconds pass at once\n  kubectl clock advance 90s\n  \n  # Go to a time\n  kubectl clock set 2026-12-24T18:00:00Z\n  \n  # Follow the system's clock again\n  kubectl clock real";
    const USAGE: &'static str = "clock";

    fn run(self, cx: &mut Context) -> anyhow::Result<()> {
        if !self.args.is_empty() {
            return Err(cx.usage_error(format!("unexpected arguments: [{}]", self.args.join(" "))));
        }
        show(cx)
    }
}

/// Prints the time, where it comes from, and what is due next.
fn show(cx: &mut Context) -> anyhow::Result<()> {
    let reading = cx.client()?.clock()?;
    let mode = match reading.mode {
        ClockMode::Asked => "KSTATE_NOW".to_owned(),
        ClockMode::Virtual => "virtual".to_owned(),
        ClockMode::Real if reading.ahead >= TimeDelta::seconds(1) => {
            format!("the system's, {} ahead", time::human_duration(reading.ahead))
        }
        ClockMode::Real => "the system's".to_owned(),
    };
    let mut text = format!("Time:   {}\nClock:  {mode}\n", time::to_rfc3339(reading.now));
    match reading.next {
        Some((at, key)) => {
            let wait = humantime::format_duration((at - reading.now).to_std().unwrap_or_default());
            text += &format!("Next:   {}, in {wait} ({key})\n", time::to_rfc3339(at));
        }
        None => text += "Next:   nothing is due\n",
    }
    Ok(cx.print(&text)?)
}

/// Says what time it has become.
fn told(cx: &mut Context, now: Time) -> anyhow::Result<()> {
    Ok(cx.print(&format!("clock is at {}\n", time::to_rfc3339(now)))?)
}
