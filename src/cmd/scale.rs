//! `scale`: sets how many replicas an object has. Knows no kind.

use std::time::Duration;

use serde_json::json;

use super::context::Context;
use super::dry_run::DryRun;
use super::errors;
use super::flags::{DryRunFlag, KUSTOMIZE, PrintFlags, RecursiveFlag, SelectorFlag};
use super::go;
use super::infos::{self, Info, Query};
use super::record::{self, RECORD};
use super::requests;
use super::support::Flag;
use super::verbs::{Operands, Run};
use crate::apimachinery::patch::PatchType;
use crate::apimachinery::status::{Reason, Status};
use crate::apiserver::{self, Part};

/// Arguments of `scale`.
#[derive(clap::Args)]
pub struct Scale {
    args: Vec<String>,
    #[arg(long, help = "Select all resources in the namespace of the specified resource types")]
    all: bool,
    #[arg(
        long,
        value_name = "int",
        default_value = "-1",
        help = "Precondition for current size. Requires that the current size of the resource match this value in order \
        to scale. -1 (default) for no condition."
    )]
    current_replicas: i64,
    #[arg(
        short = 'f',
        long,
        value_name = "strings",
        help = "Filename, directory, or URL to files identifying the resource to set a new size"
    )]
    filename: Vec<String>,
    #[arg(long, value_name = "int", default_value = "0", help = "The new desired number of replicas. Required.")]
    replicas: i64,
    #[arg(
        long,
        value_name = "string",
        default_value = "",
        help = "Precondition for resource version. Requires that the current resource version match this value in order \
        to scale."
    )]
    resource_version: String,
    #[arg(long, value_name = "duration", default_value = "0s", value_parser = go::duration, help = "The length of time to wait before giving up on a scale operation, zero means don't wait. Any other values \
        should contain a corresponding time unit (e.g. 1s, 2m, 3h).")]
    timeout: Duration,
    #[command(flatten)]
    dry_run: DryRunFlag,
    #[command(flatten)]
    files: RecursiveFlag,
    #[command(flatten)]
    print: PrintFlags,
    #[command(flatten)]
    select: SelectorFlag,
}

const OTHER_FLAGS: &[Flag] = &[KUSTOMIZE, RECORD];

const LONG: &str = r#"Set a new size for a deployment, replica set, replication controller, or stateful set.

 Scale also allows users to specify one or more preconditions for the scale action.

 If --current-replicas or --resource-version is specified, it is validated before the scale is attempted, and it is guaranteed that the precondition holds true when the scale is sent to the server."#;

const EXAMPLES: &str = r#"  # Scale a replica set named 'foo' to 3
  kubectl scale --replicas=3 rs/foo
  
  # Scale a resource identified by type and name specified in "foo.yaml" to 3
  kubectl scale --replicas=3 -f foo.yaml
  
  # If the deployment named mysql's current size is 2, scale mysql to 3
  kubectl scale --current-replicas=2 --replicas=3 deployment/mysql
  
  # Scale multiple replication controllers
  kubectl scale --replicas=5 rc/example1 rc/example2 rc/example3
  
  # Scale stateful set named 'web' to 3
  kubectl scale --replicas=3 statefulset/web"#;

impl Run for Scale {
    const OPERANDS: Operands = Operands::Resources;
    const LONG: &'static str = LONG;
    const EXAMPLES: &'static str = EXAMPLES;
    const OTHER_FLAGS: &'static [Flag] = OTHER_FLAGS;
    const USAGE: &'static str =
        "scale [--resource-version=version] [--current-replicas=count] --replicas=COUNT (-f FILENAME | TYPE NAME)";

    fn run(self, cx: &mut Context) -> anyhow::Result<()> {
        if !cx.is_given("replicas") {
            anyhow::bail!("required flag(s) \"replicas\" not set");
        }
        let dry_run = self.dry_run.parse(cx)?;
        let mut printer = self.print.printer(cx)?;
        if self.replicas < 0 {
            anyhow::bail!("The --replicas=COUNT flag is required, and COUNT must be greater than or equal to 0");
        }
        if self.current_replicas < -1 {
            anyhow::bail!("The --current-replicas must specify an integer of -1 or greater");
        }
        let found = infos::find(cx, &self.query())?;
        if !self.resource_version.is_empty() && found.infos.len() > 1 {
            anyhow::bail!("cannot use --resource-version with multiple resources");
        }
        let failed = errors::aggregate(found.errors);
        if found.infos.is_empty() {
            let why = failed.err().map(|e| format!(" {e:#}")).unwrap_or_default();
            anyhow::bail!("no objects passed to scale{why}");
        }
        for info in &found.infos {
            if dry_run != DryRun::Client {
                self.scale(cx, info, dry_run)?;
                if let Some(patch) = record::patch(cx, &info.object) {
                    // Whether it can be written is told by nobody, and a dry run writes it too.
                    let options = requests::options(DryRun::None, false);
                    drop(requests::patch(cx, info, (PatchType::Merge, &patch), Part::Main, &options));
                }
            }
            printer.print(&info.object, &format!("scaled{}", dry_run.suffix()), &mut cx.env.stdout)?;
        }
        failed
    }
}

impl Scale {
    fn query(&self) -> Query<'_> {
        Query {
            args: &self.args,
            filenames: &self.filename,
            recursive: self.files.recursive,
            selector: &self.select.selector,
            all: self.all,
            ..Query::default()
        }
    }

    /// Scales one object, if it is as the flags say it has to be, and waits for it when that was asked.
    fn scale(&self, cx: &mut Context, info: &Info, dry_run: DryRun) -> anyhow::Result<()> {
        if info.kind.scale().is_none() {
            let (plural, name) = (info.kind.names().plural, &info.name);
            let why = format!("the server could not find the requested resource (patch {plural} {name})");
            return Err(Status::new(Reason::NotFound, why).into());
        }
        self.check_preconditions(cx, info)?;
        let patch = json!({"spec": {"replicas": self.replicas}});
        let options = requests::options(dry_run, false);
        requests::patch(cx, info, (PatchType::Merge, &patch), Part::Scale, &options)?;
        if self.timeout.is_zero() || dry_run != DryRun::None {
            return Ok(());
        }
        self.wait(cx, info)
    }

    fn check_preconditions(&self, cx: &mut Context, info: &Info) -> anyhow::Result<()> {
        if self.current_replicas == -1 && self.resource_version.is_empty() {
            return Ok(());
        }
        let scale = cx.client()?.read(|c| apiserver::get_scale(c, info.kind, &info.namespace, &info.name))?;
        let replicas = scale.i64_at("/spec/replicas").unwrap_or(0);
        if self.current_replicas != -1 && self.current_replicas != replicas {
            anyhow::bail!("Expected replicas to be {}, was {replicas}", self.current_replicas);
        }
        let version = scale.str_at("/metadata/resourceVersion");
        if !self.resource_version.is_empty() && self.resource_version != version {
            anyhow::bail!("Expected resource version to be {}, was {version}", self.resource_version);
        }
        Ok(())
    }

    /// Waits until as many replicas are there as were asked for.
    fn wait(&self, cx: &mut Context, info: &Info) -> anyhow::Result<()> {
        let reached = cx.client()?.wait("the replicas", Some(self.timeout), |c| {
            let scale = apiserver::get_scale(c, info.kind, &info.namespace, &info.name)?;
            let number = |pointer| scale.i64_at(pointer).unwrap_or(0);
            Ok((number("/status/replicas") == number("/spec/replicas")).then_some(()))
        })?;
        match reached {
            Some(()) => Ok(()),
            None => anyhow::bail!("timed out waiting for {:?} to be synced", info.name),
        }
    }
}
