//! What a verb does that only holds other verbs, and how its children refuse arguments. Knows no verb.

use super::context::Context;
use super::errors::Exit;
use super::help;
use super::verbs::{self, Verb};

/// Where a verb without its child prints its help; kubectl's verbs differ in it.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum HelpOn {
    Stdout,
    Stderr,
}

/// Runs a verb that has only children: kubectl's `DefaultSubCommandRun`.
///
/// # Errors
/// Always: a child that is not there, or help and exit code 1.
pub fn run(cx: &mut Context, args: &[String], on: HelpOn) -> anyhow::Result<()> {
    if !args.is_empty() {
        return Err(cx.usage_error(format!("unknown command {:?}", args.join(" "))));
    }
    let text = help::of(&path(&cx.path), &cx.program);
    match on {
        HelpOn::Stdout => cx.print(&text)?,
        HelpOn::Stderr => cx.complain(&text),
    }
    Err(Exit(1).into())
}

/// Prints the help of the running verb on stdout, as kubectl does before some errors.
pub fn print_help(cx: &mut Context) -> anyhow::Result<()> {
    let text = help::of(&path(&cx.path), &cx.program);
    Ok(cx.print(&text)?)
}

/// Help, then `Unexpected args: [a b]`: kubectl's `helpErrorf`.
pub fn unexpected(cx: &mut Context, args: &[String]) -> anyhow::Error {
    match print_help(cx) {
        Ok(()) => anyhow::anyhow!("Unexpected args: [{}]", args.join(" ")),
        Err(error) => error,
    }
}

/// The rows of a verb's words.
fn path(words: &str) -> Vec<&'static Verb> {
    let mut path: Vec<&'static Verb> = Vec::new();
    for word in words.split(' ') {
        let next = match path.last() {
            None => verbs::find(verbs::all(), word),
            Some(verb) => verbs::find(verb.children.iter(), word),
        };
        path.extend(next);
    }
    path
}
