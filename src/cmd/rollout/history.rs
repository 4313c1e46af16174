//! `rollout history`: the revisions of a workload. Knows no kind.

use std::sync::Arc;

use super::Targets;
use crate::apimachinery::object::Object;
use crate::cmd::context::Context;
use crate::cmd::flags::{KUSTOMIZE, PrintFlags};
use crate::cmd::infos::Info;
use crate::cmd::set::typed::typed;
use crate::cmd::support::Flag;
use crate::cmd::verbs::{Operands, Run};
use crate::kinds::describe::{Text, pod_template};
use crate::kinds::rollout::Revision;
use crate::printers::Printer;

/// Arguments of `rollout history`.
#[derive(clap::Args)]
pub struct History {
    #[command(flatten)]
    targets: Targets,
    #[command(flatten)]
    print: PrintFlags,
    #[arg(
        long,
        value_name = "int",
        default_value = "0",
        allow_hyphen_values = true,
        help = "See the details, including podTemplate of the revision specified"
    )]
    revision: i64,
}

const OTHER_FLAGS: &[Flag] = &[KUSTOMIZE];

const LONG: &str = "View previous rollout revisions and configurations.";

const EXAMPLES: &str = "  # View the rollout history of a deployment
  kubectl rollout history deployment/abc
  
  # View the details of daemonset revision 3
  kubectl rollout history daemonset/abc --revision=3";

impl Run for History {
    const OPERANDS: Operands = Operands::Resources;
    const LONG: &'static str = LONG;
    const EXAMPLES: &'static str = EXAMPLES;
    const OTHER_FLAGS: &'static [Flag] = OTHER_FLAGS;
    const USAGE: &'static str = "history (TYPE NAME | TYPE/NAME) [flags]";

    fn run(self, cx: &mut Context) -> anyhow::Result<()> {
        self.targets.check()?;
        if self.revision < 0 {
            anyhow::bail!("revision must be a positive integer: {}", self.revision);
        }
        let infos = self.targets.find(cx)?;
        let mut printer = self.print.printer(cx)?;
        infos.visit(|info| {
            let history = of(cx, &info, "history", "history viewer")?;
            if self.print.output.is_empty() {
                let with = if self.revision > 0 { format!("with revision #{}", self.revision) } else { String::new() };
                let text = format!("{with}\n{}", self.text(&history)?);
                return printer.print(&info.object, &text, &mut cx.env.stdout);
            }
            self.print_objects(&history, &mut printer, cx)
        })
    }
}

impl History {
    fn text(&self, history: &[Revision]) -> anyhow::Result<String> {
        let mut out = Text::default();
        if history.is_empty() {
            return Ok("No rollout history found.".to_owned());
        }
        if self.revision > 0 {
            let Some(revision) = history.iter().find(|r| r.number == self.revision) else {
                anyhow::bail!("unable to find the specified revision");
            };
            pod_template(&revision.template, &mut out);
            // kubectl does not align these.
            return Ok(out.raw());
        }
        out.line(0, "REVISION\tCHANGE-CAUSE");
        for revision in history {
            let cause = if revision.change_cause.is_empty() { "<none>" } else { &revision.change_cause };
            out.line(0, format_args!("{}\t{cause}", revision.number));
        }
        Ok(out.finish())
    }

    /// With `-o`: the object as each revision has it.
    fn print_objects(&self, history: &[Revision], printer: &mut Printer, cx: &mut Context) -> anyhow::Result<()> {
        let asked = |r: &&Revision| self.revision == 0 || r.number == self.revision;
        let objects: Vec<&Arc<Object>> = history.iter().filter(asked).map(|r| &r.object).collect();
        objects.iter().try_for_each(|object| printer.print(&typed(object), "", &mut cx.env.stdout))
    }
}

/// An object's revisions, oldest first.
///
/// # Errors
/// kubectl's texts for a kind without any: `what` it wanted to do, with `whom`.
pub fn of(cx: &mut Context, info: &Info, what: &str, whom: &str) -> anyhow::Result<Vec<Revision>> {
    let history = cx.client()?.read(|cluster| info.kind.rollout_history(&info.object, cluster))?;
    let names = info.kind.names();
    let kind = names.group_kind();
    match history {
        Some(history) => Ok(history),
        None if info.kind.is_visited_without_history() => anyhow::bail!("no {whom} has been implemented for {kind:?}"),
        None => anyhow::bail!(
            "error retrieving {what} for {kind:?}, no visitor method exists for {{{} {}}}",
            names.group,
            names.kind
        ),
    }
}
