//! `create job`.

use serde_json::{Value, json};

use super::{Making, OTHER_FLAGS, container};
use crate::apimachinery::object::Object;
use crate::cmd::context::Context;
use crate::cmd::infos::{self, Query};
use crate::cmd::support::Flag;
use crate::cmd::verbs::Run;

/// Arguments of `create job`.
#[derive(clap::Args)]
pub struct Job {
    #[command(flatten)]
    making: Making,
    #[arg(
        long,
        value_name = "string",
        default_value = "",
        help = "The name of the resource to create a Job from (only cronjob is supported)."
    )]
    from: String,
    #[arg(long, value_name = "string", default_value = "", help = "Image name to run.")]
    image: String,
}

impl Run for Job {
    const LONG: &'static str = "Create a job with the specified name.";
    const EXAMPLES: &'static str = r#"  # Create a job
  kubectl create job my-job --image=busybox
  
  # Create a job with a command
  kubectl create job my-job --image=busybox -- date
  
  # Create a job from a cron job named "a-cronjob"
  kubectl create job test-job --from=cronjob/a-cronjob"#;
    const OTHER_FLAGS: &'static [Flag] = OTHER_FLAGS;
    const USAGE: &'static str = "job NAME --image=image [--from=cronjob/name] -- [COMMAND] [args...]";

    fn run(self, cx: &mut Context) -> anyhow::Result<()> {
        let maker = self.making.start(cx)?;
        if self.image.is_empty() == self.from.is_empty() {
            anyhow::bail!("either --image or --from must be specified");
        }
        if !maker.rest.is_empty() && !self.from.is_empty() {
            anyhow::bail!("cannot specify --from and command");
        }
        let mut metadata = maker.metadata();
        let spec = if self.from.is_empty() {
            let containers = [container(&maker.name, &self.image, &maker.rest)];
            json!({"template": {
                "metadata": {"creationTimestamp": null},
                "spec": {"containers": containers, "restartPolicy": "Never"},
            }})
        } else {
            let found = infos::find(cx, &Query { args: std::slice::from_ref(&self.from), ..Query::default() })?;
            let (infos, errors) = (found.infos, found.errors);
            crate::cmd::errors::aggregate(errors)?;
            match infos.as_slice() {
                [one] => of_cron_job(&one.object, &mut metadata)?,
                _ => anyhow::bail!("from must be an existing cronjob"),
            }
        };
        let object = json!({"apiVersion": "batch/v1", "kind": "Job", "metadata": metadata, "spec": spec, "status": {}});
        maker.send(cx, object, "failed to create job: ")
    }
}

/// The job that a cron job would make now, by hand.
fn of_cron_job(cron_job: &Object, metadata: &mut Value) -> anyhow::Result<Value> {
    if cron_job.kind() != "CronJob" {
        let version = cron_job.api_version().rsplit('/').next().unwrap_or_default();
        anyhow::bail!("unknown object type *{version}.{}", cron_job.kind());
    }
    let template = |part: &str| cron_job.at(&format!("/spec/jobTemplate/{part}")).cloned().unwrap_or(json!({}));
    let mut annotations = template("metadata/annotations");
    if annotations.get("cronjob.kubernetes.io/instantiate").is_none() {
        annotations["cronjob.kubernetes.io/instantiate"] = "manual".into();
    }
    metadata["annotations"] = annotations;
    match template("metadata/labels") {
        Value::Object(labels) if !labels.is_empty() => metadata["labels"] = labels.into(),
        _ => {}
    }
    metadata["ownerReferences"] = json!([{
        "apiVersion": "batch/v1", "controller": true, "kind": "CronJob", "name": cron_job.name(),
        "uid": cron_job.uid(),
    }]);
    let mut spec = template("spec");
    // As Go writes what the pods have no time of creation for.
    if spec.pointer("/template/metadata").is_some() {
        spec["template"]["metadata"]["creationTimestamp"] = Value::Null;
    }
    Ok(spec)
}
