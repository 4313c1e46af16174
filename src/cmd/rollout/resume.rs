//! `rollout resume`: a workload that goes on. Knows no kind.

use super::Targets;
use super::change::{self, Change, FIELD_MANAGER};
use crate::apimachinery::object::Object;
use crate::cmd::context::Context;
use crate::cmd::flags::{KUSTOMIZE, PrintFlags};
use crate::cmd::resources::KindRef;
use crate::cmd::support::Flag;
use crate::cmd::verbs::{Operands, Run};

/// Arguments of `rollout resume`.
#[derive(clap::Args)]
pub struct Resume {
    #[command(flatten)]
    targets: Targets,
    #[command(flatten)]
    print: PrintFlags,
}

const OTHER_FLAGS: &[Flag] = &[FIELD_MANAGER, KUSTOMIZE];

const LONG: &str = "Resume a paused resource.

 Paused resources will not be reconciled by a controller. By resuming a resource, we allow it to be reconciled again. Currently only deployments support being resumed.";

const EXAMPLES: &str = "  # Resume an already paused deployment
  kubectl rollout resume deployment/nginx";

impl Run for Resume {
    const OPERANDS: Operands = Operands::Resources;
    const LONG: &'static str = LONG;
    const EXAMPLES: &'static str = EXAMPLES;
    const OTHER_FLAGS: &'static [Flag] = OTHER_FLAGS;
    const USAGE: &'static str = "resume RESOURCE";

    fn run(self, cx: &mut Context) -> anyhow::Result<()> {
        let apply = |kind: KindRef, object: &Object| kind.paused(object, false);
        change::run(
            cx,
            &self.targets,
            &self.print,
            &Change { apply, done: "resumed", already: |_| Ok("already resumed") },
        )
    }
}
