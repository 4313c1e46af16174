//! `doctor`: which parts of the sandbox this machine allows, and whether the store is sound.

use super::context::Context;
use super::verbs::Run;

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
        anyhow::bail!("the sandbox is being built")
    }
}
