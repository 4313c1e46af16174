//! `apply set-last-applied`: sets the annotation to what a manifest says, and changes nothing else. Knows no kind.

use serde_json::{Value, json};

use crate::apimachinery::go_value;
use crate::apimachinery::patch::PatchType;
use crate::apiserver::{self, Part};
use crate::cmd::context::Context;
use crate::cmd::dry_run::DryRun;
use crate::cmd::errors::with_source;
use crate::cmd::flags::{DryRunFlag, PrintFlags};
use crate::cmd::infos::{self, Info, Query};
use crate::cmd::support::Flag;
use crate::cmd::verbs::{Operands, Run};
use crate::cmd::{fetch, last_applied, requests};

/// Arguments of `apply set-last-applied`.
#[derive(clap::Args)]
pub struct SetLastApplied {
    args: Vec<String>,
    #[arg(long, help = "Will create 'last-applied-configuration' annotations if current objects doesn't have one")]
    create_annotation: bool,
    #[arg(
        short = 'f',
        long,
        value_name = "strings",
        help = "Filename, directory, or URL to files that contains the last-applied-configuration annotations"
    )]
    filename: Vec<String>,
    #[command(flatten)]
    dry_run: DryRunFlag,
    #[command(flatten)]
    print: PrintFlags,
}

const OTHER_FLAGS: &[Flag] = &[];

const LONG: &str = r#"Set the latest last-applied-configuration annotations by setting it to match the contents of a file. This results in the last-applied-configuration being updated as though 'kubectl apply -f<file> ' was run, without updating any other parts of the object."#;

const EXAMPLES: &str = r#"  # Set the last-applied-configuration of a resource to match the contents of a file
  kubectl apply set-last-applied -f deploy.yaml
  
  # Execute set-last-applied against each configuration file in a directory
  kubectl apply set-last-applied -f path/
  
  # Set the last-applied-configuration of a resource to match the contents of a file; will create the annotation if it does not already exist
  kubectl apply set-last-applied -f deploy.yaml --create-annotation=true"#;

impl Run for SetLastApplied {
    const OPERANDS: Operands = Operands::Resources;
    const LONG: &'static str = LONG;
    const EXAMPLES: &'static str = EXAMPLES;
    const OTHER_FLAGS: &'static [Flag] = OTHER_FLAGS;
    const USAGE: &'static str = "set-last-applied -f FILENAME";

    fn run(self, cx: &mut Context) -> anyhow::Result<()> {
        let dry_run = self.dry_run.parse(cx)?;
        let mut printer = self.print.printer(cx)?;
        let query = Query { filenames: &self.filename, ..Query::default() };
        let mut changes = Vec::new();
        infos::find(cx, &query)?.visit(|info| {
            if let Some(patch) = self.change(cx, &info)? {
                changes.push((info, patch));
            }
            Ok(())
        })?;
        for (info, patch) in changes {
            let object = if dry_run == DryRun::Client {
                info.object.clone()
            } else {
                let options = requests::options(dry_run, false);
                requests::patch(cx, &info, (PatchType::Merge, &patch), Part::Main, &options)?
            };
            printer.print(&object, &format!("configured{}", dry_run.suffix()), &mut cx.env.stdout)?;
        }
        Ok(())
    }
}

impl SetLastApplied {
    /// The patch that sets the annotation; `None` where it is set already.
    fn change(&self, cx: &mut Context, info: &Info) -> anyhow::Result<Option<Value>> {
        let stored = cx.client()?.read(|c| apiserver::get(c, info.kind, &info.namespace, &info.name));
        let stored = stored.map_err(|error| {
            if fetch::is_not_found(&error) {
                return error;
            }
            let what = format!("retrieving current configuration of:\n{}\nfrom server for:", info.describe());
            with_source(&what, &info.source, error)
        })?;
        let applied = last_applied::get(&stored)?;
        if applied.is_none() && !self.create_annotation {
            anyhow::bail!(
                "no last-applied-configuration annotation found on resource: {}, to create the annotation, run the command \
                 with --create-annotation",
                info.name
            );
        }
        if applied == Some(info.object.body().to_map()) {
            cx.print(&format!("set-last-applied {}: no changes required.\n", info.name))?;
            return Ok(None);
        }
        let text = format!("{}\n", go_value::json(&info.object.to_value()));
        Ok(Some(json!({"metadata": {"annotations": {last_applied::ANNOTATION: text}}})))
    }
}
