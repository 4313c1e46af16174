//! A container's volume mounts: where the files of each come from.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};

use super::environment::{entries, expand, field, resource_field};
use super::life::text;
use crate::apimachinery::key::Key;
use crate::apimachinery::object::Object;
use crate::apimachinery::status::Status;
use crate::cluster::Cluster;
use crate::control::sandbox::{File, Mount, Source};
use crate::control::volume::PROVISIONED_BY;
use crate::kinds::ROOT_CERTIFICATE;

/// The mounts of one container, outermost first.
pub fn of(pod: &Object, spec: &Value, env: &[(String, String)], cluster: &Cluster) -> Result<Vec<Mount>, Status> {
    let mut mounts = Vec::new();
    for mount in spec.get("volumeMounts").and_then(Value::as_array).into_iter().flatten() {
        let name = text(mount, "name");
        let Some(volume) = pod.list_at("/spec/volumes").iter().find(|v| text(v, "name") == name) else { continue };
        let Some((source, read_only)) = source(pod, spec, volume, cluster)? else { continue };
        let known = |name: &str| env.iter().find(|(n, _)| n == name).map(|(_, v)| v.clone());
        let sub_path = match text(mount, "subPathExpr") {
            "" => text(mount, "subPath").to_owned(),
            expression => expand(expression, known),
        };
        mounts.push(Mount {
            path: text(mount, "mountPath").to_owned(),
            read_only: read_only || mount.get("readOnly").is_some_and(|r| r == true),
            sub_path,
            source,
        });
    }
    mounts.sort_by_key(|m| m.path.trim_end_matches('/').matches('/').count());
    Ok(mounts)
}

/// Where a volume's files are, and whether they can only be read. `None` for a volume that kstate has no files for.
fn source(pod: &Object, spec: &Value, volume: &Value, cluster: &Cluster) -> Result<Option<(Source, bool)>, Status> {
    let name = text(volume, "name").to_owned();
    let node = pod.str_at("/spec/nodeName").to_owned();
    let found = if let Some(claim) = volume.get("persistentVolumeClaim") {
        let read_only = claim.get("readOnly").is_some_and(|r| r == true);
        claimed(pod, text(claim, "claimName"), cluster)?.map(|source| (source, read_only))
    } else if volume.get("ephemeral").is_some() {
        claimed(pod, &format!("{}-{name}", pod.name()), cluster)?.map(|source| (source, false))
    } else if let Some(host_path) = volume.get("hostPath") {
        Some((Source::Node { node, path: text(host_path, "path").to_owned() }, false))
    } else if let Some(files) = files(pod, spec, volume, cluster)? {
        Some((Source::Files { name, files }, true))
    } else {
        // emptyDir, and every kind of storage that only a real cluster could reach: a folder of the pod's own.
        Some((Source::EmptyDir(name), false))
    };
    Ok(found)
}

/// A claim's volume: provisioned and remote ones are the store's own folders, hostPath and local ones are on the node.
fn claimed(pod: &Object, claim: &str, cluster: &Cluster) -> Result<Option<Source>, Status> {
    let key = Key::new("persistentvolumeclaims", pod.namespace(), claim);
    let Some(claim) = cluster.get(&key)? else { return Ok(None) };
    let name = claim.str_at("/spec/volumeName");
    let Some(volume) = cluster.get(&Key::cluster("persistentvolumes", name))? else { return Ok(None) };
    let path =
        ["/spec/hostPath/path", "/spec/local/path"].into_iter().map(|p| volume.str_at(p)).find(|p| !p.is_empty());
    Ok(Some(match path {
        Some(path) if volume.annotation(PROVISIONED_BY).is_none() => {
            Source::Node { node: pod.str_at("/spec/nodeName").to_owned(), path: path.to_owned() }
        }
        _ => Source::PersistentVolume(name.to_owned()),
    }))
}

/// The files of a configMap, secret, downwardAPI or projected volume; `None` for the others.
fn files(pod: &Object, spec: &Value, volume: &Value, cluster: &Cluster) -> Result<Option<Vec<File>>, Status> {
    if let Some(projected) = volume.get("projected") {
        let mode = mode(projected, 0o644);
        let mut all = Vec::new();
        for source in projected.get("sources").and_then(Value::as_array).into_iter().flatten() {
            all.extend(part(pod, spec, source, mode, cluster)?.unwrap_or_default());
        }
        return Ok(Some(all));
    }
    let own = ["configMap", "secret", "downwardAPI"].iter().find_map(|field| volume.get(*field));
    part(pod, spec, volume, own.map_or(0o644, |v| mode(v, 0o644)), cluster)
}

fn mode(source: &Value, default: u32) -> u32 {
    source.get("defaultMode").and_then(Value::as_u64).and_then(|m| u32::try_from(m).ok()).unwrap_or(default)
}

fn part(pod: &Object, spec: &Value, part: &Value, mode: u32, cluster: &Cluster) -> Result<Option<Vec<File>>, Status> {
    if let Some(source) = part.get("configMap") {
        let name = text(source, "name");
        if name == "kube-root-ca.crt" {
            return Ok(Some(vec![File {
                path: "ca.crt".to_owned(),
                mode,
                content: ROOT_CERTIFICATE.as_bytes().to_vec(),
            }]));
        }
        return keyed(entries(pod.namespace(), "configmaps", name, cluster)?, source, mode);
    }
    if let Some(source) = part.get("secret") {
        let name = source.get("secretName").or(source.get("name")).and_then(Value::as_str).unwrap_or_default();
        return keyed(entries(pod.namespace(), "secrets", name, cluster)?, source, mode);
    }
    if let Some(source) = part.get("downwardAPI") {
        return Ok(Some(downward(pod, spec, source, mode)));
    }
    if let Some(source) = part.get("serviceAccountToken") {
        let path = text(source, "path").to_owned();
        return Ok(Some(vec![File { path, mode, content: token(pod, text(source, "audience")).into_bytes() }]));
    }
    Ok(None)
}

/// All keys as files, or those that `items` name, at the paths it gives them.
fn keyed(
    entries: std::collections::BTreeMap<String, Vec<u8>>,
    source: &Value,
    mode: u32,
) -> Result<Option<Vec<File>>, Status> {
    let Some(items) = source.get("items").and_then(Value::as_array) else {
        let file = |(path, content)| File { path, mode, content };
        return Ok(Some(entries.into_iter().map(file).collect()));
    };
    let file = |item: &Value| {
        let content = entries.get(text(item, "key"))?.clone();
        Some(File { path: text(item, "path").to_owned(), mode: item_mode(item, mode), content })
    };
    Ok(Some(items.iter().filter_map(file).collect()))
}

fn item_mode(item: &Value, default: u32) -> u32 {
    item.get("mode").and_then(Value::as_u64).and_then(|m| u32::try_from(m).ok()).unwrap_or(default)
}

fn downward(pod: &Object, spec: &Value, source: &Value, mode: u32) -> Vec<File> {
    let file = |item: &Value| {
        let content = match (item.get("fieldRef"), item.get("resourceFieldRef")) {
            (Some(reference), _) => field(pod, text(reference, "fieldPath")),
            (None, Some(reference)) => resource_field(pod, spec, reference),
            (None, None) => String::new(),
        };
        File { path: text(item, "path").to_owned(), mode: item_mode(item, mode), content: content.into_bytes() }
    };
    source.get("items").and_then(Value::as_array).into_iter().flatten().map(file).collect()
}

/// A token of the shape a pod's has, so that programs can read its claims. Nothing signs it: no one here checks it.
fn token(pod: &Object, audience: &str) -> String {
    let account = pod.str_at("/spec/serviceAccountName");
    let audience = if audience.is_empty() { "https://kubernetes.default.svc.cluster.local" } else { audience };
    let claims = json!({
        "aud": [audience], "iss": "https://kubernetes.default.svc.cluster.local",
        "sub": format!("system:serviceaccount:{}:{account}", pod.namespace()),
        "kubernetes.io": {
            "namespace": pod.namespace(), "pod": {"name": pod.name(), "uid": pod.uid()}, "serviceaccount": {"name": account},
        },
    });
    let part = |v: &Value| URL_SAFE_NO_PAD.encode(v.to_string());
    format!("{}.{}.", part(&json!({"alg": "none", "typ": "JWT"})), part(&claims))
}
