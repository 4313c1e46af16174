//! `create`'s generators: objects from flags. Knows no kind's rules; those are the server's.

mod bindings;
mod config_map;
mod cron_job;
mod deployment;
mod ingress;
mod job;
mod key_values;
mod namespace;
mod pod_disruption_budget;
mod priority_class;
mod quota;
mod roles;
mod secret;
mod service;
mod service_account;
mod token;

pub use bindings::{ClusterRoleBinding, RoleBinding};
pub use config_map::ConfigMap;
pub use cron_job::CronJob;
pub use deployment::Deployment;
pub use ingress::Ingress;
pub use job::Job;
pub use namespace::Namespace;
pub use pod_disruption_budget::PodDisruptionBudget;
pub use priority_class::PriorityClass;
pub use quota::Quota;
pub use roles::{ClusterRole, Role};
pub use secret::{DockerRegistry, Generic, Secret, Tls};
pub use service::{ClusterIp, ExternalName, LoadBalancer, NodePort, Service};
pub use service_account::ServiceAccount;
pub use token::Token;

use std::sync::Arc;

use serde_json::{Value, json};

use super::context::Context;
use super::create::Validation;
use super::dry_run::DryRun;
use super::flags::{DryRunFlag, PrintFlags, SaveConfigFlag, ValidateFlag, required};
use super::infos;
use super::support::{Flag, Support};
use super::{last_applied, requests};
use crate::apimachinery::object::Object;
use crate::printers::Printer;

/// Flags of every generator.
#[derive(clap::Args)]
pub struct Making {
    args: Vec<String>,
    #[command(flatten)]
    dry_run: DryRunFlag,
    #[command(flatten)]
    print: PrintFlags,
    #[command(flatten)]
    save: SaveConfigFlag,
    #[command(flatten)]
    validation: ValidateFlag,
}

const OTHER_FLAGS: &[Flag] = &[Flag::new(
    "field-manager",
    "string",
    "kubectl-create",
    Support::Served,
    "Name of the manager used to track field ownership.",
)];

/// One object to make.
struct Maker {
    name: String,
    /// What stood after the name: a command.
    rest: Vec<String>,
    /// The namespace, when `-n` was given: then the object has it.
    namespace: Option<String>,
    dry_run: DryRun,
    save_config: bool,
    strict: bool,
    printer: Printer,
}

impl Making {
    /// Reads the flags, and the name.
    ///
    /// # Errors
    /// kubectl's texts for a name that is not there or not alone, and for flags that mean nothing.
    fn start(&self, cx: &mut Context) -> anyhow::Result<Maker> {
        let names = cx.dash.unwrap_or(self.args.len());
        if names != 1 {
            return Err(cx.usage_error(format!("exactly one NAME is required, got {names}")));
        }
        let dry_run = self.dry_run.parse(cx)?;
        Ok(Maker {
            name: self.args[0].clone(),
            rest: self.args[1..].to_vec(),
            namespace: cx.is_given("namespace").then(|| cx.namespace().to_owned()),
            dry_run,
            save_config: self.save.save_config,
            printer: self.print.printer(cx)?,
            strict: Validation::parse(&self.validation.validate)? == Validation::Strict,
        })
    }
}

impl Maker {
    /// # Errors
    /// An empty name.
    fn check_name(&self) -> anyhow::Result<()> {
        if self.name.is_empty() {
            anyhow::bail!("name must be specified");
        }
        Ok(())
    }

    /// The metadata of an object in a namespace, as Go writes what has none of the rest.
    fn metadata(&self) -> Value {
        let mut metadata = json!({"creationTimestamp": null, "name": self.name});
        if let Some(namespace) = &self.namespace {
            metadata["namespace"] = namespace.as_str().into();
        }
        metadata
    }

    /// The metadata of an object of the whole cluster.
    fn cluster_metadata(&self) -> Value {
        json!({"creationTimestamp": null, "name": self.name})
    }

    /// Creates the object, unless it is only asked what it would be, and prints it. `failure` is what kubectl puts before
    /// the server's error; empty for one that is printed as the server's.
    fn send(mut self, cx: &mut Context, object: Value, failure: &str) -> anyhow::Result<()> {
        let Some(mut object) = Object::from_value(object) else { anyhow::bail!("not an object") };
        if self.save_config {
            last_applied::set_typed(&mut object);
        }
        let object = match self.dry_run {
            DryRun::Client => Arc::new(object),
            _ => self.create(cx, object).map_err(|e| fail(failure, e))?,
        };
        self.printer.print(&object, &format!("created{}", self.dry_run.suffix()), &mut cx.env.stdout)
    }

    fn create(&self, cx: &mut Context, object: Object) -> anyhow::Result<Arc<Object>> {
        let info = infos::of_object(cx, object)?;
        requests::create(cx, &info, &info.object, &requests::options(self.dry_run, self.strict))
    }
}

fn fail(failure: &str, error: anyhow::Error) -> anyhow::Error {
    if failure.is_empty() { error } else { anyhow::anyhow!("{failure}{error}") }
}

/// A container as Go writes one that has nothing else.
fn container(name: &str, image: &str, command: &[String]) -> Value {
    let mut container = json!({"image": image, "name": name, "resources": {}});
    if !command.is_empty() {
        container["command"] = command.into();
    }
    container
}
