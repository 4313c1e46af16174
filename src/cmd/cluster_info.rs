//! `cluster-info`: where the cluster and its own services are. Knows labels, no kind's fields but a service's ports.

use serde_json::Value;

use super::context::Context;
use super::resources;
use super::select::Selectors;
use super::verbs::Run;
use crate::apimachinery::object::Object;
use crate::client;

pub mod dump;

/// Arguments of `cluster-info`.
#[derive(clap::Args)]
pub struct ClusterInfo {
    args: Vec<String>,
}

impl Run for ClusterInfo {
    const LONG: &'static str = "Display addresses of the control plane and services with label kubernetes.io/cluster-service=true. To further debug and diagnose cluster problems, use 'kubectl cluster-info dump'.";
    const EXAMPLES: &'static str = "  # Print the address of the control plane and cluster services
  kubectl cluster-info";
    const USAGE: &'static str = "cluster-info [flags]";

    fn run(mut self, cx: &mut Context) -> anyhow::Result<()> {
        // What is named makes no difference.
        drop(std::mem::take(&mut self.args));
        let kind = resources::kind(cx, "services")?;
        let selectors = Selectors { labels: "kubernetes.io/cluster-service=true", fields: "" };
        let namespace = if cx.is_given("namespace") { cx.namespace().to_owned() } else { "kube-system".to_owned() };
        let services = cx.client()?.read(|c| selectors.list(c, kind, Some(&namespace)))?;
        // There is no server: the cluster is a folder.
        let server = format!("file://{}", client::home(cx.env)?.display());
        let mut text = line("Kubernetes control plane", &server);
        for service in &services {
            let labels = service.labels();
            let name = labels.and_then(|l| l.get("kubernetes.io/name")).and_then(Value::as_str);
            text += &line(name.unwrap_or(service.name()), &link(&server, service));
        }
        text += &format!("\nTo further debug and diagnose cluster problems, use '{} cluster-info dump'.\n", cx.program);
        Ok(cx.print(&text)?)
    }
}

fn line(name: &str, link: &str) -> String {
    format!("{name} is running at {link}\n")
}

/// The path of a service behind the API server's proxy.
fn link(server: &str, service: &Object) -> String {
    let port = service.at("/spec/ports/0");
    let name = port.and_then(|p| p.get("name")).and_then(Value::as_str).unwrap_or_default();
    let is_https = name == "https" || port.and_then(|p| p.get("port")).and_then(Value::as_i64) == Some(443);
    let scheme = if is_https { "https:" } else { "" };
    let port = if name.is_empty() && scheme.is_empty() { String::new() } else { format!(":{name}") };
    let (namespace, name) = (service.namespace(), service.name());
    format!("{server}/api/v1/namespaces/{namespace}/services/{scheme}{name}{port}/proxy")
}
