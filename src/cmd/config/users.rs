//! `config get-users` and `delete-user`. Knows the kubeconfig, no store.

use super::{delete, print_names};
use crate::cmd::context::Context;
use crate::cmd::verbs::Run;

/// Arguments of `config get-users`.
#[derive(clap::Args)]
pub struct GetUsers {
    args: Vec<String>,
}

impl Run for GetUsers {
    const LONG: &'static str = "Display users defined in the kubeconfig.";
    const EXAMPLES: &'static str = "  # List the users that kubectl knows about
  kubectl config get-users";
    const USAGE: &'static str = "get-users [flags]";

    fn run(self, cx: &mut Context) -> anyhow::Result<()> {
        // kubectl takes arguments here, and looks at none.
        drop(self.args);
        print_names(cx, |c| &c.users)
    }
}

/// Arguments of `config delete-user`.
#[derive(clap::Args)]
pub struct DeleteUser {
    args: Vec<String>,
}

impl Run for DeleteUser {
    const LONG: &'static str = "Delete the specified user from the kubeconfig.";
    const EXAMPLES: &'static str = "  # Delete the minikube user
  kubectl config delete-user minikube";
    const USAGE: &'static str = "delete-user NAME";

    fn run(self, cx: &mut Context) -> anyhow::Result<()> {
        let [name] = self.args.as_slice() else { return Err(cx.usage_error("user to delete is required")) };
        delete(cx, "user", name, |c| &mut c.users)
    }
}
