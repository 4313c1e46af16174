//! `why`: what the controllers make of objects, and what they wait for. Knows no rule of theirs.

use std::collections::HashSet;

use super::context::Context;
use super::resources::{self, KindRef, Named, Request};
use super::verbs::{Operands, Run};
use crate::apimachinery::key::Key;
use crate::apimachinery::object::Object;
use crate::apimachinery::status::Status;
use crate::apimachinery::time::{self, Time};
use crate::cluster::Cluster;
use crate::control::why::{self, Finding};
use crate::kinds::Registry;

/// Arguments of `why`.
#[derive(clap::Args)]
pub struct Why {
    args: Vec<String>,
}

impl Run for Why {
    const OPERANDS: Operands = Operands::Resources;
    const LONG: &'static str = "Say why an object is as it is: what its controllers, the scheduler, the volume binder and the \
        kubelet have decided, and what they wait for. The reasons are given by the rules themselves, which are asked once more; \
        what they wait for is explained after them.\n\n \
        The object does not have to exist: a pod or a claim that a controller is going to make, or has taken away, can be \
        asked about too.";
    const EXAMPLES: &'static str = "  # Say why a pod is Pending, is not ready, was replaced, or is not there yet\n  \
        kstate why pod/web-1\n  \n  \
        # Say what the rollout of a StatefulSet waits for\n  kstate why statefulset/web\n  \n  \
        # Say why a claim has no volume, or why it is kept\n  kstate why pvc/data-web-0";
    const USAGE: &'static str = "why (TYPE NAME | TYPE/NAME) ...";

    fn run(self, cx: &mut Context) -> anyhow::Result<()> {
        let request = Request { args: &self.args, ..Request::default() };
        let Named::Each(pairs) = resources::named(cx, &request)? else { anyhow::bail!(resources::MISSING) };
        let (namespace, mut seen, mut missing) = (cx.namespace().to_owned(), HashSet::new(), None);
        for (kind, name) in pairs {
            let key = kind.names().key(&namespace, &name);
            let text = cx.client()?.read(|cluster| {
                let found = why::why(cluster, &key)?;
                let is_empty = found.iter().all(Finding::is_empty);
                (!is_empty).then(|| text(&found, cluster)).transpose()
            })?;
            match text {
                Some(paragraphs) => {
                    let new = paragraphs.into_iter().filter(|p| seen.insert(p.clone()));
                    let all: String = new.collect();
                    cx.print(&all)?;
                }
                None => missing = missing.or(Some(not_found(kind, &name))),
            }
        }
        missing.map_or(Ok(()), |status| Err(status.into()))
    }
}

fn not_found(kind: KindRef, name: &str) -> Status {
    Status::not_found(kind.names().resource, name)
}

/// One paragraph for each object.
fn text(found: &[Finding], cluster: &Cluster) -> Result<Vec<String>, Status> {
    let registry = Registry::of(cluster)?;
    found.iter().map(|finding| paragraph(finding, &registry, cluster.now())).collect()
}

fn paragraph(finding: &Finding, registry: &Registry, now: Time) -> Result<String, Status> {
    let called = |key: &Key| name(registry, key);
    let mut out = called(&finding.key);
    match &finding.object {
        Some(object) => out += &state(registry, &finding.key, object, now),
        None => out += " does not exist\n",
    }
    for reason in &finding.reasons {
        let about = if reason.about == finding.key { String::new() } else { format!("{}: ", called(&reason.about)) };
        out += &format!("  {}: {about}{}\n", reason.source, reason.text);
    }
    if finding.reasons.is_empty() && finding.object.is_some() {
        out += "  nothing is waited for\n";
    }
    for decision in &finding.decisions {
        let at = time::to_rfc3339(decision.at);
        let ago = time::human_duration(now - decision.at);
        out += &format!("  {at} ({ago} ago) {}: {}\n", decision.source, decision.text);
    }
    Ok(out)
}

/// `pod/web-0`.
fn name(registry: &Registry, key: &Key) -> String {
    let kind = registry.kinds().find(|k| k.names().resource == &*key.resource);
    let singular = kind.map_or(&*key.resource, |k| k.names().singular);
    format!("{singular}/{}", key.name)
}

/// The columns of the object's row: `: ready 0/1, status Running`.
fn state(registry: &Registry, key: &Key, object: &Object, now: Time) -> String {
    let Some(kind) = registry.kinds().find(|k| k.names().resource == &*key.resource) else { return "\n".to_owned() };
    let columns = kind.columns().iter().zip(kind.cells(object, now));
    let shown = columns.filter(|(column, cell)| !column.wide && column.name != "Name" && !cell.is_empty());
    let cells: Vec<String> = shown.map(|(column, cell)| format!("{} {cell}", column.name.to_lowercase())).collect();
    format!(": {}\n", cells.join(", "))
}
