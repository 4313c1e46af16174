//! `create service`: one of each type.

use serde_json::{Value, json};

use super::{Maker, Making, OTHER_FLAGS, required};
use crate::apimachinery::names;
use crate::cmd::context::Context;
use crate::cmd::parent;
use crate::cmd::support::Flag;
use crate::cmd::verbs::Run;

/// Arguments of `create service`.
#[derive(clap::Args)]
pub struct Service {
    args: Vec<String>,
}

impl Run for Service {
    const LONG: &'static str = "Create a service using a specified subcommand.";
    const USAGE: &'static str = "service [flags]";

    fn run(self, cx: &mut Context) -> anyhow::Result<()> {
        parent::run(cx, &self.args, parent::HelpOn::Stderr)
    }
}

/// Arguments of `create service clusterip`.
#[derive(clap::Args)]
pub struct ClusterIp {
    #[command(flatten)]
    making: Making,
    #[arg(
        long,
        value_name = "string",
        default_value = "",
        help = "Assign your own ClusterIP or set to 'None' for a 'headless' service (no loadbalancing)."
    )]
    clusterip: String,
    #[arg(long, value_name = "strings", help = "Port pairs can be specified as '<port>:<targetPort>'.")]
    tcp: Vec<String>,
}

impl Run for ClusterIp {
    const LONG: &'static str = "Create a ClusterIP service with the specified name.";
    const EXAMPLES: &'static str = r#"  # Create a new ClusterIP service named my-cs
  kubectl create service clusterip my-cs --tcp=5678:8080
  
  # Create a new ClusterIP service named my-cs (in headless mode)
  kubectl create service clusterip my-cs --clusterip="None""#;
    const OTHER_FLAGS: &'static [Flag] = OTHER_FLAGS;
    const USAGE: &'static str = "clusterip NAME [--tcp=<port>:<targetPort>] [--dry-run=server|client|none]";

    fn run(self, cx: &mut Context) -> anyhow::Result<()> {
        let maker = self.making.start(cx)?;
        if self.clusterip != "None" {
            needs_port(&self.tcp)?;
        }
        let mut spec = json!({"type": "ClusterIP"});
        if !self.clusterip.is_empty() {
            spec["clusterIP"] = self.clusterip.as_str().into();
        }
        send(maker, cx, spec, &self.tcp, 0)
    }
}

/// Arguments of `create service nodeport`.
#[derive(clap::Args)]
pub struct NodePort {
    #[command(flatten)]
    making: Making,
    #[arg(
        long,
        value_name = "int",
        default_value = "0",
        allow_hyphen_values = true,
        help = "Port used to expose the service on each node in a cluster."
    )]
    node_port: i64,
    #[arg(long, value_name = "strings", help = "Port pairs can be specified as '<port>:<targetPort>'.")]
    tcp: Vec<String>,
}

impl Run for NodePort {
    const LONG: &'static str = "Create a NodePort service with the specified name.";
    const EXAMPLES: &'static str = "  # Create a new NodePort service named my-ns
  kubectl create service nodeport my-ns --tcp=5678:8080";
    const OTHER_FLAGS: &'static [Flag] = OTHER_FLAGS;
    const USAGE: &'static str = "nodeport NAME [--tcp=port:targetPort] [--dry-run=server|client|none]";

    fn run(self, cx: &mut Context) -> anyhow::Result<()> {
        let maker = self.making.start(cx)?;
        needs_port(&self.tcp)?;
        send(maker, cx, json!({"type": "NodePort"}), &self.tcp, self.node_port)
    }
}

/// Arguments of `create service loadbalancer`.
#[derive(clap::Args)]
pub struct LoadBalancer {
    #[command(flatten)]
    making: Making,
    #[arg(long, value_name = "strings", help = "Port pairs can be specified as '<port>:<targetPort>'.")]
    tcp: Vec<String>,
}

impl Run for LoadBalancer {
    const LONG: &'static str = "Create a LoadBalancer service with the specified name.";
    const EXAMPLES: &'static str = "  # Create a new LoadBalancer service named my-lbs
  kubectl create service loadbalancer my-lbs --tcp=5678:8080";
    const OTHER_FLAGS: &'static [Flag] = OTHER_FLAGS;
    const USAGE: &'static str = "loadbalancer NAME [--tcp=port:targetPort] [--dry-run=server|client|none]";

    fn run(self, cx: &mut Context) -> anyhow::Result<()> {
        let maker = self.making.start(cx)?;
        needs_port(&self.tcp)?;
        send(maker, cx, json!({"type": "LoadBalancer"}), &self.tcp, 0)
    }
}

/// Arguments of `create service externalname`.
#[derive(clap::Args)]
pub struct ExternalName {
    #[command(flatten)]
    making: Making,
    #[arg(long, value_name = "string", default_value = "", help = "External name of service")]
    external_name: String,
    #[arg(long, value_name = "strings", help = "Port pairs can be specified as '<port>:<targetPort>'.")]
    tcp: Vec<String>,
}

impl Run for ExternalName {
    const LONG: &'static str = "Create an ExternalName service with the specified name.

 ExternalName service references to an external DNS address instead of only pods, which will allow application authors to reference services that exist off platform, on other clusters, or locally.";
    const EXAMPLES: &'static str = "  # Create a new ExternalName service named my-ns
  kubectl create service externalname my-ns --external-name bar.com";
    const OTHER_FLAGS: &'static [Flag] = OTHER_FLAGS;
    const USAGE: &'static str = "externalname NAME --external-name external.name [--dry-run=server|client|none]";

    fn run(self, cx: &mut Context) -> anyhow::Result<()> {
        required(cx, &["external-name"])?;
        let maker = self.making.start(cx)?;
        if !names::is_dns1123_subdomain(&self.external_name).is_empty() {
            anyhow::bail!("invalid service external name {}", self.external_name);
        }
        send(maker, cx, json!({"type": "ExternalName", "externalName": self.external_name}), &self.tcp, 0)
    }
}

fn needs_port(tcp: &[String]) -> anyhow::Result<()> {
    if tcp.is_empty() {
        anyhow::bail!("at least one tcp port specifier must be provided");
    }
    Ok(())
}

fn send(maker: Maker, cx: &mut Context, mut spec: Value, tcp: &[String], node_port: i64) -> anyhow::Result<()> {
    let mut ports = Vec::new();
    for text in tcp {
        let (port, target) = port(text)?;
        let mut entry = json!({"name": text.replace(':', "-"), "port": port, "protocol": "TCP", "targetPort": target});
        if node_port != 0 {
            entry["nodePort"] = node_port.into();
        }
        ports.push(entry);
    }
    if !ports.is_empty() {
        spec["ports"] = Value::Array(ports);
    }
    spec["selector"] = json!({"app": maker.name});
    let mut metadata = maker.metadata();
    metadata["labels"] = json!({"app": maker.name});
    let failure = format!("failed to create {} service: ", spec["type"].as_str().unwrap_or_default());
    let object = json!({
        "apiVersion": "v1", "kind": "Service", "metadata": metadata, "spec": spec, "status": {"loadBalancer": {}},
    });
    // The flag is there, and kubectl does not act on it.
    Maker { save_config: false, ..maker }.send(cx, object, &failure)
}

/// `80:8080` or `80:web`: a port and where it leads; the port itself where nothing is said.
fn port(text: &str) -> anyhow::Result<(u16, Value)> {
    let mut parts = text.split(':');
    let first = parts.next().unwrap_or_default();
    let port: u16 = first.parse().map_err(|_| anyhow::anyhow!(not_a_port(first)))?;
    let Some(target) = parts.next() else { return Ok((port, port.into())) };
    match target.parse::<i64>() {
        Ok(number) if (1..=65535).contains(&number) => Ok((port, number.into())),
        Ok(_) => anyhow::bail!("must be between 1 and 65535, inclusive"),
        Err(_) => {
            let problems = names::is_port_name(target);
            if problems.is_empty() { Ok((port, target.into())) } else { anyhow::bail!(problems.join(",")) }
        }
    }
}

/// What Go's `strconv.ParseUint` says of a text that is no port.
fn not_a_port(text: &str) -> String {
    let digits = !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    let why = if digits { "value out of range" } else { "invalid syntax" };
    format!("strconv.ParseUint: parsing {text:?}: {why}")
}
