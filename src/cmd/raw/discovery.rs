//! What a server says of the kinds it has: `/api`, `/apis` and the list of each version. Knows of a kind only its names.

use serde_json::{Value, json};

use crate::cmd::api_resources;
use crate::cmd::resources::KindRef;
use crate::kinds::Registry;

/// The document of a path, if it is one of these.
pub fn document(registry: &Registry, path: &str) -> Option<Value> {
    let parts: Vec<&str> = path.split('/').filter(|p| !p.is_empty()).collect();
    match parts.as_slice() {
        [] => Some(json!({"paths": paths(registry)})),
        ["api"] => Some(json!({"kind": "APIVersions", "versions": ["v1"], "serverAddressByClientCIDRs": []})),
        ["apis"] => {
            let groups: Vec<Value> = groups(registry).into_iter().map(|name| group(registry, name)).collect();
            Some(json!({"kind": "APIGroupList", "apiVersion": "v1", "groups": groups}))
        }
        ["apis", name] if groups(registry).contains(name) => {
            let mut document = group(registry, name);
            document["kind"] = "APIGroup".into();
            document["apiVersion"] = "v1".into();
            Some(document)
        }
        ["api", version] => resources(registry, version),
        ["apis", group, version] => resources(registry, &format!("{group}/{version}")),
        _ => None,
    }
}

/// What can be asked for, as a server lists it.
fn paths(registry: &Registry) -> Vec<String> {
    let mut paths: Vec<String> = ["/api", "/api/v1", "/apis"].map(str::to_owned).to_vec();
    for name in groups(registry) {
        paths.push(format!("/apis/{name}"));
        let versions = registry.versions().map(|k| k.names()).filter(|n| n.group == name);
        paths.extend(versions.map(|n| format!("/apis/{}", n.api_version)));
    }
    paths.extend(["/healthz", "/livez", "/readyz", "/version"].map(str::to_owned));
    paths.sort();
    paths.dedup();
    paths
}

/// The named groups, in the table's order.
fn groups(registry: &Registry) -> Vec<&'static str> {
    let mut groups: Vec<&str> = Vec::new();
    for group in registry.versions().map(|k| k.names().group).filter(|g| !g.is_empty()) {
        if !groups.contains(&group) {
            groups.push(group);
        }
    }
    groups
}

fn group(registry: &Registry, name: &str) -> Value {
    let mut versions: Vec<Value> = Vec::new();
    for names in registry.versions().map(|k| k.names()).filter(|n| n.group == name) {
        let version = json!({"groupVersion": names.api_version, "version": names.version});
        if !versions.contains(&version) {
            versions.push(version);
        }
    }
    json!({"name": name, "versions": versions, "preferredVersion": versions[0]})
}

fn resources(registry: &Registry, api_version: &str) -> Option<Value> {
    let kinds: Vec<KindRef> = registry.versions().filter(|k| k.names().api_version == api_version).collect();
    if kinds.is_empty() {
        return None;
    }
    let resources: Vec<Value> = kinds.into_iter().flat_map(of_kind).collect();
    Some(json!({"kind": "APIResourceList", "apiVersion": "v1", "groupVersion": api_version, "resources": resources}))
}

fn of_kind(kind: KindRef) -> Vec<Value> {
    let names = kind.names();
    let is_custom = kind.structural().is_some();
    let mut resource = json!({
        "name": names.plural, "singularName": names.singular, "namespaced": names.namespaced, "kind": names.kind,
        "verbs": api_resources::verbs(names),
    });
    if !names.short.is_empty() {
        resource["shortNames"] = json!(names.short);
    }
    if !names.categories.is_empty() {
        resource["categories"] = json!(names.categories);
    }
    let mut all = vec![resource];
    if is_custom && kind.has_status() {
        all.push(json!({
            "name": format!("{}/status", names.plural), "singularName": "", "namespaced": names.namespaced,
            "kind": names.kind, "verbs": ["get", "patch", "update"],
        }));
    }
    if kind.scale().is_some() {
        all.push(json!({
            "name": format!("{}/scale", names.plural), "singularName": "", "namespaced": names.namespaced,
            "group": "autoscaling", "version": "v1", "kind": "Scale", "verbs": ["get", "patch", "update"],
        }));
    }
    all
}
