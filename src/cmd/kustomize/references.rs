//! Names in other objects' fields: they follow when what they name is renamed. Knows which fields are names of what.

use serde_json::Value;

use super::resource::{Resource, effective};
use super::transform::at_path;

/// A field that names an object: the kinds it is in, its path, the named kind.
type Reference = (&'static [&'static str], &'static str, &'static str);

/// Where a pod's spec is, by kind.
fn pod_spec(kind: &str) -> Option<&'static str> {
    match kind {
        "Pod" => Some("spec"),
        "Deployment" | "ReplicaSet" | "DaemonSet" | "StatefulSet" | "Job" | "ReplicationController" => {
            Some("spec/template/spec")
        }
        "CronJob" => Some("spec/jobTemplate/spec/template/spec"),
        "PodTemplate" => Some("template/spec"),
        _ => None,
    }
}

/// Fields of a pod's spec, and the kind each names.
const IN_PODS: &[(&str, &str)] = &[
    ("volumes/configMap/name", "ConfigMap"),
    ("volumes/projected/sources/configMap/name", "ConfigMap"),
    ("containers/env/valueFrom/configMapKeyRef/name", "ConfigMap"),
    ("containers/envFrom/configMapRef/name", "ConfigMap"),
    ("initContainers/env/valueFrom/configMapKeyRef/name", "ConfigMap"),
    ("initContainers/envFrom/configMapRef/name", "ConfigMap"),
    ("volumes/secret/secretName", "Secret"),
    ("volumes/projected/sources/secret/name", "Secret"),
    ("containers/env/valueFrom/secretKeyRef/name", "Secret"),
    ("containers/envFrom/secretRef/name", "Secret"),
    ("initContainers/env/valueFrom/secretKeyRef/name", "Secret"),
    ("initContainers/envFrom/secretRef/name", "Secret"),
    ("imagePullSecrets/name", "Secret"),
    ("volumes/persistentVolumeClaim/claimName", "PersistentVolumeClaim"),
    ("serviceAccountName", "ServiceAccount"),
    ("serviceAccount", "ServiceAccount"),
    ("priorityClassName", "PriorityClass"),
];

const REFERENCES: &[Reference] = &[
    (&["StatefulSet"], "spec/serviceName", "Service"),
    (&["StatefulSet"], "spec/volumeClaimTemplates/spec/storageClassName", "StorageClass"),
    (&["PersistentVolumeClaim", "PersistentVolume"], "spec/storageClassName", "StorageClass"),
    (&["PersistentVolumeClaim"], "spec/volumeName", "PersistentVolume"),
    (&["PersistentVolume"], "spec/claimRef/name", "PersistentVolumeClaim"),
    (&["Ingress"], "spec/rules/http/paths/backend/service/name", "Service"),
    (&["Ingress"], "spec/defaultBackend/service/name", "Service"),
    (&["Ingress"], "spec/rules/http/paths/backend/serviceName", "Service"),
    (&["Ingress"], "spec/backend/serviceName", "Service"),
    (&["Ingress"], "spec/tls/secretName", "Secret"),
    (&["Ingress"], "spec/ingressClassName", "IngressClass"),
    (&["APIService"], "spec/service/name", "Service"),
    (
        &["MutatingWebhookConfiguration", "ValidatingWebhookConfiguration"],
        "webhooks/clientConfig/service/name",
        "Service",
    ),
    (&["ServiceAccount"], "imagePullSecrets/name", "Secret"),
    (&["Role", "ClusterRole"], "rules/resourceNames", "ConfigMap"),
    (&["Role", "ClusterRole"], "rules/resourceNames", "Secret"),
    (&["ClusterRole"], "rules/resourceNames", "PersistentVolume"),
    (&["StorageClass"], "parameters/secretName", "Secret"),
    (&["StorageClass"], "parameters/adminSecretName", "Secret"),
    (&["StorageClass"], "parameters/userSecretName", "Secret"),
    (&["StorageClass"], "parameters/secretRef", "Secret"),
    (&["PersistentVolume"], "spec/azureFile/secretName", "Secret"),
    (&["HTTPRoute"], "spec/rules/backendRefs/name", "Service"),
];

/// Who names something: where it is, and which variant of a base it is.
struct Referrer {
    namespace: String,
    affixes: Vec<(String, String)>,
}

/// Sets every name of a renamed object to what it is called now.
pub fn follow(resources: &mut [Resource]) {
    if resources.iter().all(|r| r.earlier.is_empty()) {
        return;
    }
    let named = resources.to_vec();
    for resource in resources {
        let kind = resource.kind().to_owned();
        let from = Referrer { namespace: resource.namespace().to_owned(), affixes: resource.affixes.clone() };
        let set = |body: &mut Value, path: &str, target: &str| {
            at_path(body, path, false, &mut |value| rename(value, target, &from, &named));
        };
        if let Some(spec) = pod_spec(&kind) {
            IN_PODS.iter().for_each(|(path, target)| set(&mut resource.body, &format!("{spec}/{path}"), target));
        }
        for (_, path, target) in REFERENCES.iter().filter(|(kinds, ..)| kinds.contains(&kind.as_str())) {
            set(&mut resource.body, path, target);
        }
        match kind.as_str() {
            "HorizontalPodAutoscaler" => rename_by_kind(&mut resource.body, "scaleTargetRef", &from, &named),
            "RoleBinding" | "ClusterRoleBinding" => bindings(&mut resource.body, &from, &named),
            _ => {}
        }
    }
}

/// Of several that could be meant, the one of the same variant.
fn of_variant<'r>(candidates: Vec<&'r Resource>, from: &Referrer) -> Option<&'r Resource> {
    candidates.iter().find(|r| r.affixes == from.affixes).or(candidates.first()).copied()
}

/// What a name means: an object of that kind that has it or had it, if there is one.
fn find<'r>(kind: &str, name: &str, from: &Referrer, named: &'r [Resource]) -> Option<&'r Resource> {
    let is_it = |r: &&Resource| r.kind() == kind && r.is_called(name);
    let near = |r: &&Resource| !r.is_namespaced() || effective(r.namespace()) == effective(&from.namespace);
    of_variant(named.iter().filter(is_it).filter(near).collect(), from)
}

fn rename(value: &mut Value, kind: &str, from: &Referrer, named: &[Resource]) {
    if let Value::Array(names) = value {
        return names.iter_mut().for_each(|name| rename(name, kind, from, named));
    }
    let found = value.as_str().and_then(|name| find(kind, name, from, named));
    if let Some(found) = found {
        *value = found.name().into();
    }
}

fn rename_by_kind(body: &mut Value, field: &str, from: &Referrer, named: &[Resource]) {
    at_path(body, &format!("spec/{field}"), false, &mut |target| {
        let kind = target["kind"].as_str().unwrap_or_default().to_owned();
        if let Some(name) = target.get_mut("name") {
            rename(name, &kind, from, named);
        }
    });
}

/// A binding's role, and its service accounts with their namespaces.
fn bindings(body: &mut Value, from: &Referrer, named: &[Resource]) {
    let role = body.pointer("/roleRef/kind").and_then(Value::as_str).unwrap_or_default().to_owned();
    at_path(body, "roleRef/name", false, &mut |name| rename(name, &role, from, named));
    at_path(body, "subjects", false, &mut |subject| {
        subject.as_array_mut().into_iter().flatten().for_each(|s| follow_subject(s, from, named));
    });
}

fn follow_subject(subject: &mut Value, from: &Referrer, named: &[Resource]) {
    if subject["kind"] != "ServiceAccount" || subject["name"] == "default" {
        return;
    }
    let text = |field: &str| subject.get(field).and_then(Value::as_str).unwrap_or_default();
    let (name, namespace) = (text("name"), text("namespace"));
    let is_it = |r: &&Resource| {
        r.kind() == "ServiceAccount" && !r.earlier.is_empty() && r.is_called(name) && r.is_in(namespace)
    };
    let Some(found) = of_variant(named.iter().filter(is_it).collect(), from) else { return };
    subject["name"] = found.name().into();
    if !found.namespace().is_empty() {
        subject["namespace"] = found.namespace().into();
    }
}
