//! `doctor`: which parts of the sandbox this machine allows, and whether the store is sound. Knows what to print, not what
//! to try.

use std::path::Path;

use super::context::Context;
use super::errors::Exit;
use super::verbs::Run;
#[cfg(target_os = "linux")]
use crate::runtime;
use crate::{client, storage};

/// Arguments of `doctor`.
#[derive(clap::Args)]
pub struct Doctor {
    args: Vec<String>,
}

impl Run for Doctor {
    const LONG: &'static str = "Say which parts of the sandbox this machine allows, each line the result of a throw-away \
        child doing that step, and how to allow the rest. Then check the store for damage.";
    const EXAMPLES: &'static str = "  # Check this machine and the store\n  kubectl doctor";
    const USAGE: &'static str = "doctor";

    fn run(self, cx: &mut Context) -> anyhow::Result<()> {
        if !self.args.is_empty() {
            return Err(cx.usage_error(format!("unexpected arguments: [{}]", self.args.join(" "))));
        }
        let home = client::home(cx.env)?;
        // Makes the store where there is none yet: the sandbox is tried in its folder.
        let opened = cx.client().map(|_| ());
        let sandbox_works = sandbox(cx, &home)?;
        opened?;
        let store_is_sound = store(cx, &home)?;
        if sandbox_works && store_is_sound { Ok(()) } else { Err(Exit(1).into()) }
    }
}

/// One line: what, how it is, and more.
fn say(cx: &mut Context, what: &str, how: &str, more: &str) -> anyhow::Result<()> {
    let line = format!("{what:<32}{how:<10}{more}");
    Ok(cx.print(&format!("{}\n", line.trim_end()))?)
}

/// Prints each step of a sandbox; whether `exec` works.
#[cfg(target_os = "linux")]
fn sandbox(cx: &mut Context, home: &Path) -> anyhow::Result<bool> {
    let checks = runtime::checks(home, cx.env);
    for check in &checks {
        match &check.problem {
            None => say(cx, check.name, "ok", "")?,
            Some(problem) => {
                say(cx, check.name, if check.required { "FAILED" } else { "missing" }, &problem.failure.to_string())?;
                say(cx, "", "", &format!("to allow it: {}", problem.advice))?;
            }
        }
    }
    let works = checks.iter().all(|c| c.problem.is_none() || !c.required);
    let how = if works { "works" } else { "FAILED" };
    say(cx, "exec", how, if works { "" } else { "every other command works without it" })?;
    Ok(works)
}

#[cfg(not(target_os = "linux"))]
fn sandbox(cx: &mut Context, _home: &Path) -> anyhow::Result<bool> {
    say(cx, "exec", "FAILED", "sandboxes need Linux; every other command works without them")?;
    Ok(false)
}

/// Prints what is wrong in the store; whether nothing is.
fn store(cx: &mut Context, home: &Path) -> anyhow::Result<bool> {
    let problems = storage::check(client::options(cx.env)?)?;
    if problems.is_empty() {
        say(cx, "store", "ok", &home.display().to_string())?;
        return Ok(true);
    }
    for problem in &problems {
        say(cx, "store", "DAMAGED", problem)?;
    }
    say(cx, "", "", "copy what you need with 'get -o yaml', then start afresh with 'reset'")?;
    Ok(false)
}
