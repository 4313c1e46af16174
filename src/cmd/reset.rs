//! `reset`: ends what runs and empties the store.

use super::context::Context;
use super::question;
use super::verbs::Run;
#[cfg(target_os = "linux")]
use crate::runtime;
use crate::{client, storage};

/// Arguments of `reset`.
#[derive(clap::Args)]
pub struct Reset {
    args: Vec<String>,
    #[arg(short, long, help = "Do not ask.")]
    yes: bool,
}

impl Run for Reset {
    const LONG: &'static str = "End everything that runs and empty the store: all objects, and the files of all volumes. Contexts, the stores of other \
        contexts and snapshots stay.";
    const EXAMPLES: &'static str = "  # Empty the store, after a question\n  kubectl reset\n  \n  # Empty the store without a question\n  kubectl reset --yes";
    const USAGE: &'static str = "reset [--yes]";

    fn run(self, cx: &mut Context) -> anyhow::Result<()> {
        if !self.args.is_empty() {
            return Err(cx.usage_error(format!("unexpected arguments: [{}]", self.args.join(" "))));
        }
        if !self.yes && !question::confirmed(cx, "This deletes all objects and the files of all volumes.\n")? {
            cx.print("reset is cancelled\n")?;
            return Ok(());
        }
        let home = client::home(cx.env)?;
        // What runs ends first: it holds files that go.
        #[cfg(target_os = "linux")]
        runtime::remove_all(&home).map_err(|failure| anyhow::anyhow!("{failure}"))?;
        let done = storage::reset(&home, storage::PATIENCE)?;
        for name in &done.left {
            cx.complain(&format!("{} is not kstate's and was left alone\n", home.join(name).display()));
        }
        let what = if done.removed.is_empty() { "was empty" } else { "emptied" };
        Ok(cx.print(&format!("store {} {what}\n", home.display()))?)
    }
}
