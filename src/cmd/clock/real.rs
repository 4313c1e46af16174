//! `clock real`: follows the system's clock again.

use super::told;
use crate::cmd::context::Context;
use crate::cmd::verbs::Run;

/// Arguments of `clock real`.
#[derive(clap::Args)]
pub struct Real {
    args: Vec<String>,
}

impl Run for Real {
    const LONG: &'static str = "Follow the system's clock again. A store that is ahead of it stays ahead by as much, for \
        time never runs backwards.";
    const EXAMPLES: &'static str = "  # Follow the system's clock\n  kubectl clock real";
    const USAGE: &'static str = "real";

    fn run(self, cx: &mut Context) -> anyhow::Result<()> {
        if !self.args.is_empty() {
            return Err(cx.usage_error(format!("unexpected arguments: [{}]", self.args.join(" "))));
        }
        let now = cx.client()?.release_clock()?;
        told(cx, now)
    }
}
