//! `clock advance`: lets time pass at once.

use chrono::TimeDelta;

use super::told;
use crate::apimachinery::status::Status;
use crate::cmd::context::Context;
use crate::cmd::verbs::Run;

/// Arguments of `clock advance`.
#[derive(clap::Args)]
pub struct Advance {
    duration: Vec<String>,
}

impl Run for Advance {
    const LONG: &'static str = "Let time pass at once: everything that would happen meanwhile happens. The clock is \
        virtual afterwards.\n\n A duration is written as in 90s, 5m or 1h30m.";
    const EXAMPLES: &'static str = "  # Let ninety seconds pass\n  kubectl clock advance 90s";
    const USAGE: &'static str = "advance DURATION";

    fn run(self, cx: &mut Context) -> anyhow::Result<()> {
        if self.duration.is_empty() {
            return Err(cx.usage_error("a duration is required, as in 90s"));
        }
        let text = self.duration.join(" ");
        let by = humantime::parse_duration(&text).ok().and_then(|d| TimeDelta::from_std(d).ok());
        let Some(by) = by else { anyhow::bail!("{text:?} is not a duration; write it as in 90s, 5m or 1h30m") };
        let mut is_beyond = false;
        let moved = cx.client()?.move_clock(|now, _| {
            let there = now.checked_add_signed(by).filter(|t| *t <= super::set::LAST);
            is_beyond = there.is_none();
            there.ok_or_else(|| Status::bad_request("beyond"))
        });
        if is_beyond {
            anyhow::bail!("{text} from now is beyond the year 9999");
        }
        told(cx, moved?)
    }
}
