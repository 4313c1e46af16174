//! `set serviceaccount`: whom pods run as. Knows no kind.

use serde_json::{Map, Value};

use super::{Change, find};
use crate::cmd::context::Context;
use crate::cmd::dry_run::DryRun;
use crate::cmd::errors::aggregate;
use crate::cmd::flags::{DryRunFlag, KUSTOMIZE, PrintFlags, RecursiveFlag, field_manager};
use crate::cmd::infos::Query;
use crate::cmd::record::RECORD;
use crate::cmd::support::Flag;
use crate::cmd::verbs::{Operands, Run};

/// Arguments of `set serviceaccount`.
#[derive(clap::Args)]
pub struct ServiceAccount {
    args: Vec<String>,
    #[arg(long, help = "Select all resources, in the namespace of the specified resource types")]
    all: bool,
    #[arg(
        short = 'f',
        long,
        value_name = "strings",
        help = "Filename, directory, or URL to files identifying the resource to get from a server."
    )]
    filename: Vec<String>,
    #[arg(long, help = "If true, set serviceaccount will NOT contact api-server but run locally.")]
    local: bool,
    #[command(flatten)]
    dry_run: DryRunFlag,
    #[command(flatten)]
    files: RecursiveFlag,
    #[command(flatten)]
    print: PrintFlags,
}

const OTHER_FLAGS: &[Flag] = &[field_manager("kubectl-set"), KUSTOMIZE, RECORD];

const LONG: &str = r#"Update the service account of pod template resources.

 Possible resources (case insensitive) can be:

 replicationcontroller (rc), deployment (deploy), daemonset (ds), job, replicaset (rs), statefulset"#;

const EXAMPLES: &str = r#"  # Set deployment nginx-deployment's service account to serviceaccount1
  kubectl set serviceaccount deployment nginx-deployment serviceaccount1
  
  # Print the result (in YAML format) of updated nginx deployment with the service account from local file, without hitting the API server
  kubectl set sa -f nginx-deployment.yaml serviceaccount1 --local --dry-run=client -o yaml"#;

impl Run for ServiceAccount {
    const OPERANDS: Operands = Operands::Resources;
    const LONG: &'static str = LONG;
    const EXAMPLES: &'static str = EXAMPLES;
    const OTHER_FLAGS: &'static [Flag] = OTHER_FLAGS;
    const USAGE: &'static str = "serviceaccount (-f FILENAME | TYPE NAME) SERVICE_ACCOUNT";

    fn run(self, cx: &mut Context) -> anyhow::Result<()> {
        let dry_run = self.dry_run.parse(cx)?;
        if self.local && dry_run == DryRun::Server {
            anyhow::bail!("cannot specify --local and --dry-run=server - did you mean --dry-run=client?");
        }
        let printer = self.print.printer(cx)?;
        let Some((account, args)) = self.args.split_last() else { anyhow::bail!("serviceaccount is required") };
        let query = Query {
            args: if self.local { &[] } else { args },
            filenames: &self.filename,
            recursive: self.files.recursive,
            all: self.all,
            ..Query::default()
        };
        let infos = find(cx, &query, self.local)?;
        let mut change = Change {
            local: self.local,
            dry_run,
            done: "serviceaccount updated",
            failed: "failed to patch ServiceAccountName ",
            skips_unchanged: false,
            printer,
        };
        let set = |spec: &mut Map<String, Value>| {
            spec.insert("serviceAccountName".to_owned(), account.as_str().into());
        };
        let errors = change.run(cx, &infos, &mut |_, _, spec| {
            set(spec);
            Ok(())
        });
        aggregate(errors)
    }
}
