//! `config set-credentials`: a user of the kubeconfig. Knows the kubeconfig, no store: whoever can read the store may do
//! everything, so what is kept here opens nothing.

use super::{entry, set_fields};
use crate::apimachinery::quote::quote;
use crate::cmd::context::Context;
use crate::cmd::kubeconfig::Kubeconfig;
use crate::cmd::parent;
use crate::cmd::support::{Flag, Support};
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
}

const fn not_built(name: &'static str, value: &'static str, default: &'static str, help: &'static str) -> Flag {
    Flag::new(name, value, default, Support::NotBuilt, help)
}

const OTHER_FLAGS: &[Flag] = &[
    not_built("auth-provider", "string", "", "Auth provider for the user entry in kubeconfig"),
    not_built("auth-provider-arg", "strings", "", "'key=value' arguments for the auth provider"),
    not_built("embed-certs", "bool", "false", "Embed client cert/key for the user entry in kubeconfig"),
    not_built(
        "exec-api-version",
        "string",
        "",
        "API version of the exec credential plugin for the user entry in kubeconfig",
    ),
    not_built(
        "exec-arg",
        "strings",
        "",
        "New arguments for the exec credential plugin command for the user entry in kubeconfig",
    ),
    not_built("exec-command", "string", "", "Command for the exec credential plugin for the user entry in kubeconfig"),
    not_built("exec-env", "stringArray", "", "'key=value' environment values for the exec credential plugin"),
    not_built(
        "exec-interactive-mode",
        "string",
        "",
        "InteractiveMode of the exec credentials plugin for the user entry in kubeconfig",
    ),
    not_built(
        "exec-provide-cluster-info",
        "bool",
        "false",
        "ProvideClusterInfo of the exec credentials plugin for the user entry in kubeconfig",
    ),
];

impl Run for SetCredentials {
    const OTHER_FLAGS: &'static [Flag] = OTHER_FLAGS;
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
        let is_basic = !self.username.is_empty() || !self.password.is_empty();
        if is_basic && !self.token.is_empty() {
            anyhow::bail!(
                "you cannot specify more than one authentication method at the same time: --token, --username/--password"
            );
        }
        let mut config = Kubeconfig::load(cx.env)?;
        let user = entry(&mut config.users, name);
        let fields = [
            ("client-certificate", &*self.client_certificate),
            ("client-key", &*self.client_key),
            ("password", &*self.password),
            ("token", &*self.token),
            ("username", &*self.username),
        ];
        set_fields(cx, user, &fields);
        if let Some(map) = user.as_object_mut() {
            // A user has a token or a password, never both.
            let gone: &[&str] = match (is_basic, self.token.is_empty()) {
                (true, _) => &["token"],
                (false, false) => &["username", "password"],
                (false, true) => &[],
            };
            for gone in gone {
                map.remove(*gone);
            }
        }
        config.save()?;
        Ok(cx.print(&format!("User {} set.\n", quote(name)))?)
    }
}
