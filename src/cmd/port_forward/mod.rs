//! `port-forward`: ports of this machine that lead into a pod. Knows no connection's bytes.

mod addresses;
mod ports;

use crate::cmd::flags::PodRunningFlag;
use std::net::SocketAddr;
use std::sync::Arc;

use super::context::Context;
use super::verbs::{Operands, Run};
use super::{pods, resources};
use crate::apimachinery::key::Key;
use crate::apimachinery::object::Object;
use crate::apiserver;
use crate::client::network::world;
use crate::runtime::network::{self, Connection, Ended, Forward, Heard};
use addresses::Address;
use ports::Ports;

/// Arguments of `port-forward`.
#[derive(clap::Args)]
pub struct PortForward {
    args: Vec<String>,
    #[arg(
        long,
        value_name = "strings",
        default_value = "localhost",
        value_delimiter = ',',
        help = "Addresses to listen on (comma separated). Only accepts IP addresses or localhost as a value. When \
        localhost is supplied, kubectl will try to bind on both 127.0.0.1 and ::1 and will fail if neither of these \
        addresses are available to bind."
    )]
    address: Vec<String>,
    #[command(flatten)]
    started: PodRunningFlag,
}

const LONG: &str = "Forward one or more local ports to a pod.

 Use resource type/name such as deployment/mydeployment to select a pod. Resource type defaults to 'pod' if omitted.

 If there are multiple pods matching the criteria, a pod will be selected automatically. The forwarding session ends \
when the selected pod terminates, and a rerun of the command is needed to resume forwarding.";

const EXAMPLES: &str = r#"  # Listen on ports 5000 and 6000 locally, forwarding data to/from ports 5000 and 6000 in the pod
  kubectl port-forward pod/mypod 5000 6000
  
  # Listen on ports 5000 and 6000 locally, forwarding data to/from ports 5000 and 6000 in a pod selected by the deployment
  kubectl port-forward deployment/mydeployment 5000 6000
  
  # Listen on port 8443 locally, forwarding to the targetPort of the service's port named "https" in a pod selected by the service
  kubectl port-forward service/myservice 8443:https
  
  # Listen on port 8888 locally, forwarding to 5000 in the pod
  kubectl port-forward pod/mypod 8888:5000
  
  # Listen on port 8888 on all addresses, forwarding to 5000 in the pod
  kubectl port-forward --address 0.0.0.0 pod/mypod 8888:5000
  
  # Listen on port 8888 on localhost and selected IP, forwarding to 5000 in the pod
  kubectl port-forward --address localhost,10.19.21.23 pod/mypod 8888:5000
  
  # Listen on a random port locally, forwarding to 5000 in the pod
  kubectl port-forward pod/mypod :5000"#;

impl Run for PortForward {
    const OPERANDS: Operands = Operands::Pod;
    const LONG: &'static str = LONG;
    const EXAMPLES: &'static str = EXAMPLES;
    const USAGE: &'static str =
        "port-forward TYPE/NAME [options] [LOCAL_PORT:]REMOTE_PORT [...[LOCAL_PORT_N:]REMOTE_PORT_N]";

    fn run(self, cx: &mut Context) -> anyhow::Result<()> {
        let [resource, ports @ ..] = self.args.as_slice() else {
            return Err(cx.usage_error("TYPE/NAME and list of ports are required for port-forward"));
        };
        if ports.is_empty() {
            return Err(cx.usage_error("TYPE/NAME and list of ports are required for port-forward"));
        }
        let (pod, ports) = self.pod(cx, resource, ports)?;
        let phase = pod.str_at("/status/phase");
        if phase != "Running" {
            anyhow::bail!("unable to forward port because pod is not running. Current status={phase}");
        }
        let addresses = addresses::parse(&self.address)?;
        let ports = ports::parse(&ports)?;
        let forwards = listen(cx, &addresses, &ports)?;
        serve(cx, &pod, &forwards)
    }
}

impl PortForward {
    /// The pod that is meant and the ports as numbers of the pod.
    fn pod(&self, cx: &mut Context, resource: &str, ports: &[String]) -> anyhow::Result<(Arc<Object>, Vec<String>)> {
        let (kind, name) = match resource.contains('/') {
            true => resources::pair(resource)?,
            false => ("pods", resource.to_owned()),
        };
        let (kind, namespace) = (resources::kind(cx, kind)?, cx.namespace().to_owned());
        let named = cx.client()?.read(|cluster| apiserver::get(cluster, kind, &namespace, &name))?;
        let pod = pods::of(cx, kind, &namespace, &name, self.started.pod_running_timeout)?;
        let ports = match kind.names().resource {
            "services" => ports::of_service(ports, &named, &pod)?,
            _ => ports::of_pod(ports, &pod)?,
        };
        Ok((pod, ports))
    }
}

/// Listens on every port at every address, and says so.
fn listen(cx: &mut Context, addresses: &[Address], ports: &[Ports]) -> anyhow::Result<Vec<Forward>> {
    let mut forwards = Vec::new();
    let mut asked = Vec::new();
    let mut any = false;
    for pair in ports {
        let mut pair = *pair;
        match listen_on(cx, addresses, &mut pair, &mut forwards) {
            Ok(()) => any = true,
            Err(error) => cx.complain(&format!("Unable to listen on port {}: {error}\n", pair.local)),
        }
        asked.push(format!("{{{} {}}}", pair.local, pair.remote));
    }
    cx.env.stdout.flush()?;
    if !any {
        anyhow::bail!("unable to listen on any of the requested ports: [{}]", asked.join(" "));
    }
    Ok(forwards)
}

/// A free port, once found, is the same at every address.
fn listen_on(
    cx: &mut Context,
    addresses: &[Address],
    pair: &mut Ports,
    forwards: &mut Vec<Forward>,
) -> anyhow::Result<()> {
    let (mut errors, mut is_enough, mut is_complete) = (Vec::new(), false, true);
    for address in addresses {
        let made = Forward::listen(SocketAddr::new(address.ip, pair.local), pair.remote);
        match made.and_then(|forward| Ok((forward.local()?, forward))) {
            Ok((local, forward)) => {
                pair.local = local.port();
                writeln!(cx.env.stdout, "Forwarding from {local} -> {}", pair.remote)?;
                forwards.push(forward);
                is_enough |= address.is_optional;
            }
            Err(error) => {
                errors.push(addresses::listen_error(address, pair.local, &error));
                is_complete &= address.is_optional;
            }
        }
    }
    let local = addresses.iter().any(|a| a.is_optional);
    if is_complete && (is_enough || !local) {
        return Ok(());
    }
    anyhow::bail!("Listeners failed to create with the following errors: [{}]", errors.join(" "))
}

/// Forwards until Ctrl-C, or until the pod is lost.
fn serve(cx: &mut Context, pod: &Object, forwards: &[Forward]) -> anyhow::Result<()> {
    let key = Key::new("pods", pod.namespace(), pod.name());
    let uid = pod.uid().to_owned();
    let answer = |heard: Heard| match heard {
        Heard::Connection(forward, client) => connect(cx, &key, &uid, forward, client).map(Some).ok_or(()),
        Heard::Nothing => {
            let pod = cx.client().and_then(|c| c.glance(|cluster| cluster.get(&key)));
            let is_there = pod.is_ok_and(|pod| pod.is_some_and(|pod| pod.uid() == uid));
            if is_there { Ok(None) } else { Err(()) }
        }
    };
    match network::forward(forwards, answer)? {
        Ended::Interrupted => Ok(()),
        Ended::Lost => anyhow::bail!("lost connection to pod"),
    }
}

/// The pod's end of a new connection; says why there is none.
fn connect(cx: &mut Context, key: &Key, uid: &str, forward: &Forward, client: SocketAddr) -> Option<Connection> {
    let (local, remote) = (forward.local().ok()?.port(), forward.remote);
    let said = writeln!(cx.env.stdout, "Handling connection for {local}").and_then(|()| cx.env.stdout.flush());
    said.ok()?;
    let pod = cx.client().and_then(|c| c.glance(|cluster| world(cluster, key))).ok().flatten();
    let home = cx.client().ok()?.home().to_owned();
    let pod = pod.filter(|pod| pod.pod_uid == uid);
    let connection = pod.as_ref().and_then(|pod| network::connect_inside(&home, pod, remote, client.port()));
    if connection.is_none() {
        let id = addresses::sandbox_id(uid);
        let stamp = cx.env.clock.now().format("%m%d %H:%M:%S%.6f");
        cx.complain(&format!(
            "E{stamp} {:>7} portforward.go:424] \"Unhandled Error\" err=\"an error occurred forwarding {local} -> \
             {remote}: error forwarding port {remote} to pod {id}, uid : failed to execute portforward in network \
             namespace \\\"/var/run/netns/cni-{uid}\\\": failed to connect to localhost:{remote} inside namespace \
             \\\"{id}\\\", IPv4: dial tcp4 127.0.0.1:{remote}: connect: connection refused IPv6 dial tcp6: address \
             localhost: no suitable address found \"\n",
            std::process::id(),
        ));
    }
    connection
}
