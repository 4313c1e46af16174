//! `create cronjob`.

use serde_json::json;

use super::{Making, OTHER_FLAGS, container, required};
use crate::cmd::context::Context;
use crate::cmd::support::Flag;
use crate::cmd::verbs::Run;

/// Arguments of `create cronjob`.
#[derive(clap::Args)]
pub struct CronJob {
    #[command(flatten)]
    making: Making,
    #[arg(long, value_name = "string", default_value = "", help = "Image name to run.")]
    image: String,
    #[arg(
        long,
        value_name = "string",
        default_value = "",
        help = "job's restart policy. supported values: OnFailure, Never"
    )]
    restart: String,
    #[arg(
        long,
        value_name = "string",
        default_value = "",
        help = "A schedule in the Cron format the job should be run with."
    )]
    schedule: String,
}

impl Run for CronJob {
    const LONG: &'static str = "Create a cron job with the specified name.";
    const EXAMPLES: &'static str = r#"  # Create a cron job
  kubectl create cronjob my-job --image=busybox --schedule="*/1 * * * *"
  
  # Create a cron job with a command
  kubectl create cronjob my-job --image=busybox --schedule="*/1 * * * *" -- date"#;
    const OTHER_FLAGS: &'static [Flag] = OTHER_FLAGS;
    const USAGE: &'static str = "cronjob NAME --image=image --schedule='0/5 * * * ?' -- [COMMAND] [args...] [flags]";

    fn run(self, cx: &mut Context) -> anyhow::Result<()> {
        required(cx, &["image", "schedule"])?;
        let maker = self.making.start(cx)?;
        let restart = if self.restart.is_empty() { "OnFailure" } else { &self.restart };
        let pod = json!({
            "metadata": {"creationTimestamp": null},
            "spec": {"containers": [container(&maker.name, &self.image, &maker.rest)], "restartPolicy": restart},
        });
        let template = json!({"metadata": {"creationTimestamp": null, "name": maker.name}, "spec": {"template": pod}});
        let object = json!({
            "apiVersion": "batch/v1", "kind": "CronJob", "metadata": maker.metadata(),
            "spec": {"jobTemplate": template, "schedule": self.schedule}, "status": {},
        });
        maker.send(cx, object, "failed to create cronjob: ")
    }
}
