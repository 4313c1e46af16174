//! `auth`: what the caller may do, which is everything. Knows no store.

use super::context::Context;
use super::parent;
use super::verbs::Run;

pub mod can_i;
pub mod reconcile;
mod rules;
pub mod whoami;

/// Arguments of `auth`.
#[derive(clap::Args)]
pub struct Auth {
    args: Vec<String>,
}

impl Run for Auth {
    const LONG: &'static str = "Inspect authorization.";
    const USAGE: &'static str = "auth [flags]";

    fn run(self, cx: &mut Context) -> anyhow::Result<()> {
        parent::run(cx, &self.args, parent::HelpOn::Stderr)
    }
}
