//! `options`: the flags of all verbs, and which of them have no effect. Knows no verb.

use clap::Command;

use super::context::Context;
use super::help;
use super::support;
use super::verbs::{self, Run};

/// Arguments of `options`.
#[derive(clap::Args)]
pub struct Options {
    #[arg(hide = true)]
    args: Vec<String>,
}

impl Run for Options {
    const LONG: &'static str = "Print the list of flags inherited by all commands";
    const USAGE: &'static str = "options [flags]";
    const EXAMPLES: &'static str = "  # Print flags inherited by all commands\n  kubectl options";

    fn run(self, cx: &mut Context) -> anyhow::Result<()> {
        print(cx)
    }
}

/// Prints the whole list.
pub fn print(cx: &mut Context) -> anyhow::Result<()> {
    let text = text(cx.env.var("HOME").unwrap_or_default());
    Ok(cx.print(&text)?)
}

/// The whole list; `home` is where kubectl's own cache would be.
fn text(home: &str) -> String {
    let (flags, support) = (flags(home), support::text());
    format!("The following options can be passed to any command:\n\n{flags}{support}")
}

/// The flags of all verbs, laid out as in any help.
pub fn flags(home: &str) -> String {
    let command = verbs::with_globals(Command::new("kstate"));
    let mut flags: Vec<&clap::Arg> = command.get_arguments().collect();
    flags.sort_by_key(|a| a.get_long());
    flags.iter().map(|f| help::option(f)).collect::<String>().replace("$HOME", home)
}
