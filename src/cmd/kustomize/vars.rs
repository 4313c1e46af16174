//! `vars`: fields of resources by a name, which stands as `$(NAME)` in commands, arguments, environments and the like. Knows
//! fields, not files.

use anyhow::bail;
use serde::Deserialize;
use serde_json::Value;

use super::resource::Resource;
use super::transform::at_path;

/// One entry of `vars`.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Var {
    name: String,
    objref: Reference,
    fieldref: Field,
}

/// The resource of a variable, by what it is called or was called.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
struct Reference {
    api_version: String,
    kind: String,
    name: String,
    namespace: String,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct Field {
    fieldpath: String,
}

/// Where variables are looked for in pods: below each container, and among the volumes.
const IN_CONTAINERS: [&str; 4] = ["args", "command", "env/value", "volumeMounts/mountPath"];

/// Where a kind has its pods' specification.
const PODS: [(&str, &str); 8] = [
    ("Pod", "spec"),
    ("CronJob", "spec/jobTemplate/spec/template/spec"),
    ("DaemonSet", "spec/template/spec"),
    ("Deployment", "spec/template/spec"),
    ("Job", "spec/template/spec"),
    ("ReplicaSet", "spec/template/spec"),
    ("ReplicationController", "spec/template/spec"),
    ("StatefulSet", "spec/template/spec"),
];

/// The other places; of an empty kind all kinds have them.
const ELSEWHERE: [(&str, &str); 10] = [
    ("", "metadata/labels"),
    ("", "metadata/annotations"),
    ("ConfigMap", "data"),
    ("Ingress", "spec/rules/host"),
    ("Ingress", "spec/tls/hosts"),
    ("Ingress", "spec/tls/secretName"),
    ("PersistentVolume", "spec/nfs/path"),
    ("Service", "spec/ports/port"),
    ("Service", "spec/ports/targetPort"),
    ("StatefulSet", "spec/volumeClaimTemplates/spec/nfs/path"),
];

/// Puts the values of variables where they are named, once all names are what they will be.
///
/// # Errors
/// kustomize's text for a variable of nothing that is there.
pub fn apply(vars: &[Var], resources: &mut [Resource]) -> anyhow::Result<()> {
    let mut values = Vec::new();
    for var in vars {
        values.push((var.name.as_str(), var.value(resources)?));
    }
    if values.is_empty() {
        return Ok(());
    }
    let mut change = |value: &mut Value| expand_all(value, &values);
    for resource in resources {
        let kind = resource.kind().to_owned();
        if let Some((_, spec)) = PODS.iter().find(|(k, _)| *k == kind) {
            for list in ["containers", "initContainers"] {
                IN_CONTAINERS
                    .iter()
                    .for_each(|p| at_path(&mut resource.body, &format!("{spec}/{list}/{p}"), false, &mut change));
            }
            at_path(&mut resource.body, &format!("{spec}/volumes/nfs/server"), false, &mut change);
        }
        let others = ELSEWHERE.iter().filter(|(k, _)| k.is_empty() || *k == kind);
        others.for_each(|(_, path)| at_path(&mut resource.body, path, false, &mut change));
    }
    Ok(())
}

impl Var {
    fn value(&self, resources: &[Resource]) -> anyhow::Result<Value> {
        let path = if self.fieldref.fieldpath.is_empty() { "metadata.name" } else { &self.fieldref.fieldpath };
        let of = &self.objref;
        let is_it = |r: &&Resource| {
            r.kind() == of.kind
                && (of.api_version.is_empty() || r.text("/apiVersion") == of.api_version)
                && r.is_called(&of.name)
                && (of.namespace.is_empty() || r.is_in(&of.namespace))
        };
        let Some(resource) = resources.iter().find(is_it) else {
            bail!("var '{}' cannot be mapped to a field in the set of known resources", self.shown(path));
        };
        let pointer = format!("/{}", path.replace('[', ".").replace(']', "").replace('.', "/"));
        match resource.body.pointer(&pointer) {
            Some(value) if !value.is_object() && !value.is_array() => Ok(value.clone()),
            _ => bail!("field specified in var '{}' not found in corresponding resource", self.shown(path)),
        }
    }

    /// As kustomize shows it.
    fn shown(&self, path: &str) -> String {
        let (group, version) = self.objref.api_version.split_once('/').unwrap_or(("", &self.objref.api_version));
        let or = |text: &str, none: &'static str| if text.is_empty() { none.to_owned() } else { text.to_owned() };
        format!(
            "{{{} {}.{}.{} {{{path}}}}}",
            self.name,
            or(&self.objref.kind, "[noKind]"),
            or(version, "[noVer]"),
            or(group, "[noGrp]")
        )
    }
}

fn expand_all(value: &mut Value, values: &[(&str, Value)]) {
    match value {
        Value::String(text) => *value = expand(text, values),
        Value::Array(items) => items.iter_mut().for_each(|item| expand_all(item, values)),
        Value::Object(map) => map.values_mut().for_each(|item| expand_all(item, values)),
        _ => {}
    }
}

/// A text with its variables' values; one that is nothing but a variable becomes its value, of whatever type.
fn expand(text: &str, values: &[(&str, Value)]) -> Value {
    let find = |name: &str| values.iter().find(|(n, _)| *n == name).map(|(_, value)| value);
    if let Some(value) = text.strip_prefix("$(").and_then(|t| t.strip_suffix(')')).and_then(find) {
        return value.clone();
    }
    let mut out = String::new();
    let mut rest = text;
    while let Some(at) = rest.find('$') {
        out.push_str(&rest[..at]);
        let after = &rest[at + 1..];
        let named =
            after.strip_prefix('(').and_then(|t| t.split_once(')')).and_then(|(n, rest)| Some((find(n)?, rest)));
        match named {
            Some((value, left)) => {
                out += &value.as_str().map_or_else(|| value.to_string(), str::to_owned);
                rest = left;
            }
            // Two of them stand for one.
            None if after.starts_with('$') => {
                out.push('$');
                rest = &after[1..];
            }
            None => {
                out.push('$');
                rest = after;
            }
        }
    }
    Value::String(out + rest)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn variables_stand_for_fields() {
        let service = json!({"apiVersion": "v1", "kind": "Service", "metadata": {"name": "web"}, "spec": {"ports": [{"port": 80}]}});
        let pod = json!({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "p"},
            "spec": {"containers": [{"args": ["--to=$(HOST):$(PORT)", "$(NOPE)", "$$(HOST)"], "env": [{"name": "P", "value": "$(PORT)"}]}]}});
        let mut resources = vec![Resource::new(service), Resource::new(pod)];
        let var = |name: &str, path: &str| -> Var {
            let objref = json!({"kind": "Service", "name": "web", "apiVersion": "v1"});
            serde_json::from_value(json!({"name": name, "objref": objref, "fieldref": {"fieldpath": path}})).unwrap()
        };
        apply(&[var("HOST", ""), var("PORT", "spec.ports[0].port")], &mut resources).unwrap();
        let container = &resources[1].body["spec"]["containers"][0];
        assert_eq!(container["args"], json!(["--to=web:80", "$(NOPE)", "$(HOST)"]));
        assert_eq!(container["env"][0]["value"], 80);
        let gone: Var =
            serde_json::from_value(json!({"name": "X", "objref": {"kind": "Nope", "apiVersion": "v1"}})).unwrap();
        assert_eq!(
            apply(&[gone], &mut resources).unwrap_err().to_string(),
            "var '{X Nope.v1.[noGrp] {metadata.name}}' cannot be mapped to a field in the set of known resources"
        );
    }
}
