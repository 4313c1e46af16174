//! `create namespace`.

use serde_json::json;

use super::{Making, OTHER_FLAGS};
use crate::cmd::context::Context;
use crate::cmd::support::Flag;
use crate::cmd::verbs::Run;

/// Arguments of `create namespace`.
#[derive(clap::Args)]
pub struct Namespace {
    #[command(flatten)]
    making: Making,
}

impl Run for Namespace {
    const LONG: &'static str = "Create a namespace with the specified name.";
    const EXAMPLES: &'static str = "  # Create a new namespace named my-namespace
  kubectl create namespace my-namespace";
    const OTHER_FLAGS: &'static [Flag] = OTHER_FLAGS;
    const USAGE: &'static str = "namespace NAME [--dry-run=server|client|none]";

    fn run(self, cx: &mut Context) -> anyhow::Result<()> {
        let maker = self.making.start(cx)?;
        maker.check_name()?;
        let object = json!({
            "apiVersion": "v1", "kind": "Namespace", "metadata": maker.cluster_metadata(), "spec": {}, "status": {},
        });
        maker.send(cx, object, "")
    }
}
