//! Which pods a node loses when it is drained, by kubectl's rules. Knows no node but by name.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::apimachinery::labels::Selector;
use crate::apimachinery::object::Object;
use crate::cmd::context::Context;
use crate::cmd::errors::aggregate;
use crate::kinds::KINDS;

/// What may go.
pub struct Filter {
    pub selector: Selector,
    /// Pods without a controller.
    pub force: bool,
    pub ignore_daemon_sets: bool,
    /// Pods with data that goes with them.
    pub delete_local_data: bool,
}

/// What is done with a pod.
enum Verdict {
    Go,
    GoWith(&'static str),
    Stay,
    StayWith(&'static str),
    Refuse(&'static str),
}

/// The pods to take off a node, and what to warn of.
///
/// # Errors
/// Pods that must not go.
pub fn pods(cx: &mut Context, node: &str, filter: &Filter) -> anyhow::Result<(Vec<Arc<Object>>, String)> {
    let all = cx.client()?.read(|cluster| cluster.list("pods", None))?;
    let here = |p: &&Arc<Object>| p.str_at("/spec/nodeName") == node && filter.selector.matches(p.labels());
    let (mut going, mut warnings, mut refused) = (Vec::new(), BTreeMap::new(), BTreeMap::new());
    for pod in all.iter().filter(here) {
        let name = format!("{}/{}", pod.namespace(), pod.name());
        let note =
            |notes: &mut BTreeMap<&'static str, Vec<String>>, why| notes.entry(why).or_default().push(name.clone());
        match filter.of(pod) {
            Verdict::Go => going.push(pod.clone()),
            Verdict::GoWith(why) => {
                going.push(pod.clone());
                note(&mut warnings, why);
            }
            Verdict::Stay => {}
            Verdict::StayWith(why) => note(&mut warnings, why),
            Verdict::Refuse(why) => note(&mut refused, why),
        }
    }
    let texts = |notes: BTreeMap<&'static str, Vec<String>>| -> Vec<String> {
        notes.into_iter().map(|(why, pods)| format!("{why}: {}", pods.join(", "))).collect()
    };
    aggregate(texts(refused).iter().map(|t| anyhow::anyhow!("cannot delete {t}")).collect())?;
    Ok((going, texts(warnings).join("; ")))
}

impl Filter {
    fn of(&self, pod: &Object) -> Verdict {
        let has_ended = matches!(pod.str_at("/status/phase"), "Succeeded" | "Failed");
        let controller = pod.controller_of();
        let is_daemon = controller.as_ref().is_some_and(|c| is_of_each_node(c.kind));
        let is_local = pod.list_at("/spec/volumes").iter().any(|v| v.get("emptyDir").is_some());
        if is_daemon && !has_ended {
            return if self.ignore_daemon_sets {
                Verdict::StayWith("ignoring DaemonSet-managed Pods")
            } else {
                Verdict::Refuse("DaemonSet-managed Pods (use --ignore-daemonsets to ignore)")
            };
        }
        if pod.annotation("kubernetes.io/config.mirror").is_some() {
            return Verdict::Stay;
        }
        if has_ended {
            return Verdict::Go;
        }
        if is_local && !self.delete_local_data {
            return Verdict::Refuse("Pods with local storage (use --delete-emptydir-data to override)");
        }
        match (controller.is_some(), self.force) {
            (false, false) => {
                Verdict::Refuse("cannot delete Pods that declare no controller (use --force to override)")
            }
            (false, true) => Verdict::GoWith("deleting Pods that declare no controller"),
            (true, _) if is_local => Verdict::GoWith("deleting Pods with local storage"),
            (true, _) => Verdict::Go,
        }
    }
}

/// kubectl looks at the owner's kind alone.
fn is_of_each_node(kind: &str) -> bool {
    KINDS.iter().any(|k| k.names().kind == kind && k.has_a_pod_on_each_node())
}
