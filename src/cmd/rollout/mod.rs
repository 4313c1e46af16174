//! `rollout`: the changes of workloads over time. Knows no kind; each says how its rollouts go.

mod change;
mod history;
mod pause;
mod restart;
mod resume;
mod status;
mod undo;

pub use history::History;
pub use pause::Pause;
pub use restart::Restart;
pub use resume::Resume;
pub use status::Status;
pub use undo::Undo;

use super::context::Context;
use super::flags::{RecursiveFlag, SelectorFlag};
use super::infos::{self, From, Infos, Query};
use super::parent;
use super::verbs::Run;

/// Arguments of `rollout`.
#[derive(clap::Args)]
pub struct Rollout {
    args: Vec<String>,
}

const LONG: &str = "Manage the rollout of one or many resources.
        
 Valid resource types include:

  *  deployments
  *  daemonsets
  *  statefulsets";

const EXAMPLES: &str = "  # Rollback to the previous deployment
  kubectl rollout undo deployment/abc
  
  # Check the rollout status of a daemonset
  kubectl rollout status daemonset/foo
  
  # Restart a deployment
  kubectl rollout restart deployment/abc
  
  # Restart deployments with the 'app=nginx' label
  kubectl rollout restart deployment --selector=app=nginx";

impl Run for Rollout {
    const LONG: &'static str = LONG;
    const EXAMPLES: &'static str = EXAMPLES;
    const USAGE: &'static str = "rollout SUBCOMMAND";

    fn run(self, cx: &mut Context) -> anyhow::Result<()> {
        parent::run(cx, &self.args, parent::HelpOn::Stdout)
    }
}

/// What a rollout verb is about.
#[derive(clap::Args)]
struct Targets {
    args: Vec<String>,
    #[arg(
        short,
        long,
        value_name = "strings",
        help = "Filename, directory, or URL to files identifying the resource to get from a server."
    )]
    filename: Vec<String>,
    #[command(flatten)]
    files: RecursiveFlag,
    #[command(flatten)]
    select: SelectorFlag,
}

impl Targets {
    /// # Errors
    /// Nothing is named.
    fn check(&self) -> anyhow::Result<()> {
        if self.args.is_empty() && self.filename.is_empty() {
            anyhow::bail!("required resource not specified");
        }
        Ok(())
    }

    fn find(&self, cx: &mut Context) -> anyhow::Result<Infos> {
        infos::find(
            cx,
            &Query {
                args: &self.args,
                filenames: &self.filename,
                recursive: self.files.recursive,
                selector: &self.select.selector,
                type_alone_is_all: true,
                from: From::Store,
                ..Query::default()
            },
        )
    }
}
