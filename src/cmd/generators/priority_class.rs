//! `create priorityclass`.

use serde_json::json;

use super::{Making, OTHER_FLAGS};
use crate::cmd::context::Context;
use crate::cmd::support::Flag;
use crate::cmd::verbs::Run;

/// Arguments of `create priorityclass`.
#[derive(clap::Args)]
pub struct PriorityClass {
    #[command(flatten)]
    making: Making,
    #[arg(
        long,
        value_name = "string",
        default_value = "",
        help = "description is an arbitrary string that usually provides guidelines on when this priority class \
        should be used."
    )]
    description: String,
    #[arg(
        long,
        help = "global-default specifies whether this PriorityClass should be considered as the default priority."
    )]
    global_default: bool,
    #[arg(
        long,
        value_name = "string",
        default_value = "PreemptLowerPriority",
        help = "preemption-policy is the policy for preempting pods with lower priority."
    )]
    preemption_policy: String,
    #[arg(
        long,
        value_name = "int32",
        default_value = "0",
        allow_hyphen_values = true,
        help = "the value of this priority class."
    )]
    value: i64,
}

impl Run for PriorityClass {
    const LONG: &'static str = "Create a priority class with the specified name, value, globalDefault and description.";
    const EXAMPLES: &'static str = r#"  # Create a priority class named high-priority
  kubectl create priorityclass high-priority --value=1000 --description="high priority"
  
  # Create a priority class named default-priority that is considered as the global default priority
  kubectl create priorityclass default-priority --value=1000 --global-default=true --description="default priority"
  
  # Create a priority class named high-priority that cannot preempt pods with lower priority
  kubectl create priorityclass high-priority --value=1000 --description="high priority" --preemption-policy="Never""#;
    const OTHER_FLAGS: &'static [Flag] = OTHER_FLAGS;
    const USAGE: &'static str = "priorityclass NAME --value=VALUE --global-default=BOOL [--dry-run=server|client|none]";

    fn run(self, cx: &mut Context) -> anyhow::Result<()> {
        let maker = self.making.start(cx)?;
        maker.check_name()?;
        let mut object = json!({
            "apiVersion": "scheduling.k8s.io/v1", "kind": "PriorityClass", "metadata": maker.cluster_metadata(),
            "value": self.value, "preemptionPolicy": self.preemption_policy,
        });
        if self.global_default {
            object["globalDefault"] = true.into();
        }
        if !self.description.is_empty() {
            object["description"] = self.description.as_str().into();
        }
        maker.send(cx, object, "failed to create priorityclass: ")
    }
}
