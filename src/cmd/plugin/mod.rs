//! `plugin`, and programs named `kubectl-…` as verbs. Knows no plugin.

mod process;

pub use process::run_for;

use super::context::Context;
use super::errors::aggregate;
use super::parent;
use super::verbs::Run;

/// Arguments of `plugin`.
#[derive(clap::Args)]
pub struct Plugin {
    args: Vec<String>,
}

impl Run for Plugin {
    const LONG: &'static str = "Provides utilities for interacting with plugins.

 Plugins provide extended functionality that is not part of the major command-line distribution. Please refer to the documentation and examples for more information about how write your own plugins.

 The easiest way to discover and install plugins is via the kubernetes sub-project krew: [krew.sigs.k8s.io]. To install krew, visit https://krew.sigs.k8s.io/docs/user-guide/setup/install";
    const EXAMPLES: &'static str = "  # List all available plugins
  kubectl plugin list
  
  # List only binary names of available plugins without paths
  kubectl plugin list --name-only";
    const USAGE: &'static str = "plugin [flags]";

    fn run(self, cx: &mut Context) -> anyhow::Result<()> {
        parent::run(cx, &self.args, parent::HelpOn::Stderr)
    }
}

/// Arguments of `plugin list`.
#[derive(clap::Args)]
pub struct List {
    args: Vec<String>,
    #[arg(long, help = "If true, display only the binary name of each plugin, rather than its full path")]
    name_only: bool,
}

impl Run for List {
    const LONG: &'static str = r#"List all available plugin files on a user's PATH. To see plugins binary names without the full path use --name-only flag.

 Available plugin files are those that are: - executable - anywhere on the user's PATH - begin with "kubectl-""#;
    const EXAMPLES: &'static str = "  # List all available plugins
  kubectl plugin list
  
  # List only binary names of available plugins without paths
  kubectl plugin list --name-only";
    const USAGE: &'static str = "list [flags]";

    fn run(self, cx: &mut Context) -> anyhow::Result<()> {
        // What is named makes no difference.
        drop(self.args);
        let found = process::all(cx.env);
        if found.is_empty() {
            anyhow::bail!("unable to find any kubectl plugins in your PATH");
        }
        cx.print("The following compatible plugins are available:\n\n")?;
        let (mut warnings, mut seen) = (0, Vec::new());
        for plugin in &found {
            cx.print(&format!("{}\n", if self.name_only { plugin.name.clone() } else { plugin.path() }))?;
            if !plugin.is_executable {
                warnings += 1;
                let path = plugin.path();
                cx.complain(&format!("  - warning: {path} identified as a kubectl plugin, but it is not executable\n"));
            }
            if seen.contains(&&plugin.name) {
                warnings += 1;
                cx.complain(&format!("  - warning: {} is overshadowed by a similarly named plugin\n", plugin.path()));
            }
            seen.push(&plugin.name);
        }
        match warnings {
            0 => aggregate(Vec::new()),
            1 => anyhow::bail!("one plugin warning was found"),
            n => anyhow::bail!("{n} plugin warnings were found"),
        }
    }
}
