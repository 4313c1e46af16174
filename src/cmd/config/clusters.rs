//! `config get-clusters`, `set-cluster` and `delete-cluster`. Knows the kubeconfig, no store: what a cluster entry says of
//! a server is kept, and connects to nothing.

use super::{certs, delete, entry, print_names, set_fields};
use crate::apimachinery::quote::quote;
use crate::cmd::context::Context;
use crate::cmd::kubeconfig::Kubeconfig;
use crate::cmd::parent;
use crate::cmd::verbs::Run;

/// Arguments of `config get-clusters`.
#[derive(clap::Args)]
pub struct GetClusters {
    args: Vec<String>,
}

impl Run for GetClusters {
    const LONG: &'static str = "Display clusters defined in the kubeconfig.";
    const EXAMPLES: &'static str = "  # List the clusters that kubectl knows about
  kubectl config get-clusters";
    const USAGE: &'static str = "get-clusters [flags]";

    fn run(self, cx: &mut Context) -> anyhow::Result<()> {
        // kubectl takes arguments here, and looks at none.
        drop(self.args);
        print_names(cx, |c| &c.clusters)
    }
}

/// Arguments of `config delete-cluster`.
#[derive(clap::Args)]
pub struct DeleteCluster {
    args: Vec<String>,
}

impl Run for DeleteCluster {
    const LONG: &'static str = "Delete the specified cluster from the kubeconfig.";
    const EXAMPLES: &'static str = "  # Delete the minikube cluster
  kubectl config delete-cluster minikube";
    const USAGE: &'static str = "delete-cluster NAME";

    fn run(self, cx: &mut Context) -> anyhow::Result<()> {
        let [name] = self.args.as_slice() else { return parent::print_help(cx) };
        delete(cx, "cluster", name, |c| &mut c.clusters)
    }
}

/// Arguments of `config set-cluster`.
#[derive(clap::Args)]
pub struct SetCluster {
    args: Vec<String>,
    #[arg(
        long,
        value_name = "string",
        default_value = "",
        help = "Path to certificate-authority file for the cluster entry in kubeconfig"
    )]
    certificate_authority: String,
    #[arg(long, help = "insecure-skip-tls-verify for the cluster entry in kubeconfig")]
    insecure_skip_tls_verify: bool,
    #[arg(long, value_name = "string", default_value = "", help = "proxy-url for the cluster entry in kubeconfig")]
    proxy_url: String,
    #[arg(long, value_name = "string", default_value = "", help = "server for the cluster entry in kubeconfig")]
    server: String,
    #[arg(
        long,
        value_name = "string",
        default_value = "",
        help = "tls-server-name for the cluster entry in kubeconfig"
    )]
    tls_server_name: String,
    #[arg(long, help = "embed-certs for the cluster entry in kubeconfig")]
    embed_certs: bool,
}

impl Run for SetCluster {
    const LONG: &'static str = "Set a cluster entry in kubeconfig.

 Specifying a name that already exists will merge new fields on top of existing values for those fields.";
    const EXAMPLES: &'static str =
        "  # Set only the server field on the e2e cluster entry without touching other values
  kubectl config set-cluster e2e --server=https://1.2.3.4
  
  # Embed certificate authority data for the e2e cluster entry
  kubectl config set-cluster e2e --embed-certs --certificate-authority=~/.kube/e2e/kubernetes.ca.crt
  
  # Disable cert checking for the e2e cluster entry
  kubectl config set-cluster e2e --insecure-skip-tls-verify=true
  
  # Set the custom TLS server name to use for validation for the e2e cluster entry
  kubectl config set-cluster e2e --tls-server-name=my-cluster-name
  
  # Set the proxy URL for the e2e cluster entry
  kubectl config set-cluster e2e --proxy-url=https://1.2.3.4";
    const USAGE: &'static str = "set-cluster NAME [--server=server] [--certificate-authority=path/to/certificate/authority] [--insecure-skip-tls-verify=true] [--tls-server-name=example.com]";

    fn run(self, cx: &mut Context) -> anyhow::Result<()> {
        let [name] = self.args.as_slice() else { return Err(parent::unexpected(cx, &self.args)) };
        self.check(cx, name)?;
        let mut config = Kubeconfig::load(cx.env)?;
        let folder = config.folder();
        let cluster = entry(&mut config.clusters, name);
        if cx.is_given("server") {
            // Another server has another name, unless it is given too.
            cluster.as_object_mut().map(|c| c.remove("tls-server-name"));
        }
        let fields =
            [("proxy-url", &*self.proxy_url), ("server", &*self.server), ("tls-server-name", &*self.tls_server_name)];
        set_fields(cx, cluster, &fields);
        certs::set(cx, cluster, "certificate-authority", &self.certificate_authority, self.embed_certs, &folder)?;
        // kubectl keeps it only when it is given anew.
        let gone: &[&str] = if self.insecure_skip_tls_verify {
            cluster["insecure-skip-tls-verify"] = true.into();
            &["certificate-authority", "certificate-authority-data"]
        } else {
            &["insecure-skip-tls-verify"]
        };
        if let Some(map) = cluster.as_object_mut() {
            map.retain(|field, _| !gone.contains(&field.as_str()));
        }
        config.save()?;
        Ok(cx.print(&format!("Cluster {} set.\n", quote(name)))?)
    }
}

impl SetCluster {
    fn check(&self, cx: &Context, name: &str) -> anyhow::Result<()> {
        if name.is_empty() {
            anyhow::bail!("you must specify a non-empty cluster name");
        }
        if self.insecure_skip_tls_verify && !self.certificate_authority.is_empty() {
            anyhow::bail!("you cannot specify a certificate authority and insecure mode at the same time");
        }
        if self.embed_certs {
            if self.certificate_authority.is_empty() {
                anyhow::bail!("you must specify a --certificate-authority to embed");
            }
            certs::check(cx, "certificate-authority", &self.certificate_authority)?;
        }
        Ok(())
    }
}
