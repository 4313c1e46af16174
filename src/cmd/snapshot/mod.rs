//! `snapshot`: whole copies of the store, with its volumes and layers. Knows names and what to print, not how a copy is made.

mod diff;
mod files;

pub use diff::Diff;
pub use files::{Delete, List, Restore, Save};

use super::context::Context;
use super::parent;
use super::verbs::Run;

/// Arguments of `snapshot`.
#[derive(clap::Args)]
pub struct Snapshot {
    args: Vec<String>,
}

impl Run for Snapshot {
    const LONG: &'static str = "Keep copies of the whole store: all objects, the data of all volumes and what was written in \
        containers. They are kept in the store's folder, each by its name, and 'reset' leaves them there.";
    const EXAMPLES: &'static str = "  # Keep the store as it is now\n  kstate snapshot save before-upgrade\n  \n  \
        # Say what is different since then\n  kstate snapshot diff before-upgrade\n  \n  \
        # Go back\n  kstate snapshot restore before-upgrade";
    const USAGE: &'static str = "snapshot SUBCOMMAND";

    fn run(self, cx: &mut Context) -> anyhow::Result<()> {
        parent::run(cx, &self.args, parent::HelpOn::Stdout)
    }
}

/// The one name that a verb takes.
fn name<'a>(cx: &Context, args: &'a [String]) -> anyhow::Result<&'a str> {
    match args {
        [name] => Ok(name),
        [] => Err(cx.usage_error("the name of a snapshot is required")),
        more => Err(cx.usage_error(format!("unexpected arguments: [{}]", more[1..].join(" ")))),
    }
}
