//! `config current-context`, `use-context`, `rename-context` and `delete-context`. Knows the kubeconfig, no store.

use crate::apimachinery::quote::quote;
use crate::cmd::context::Context;
use crate::cmd::kubeconfig::Kubeconfig;
use crate::cmd::parent;
use crate::cmd::verbs::Run;

/// Arguments of `config current-context`.
#[derive(clap::Args)]
pub struct CurrentContext {
    args: Vec<String>,
}

impl Run for CurrentContext {
    const LONG: &'static str = "Display the current-context.";
    const EXAMPLES: &'static str = "  # Display the current-context
  kubectl config current-context";
    const USAGE: &'static str = "current-context [flags]";

    fn run(self, cx: &mut Context) -> anyhow::Result<()> {
        // kubectl takes arguments here, and looks at none.
        drop(self.args);
        let config = Kubeconfig::load(cx.env)?;
        if config.current.is_empty() {
            anyhow::bail!("current-context is not set");
        }
        Ok(cx.print(&format!("{}\n", config.current))?)
    }
}

/// Arguments of `config use-context`.
#[derive(clap::Args)]
pub struct UseContext {
    args: Vec<String>,
}

impl Run for UseContext {
    const LONG: &'static str = "Set the current-context in a kubeconfig file.";
    const EXAMPLES: &'static str = "  # Use the context for the minikube cluster
  kubectl config use-context minikube";
    const USAGE: &'static str = "use-context CONTEXT_NAME";

    fn run(self, cx: &mut Context) -> anyhow::Result<()> {
        let [name] = self.args.as_slice() else { return Err(parent::unexpected(cx, &self.args)) };
        let mut config = Kubeconfig::load(cx.env)?;
        if !config.contexts.contains_key(name) {
            anyhow::bail!("no context exists with the name: {}", quote(name));
        }
        config.current.clone_from(name);
        config.save()?;
        Ok(cx.print(&format!("Switched to context {}.\n", quote(name)))?)
    }
}

/// Arguments of `config rename-context`.
#[derive(clap::Args)]
pub struct RenameContext {
    args: Vec<String>,
}

impl Run for RenameContext {
    const LONG: &'static str = "Renames a context from the kubeconfig file.

 CONTEXT_NAME is the context name that you want to change.

 NEW_NAME is the new name you want to set.

 Note: If the context being renamed is the 'current-context', this field will also be updated.";
    const EXAMPLES: &'static str = "  # Rename the context 'old-name' to 'new-name' in your kubeconfig file
  kubectl config rename-context old-name new-name";
    const USAGE: &'static str = "rename-context CONTEXT_NAME NEW_NAME";

    fn run(self, cx: &mut Context) -> anyhow::Result<()> {
        let [old, new] = self.args.as_slice() else { return Err(parent::unexpected(cx, &self.args)) };
        let mut config = Kubeconfig::load(cx.env)?;
        let path = config.path.display().to_string();
        let Some(mut context) = config.contexts.get(old).cloned() else {
            anyhow::bail!("cannot rename the context {}, it's not in {path}", quote(old));
        };
        if config.contexts.contains_key(new) {
            let (old, new) = (quote(old), quote(new));
            anyhow::bail!("cannot rename the context {old}, the context {new} already exists in {path}");
        }
        if config.context_field(old, "cluster").is_empty() {
            // Its store has the old name, and stays its store.
            context["cluster"] = old.as_str().into();
        }
        config.contexts.remove(old);
        config.contexts.insert(new.clone(), context);
        if config.current == *old {
            config.current.clone_from(new);
        }
        config.save()?;
        Ok(cx.print(&format!("Context {} renamed to {}.\n", quote(old), quote(new)))?)
    }
}

/// Arguments of `config delete-context`.
#[derive(clap::Args)]
pub struct DeleteContext {
    args: Vec<String>,
}

impl Run for DeleteContext {
    const LONG: &'static str = "Delete the specified context from the kubeconfig.";
    const EXAMPLES: &'static str = "  # Delete the context for the minikube cluster
  kubectl config delete-context minikube";
    const USAGE: &'static str = "delete-context NAME";

    fn run(self, cx: &mut Context) -> anyhow::Result<()> {
        let [name] = self.args.as_slice() else { return parent::print_help(cx) };
        let mut config = Kubeconfig::load(cx.env)?;
        let path = config.path.display().to_string();
        if !config.contexts.contains_key(name) {
            anyhow::bail!("cannot delete context {name}, not in {path}");
        }
        if config.current == *name {
            let program = cx.program.clone();
            cx.complain(&format!(
                "warning: this removed your active context, use \"{program} config use-context\" to select a different \
                 one\n"
            ));
        }
        config.contexts.remove(name);
        config.save()?;
        Ok(cx.print(&format!("deleted context {name} from {path}\n"))?)
    }
}
