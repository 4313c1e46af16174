//! `expose`: a service for what an object stands for. Knows no kind of object but the service it makes.

use std::sync::Arc;

use serde_json::{Map, Value, json};

use super::context::Context;
use super::dry_run::DryRun;
use super::flags::{DryRunFlag, KUSTOMIZE, OverrideFlags, PrintFlags, RecursiveFlag, SaveConfigFlag};
use super::infos::{self, Info, Query};
use super::record::{self, RECORD};
use super::run::{labels, number};
use super::support::{Flag, Support};
use super::verbs::{Operands, Run};
use super::{last_applied, overrides, requests};
use crate::apimachinery::object::Object;
use crate::kinds;
use crate::kinds::exposure::Exposure;

/// Arguments of `expose`.
#[derive(clap::Args)]
pub struct Expose {
    args: Vec<String>,
    #[arg(
        long,
        value_name = "string",
        default_value = "",
        help = "ClusterIP to be assigned to the service. Leave empty to auto-allocate, or set to 'None' to create a \
        headless service."
    )]
    cluster_ip: String,
    #[arg(
        long,
        value_name = "string",
        default_value = "",
        help = "Additional external IP address (not managed by Kubernetes) to accept for the service. If this IP is \
        routed to a node, the service can be accessed by this IP in addition to its generated service IP."
    )]
    external_ip: String,
    #[arg(
        short,
        long,
        value_name = "strings",
        help = "Filename, directory, or URL to files identifying the resource to expose a service"
    )]
    filename: Vec<String>,
    #[arg(
        short,
        long,
        value_name = "string",
        default_value = "",
        help = "Labels to apply to the service created by this call."
    )]
    labels: String,
    #[arg(
        long,
        value_name = "string",
        default_value = "",
        help = "IP to assign to the LoadBalancer. If empty, an ephemeral IP will be created and used (cloud-provider \
        specific)."
    )]
    load_balancer_ip: String,
    #[arg(long, value_name = "string", default_value = "", help = "The name for the newly created object.")]
    name: String,
    #[command(flatten)]
    overriding: OverrideFlags,
    #[arg(
        long,
        value_name = "string",
        default_value = "",
        help = "The port that the service should serve on. Copied from the resource being exposed, if unspecified"
    )]
    port: String,
    #[arg(
        long,
        value_name = "string",
        default_value = "",
        help = "The network protocol for the service to be created. Default is 'TCP'."
    )]
    protocol: String,
    #[command(flatten)]
    save: SaveConfigFlag,
    #[arg(
        long,
        value_name = "string",
        default_value = "",
        help = "A label selector to use for this service. Only equality-based selector requirements are supported. \
        If empty (the default) infer the selector from the replication controller or replica set.)"
    )]
    selector: String,
    #[arg(
        long,
        value_name = "string",
        default_value = "",
        help = "If non-empty, set the session affinity for the service to this; legal values: 'None', 'ClientIP'"
    )]
    session_affinity: String,
    #[arg(
        long,
        value_name = "string",
        default_value = "",
        help = "Name or number for the port on the container that the service should direct traffic to. Optional."
    )]
    target_port: String,
    #[arg(
        long,
        value_name = "string",
        default_value = "",
        help = "Type for this service: ClusterIP, NodePort, LoadBalancer, or ExternalName. Default is 'ClusterIP'."
    )]
    r#type: String,
    #[command(flatten)]
    dry_run: DryRunFlag,
    #[command(flatten)]
    print: PrintFlags,
    #[command(flatten)]
    files: RecursiveFlag,
}

const OTHER_FLAGS: &[Flag] = &[
    RECORD,
    Flag::new(
        "field-manager",
        "string",
        "kubectl-expose",
        Support::Served,
        "Name of the manager used to track field ownership.",
    ),
    KUSTOMIZE,
];

const LONG: &str = "Expose a resource as a new Kubernetes service.

 Looks up a deployment, service, replica set, replication controller or pod by name and uses the selector for that resource as the selector for a new service on the specified port. A deployment or replica set will be exposed as a service only if its selector is convertible to a selector that service supports, i.e. when the selector contains only the matchLabels component. Note that if no port is specified via --port and the exposed resource has multiple ports, all will be re-used by the new service. Also if no labels are specified, the new service will re-use the labels from the resource it exposes.

 Possible resources include (case insensitive):

 pod (po), service (svc), replicationcontroller (rc), deployment (deploy), replicaset (rs)";

const EXAMPLES: &str = r#"  # Create a service for a replicated nginx, which serves on port 80 and connects to the containers on port 8000
  kubectl expose rc nginx --port=80 --target-port=8000
  
  # Create a service for a replication controller identified by type and name specified in "nginx-controller.yaml", which serves on port 80 and connects to the containers on port 8000
  kubectl expose -f nginx-controller.yaml --port=80 --target-port=8000
  
  # Create a service for a pod valid-pod, which serves on port 444 with the name "frontend"
  kubectl expose pod valid-pod --port=444 --name=frontend
  
  # Create a second service based on the above service, exposing the container port 8443 as port 443 with the name "nginx-https"
  kubectl expose service nginx --port=443 --target-port=8443 --name=nginx-https
  
  # Create a service for a replicated streaming application on port 4100 balancing UDP traffic and named 'video-stream'.
  kubectl expose rc streamer --port=4100 --protocol=UDP --name=video-stream
  
  # Create a service for a replicated nginx using replica set, which serves on port 80 and connects to the containers on port 8000
  kubectl expose rs nginx --port=80 --target-port=8000
  
  # Create a service for an nginx deployment, which serves on port 80 and connects to the containers on port 8000
  kubectl expose deployment nginx --port=80 --target-port=8000"#;

impl Run for Expose {
    const OPERANDS: Operands = Operands::Resources;
    const LONG: &'static str = LONG;
    const EXAMPLES: &'static str = EXAMPLES;
    const OTHER_FLAGS: &'static [Flag] = OTHER_FLAGS;
    const USAGE: &'static str = "expose (-f FILENAME | TYPE NAME) [--port=port] [--protocol=TCP|UDP|SCTP] [--target-port=number-or-name] [--name=name] [--external-ip=external-ip-of-service] [--type=type]";

    fn run(self, cx: &mut Context) -> anyhow::Result<()> {
        let dry_run = self.dry_run.parse(cx)?;
        let mut printer = self.print.printer(cx)?;
        let query =
            Query { args: &self.args, filenames: &self.filename, recursive: self.files.recursive, ..Query::default() };
        infos::find(cx, &query)?.visit(|info| {
            let service =
                overrides::apply(self.service(&info)?, &self.overriding.overrides, &self.overriding.override_type)?;
            let made = self.make(cx, dry_run, service)?;
            printer.print(&made, &format!("exposed{}", dry_run.suffix()), &mut cx.env.stdout)
        })
    }
}

/// The most bytes of a service's name.
const LONGEST_NAME: usize = 63;

impl Expose {
    fn service(&self, info: &Info) -> anyhow::Result<Value> {
        let Some(exposure) = info.kind.exposure(&info.object) else {
            anyhow::bail!("cannot expose a {}", info.kind.names().group_kind());
        };
        let selector = if self.selector.is_empty() {
            exposure.selector.clone().map_err(|why| {
                anyhow::anyhow!("couldn't retrieve selectors via --selector flag or introspection: {why}")
            })?
        } else {
            labels(&self.selector)?
        };
        let ports = self.ports(&exposure)?;
        let default_name: String = info.name.chars().take(LONGEST_NAME).collect();
        let name = if self.name.is_empty() { default_name } else { self.name.clone() };
        let mut metadata = json!({"creationTimestamp": null, "name": name});
        let labels = if self.labels.is_empty() {
            info.object.labels().cloned().unwrap_or_default()
        } else {
            labels(&self.labels)?
        };
        if !labels.is_empty() {
            metadata["labels"] = Value::Object(labels);
        }
        let spec = self.spec(selector, ports)?;
        Ok(json!({
            "apiVersion": "v1", "kind": "Service", "metadata": metadata, "spec": spec, "status": {"loadBalancer": {}},
        }))
    }

    fn spec(&self, selector: Map<String, Value>, ports: Vec<Value>) -> anyhow::Result<Value> {
        if selector.is_empty() {
            anyhow::bail!("selector must be specified");
        }
        if !matches!(self.session_affinity.as_str(), "" | "None" | "ClientIP") {
            anyhow::bail!("unknown session affinity: {}", self.session_affinity);
        }
        let mut spec = json!({"selector": selector});
        if !ports.is_empty() {
            spec["ports"] = Value::Array(ports);
        }
        if !self.external_ip.is_empty() {
            spec["externalIPs"] = json!([self.external_ip]);
        }
        let balancer = if self.r#type == "LoadBalancer" { self.load_balancer_ip.as_str() } else { "" };
        for (field, text) in [
            ("type", self.r#type.as_str()),
            ("loadBalancerIP", balancer),
            ("sessionAffinity", &self.session_affinity),
            ("clusterIP", &self.cluster_ip),
        ] {
            if !text.is_empty() {
                spec[field] = text.into();
            }
        }
        Ok(spec)
    }

    /// The ports that are asked for, or those that the object has; each with the protocols it has there.
    fn ports(&self, exposure: &Exposure) -> anyhow::Result<Vec<Value>> {
        let wanted: Vec<i64> = if self.port.is_empty() {
            // A port with several protocols is one port.
            let mut ports: Vec<i64> = Vec::new();
            for (port, _) in &exposure.ports {
                if !ports.contains(port) {
                    ports.push(*port);
                }
            }
            ports
        } else {
            self.port.split(',').map(number).collect::<anyhow::Result<_>>()?
        };
        if wanted.is_empty() && self.cluster_ip != "None" {
            anyhow::bail!("couldn't find port via --port flag or introspection");
        }
        let mut ports = Vec::new();
        for (i, port) in wanted.iter().enumerate() {
            let known: Vec<&str> = exposure.ports.iter().filter(|(p, _)| p == port).map(|(_, t)| t.as_str()).collect();
            let number = i + 1;
            let name = if wanted.len() > 1 { format!("port-{number}") } else { String::new() };
            match known.as_slice() {
                _ if !self.protocol.is_empty() => ports.push(self.port(&name, *port, &self.protocol)),
                [] => ports.push(self.port(&name, *port, "TCP")),
                [one] => ports.push(self.port(&name, *port, one)),
                many => ports
                    .extend(many.iter().map(|p| self.port(&format!("port-{number}-{}", p.to_lowercase()), *port, p))),
            }
        }
        Ok(ports)
    }

    fn port(&self, name: &str, port: i64, protocol: &str) -> Value {
        let target = match self.target_port.as_str() {
            "" => port.into(),
            text => text.parse::<i32>().map_or_else(|_| text.into(), Value::from),
        };
        let mut value = json!({"port": port, "protocol": protocol, "targetPort": target});
        if !name.is_empty() {
            value["name"] = name.into();
        }
        value
    }

    fn make(&self, cx: &mut Context, dry_run: DryRun, service: Value) -> anyhow::Result<Arc<Object>> {
        let Some(mut object) = Object::from_value(service) else { anyhow::bail!("not an object") };
        record::record(cx, &mut object);
        let Some(kind) = kinds::by_api_version("v1", "Service").filter(|_| dry_run != DryRun::Client) else {
            if cx.is_given("namespace") {
                object.set("/metadata/namespace", cx.namespace().into());
            }
            return Ok(Arc::new(object));
        };
        if self.save.save_config {
            last_applied::set_typed(&mut object);
        }
        let namespace = cx.namespace().to_owned();
        let name = object.name().to_owned();
        let info = Info { kind, namespace, name, source: String::new(), object: Arc::new(object) };
        requests::create(cx, &info, &info.object, &requests::options(dry_run, false))
    }
}
