//! `create quota`.

use serde_json::{Map, Value, json};

use super::{Making, OTHER_FLAGS};
use crate::apimachinery::quantity::Quantity;
use crate::cmd::context::Context;
use crate::cmd::support::Flag;
use crate::cmd::verbs::Run;

/// Arguments of `create quota`.
#[derive(clap::Args)]
pub struct Quota {
    #[command(flatten)]
    making: Making,
    #[arg(
        long,
        value_name = "string",
        default_value = "",
        help = "A comma-delimited set of resource=quantity pairs that define a hard limit."
    )]
    hard: String,
    #[arg(
        long,
        value_name = "string",
        default_value = "",
        help = "A comma-delimited set of quota scopes that must all match each object tracked by the quota."
    )]
    scopes: String,
}

impl Run for Quota {
    const LONG: &'static str = "Create a resource quota with the specified name, hard limits, and optional scopes.";
    const EXAMPLES: &'static str = "  # Create a new resource quota named my-quota
  kubectl create quota my-quota --hard=cpu=1,memory=1G,pods=2,services=3,replicationcontrollers=2,resourcequotas=1,secrets=5,persistentvolumeclaims=10
  
  # Create a new resource quota named best-effort
  kubectl create quota best-effort --hard=pods=100 --scopes=BestEffort";
    const OTHER_FLAGS: &'static [Flag] = OTHER_FLAGS;
    const USAGE: &'static str =
        "quota NAME [--hard=key1=value1,key2=value2] [--scopes=Scope1,Scope2] [--dry-run=server|client|none]";

    fn run(self, cx: &mut Context) -> anyhow::Result<()> {
        let maker = self.making.start(cx)?;
        maker.check_name()?;
        let mut spec = Map::new();
        if !self.hard.is_empty() {
            spec.insert("hard".to_owned(), Value::Object(hard(&self.hard)?));
        }
        if !self.scopes.is_empty() {
            let scopes: Vec<&str> = self.scopes.split(',').collect();
            if scopes.contains(&"") {
                anyhow::bail!("invalid resource quota scope \"\"");
            }
            spec.insert("scopes".to_owned(), scopes.into());
        }
        let object = json!({
            "apiVersion": "v1", "kind": "ResourceQuota", "metadata": maker.metadata(), "spec": spec, "status": {},
        });
        maker.send(cx, object, "failed to create quota: ")
    }
}

/// `cpu=1,memory=1G`.
fn hard(text: &str) -> anyhow::Result<Map<String, Value>> {
    let mut hard = Map::new();
    for one in text.split(',') {
        let parts: Vec<&str> = one.split('=').collect();
        let [resource, amount] = parts.as_slice() else {
            anyhow::bail!("Invalid argument syntax {one}, expected <resource>=<value>");
        };
        let quantity = Quantity::parse(amount).map_err(|e| anyhow::anyhow!("{e}"))?;
        hard.insert((*resource).to_owned(), quantity.to_string().into());
    }
    Ok(hard)
}
