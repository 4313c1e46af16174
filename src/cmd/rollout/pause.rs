//! `rollout pause`: a workload whose changes wait. Knows no kind.

use super::Targets;
use super::change::{self, Change, FIELD_MANAGER};
use crate::apimachinery::object::Object;
use crate::cmd::context::Context;
use crate::cmd::flags::{KUSTOMIZE, PrintFlags};
use crate::cmd::resources::KindRef;
use crate::cmd::support::Flag;
use crate::cmd::verbs::{Operands, Run};

/// Arguments of `rollout pause`.
#[derive(clap::Args)]
pub struct Pause {
    #[command(flatten)]
    targets: Targets,
    #[command(flatten)]
    print: PrintFlags,
}

const OTHER_FLAGS: &[Flag] = &[FIELD_MANAGER, KUSTOMIZE];

const LONG: &str = r#"Mark the provided resource as paused.

 Paused resources will not be reconciled by a controller. Use "kubectl rollout resume" to resume a paused resource. Currently only deployments support being paused."#;

const EXAMPLES: &str = "  # Mark the nginx deployment as paused
  # Any current state of the deployment will continue its function; new updates
  # to the deployment will not have an effect as long as the deployment is paused
  kubectl rollout pause deployment/nginx";

impl Run for Pause {
    const OPERANDS: Operands = Operands::Resources;
    const LONG: &'static str = LONG;
    const EXAMPLES: &'static str = EXAMPLES;
    const OTHER_FLAGS: &'static [Flag] = OTHER_FLAGS;
    const USAGE: &'static str = "pause RESOURCE";

    fn run(self, cx: &mut Context) -> anyhow::Result<()> {
        let apply = |kind: KindRef, object: &Object| kind.paused(object, true);
        change::run(
            cx,
            &self.targets,
            &self.print,
            &Change { apply, done: "paused", already: |_| Ok("already paused") },
        )
    }
}
