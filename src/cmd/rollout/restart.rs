//! `rollout restart`: new pods for a workload. Knows no kind.

use super::Targets;
use super::change::{self, Change, FIELD_MANAGER};
use crate::apimachinery::object::Object;
use crate::apimachinery::time;
use crate::cmd::context::Context;
use crate::cmd::flags::{KUSTOMIZE, PrintFlags};
use crate::cmd::resources::KindRef;
use crate::cmd::support::Flag;
use crate::cmd::verbs::{Operands, Run};

/// Arguments of `rollout restart`.
#[derive(clap::Args)]
pub struct Restart {
    #[command(flatten)]
    targets: Targets,
    #[command(flatten)]
    print: PrintFlags,
}

const OTHER_FLAGS: &[Flag] = &[FIELD_MANAGER, KUSTOMIZE];

const LONG: &str = "Restart a resource.

        Resource rollout will be restarted.";

const EXAMPLES: &str = "  # Restart all deployments in the test-namespace namespace
  kubectl rollout restart deployment -n test-namespace
  
  # Restart a deployment
  kubectl rollout restart deployment/nginx
  
  # Restart a daemon set
  kubectl rollout restart daemonset/abc
  
  # Restart deployments with the app=nginx label
  kubectl rollout restart deployment --selector=app=nginx";

impl Run for Restart {
    const OPERANDS: Operands = Operands::Resources;
    const LONG: &'static str = LONG;
    const EXAMPLES: &'static str = EXAMPLES;
    const OTHER_FLAGS: &'static [Flag] = OTHER_FLAGS;
    const USAGE: &'static str = "restart RESOURCE";

    fn run(self, cx: &mut Context) -> anyhow::Result<()> {
        self.targets.check()?;
        let now = time::to_rfc3339(cx.client()?.now()?);
        let apply = |kind: KindRef, object: &Object| kind.restarted(object, &now);
        change::run(
            cx,
            &self.targets,
            &self.print,
            &Change {
                apply,
                done: "restarted",
                already: |info| {
                    anyhow::bail!(
                        "failed to create patch for {}: if restart has already been triggered within the past second, please wait before attempting to trigger another",
                        info.name
                    )
                },
            },
        )
    }
}
