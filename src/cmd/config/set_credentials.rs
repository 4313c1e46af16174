//! `config set-credentials`: a user of the kubeconfig. Knows the kubeconfig, no store: whoever can read the store may do
//! everything, so what is kept here opens nothing.

use serde_json::Value;

use super::plugins::Plugins;
use super::{certs, entry, set_fields};
use crate::apimachinery::quote::quote;
use crate::cmd::context::Context;
use crate::cmd::kubeconfig::Kubeconfig;
use crate::cmd::parent;
use crate::cmd::verbs::Run;

/// Arguments of `config set-credentials`.
#[derive(clap::Args)]
pub struct SetCredentials {
    args: Vec<String>,
    #[arg(
        long,
        value_name = "string",
        default_value = "",
        help = "Path to client-certificate file for the user entry in kubeconfig"
    )]
    client_certificate: String,
    #[arg(
        long,
        value_name = "string",
        default_value = "",
        help = "Path to client-key file for the user entry in kubeconfig"
    )]
    client_key: String,
    #[arg(long, value_name = "string", default_value = "", help = "password for the user entry in kubeconfig")]
    password: String,
    #[arg(long, value_name = "string", default_value = "", help = "token for the user entry in kubeconfig")]
    token: String,
    #[arg(long, value_name = "string", default_value = "", help = "username for the user entry in kubeconfig")]
    username: String,
    #[arg(long, help = "Embed client cert/key for the user entry in kubeconfig")]
    embed_certs: bool,
    #[command(flatten)]
    plugins: Plugins,
}

impl Run for SetCredentials {
    const LONG: &'static str = "Set a user entry in kubeconfig.

 Specifying a name that already exists will merge new fields on top of existing values.

        Client-certificate flags:
        --client-certificate=certfile --client-key=keyfile
        
        Bearer token flags:
        --token=bearer_token
        
        Basic auth flags:
        --username=basic_user --password=basic_password
        
 Bearer token and basic auth are mutually exclusive.";
    const EXAMPLES: &'static str = r#"  # Set only the "client-key" field on the "cluster-admin"
  # entry, without touching other values
  kubectl config set-credentials cluster-admin --client-key=~/.kube/admin.key
  
  # Set basic auth for the "cluster-admin" entry
  kubectl config set-credentials cluster-admin --username=admin --password=uXFGweU9l35qcif
  
  # Embed client certificate data in the "cluster-admin" entry
  kubectl config set-credentials cluster-admin --client-certificate=~/.kube/admin.crt --embed-certs=true
  
  # Enable the Google Compute Platform auth provider for the "cluster-admin" entry
  kubectl config set-credentials cluster-admin --auth-provider=gcp
  
  # Enable the OpenID Connect auth provider for the "cluster-admin" entry with additional arguments
  kubectl config set-credentials cluster-admin --auth-provider=oidc --auth-provider-arg=client-id=foo --auth-provider-arg=client-secret=bar
  
  # Remove the "client-secret" config value for the OpenID Connect auth provider for the "cluster-admin" entry
  kubectl config set-credentials cluster-admin --auth-provider=oidc --auth-provider-arg=client-secret-
  
  # Enable new exec auth plugin for the "cluster-admin" entry
  kubectl config set-credentials cluster-admin --exec-command=/path/to/the/executable --exec-api-version=client.authentication.k8s.io/v1beta1
  
  # Enable new exec auth plugin for the "cluster-admin" entry with interactive mode
  kubectl config set-credentials cluster-admin --exec-command=/path/to/the/executable --exec-api-version=client.authentication.k8s.io/v1beta1 --exec-interactive-mode=Never
  
  # Define new exec auth plugin arguments for the "cluster-admin" entry
  kubectl config set-credentials cluster-admin --exec-arg=arg1 --exec-arg=arg2
  
  # Create or update exec auth plugin environment variables for the "cluster-admin" entry
  kubectl config set-credentials cluster-admin --exec-env=key1=val1 --exec-env=key2=val2
  
  # Remove exec auth plugin environment variables for the "cluster-admin" entry
  kubectl config set-credentials cluster-admin --exec-env=var-to-remove-"#;
    const USAGE: &'static str = "set-credentials NAME [--client-certificate=path/to/certfile] [--client-key=path/to/keyfile] [--token=bearer_token] [--username=basic_user] [--password=basic_password] [--auth-provider=provider_name] [--auth-provider-arg=key=value] [--exec-command=exec_command] [--exec-api-version=exec_api_version] [--exec-arg=arg] [--exec-env=key=value]";

    fn run(self, cx: &mut Context) -> anyhow::Result<()> {
        let [name] = self.args.as_slice() else {
            parent::print_help(cx)?;
            anyhow::bail!("unexpected args: [{}]", self.args.join(" "));
        };
        if name.is_empty() {
            anyhow::bail!("you must specify a non-empty user name");
        }
        let changes = match self.plugins.changes() {
            Ok(changes) => changes,
            Err(error) => {
                parent::print_help(cx)?;
                return Err(error);
            }
        };
        self.check(cx)?;
        let mut config = Kubeconfig::load(cx.env)?;
        let folder = config.folder();
        let user = entry(&mut config.users, name);
        for (field, path) in [("client-certificate", &self.client_certificate), ("client-key", &self.client_key)] {
            certs::set(cx, user, field, path, self.embed_certs, &folder)?;
        }
        let fields = [("password", &*self.password), ("token", &*self.token), ("username", &*self.username)];
        set_fields(cx, user, &fields);
        self.plugins.set(cx, user, &changes);
        self.drop_other_methods(user);
        config.save()?;
        Ok(cx.print(&format!("User {} set.\n", quote(name)))?)
    }
}

impl SetCredentials {
    fn is_basic(&self) -> bool {
        !self.username.is_empty() || !self.password.is_empty()
    }

    fn check(&self, cx: &Context) -> anyhow::Result<()> {
        if self.is_basic() && !self.token.is_empty() {
            anyhow::bail!(
                "you cannot specify more than one authentication method at the same time: --token, --username/--password"
            );
        }
        if self.embed_certs {
            if self.client_certificate.is_empty() && self.client_key.is_empty() {
                anyhow::bail!("you must specify a --client-certificate or --client-key to embed");
            }
            certs::check(cx, "client-certificate", &self.client_certificate)?;
            certs::check(cx, "client-key", &self.client_key)?;
        }
        self.plugins.check(cx)
    }

    /// A user has a token or a password, never both.
    fn drop_other_methods(&self, user: &mut Value) {
        let Some(map) = user.as_object_mut() else { return };
        let gone: &[&str] = match (self.is_basic(), self.token.is_empty()) {
            (true, _) => &["token"],
            (false, false) => &["username", "password"],
            (false, true) => &[],
        };
        for gone in gone {
            map.remove(*gone);
        }
    }
}
