//! `autoscale`: an autoscaler for what an object stands for. Knows no kind of object but the autoscaler it makes.

use std::sync::Arc;

use serde_json::{Value, json};

use super::context::Context;
use super::dry_run::DryRun;
use super::flags::{DryRunFlag, KUSTOMIZE, PrintFlags, RecursiveFlag, SaveConfigFlag, field_manager, required};
use super::infos::{self, Info, Query};
use super::record::{self, RECORD};
use super::support::Flag;
use super::verbs::{Operands, Run};
use super::{last_applied, requests};
use crate::apimachinery::object::Object;

/// Arguments of `autoscale`.
#[derive(clap::Args)]
pub struct Autoscale {
    args: Vec<String>,
    #[arg(
        long,
        value_name = "int32",
        default_value = "-1",
        help = "The target average CPU utilization (represented as a percent of requested CPU) over all the pods. If it's not specified or negative, a default autoscaling policy will be used."
    )]
    cpu_percent: i64,
    #[arg(
        short = 'f',
        long,
        value_name = "strings",
        help = "Filename, directory, or URL to files identifying the resource to autoscale."
    )]
    filename: Vec<String>,
    #[arg(
        long,
        value_name = "int32",
        default_value = "-1",
        help = "The upper limit for the number of pods that can be set by the autoscaler. Required."
    )]
    max: i64,
    #[arg(
        long,
        value_name = "int32",
        default_value = "-1",
        help = "The lower limit for the number of pods that can be set by the autoscaler. If it's not specified or negative, the server will apply a default value."
    )]
    min: i64,
    #[arg(
        long,
        value_name = "string",
        default_value = "",
        help = "The name for the newly created object. If not specified, the name of the input resource will be used."
    )]
    name: String,
    #[command(flatten)]
    save: SaveConfigFlag,
    #[command(flatten)]
    dry_run: DryRunFlag,
    #[command(flatten)]
    print: PrintFlags,
    #[command(flatten)]
    files: RecursiveFlag,
}

impl Run for Autoscale {
    const OPERANDS: Operands = Operands::Resources;
    const OTHER_FLAGS: &'static [Flag] = &[field_manager("kubectl-autoscale"), KUSTOMIZE, RECORD];
    const LONG: &'static str = "Creates an autoscaler that automatically chooses and sets the number of pods that run in a Kubernetes cluster.

 Looks up a deployment, replica set, stateful set, or replication controller by name and creates an autoscaler that uses the given resource as a reference. An autoscaler can automatically increase or decrease number of pods deployed within the system as needed.";
    const EXAMPLES: &'static str = r#"  # Auto scale a deployment "foo", with the number of pods between 2 and 10, no target CPU utilization specified so a default autoscaling policy will be used
  kubectl autoscale deployment foo --min=2 --max=10
  
  # Auto scale a replication controller "foo", with the number of pods between 1 and 5, target CPU utilization at 80%
  kubectl autoscale rc foo --max=5 --cpu-percent=80"#;
    const USAGE: &'static str =
        "autoscale (-f FILENAME | TYPE NAME | TYPE/NAME) [--min=MINPODS] --max=MAXPODS [--cpu-percent=CPU]";

    fn run(self, cx: &mut Context) -> anyhow::Result<()> {
        required(cx, &["max"])?;
        let dry_run = self.dry_run.parse(cx)?;
        if self.max < 1 {
            anyhow::bail!("--max=MAXPODS is required and must be at least 1, max: {}", self.max);
        }
        if self.max < self.min {
            anyhow::bail!(
                "--max=MAXPODS must be larger or equal to --min=MINPODS, max: {}, min: {}",
                self.max,
                self.min
            );
        }
        let mut printer = self.print.printer(cx)?;
        let query =
            Query { args: &self.args, filenames: &self.filename, recursive: self.files.recursive, ..Query::default() };
        let mut count = 0;
        infos::find(cx, &query)?.visit(|info| {
            let made = self.make(cx, dry_run, self.autoscaler(&info)?)?;
            count += 1;
            let done = if dry_run == DryRun::Client { "created" } else { "autoscaled" };
            printer.print(&made, &format!("{done}{}", dry_run.suffix()), &mut cx.env.stdout)
        })?;
        if count == 0 {
            anyhow::bail!("no objects passed to autoscale");
        }
        Ok(())
    }
}

impl Autoscale {
    fn autoscaler(&self, info: &Info) -> anyhow::Result<Value> {
        let names = info.kind.names();
        if info.kind.scale().is_none() {
            anyhow::bail!(
                "cannot autoscale a {}: could not find scale subresource for {}/{}, Resource={} in discovery information",
                names.kind,
                names.group,
                names.version,
                names.plural
            );
        }
        let name = if self.name.is_empty() { &info.name } else { &self.name };
        let mut spec = json!({
            "maxReplicas": self.max,
            "scaleTargetRef": {"apiVersion": names.api_version, "kind": names.kind, "name": info.name},
        });
        if self.min > 0 {
            spec["minReplicas"] = self.min.into();
        }
        if self.cpu_percent >= 0 {
            spec["targetCPUUtilizationPercentage"] = self.cpu_percent.into();
        }
        Ok(json!({
            "apiVersion": "autoscaling/v1", "kind": "HorizontalPodAutoscaler",
            "metadata": {"creationTimestamp": null, "name": name}, "spec": spec,
            "status": {"currentReplicas": 0, "desiredReplicas": 0},
        }))
    }

    fn make(&self, cx: &mut Context, dry_run: DryRun, autoscaler: Value) -> anyhow::Result<Arc<Object>> {
        let Some(mut object) = Object::from_value(autoscaler) else { anyhow::bail!("not an object") };
        record::record(cx, &mut object);
        if dry_run == DryRun::Client {
            return Ok(Arc::new(object));
        }
        if self.save.save_config {
            last_applied::set_typed(&mut object);
        }
        let info = infos::of_object(cx, object)?;
        requests::create(cx, &info, &info.object, &requests::options(dry_run, false))
    }
}
