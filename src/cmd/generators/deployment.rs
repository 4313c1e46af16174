//! `create deployment`.

use serde_json::{Value, json};

use super::{Making, OTHER_FLAGS, container, required};
use crate::cmd::context::Context;
use crate::cmd::support::Flag;
use crate::cmd::verbs::Run;

/// Arguments of `create deployment`.
#[derive(clap::Args)]
pub struct Deployment {
    #[command(flatten)]
    making: Making,
    #[arg(
        long,
        value_name = "strings",
        help = "Image names to run. A deployment can have multiple images set for multi-container pod."
    )]
    image: Vec<String>,
    #[arg(
        long,
        value_name = "int",
        default_value = "-1",
        allow_hyphen_values = true,
        help = "The containerPort that this deployment exposes."
    )]
    port: i64,
    #[arg(
        short,
        long,
        value_name = "int",
        default_value = "1",
        allow_hyphen_values = true,
        help = "Number of replicas to create. Default is 1."
    )]
    replicas: i64,
}

impl Run for Deployment {
    const LONG: &'static str = "Create a deployment with the specified name.";
    const EXAMPLES: &'static str = "  # Create a deployment named my-dep that runs the busybox image
  kubectl create deployment my-dep --image=busybox
  
  # Create a deployment with a command
  kubectl create deployment my-dep --image=busybox -- date
  
  # Create a deployment named my-dep that runs the nginx image with 3 replicas
  kubectl create deployment my-dep --image=nginx --replicas=3
  
  # Create a deployment named my-dep that runs the busybox image and expose port 5701
  kubectl create deployment my-dep --image=busybox --port=5701
  
  # Create a deployment named my-dep that runs multiple containers
  kubectl create deployment my-dep --image=busybox:latest --image=ubuntu:latest --image=nginx";
    const OTHER_FLAGS: &'static [Flag] = OTHER_FLAGS;
    const USAGE: &'static str = "deployment NAME --image=image -- [COMMAND] [args...]";

    fn run(self, cx: &mut Context) -> anyhow::Result<()> {
        required(cx, &["image"])?;
        let maker = self.making.start(cx)?;
        if self.image.len() > 1 && !maker.rest.is_empty() {
            anyhow::bail!("cannot specify multiple --image options and command");
        }
        let mut containers = Vec::new();
        for image in &self.image {
            containers.push(container(&container_name(image, cx)?, image, &maker.rest));
        }
        if let Some(first) = containers.first_mut().filter(|_| self.port >= 0) {
            first["ports"] = json!([{"containerPort": self.port}]);
        }
        let labels = json!({"app": maker.name});
        let mut metadata = maker.metadata();
        metadata["labels"] = labels.clone();
        let template = json!({
            "metadata": {"creationTimestamp": null, "labels": labels},
            "spec": {"containers": Value::Array(containers)},
        });
        let object = json!({
            "apiVersion": "apps/v1", "kind": "Deployment", "metadata": metadata,
            "spec": {
                "replicas": self.replicas, "selector": {"matchLabels": labels}, "strategy": {}, "template": template,
            },
            "status": {},
        });
        maker.send(cx, object, "failed to create deployment: ")
    }
}

/// The image's own name; with a suffix where it had to be changed.
fn container_name(image: &str, cx: &mut Context) -> anyhow::Result<String> {
    let name = image.rsplit('/').next().unwrap_or_default();
    let name = name.split(':').next().unwrap_or_default();
    let name = name.split('@').next().unwrap_or_default();
    if !name.contains(['_', '.']) {
        return Ok(name.to_owned());
    }
    let suffix = cx.client()?.read(|c| Ok(c.seed().suffix("container", c.next_resource_version())))?;
    Ok(format!("{}-{suffix}", name.replace(['_', '.'], "-")))
}
