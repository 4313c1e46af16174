//! Which pod an object stands for, and which container of it is meant, by kubectl's rules. Knows no verb.

use std::cmp::Reverse;
use std::sync::Arc;
use std::time::Duration;

use serde_json::Value;

use super::context::Context;
use super::resources::KindRef;
use crate::apimachinery::object::Object;
use crate::apimachinery::quote::quote;
use crate::apimachinery::status::Status;
use crate::apiserver;
use crate::cluster::Cluster;
use crate::kinds;

/// The annotation that names the container to use where none is named.
const DEFAULT_CONTAINER: &str = "kubectl.kubernetes.io/default-container";

/// The pod of this name, or the best pod of an object that stands for pods; waits for the first one to come.
///
/// # Errors
/// NotFound; kubectl's texts for a kind without pods, and for a wait in vain.
pub fn of(
    cx: &mut Context,
    kind: KindRef,
    namespace: &str,
    name: &str,
    timeout: Duration,
) -> anyhow::Result<Arc<Object>> {
    let named = cx.client()?.read(|cluster| apiserver::get(cluster, kind, namespace, name))?;
    if kind.names().resource == "pods" {
        return Ok(named);
    }
    let go_type = format!("*{}.{}", kind.names().version, kind.names().kind);
    let selector = match kind.pod_selector(&named) {
        Some(selector) => selector.map_err(anyhow::Error::msg)?,
        None => anyhow::bail!("cannot attach to {go_type}: selector for {go_type} not implemented"),
    };
    let pods = |cluster: &Cluster| -> Result<Option<Arc<Object>>, Status> {
        let Some(pods) = kinds::by_resource("pods") else { return Ok(None) };
        let mut pods = apiserver::list(cluster, pods, Some(namespace))?;
        pods.retain(|p| selector.matches(p.labels()));
        Ok(pods.into_iter().max_by_key(|p| activity(p)))
    };
    cx.client()?
        .wait("waiting for a pod", Some(timeout), pods)?
        .ok_or_else(|| anyhow::anyhow!("timed out waiting for the condition"))
}

/// How much a pod is worth attaching to (podutils.ActivePods): assigned, running, ready, ready for long, few restarts, old.
fn activity(pod: &Object) -> impl Ord + use<> {
    let phase = match pod.str_at("/status/phase") {
        "Pending" => 0,
        "Running" => 2,
        _ => 1,
    };
    let conditions = pod.list_at("/status/conditions");
    let ready = conditions.iter().find(|c| c["type"] == "Ready" && c["status"] == "True");
    let since = ready.and_then(|c| c["lastTransitionTime"].as_str()).unwrap_or_default().to_owned();
    let restarts = pod.list_at("/status/containerStatuses").iter().filter_map(|c| c["restartCount"].as_i64()).max();
    let created = pod.str_at("/metadata/creationTimestamp").to_owned();
    (
        !pod.str_at("/spec/nodeName").is_empty(),
        phase,
        ready.is_some(),
        Reverse(since),
        Reverse(restarts.unwrap_or(0)),
        Reverse(created),
        // Names decide between pods that are alike otherwise: the first of a list wins.
        Reverse(pod.name().to_owned()),
    )
}

/// The container that is named, or the default one; with what kubectl says of a choice it made.
///
/// # Errors
/// kubectl's text for a pod without containers.
pub fn container(pod: &Object, named: &str) -> anyhow::Result<(String, String)> {
    let silent = |name: &str| Ok((name.to_owned(), String::new()));
    if !named.is_empty() {
        return silent(named);
    }
    let names = |list: &str| -> Vec<String> {
        let of = |c: &Value| c["name"].as_str().unwrap_or_default().to_owned();
        pod.list_at(&format!("/spec/{list}")).iter().map(of).collect()
    };
    let (plain, init, ephemeral) = (names("containers"), names("initContainers"), names("ephemeralContainers"));
    if let Some(name) = pod.annotation(DEFAULT_CONTAINER)
        && [&plain, &init, &ephemeral].iter().any(|names| names.iter().any(|n| n == name))
    {
        return silent(name);
    }
    let Some(first) = plain.first().cloned() else {
        anyhow::bail!("pod {}/{} does not have any containers", pod.namespace(), pod.name());
    };
    if plain.len() == 1 && init.is_empty() && ephemeral.is_empty() {
        return silent(&first);
    }
    let marked = |names: Vec<String>, mark: &'static str| names.into_iter().map(move |n| format!("{n}{mark}"));
    let all: Vec<String> =
        marked(plain, "").chain(marked(ephemeral, " (ephem)")).chain(marked(init, " (init)")).collect();
    let notice = format!("Defaulted container {} out of: {}\n", quote(&first), all.join(", "));
    Ok((first, notice))
}

/// A container's status.
pub fn status<'p>(pod: &'p Object, container: &str) -> Option<&'p Value> {
    let lists = ["containerStatuses", "initContainerStatuses", "ephemeralContainerStatuses"];
    lists.iter().flat_map(|l| pod.list_at(&format!("/status/{l}"))).find(|s| s["name"] == container)
}

/// Whether a container of a pod runs, as far as the pod's status says.
pub fn is_running(pod: &Object, container: &str) -> bool {
    status(pod, container).is_some_and(|s| s.pointer("/state/running").is_some())
}

/// Whether a pod has probes that files in it may answer.
pub fn is_probed(pod: &Object) -> bool {
    let all = ["/spec/initContainers", "/spec/containers"].into_iter().flat_map(|list| pod.list_at(list));
    let probes = ["startupProbe", "readinessProbe", "livenessProbe"];
    all.into_iter().any(|c| probes.iter().any(|p| c.get(p).is_some_and(|probe| probe.get("httpGet").is_some())))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn pod(body: Value) -> Object {
        Object::from_value(body).unwrap()
    }

    #[test]
    fn the_default_container_is_kubectls() {
        let containers = |names: &[&str]| names.iter().map(|n| json!({"name": n})).collect::<Value>();
        let one = pod(json!({"spec": {"containers": containers(&["a"])}}));
        assert_eq!(container(&one, "").unwrap(), ("a".into(), String::new()));
        assert_eq!(container(&one, "x").unwrap(), ("x".into(), String::new()));
        let spec = json!({"containers": containers(&["a", "b"]), "initContainers": containers(&["i"])});
        let many = pod(json!({"spec": spec}));
        assert_eq!(
            container(&many, "").unwrap(),
            ("a".into(), "Defaulted container \"a\" out of: a, b, i (init)\n".into())
        );
        let mut chosen = many.clone();
        chosen.set_annotation(DEFAULT_CONTAINER, "b");
        assert_eq!(container(&chosen, "").unwrap(), ("b".into(), String::new()));
        chosen.set_annotation(DEFAULT_CONTAINER, "nope");
        assert_eq!(container(&chosen, "").unwrap().0, "a");
    }

    #[test]
    fn ready_and_old_pods_come_first() {
        let make = |name: &str, phase: &str, ready: &str, since: &str| {
            pod(json!({
                "metadata": {"name": name},
                "spec": {"nodeName": "n"},
                "status": {"phase": phase, "conditions": [{"type": "Ready", "status": ready, "lastTransitionTime": since}]},
            }))
        };
        let pods = [
            make("pending", "Pending", "False", "1"),
            make("late", "Running", "True", "2026-01-01T00:00:02Z"),
            make("early", "Running", "True", "2026-01-01T00:00:01Z"),
            make("unready", "Running", "False", "1"),
        ];
        assert_eq!(pods.iter().max_by_key(|p| activity(p)).unwrap().name(), "early");
    }
}
