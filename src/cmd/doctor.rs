//! `doctor`: which parts of the sandbox this machine allows, and whether the store is sound.

use super::context::Context;
use super::errors::Exit;
use super::verbs::Run;
use crate::{client, storage};

/// Arguments of `doctor`.
#[derive(clap::Args)]
pub struct Doctor {
    args: Vec<String>,
}

impl Run for Doctor {
    const LONG: &'static str = "Say which parts of the sandbox this machine allows, each line the result of a throw-away child doing \
        that step, and how to allow the rest. Then check the store for damage.";
    const EXAMPLES: &'static str = "  # Check this machine and the store\n  kubectl doctor";
    const USAGE: &'static str = "doctor";

    fn run(self, cx: &mut Context) -> anyhow::Result<()> {
        if !self.args.is_empty() {
            return Err(cx.usage_error(format!("unexpected arguments: [{}]", self.args.join(" "))));
        }
        let home = client::home(cx.env)?;
        // Makes the store where there is none yet.
        cx.client()?.read(|_| Ok(()))?;
        let problems = storage::check(client::options(cx.env)?)?;
        if problems.is_empty() {
            return Ok(cx.print(&format!("store     ok       {}\n", home.display()))?);
        }
        for problem in &problems {
            cx.print(&format!("store     DAMAGED  {problem}\n"))?;
        }
        cx.print("          the rest can be copied with 'sqlite3 .recover'; 'reset' starts afresh\n")?;
        Err(Exit(1).into())
    }
}
