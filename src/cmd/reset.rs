//! `reset`: ends what runs and empties the store.

use std::io::Read;

use super::context::Context;
use super::verbs::Run;

/// Arguments of `reset`.
#[derive(clap::Args)]
pub struct Reset {
    args: Vec<String>,
    #[arg(short, long, help = "Do not ask.")]
    yes: bool,
}

impl Run for Reset {
    const LONG: &'static str =
        "End everything that runs and empty the store: all objects, and the files of all volumes.";
    const EXAMPLES: &'static str = "  # Empty the store, after a question\n  kubectl reset\n  \n  # Empty the store without a question\n  kubectl reset --yes";
    const USAGE: &'static str = "reset [--yes]";

    fn run(self, cx: &mut Context) -> anyhow::Result<()> {
        if !self.args.is_empty() {
            return Err(cx.usage_error(format!("unexpected arguments: [{}]", self.args.join(" "))));
        }
        if !self.yes && !confirmed(cx, "This deletes all objects and the files of all volumes.")? {
            cx.print("reset is cancelled\n")?;
            return Ok(());
        }
        anyhow::bail!("the store is being built")
    }
}

/// Asks a question that `y` or `Y` confirms, as kubectl's `delete -i` does.
pub fn confirmed(cx: &mut Context, what: &str) -> anyhow::Result<bool> {
    cx.print(&format!("{what}\nDo you want to continue? (y/n): "))?;
    cx.env.stdout.flush()?;
    let mut answer = Vec::new();
    let mut byte = [0];
    while cx.env.stdin.read(&mut byte)? == 1 && byte[0] != b'\n' {
        answer.push(byte[0]);
    }
    Ok(matches!(answer.trim_ascii(), b"y" | b"Y"))
}
