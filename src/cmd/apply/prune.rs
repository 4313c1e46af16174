//! `--prune`: which objects were applied before and are in the manifests no more. Knows no flag's syntax.

use std::collections::BTreeSet;
use std::sync::Arc;

use crate::apimachinery::object::Object;
use crate::apimachinery::status::Status;
use crate::apiserver::{self, DeleteOptions};
use crate::cmd::context::Context;
use crate::cmd::fetch;
use crate::cmd::last_applied;
use crate::cmd::resources::KindRef;
use crate::cmd::select::Selectors;
use crate::kinds::Registry;

/// What is looked through unless `--prune-allowlist` says otherwise (k8s.io/kubectl/pkg/util/prune).
const DEFAULTS: [&str; 16] = [
    "core/v1/ConfigMap",
    "core/v1/Endpoints",
    "core/v1/Namespace",
    "core/v1/PersistentVolumeClaim",
    "core/v1/PersistentVolume",
    "core/v1/Pod",
    "core/v1/ReplicationController",
    "core/v1/Secret",
    "core/v1/Service",
    "batch/v1/Job",
    "batch/v1/CronJob",
    "networking.k8s.io/v1/Ingress",
    "apps/v1/DaemonSet",
    "apps/v1/Deployment",
    "apps/v1/ReplicaSet",
    "apps/v1/StatefulSet",
];

/// The objects to delete: those of the allowed kinds, in these namespaces, that `apply` made and that are not kept.
pub fn candidates(
    cx: &mut Context,
    allowlist: &[String],
    namespaces: &BTreeSet<&str>,
    selector: &str,
    keep: &BTreeSet<&str>,
) -> anyhow::Result<Vec<(KindRef, Arc<Object>)>> {
    let kinds = kinds(cx, allowlist)?;
    let selectors = Selectors { labels: selector, fields: "" };
    let (inside, outside): (Vec<KindRef>, Vec<KindRef>) = kinds.into_iter().partition(|k| k.names().namespaced);
    let mut found = Vec::new();
    let places = namespaces.iter().map(|n| (Some(*n), &inside)).chain([(None, &outside)]);
    for (namespace, kinds) in places {
        for kind in kinds {
            let objects = cx.client()?.read(|c| selectors.list(c, *kind, namespace))?;
            let old = |o: &Arc<Object>| o.annotation(last_applied::ANNOTATION).is_some() && !keep.contains(o.uid());
            found.extend(objects.into_iter().filter(old).map(|o| (*kind, o)));
        }
    }
    Ok(found)
}

/// Refuses an allowlist that names no kinds, before anything is applied.
pub(super) fn check(cx: &mut Context, allowlist: &[String]) -> anyhow::Result<()> {
    kinds(cx, allowlist).map(drop)
}

/// The kinds of an allowlist; of the default one those that are served.
fn kinds(cx: &mut Context, allowlist: &[String]) -> anyhow::Result<Vec<KindRef>> {
    if allowlist.is_empty() {
        return Ok(DEFAULTS.iter().filter_map(|text| kind(&Registry::built_in(), text).ok()).collect());
    }
    let registry = cx.registry()?;
    allowlist.iter().map(|text| kind(&registry, text)).collect()
}

/// `apps/v1/StatefulSet`, with `core` for the core group.
fn kind(registry: &Registry, text: &str) -> anyhow::Result<KindRef> {
    let parts: Vec<&str> = text.split('/').collect();
    let [group, version, kind] = parts.as_slice() else {
        anyhow::bail!("invalid GroupVersionKind format: {text}, please follow <group/version/kind>");
    };
    let api_version = if *group == "core" { (*version).to_owned() } else { format!("{group}/{version}") };
    registry
        .by_api_version(&api_version, kind)
        .ok_or_else(|| anyhow::anyhow!("no matches for kind {kind:?} in version {api_version:?}"))
}

/// Deletes one; that another did so before is no error.
pub(super) fn delete(cx: &mut Context, kind: KindRef, object: &Object, options: &DeleteOptions) -> anyhow::Result<()> {
    let deleted: anyhow::Result<Arc<Object>> = cx
        .client()?
        .write(|c| -> Result<_, Status> { apiserver::delete(c, kind, object.namespace(), object.name(), options) });
    match deleted {
        Err(error) if !fetch::is_not_found(&error) => Err(error),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn allowlists_name_kinds() {
        assert_eq!(kind(&Registry::built_in(), "core/v1/ConfigMap").map(|k| k.names().kind).unwrap(), "ConfigMap");
        assert_eq!(kind(&Registry::built_in(), "apps/v1/StatefulSet").map(|k| k.names().kind).unwrap(), "StatefulSet");
        let bad = |text: &str| kind(&Registry::built_in(), text).err().map(|e| e.to_string()).unwrap_or_default();
        assert_eq!(bad("Pod"), "invalid GroupVersionKind format: Pod, please follow <group/version/kind>");
        assert_eq!(bad("x/v1/Pod"), "no matches for kind \"Pod\" in version \"x/v1\"");
    }
}
