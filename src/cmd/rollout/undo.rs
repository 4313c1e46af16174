//! `rollout undo`: a workload as it was at an earlier revision. Knows no kind.

use super::{Targets, history};
use crate::apiserver::Part;
use crate::cmd::context::Context;
use crate::cmd::dry_run::DryRun;
use crate::cmd::flags::{DryRunFlag, KUSTOMIZE, PrintFlags};
use crate::cmd::infos::Info;
use crate::cmd::requests;
use crate::cmd::set::typed::typed;
use crate::cmd::support::Flag;
use crate::cmd::verbs::{Operands, Run};
use crate::kinds::describe::{Text, pod_template};
use crate::kinds::rollout::Revision;

/// Arguments of `rollout undo`.
#[derive(clap::Args)]
pub struct Undo {
    #[command(flatten)]
    targets: Targets,
    #[command(flatten)]
    dry_run: DryRunFlag,
    #[command(flatten)]
    print: PrintFlags,
    #[arg(
        long,
        value_name = "int",
        default_value = "0",
        allow_hyphen_values = true,
        help = "The revision to rollback to. Default to 0 (last revision)."
    )]
    to_revision: i64,
}

const OTHER_FLAGS: &[Flag] = &[KUSTOMIZE];

const LONG: &str = "Roll back to a previous rollout.";

const EXAMPLES: &str = "  # Roll back to the previous deployment
  kubectl rollout undo deployment/abc
  
  # Roll back to daemonset revision 3
  kubectl rollout undo daemonset/abc --to-revision=3
  
  # Roll back to the previous deployment with dry-run
  kubectl rollout undo --dry-run=server deployment/abc";

impl Run for Undo {
    const OPERANDS: Operands = Operands::Resources;
    const LONG: &'static str = LONG;
    const EXAMPLES: &'static str = EXAMPLES;
    const OTHER_FLAGS: &'static [Flag] = OTHER_FLAGS;
    const USAGE: &'static str = "undo (TYPE NAME | TYPE/NAME) [flags]";

    fn run(self, cx: &mut Context) -> anyhow::Result<()> {
        let dry_run = self.dry_run.parse(cx)?;
        self.targets.check()?;
        let infos = self.targets.find(cx)?;
        let mut printer = self.print.printer(cx)?.one_each();
        infos.visit(|info| {
            let done = self.undo(cx, &info, dry_run)?;
            printer.print(&typed(&info.object), &format!("{done}{}", dry_run.suffix()), &mut cx.env.stdout)
        })
    }
}

impl Undo {
    /// Restores an object, and says what was done.
    fn undo(&self, cx: &mut Context, info: &Info, dry_run: DryRun) -> anyhow::Result<String> {
        let history = history::of(cx, info, "rollbacker", "rollbacker")?;
        let to = self.revision(&history)?;
        if dry_run == DryRun::Client {
            let mut out = Text::default();
            pod_template(&to.template, &mut out);
            let intro = info.kind.rollback_announcement();
            return Ok(format!("{intro}{}", out.raw()));
        }
        let number = self.to_revision;
        let patch = info.kind.rollback(&info.object, to).map_err(anyhow::Error::msg)?;
        let Some((form, patch)) = patch else {
            return Ok(format!("skipped rollback (current template already matches revision {number})"));
        };
        requests::patch(cx, info, (form, &patch), Part::Main, &requests::options(dry_run, false))
            .map_err(|e| anyhow::anyhow!("failed restoring revision {number}: {e}"))?;
        Ok("rolled back".to_owned())
    }

    /// The revision that is asked for; the last but one where none is.
    fn revision<'h>(&self, history: &'h [Revision]) -> anyhow::Result<&'h Revision> {
        let found = match self.to_revision {
            0 if history.len() <= 1 => anyhow::bail!("no last revision to roll back to"),
            0 => history.iter().rev().nth(1),
            number => history.iter().find(|r| r.number == number),
        };
        found.ok_or_else(|| anyhow::anyhow!("unable to find specified revision {} in history", self.to_revision))
    }
}
