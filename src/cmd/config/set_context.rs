//! `config set-context`: a context's namespace, cluster and user. Knows the kubeconfig, no store.

use super::{entry, set_fields};
use crate::apimachinery::quote::quote;
use crate::cmd::context::Context;
use crate::cmd::kubeconfig::Kubeconfig;
use crate::cmd::parent;
use crate::cmd::verbs::Run;

/// Arguments of `config set-context`.
#[derive(clap::Args)]
pub struct SetContext {
    args: Vec<String>,
    #[arg(long, value_name = "string", default_value = "", help = "cluster for the context entry in kubeconfig")]
    cluster: String,
    #[arg(long, help = "Modify the current context")]
    current: bool,
    #[arg(long, value_name = "string", default_value = "", help = "namespace for the context entry in kubeconfig")]
    namespace: String,
    #[arg(long, value_name = "string", default_value = "", help = "user for the context entry in kubeconfig")]
    user: String,
}

impl Run for SetContext {
    const LONG: &'static str = "Set a context entry in kubeconfig.

 Specifying a name that already exists will merge new fields on top of existing values for those fields.";
    const EXAMPLES: &'static str = "  # Set the user field on the gce context entry without touching other values
  kubectl config set-context gce --user=cluster-admin";
    const USAGE: &'static str =
        "set-context [NAME | --current] [--cluster=cluster_nickname] [--user=user_nickname] [--namespace=namespace]";

    fn run(self, cx: &mut Context) -> anyhow::Result<()> {
        let name = match self.args.as_slice() {
            [name] => name.as_str(),
            [] => "",
            _ => return Err(parent::unexpected(cx, &self.args)),
        };
        match (name.is_empty(), self.current) {
            (true, false) => anyhow::bail!("you must specify a non-empty context name or --current"),
            (false, true) => anyhow::bail!("you cannot specify both a context name and --current"),
            _ => {}
        }
        let mut config = Kubeconfig::load(cx.env)?;
        let name = if self.current { config.current.clone() } else { name.to_owned() };
        if name.is_empty() {
            anyhow::bail!("no current context is set");
        }
        let what = if config.contexts.contains_key(&name) { "modified" } else { "created" };
        let fields = [("cluster", &*self.cluster), ("namespace", &*self.namespace), ("user", &*self.user)];
        let context = entry(&mut config.contexts, &name);
        set_fields(cx, context, &fields);
        for required in ["cluster", "user"] {
            if context.get(required).is_none() {
                // kubectl writes both, empty or not.
                context[required] = "".into();
            }
        }
        config.save()?;
        Ok(cx.print(&format!("Context {} {what}.\n", quote(&name)))?)
    }
}
