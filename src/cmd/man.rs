//! `__man`: a manual page of a verb, in roff, from the same table as the help.

use super::context::Context;
use super::verbs::Run;

/// Arguments of `__man`.
#[derive(clap::Args)]
pub struct Man {
    command: Vec<String>,
}

impl Run for Man {
    const LONG: &'static str = "Print the manual page of a command.";
    const USAGE: &'static str = "__man [command]";

    fn run(self, cx: &mut Context) -> anyhow::Result<()> {
        let _ = (self.command, cx);
        Ok(())
    }
}
