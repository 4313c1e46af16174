//! `snapshot save`, `list`, `restore` and `delete`.

use super::super::context::Context;
use super::super::question;
use super::super::verbs::Run;
use super::name;
use crate::apimachinery::tabwriter::TabWriter;
use crate::apimachinery::time;
use crate::client;
#[cfg(target_os = "linux")]
use crate::runtime;
use crate::storage::saved;

/// Arguments of `snapshot save`.
#[derive(clap::Args)]
pub struct Save {
    args: Vec<String>,
}

impl Run for Save {
    const LONG: &'static str =
        "Copy the store as it is now: all objects, the data of all volumes and what was written in containers.";
    const EXAMPLES: &'static str = "  # Keep the store as it is now\n  kstate snapshot save before-upgrade";
    const USAGE: &'static str = "save NAME";

    fn run(self, cx: &mut Context) -> anyhow::Result<()> {
        let name = name(cx, &self.args)?;
        // Also catches up, so that the copy is of now.
        cx.client()?.write(|_| Ok(()))?;
        cx.close();
        saved::save(client::options(cx.env)?, name)?;
        Ok(cx.print(&format!("snapshot {name:?} saved\n"))?)
    }
}

/// Arguments of `snapshot list`.
#[derive(clap::Args)]
pub struct List {
    args: Vec<String>,
}

impl Run for List {
    const LONG: &'static str =
        "Print the snapshots of the store: the time of the cluster in each, and what the store's file takes.";
    const EXAMPLES: &'static str = "  # List all snapshots\n  kstate snapshot list";
    const USAGE: &'static str = "list";

    fn run(self, cx: &mut Context) -> anyhow::Result<()> {
        if !self.args.is_empty() {
            return Err(cx.usage_error(format!("unexpected arguments: [{}]", self.args.join(" "))));
        }
        let all = saved::list(&client::options(cx.env)?)?;
        if all.is_empty() {
            cx.complain("No snapshots found\n");
            return Ok(());
        }
        let mut columns = TabWriter::new(6, 3);
        columns.write("NAME\tTIME\tRESOURCEVERSION\tSIZE\n");
        for one in all {
            let kibibytes = one.bytes.div_ceil(1024);
            let (at, rv) = (time::to_rfc3339(one.meta.clock), one.meta.resource_version);
            columns.write(&format!("{}\t{at}\t{rv}\t{kibibytes}Ki\n", one.name));
        }
        Ok(cx.print(&columns.flush())?)
    }
}

/// Arguments of `snapshot restore`.
#[derive(clap::Args)]
pub struct Restore {
    args: Vec<String>,
    #[arg(short, long, help = "Do not ask.")]
    yes: bool,
}

impl Run for Restore {
    const LONG: &'static str = "Put a snapshot in the place of the store. What runs is ended; all objects and data that are not in \
        a snapshot are lost. What would have happened in the cluster since the snapshot happens with the next command.";
    const EXAMPLES: &'static str = "  # Go back\n  kstate snapshot restore before-upgrade --yes";
    const USAGE: &'static str = "restore NAME [--yes]";

    fn run(self, cx: &mut Context) -> anyhow::Result<()> {
        let name = name(cx, &self.args)?;
        let options = client::options(cx.env)?;
        saved::options_of(&options, name)?;
        let warning = "This replaces all objects and the files of all volumes.\n";
        if !self.yes && !question::confirmed(cx, warning)? {
            cx.print("restore is cancelled\n")?;
            return Ok(());
        }
        // What runs ends first: it holds files that go.
        #[cfg(target_os = "linux")]
        runtime::end_all(&options.home).map_err(|failure| anyhow::anyhow!("{failure}"))?;
        saved::restore(options, name)?;
        Ok(cx.print(&format!("snapshot {name:?} restored\n"))?)
    }
}

/// Arguments of `snapshot delete`.
#[derive(clap::Args)]
pub struct Delete {
    args: Vec<String>,
}

impl Run for Delete {
    const LONG: &'static str = "Remove a snapshot.";
    const EXAMPLES: &'static str = "  # Remove a snapshot\n  kstate snapshot delete before-upgrade";
    const USAGE: &'static str = "delete NAME";

    fn run(self, cx: &mut Context) -> anyhow::Result<()> {
        let name = name(cx, &self.args)?;
        saved::remove(&client::home(cx.env)?, name)?;
        Ok(cx.print(&format!("snapshot {name:?} deleted\n"))?)
    }
}
