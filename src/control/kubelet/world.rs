//! A container's world as data, from its pod and what the pod refers to.

use std::collections::{BTreeMap, BTreeSet};
use std::net::Ipv4Addr;
use std::path::Path;

use serde_json::Value;

use super::life::text;
use super::{cgroup, container_status, environment, mounts, walk};
use crate::apimachinery::object::Object;
use crate::apimachinery::status::Status;
use crate::apimachinery::time::{self, Time};
use crate::cluster::Cluster;
use crate::control::emulated::{self, is_old_busybox};
use crate::control::sandbox::{Sandbox, Server};

/// The cluster's DNS server and domain.
const NAMESERVER: &str = "10.247.3.10";
const DOMAIN: &str = "cluster.local";

/// What a process in a container sees.
///
/// # Errors
/// NotFound (of the pod's kind) when the pod has no such container or no address yet.
pub fn sandbox(pod: &Object, container: &str, cluster: &Cluster) -> Result<Sandbox, Status> {
    let allocated = walk::allocated_pod(pod);
    let spec = container_status::specs(&allocated)
        .find(|c| text(c, "name") == container)
        .ok_or_else(|| Status::bad_request(format!("container {container} is not valid for pod {}", pod.name())))?;
    let ip: Ipv4Addr = pod
        .str_at("/status/podIP")
        .parse()
        .map_err(|_| Status::bad_request(format!("pod {} does not have a host assigned", pod.name())))?;
    let env = environment::of(pod, spec, cluster)?;
    let id = |field: &str| {
        let own = spec.pointer(&format!("/securityContext/{field}"));
        let id = own.or(pod.at(&format!("/spec/securityContext/{field}"))).and_then(Value::as_u64);
        id.and_then(|id| u32::try_from(id).ok()).unwrap_or(0)
    };
    Ok(Sandbox {
        namespace: pod.namespace().to_owned(),
        pod: pod.name().to_owned(),
        pod_uid: pod.uid().to_owned(),
        container: container.to_owned(),
        hostname: uts_name(pod),
        ip,
        hosts: hosts(pod, ip),
        resolv_conf: resolv_conf(pod),
        mounts: mounts::of(pod, spec, &env, cluster)?,
        env,
        working_dir: working_dir(spec),
        user: id("runAsUser"),
        group: id("runAsGroup"),
        read_only_root: spec.pointer("/securityContext/readOnlyRootFilesystem").is_some_and(|is| *is == true),
        message_path: text(spec, "terminationMessagePath").to_owned(),
        first_process: emulated::first_process(spec),
        companions: companions(pod, container),
        target: target(pod, spec, cluster)?,
        cgroup: cgroup::files(spec, allocated.at("/spec/resources")),
        old_busybox: is_old_busybox(text(spec, "image")),
        servers: servers(pod, cluster)?,
    })
}

/// The other containers whose processes a container sees.
fn companions(pod: &Object, container: &str) -> Option<BTreeMap<String, Vec<String>>> {
    let shares = pod.at("/spec/shareProcessNamespace").is_some_and(|shares| shares == true);
    let others = pod.list_at("/spec/containers").iter().map(|spec| (text(spec, "name"), spec));
    let others = others.filter(|(name, _)| *name != container);
    shares.then(|| others.map(|(name, spec)| (name.to_owned(), emulated::first_process(spec))).collect())
}

/// The container whose processes an ephemeral one asks to see, where not all do.
fn target(pod: &Object, spec: &Value, cluster: &Cluster) -> Result<Option<Box<Sandbox>>, Status> {
    let name = text(spec, "targetContainerName");
    if name.is_empty() || pod.bool_at("/spec/shareProcessNamespace") == Some(true) {
        return Ok(None);
    }
    sandbox(pod, name, cluster).map(|target| Some(Box::new(target)))
}

/// What `hostname` prints: the node's name on the node's network, the full name where the pod asks for it.
fn uts_name(pod: &Object) -> String {
    if is_on_host_network(pod) {
        return pod.str_at("/spec/nodeName").to_owned();
    }
    let asks = pod.at("/spec/setHostnameAsFQDN").is_some_and(|asks| asks == true);
    // The kernel has room for no more.
    let full = full_name(pod).filter(|name| asks && name.len() <= 64);
    full.unwrap_or_else(|| hostname(pod))
}

fn is_on_host_network(pod: &Object) -> bool {
    pod.at("/spec/hostNetwork").is_some_and(|is| is == true)
}

/// `spec.hostname`, else the pod's name, cut to what a hostname may be.
fn hostname(pod: &Object) -> String {
    let name = match pod.str_at("/spec/hostname") {
        "" => pod.name(),
        name => name,
    };
    let mut name = name.get(..63).unwrap_or(name);
    name = name.trim_end_matches(['-', '.']);
    name.to_owned()
}

/// The pod's full name, where it has a subdomain.
fn full_name(pod: &Object) -> Option<String> {
    let subdomain = pod.str_at("/spec/subdomain");
    (!subdomain.is_empty()).then(|| format!("{}.{subdomain}.{}.svc.{DOMAIN}", hostname(pod), pod.namespace()))
}

/// `/etc/hosts` as the kubelet writes it.
fn hosts(pod: &Object, ip: Ipv4Addr) -> String {
    let on_host = is_on_host_network(pod);
    let mut content = format!("# Kubernetes-managed hosts file{}.\n", if on_host { " (host network)" } else { "" });
    content.push_str(
        "127.0.0.1\tlocalhost\n\
         ::1\tlocalhost ip6-localhost ip6-loopback\n\
         fe00::0\tip6-localnet\n\
         fe00::0\tip6-mcastprefix\n\
         fe00::1\tip6-allnodes\n\
         fe00::2\tip6-allrouters\n",
    );
    let hostname = if on_host { uts_name(pod) } else { hostname(pod) };
    match full_name(pod).filter(|_| !on_host) {
        Some(full) => content.push_str(&format!("{ip}\t{full}\t{hostname}\n")),
        None => content.push_str(&format!("{ip}\t{hostname}\n")),
    }
    let aliases = pod.list_at("/spec/hostAliases");
    if !aliases.is_empty() {
        content.push_str("\n# Entries added by HostAliases.\n");
    }
    for alias in aliases {
        let names = alias.get("hostnames").and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str);
        let names: Vec<&str> = names.collect();
        content.push_str(&format!("{}\t{}\n", text(alias, "ip"), names.join("\t")));
    }
    content
}

/// What a resolver takes: the kubelet leaves out the rest.
const MOST_SERVERS: usize = 3;
const MOST_SEARCHES: usize = 32;

/// `/etc/resolv.conf` by the pod's `dnsPolicy` and `dnsConfig`. A node has no resolver of its own here, so `Default` is
/// what `ClusterFirst` is, without the search list.
fn resolv_conf(pod: &Object) -> String {
    let config = |part: &str| pod.list_at(&format!("/spec/dnsConfig/{part}"));
    let texts = |part: &str| config(part).iter().filter_map(Value::as_str).map(str::to_owned);
    let (mut servers, mut searches, mut options) = (Vec::new(), Vec::new(), Vec::new());
    match pod.str_at("/spec/dnsPolicy") {
        "None" => {}
        "Default" => servers.push(NAMESERVER.to_owned()),
        "ClusterFirst" if is_on_host_network(pod) => servers.push(NAMESERVER.to_owned()),
        _ => {
            servers.push(NAMESERVER.to_owned());
            searches.push(format!("{}.svc.{DOMAIN}", pod.namespace()));
            searches.extend([format!("svc.{DOMAIN}"), DOMAIN.to_owned()]);
            options.push("ndots:5".to_owned());
        }
    }
    servers.extend(texts("nameservers"));
    searches.extend(texts("searches"));
    for list in [&mut servers, &mut searches] {
        let mut seen = BTreeSet::new();
        list.retain(|item| seen.insert(item.clone()));
    }
    servers.truncate(MOST_SERVERS);
    searches.truncate(MOST_SEARCHES);
    for option in config("options") {
        let (name, value) = (text(option, "name"), text(option, "value"));
        options.retain(|o: &String| o.split(':').next() != Some(name));
        options.push(if value.is_empty() { name.to_owned() } else { format!("{name}:{value}") });
    }
    let mut out = String::new();
    if !searches.is_empty() {
        out.push_str(&format!("search {}\n", searches.join(" ")));
    }
    for server in servers {
        out.push_str(&format!("nameserver {server}\n"));
    }
    if !options.is_empty() {
        out.push_str(&format!("options {}\n", options.join(" ")));
    }
    out
}

/// What the pod's containers would serve. They share one network: of two on one port only the first gets it.
fn servers(pod: &Object, cluster: &Cluster) -> Result<Vec<Server>, Status> {
    let mut all: Vec<Server> = Vec::new();
    for spec in pod.list_at("/spec/containers") {
        for served in emulated::servers(spec) {
            if all.iter().any(|server| server.port == served.port) {
                continue;
            }
            let env = environment::of(pod, spec, cluster)?;
            let root = Path::new(&working_dir(spec)).join(&served.root).to_string_lossy().into_owned();
            let (container, mounts) = (text(spec, "name").to_owned(), mounts::of(pod, spec, &env, cluster)?);
            let known = |name: &str| env.iter().find(|(n, _)| n == name).map(|(_, value)| value.clone());
            let text = environment::expand(&served.text, known);
            let (attempt, started) = (attempt(pod, &container), started(pod, &container));
            let (port, kind) = (served.port, served.kind);
            all.push(Server { port, kind, container, attempt, mounts, root, text, started });
        }
    }
    Ok(all)
}

fn status<'p>(pod: &'p Object, container: &str) -> Option<&'p Value> {
    pod.list_at("/status/containerStatuses").iter().find(|s| text(s, "name") == container)
}

/// How often a container was restarted.
fn attempt(pod: &Object, container: &str) -> u64 {
    status(pod, container).and_then(|s| s.get("restartCount")?.as_u64()).unwrap_or(0)
}

/// When a container's run began.
fn started(pod: &Object, container: &str) -> Option<Time> {
    time::parse(status(pod, container)?.pointer("/state/running/startedAt")?.as_str()?)
}

/// A container's `workingDir`; the root folder where it names none, for kstate does not have the image's own.
fn working_dir(spec: &Value) -> String {
    match text(spec, "workingDir") {
        "" => "/".to_owned(),
        dir => dir.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn pod(spec: Value) -> Object {
        let meta = json!({"name": "web-0", "namespace": "shop"});
        Object::from_value(json!({"metadata": meta, "spec": spec})).unwrap()
    }

    #[test]
    fn names_as_the_kubelet_gives_them() {
        let full = "web-0.web.shop.svc.cluster.local";
        for (spec, name, line) in [
            (json!({}), "web-0", "172.16.0.7\tweb-0"),
            (json!({"hostname": "a"}), "a", "172.16.0.7\ta"),
            (json!({"subdomain": "web"}), "web-0", &*format!("172.16.0.7\t{full}\tweb-0")),
            (json!({"subdomain": "web", "setHostnameAsFQDN": true}), full, &*format!("172.16.0.7\t{full}\tweb-0")),
            (json!({"setHostnameAsFQDN": true}), "web-0", "172.16.0.7\tweb-0"),
            (json!({"hostNetwork": true, "nodeName": "node-1", "subdomain": "web"}), "node-1", "172.16.0.7\tnode-1"),
        ] {
            let pod = pod(spec);
            assert_eq!(uts_name(&pod), name);
            let hosts = hosts(&pod, Ipv4Addr::new(172, 16, 0, 7));
            assert_eq!(hosts.lines().last(), Some(line));
        }
    }

    #[test]
    fn host_aliases_come_last() {
        let aliases = json!([{"ip": "10.1.2.3", "hostnames": ["foo.remote", "bar.remote"]}]);
        let hosts = hosts(&pod(json!({"hostAliases": aliases})), Ipv4Addr::new(172, 16, 0, 7));
        let end = "172.16.0.7\tweb-0\n\n# Entries added by HostAliases.\n10.1.2.3\tfoo.remote\tbar.remote\n";
        assert!(hosts.ends_with(end), "{hosts}");
    }

    #[test]
    fn the_resolver_by_policy_and_config() {
        let search = "search shop.svc.cluster.local svc.cluster.local cluster.local\n";
        let server = "nameserver 10.247.3.10\n";
        let config = json!({"nameservers": ["10.247.3.10", "1.1.1.1"], "searches": ["a.b", "cluster.local"],
            "options": [{"name": "ndots", "value": "2"}, {"name": "edns0"}]});
        let first = json!({"dnsPolicy": "ClusterFirst"});
        for (spec, want) in [
            (first, format!("{search}{server}options ndots:5\n")),
            (json!({"dnsPolicy": "Default"}), server.to_owned()),
            (json!({"dnsPolicy": "ClusterFirst", "hostNetwork": true}), server.to_owned()),
            (
                json!({"dnsPolicy": "ClusterFirstWithHostNet", "hostNetwork": true}),
                format!("{search}{server}options ndots:5\n"),
            ),
            (
                json!({"dnsPolicy": "ClusterFirst", "dnsConfig": config}),
                format!("{} a.b\n{server}nameserver 1.1.1.1\noptions ndots:2 edns0\n", search.trim_end()),
            ),
            (
                json!({"dnsPolicy": "None", "dnsConfig": config}),
                format!("search a.b cluster.local\n{server}nameserver 1.1.1.1\noptions ndots:2 edns0\n"),
            ),
        ] {
            assert_eq!(resolv_conf(&pod(spec)), want);
        }
    }
}
