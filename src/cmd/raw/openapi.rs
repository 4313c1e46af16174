//! What clients ask a server's OpenAPI document for before they write: which requests take which parameters. It tells of no
//! fields; `explain` does. Knows of a kind only its names.

use serde_json::{Map, Value, json};

use crate::kinds::Registry;

/// The document of a path: the list of group versions, or the requests of one.
pub fn document(registry: &Registry, path: &str) -> Option<Value> {
    let rest = path.trim_matches('/').strip_prefix("openapi/v3")?.trim_start_matches('/');
    if rest.is_empty() {
        let entry = |n: &crate::kinds::Names| {
            let place = place(n.api_version);
            (place.clone(), json!({"serverRelativeURL": format!("/openapi/v3/{place}")}))
        };
        let paths: Map<String, Value> = registry.versions().map(|k| entry(k.names())).collect();
        return Some(json!({ "paths": paths }));
    }
    let mut paths = Map::new();
    for names in registry.versions().map(|k| k.names()).filter(|n| place(n.api_version) == rest) {
        let namespace = if names.namespaced { "namespaces/{namespace}/" } else { "" };
        let list = format!("/{rest}/{namespace}{}", names.plural);
        let kind = json!({"group": names.group, "version": names.version, "kind": names.kind});
        let parameter = |name: &&str| json!({"name": name, "in": "query", "schema": {"type": "string"}});
        let parameters: Vec<Value> = ["dryRun", "fieldManager", "fieldValidation"].iter().map(parameter).collect();
        let operation = json!({"parameters": parameters, "x-kubernetes-group-version-kind": kind});
        paths.insert(format!("{list}/{{name}}"), json!({"put": operation, "patch": operation, "delete": operation}));
        paths.insert(list, json!({ "post": operation }));
    }
    if paths.is_empty() {
        return None;
    }
    let info = json!({"title": "Kubernetes", "version": "unversioned"});
    Some(json!({"openapi": "3.0.0", "info": info, "paths": paths, "components": {"schemas": {}}}))
}

/// `api/v1`, `apis/apps/v1`.
fn place(api_version: &str) -> String {
    let root = if api_version.contains('/') { "apis" } else { "api" };
    format!("{root}/{api_version}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn requests_and_their_parameters_are_told_of() {
        let registry = Registry::built_in();
        let index = document(&registry, "/openapi/v3").unwrap();
        assert_eq!(index["paths"]["apis/apps/v1"]["serverRelativeURL"], "/openapi/v3/apis/apps/v1");
        let apps = document(&registry, "/openapi/v3/apis/apps/v1").unwrap();
        let patch = &apps["paths"]["/apis/apps/v1/namespaces/{namespace}/statefulsets/{name}"]["patch"];
        assert_eq!(patch["parameters"][2]["name"], "fieldValidation");
        assert_eq!(patch["x-kubernetes-group-version-kind"]["kind"], "StatefulSet");
        assert_eq!(document(&registry, "/openapi/v3/apis/nope/v1"), None);
    }
}
