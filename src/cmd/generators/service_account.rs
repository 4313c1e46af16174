//! `create serviceaccount`.

use serde_json::json;

use super::{Making, OTHER_FLAGS};
use crate::cmd::context::Context;
use crate::cmd::support::Flag;
use crate::cmd::verbs::Run;

/// Arguments of `create serviceaccount`.
#[derive(clap::Args)]
pub struct ServiceAccount {
    #[command(flatten)]
    making: Making,
}

impl Run for ServiceAccount {
    const LONG: &'static str = "Create a service account with the specified name.";
    const EXAMPLES: &'static str = "  # Create a new service account named my-service-account
  kubectl create serviceaccount my-service-account";
    const OTHER_FLAGS: &'static [Flag] = OTHER_FLAGS;
    const USAGE: &'static str = "serviceaccount NAME [--dry-run=server|client|none]";

    fn run(self, cx: &mut Context) -> anyhow::Result<()> {
        let maker = self.making.start(cx)?;
        maker.check_name()?;
        let object = json!({"apiVersion": "v1", "kind": "ServiceAccount", "metadata": maker.metadata()});
        maker.send(cx, object, "failed to create serviceaccount: ")
    }
}
