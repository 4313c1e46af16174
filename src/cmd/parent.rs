//! Verbs that only have verbs below them. Knows none.

use super::context::Context;
use super::errors::Exit;
use super::help;
use super::verbs::{self, Verb};

/// Prints the help, and fails all the same, as kubectl does.
///
/// # Errors
/// Always: kubectl's text for a verb that is not there, and otherwise the exit code alone.
pub fn run(cx: &mut Context, args: &[String]) -> anyhow::Result<()> {
    if !args.is_empty() {
        return Err(cx.usage_error(format!("unknown command {:?}", args.join(" "))));
    }
    let mut path: Vec<&'static Verb> = Vec::new();
    for word in cx.path.split(' ') {
        path.extend(match path.last() {
            None => verbs::find(verbs::all(), word),
            Some(verb) => verbs::find(verb.children.iter(), word),
        });
    }
    let text = help::of(&path, &cx.program)?;
    cx.print(&text)?;
    Err(Exit(1).into())
}
