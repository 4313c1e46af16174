//! `create poddisruptionbudget`.

use serde_json::{Map, Value, json};

use super::{Making, OTHER_FLAGS};
use crate::apimachinery::labels::{Operator, Selector};
use crate::apimachinery::status::Status;
use crate::cmd::context::Context;
use crate::cmd::support::Flag;
use crate::cmd::verbs::Run;

/// Arguments of `create poddisruptionbudget`.
#[derive(clap::Args)]
pub struct PodDisruptionBudget {
    #[command(flatten)]
    making: Making,
    #[arg(
        long,
        value_name = "string",
        default_value = "",
        help = "The maximum number or percentage of unavailable pods this budget requires."
    )]
    max_unavailable: String,
    #[arg(
        long,
        value_name = "string",
        default_value = "",
        help = "The minimum number or percentage of available pods this budget requires."
    )]
    min_available: String,
    #[arg(
        long,
        value_name = "string",
        default_value = "",
        help = "A label selector to use for this budget. Only equality-based selector requirements are supported."
    )]
    selector: String,
}

impl Run for PodDisruptionBudget {
    const LONG: &'static str =
        "Create a pod disruption budget with the specified name, selector, and desired minimum available pods.";
    const EXAMPLES: &'static str =
        "  # Create a pod disruption budget named my-pdb that will select all pods with the app=rails label
  # and require at least one of them being available at any point in time
  kubectl create poddisruptionbudget my-pdb --selector=app=rails --min-available=1
  
  # Create a pod disruption budget named my-pdb that will select all pods with the app=nginx label
  # and require at least half of the pods selected to be available at any point in time
  kubectl create pdb my-pdb --selector=app=nginx --min-available=50%";
    const OTHER_FLAGS: &'static [Flag] = OTHER_FLAGS;
    const USAGE: &'static str =
        "poddisruptionbudget NAME --selector=SELECTOR --min-available=N [--dry-run=server|client|none]";

    fn run(self, cx: &mut Context) -> anyhow::Result<()> {
        let maker = self.making.start(cx)?;
        maker.check_name()?;
        self.check()?;
        let selector = Selector::parse(&self.selector).map_err(|error| {
            anyhow::anyhow!("couldn't parse the selector string {:?}: {}", self.selector, Status::from(error).message)
        })?;
        let mut spec = json!({"selector": label_selector(&selector)?});
        if self.min_available.is_empty() {
            spec["maxUnavailable"] = share(&self.max_unavailable);
        } else {
            spec["minAvailable"] = share(&self.min_available);
        }
        let status = json!({"currentHealthy": 0, "desiredHealthy": 0, "disruptionsAllowed": 0, "expectedPods": 0});
        let object = json!({
            "apiVersion": "policy/v1", "kind": "PodDisruptionBudget", "metadata": maker.metadata(), "spec": spec,
            "status": status,
        });
        maker.send(cx, object, "failed to create poddisruptionbudgets: ")
    }
}

impl PodDisruptionBudget {
    fn check(&self) -> anyhow::Result<()> {
        let (least, most) = (&self.min_available, &self.max_unavailable);
        if self.selector.is_empty() {
            anyhow::bail!("a selector must be specified");
        }
        if least.is_empty() && most.is_empty() {
            anyhow::bail!("one of min-available or max-unavailable must be specified");
        }
        if !least.is_empty() && !most.is_empty() {
            anyhow::bail!("min-available and max-unavailable cannot be both specified");
        }
        for (name, text) in [("min-available", least), ("max-unavailable", most)] {
            let digits = text.strip_suffix('%').unwrap_or(text);
            let is_share = !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit());
            if !text.is_empty() && !is_share {
                anyhow::bail!("invalid format specified for {name}");
            }
        }
        Ok(())
    }
}

/// A number, or a share as it is.
fn share(text: &str) -> Value {
    text.parse::<i32>().map_or_else(|_| text.into(), Value::from)
}

/// The selector as an object has it.
fn label_selector(selector: &Selector) -> anyhow::Result<Value> {
    let (mut labels, mut expressions) = (Map::new(), Vec::new());
    for requirement in selector.requirements() {
        let (key, values) = (requirement.key(), requirement.values());
        let operator = match requirement.operator() {
            Operator::Equals | Operator::DoubleEquals => {
                labels.insert(key.to_owned(), values.first().cloned().unwrap_or_default().into());
                continue;
            }
            Operator::In => "In",
            Operator::NotIn => "NotIn",
            Operator::Exists => "Exists",
            Operator::DoesNotExist => "DoesNotExist",
            Operator::NotEquals => anyhow::bail!("\"!=\" is not a valid label selector operator"),
            Operator::GreaterThan => anyhow::bail!("\"gt\" is not a valid label selector operator"),
            Operator::LessThan => anyhow::bail!("\"lt\" is not a valid label selector operator"),
        };
        let mut expression = json!({"key": key, "operator": operator});
        if !values.is_empty() {
            expression["values"] = values.to_vec().into();
        }
        expressions.push(expression);
    }
    let mut selector = Map::new();
    if !labels.is_empty() {
        selector.insert("matchLabels".to_owned(), Value::Object(labels));
    }
    if !expressions.is_empty() {
        selector.insert("matchExpressions".to_owned(), Value::Array(expressions));
    }
    Ok(Value::Object(selector))
}
