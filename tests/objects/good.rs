//! One good object of every kind.

use kstate::kinds::Kind;
use serde_json::{Value, json};

/// The body of a good object.
pub fn body(kind: &dyn Kind) -> Value {
    let names = kind.names();
    let mut body = parts(names.kind);
    body["apiVersion"] = names.api_version.into();
    body["kind"] = names.kind.into();
    if body.get("metadata").is_none() {
        body["metadata"] = json!({"name": "good"});
    }
    body
}

fn pod_spec() -> Value {
    json!({
        "containers": [{
            "name": "c", "image": "nginx:1", "ports": [{"containerPort": 80, "name": "web"}],
            "env": [{"name": "A", "value": "b"}], "volumeMounts": [{"name": "v", "mountPath": "/v"}],
            "resources": {"requests": {"cpu": "100m"}, "limits": {"memory": "1Gi"}},
            "readinessProbe": {"httpGet": {"path": "/", "port": "web"}},
        }],
        "volumes": [{"name": "v", "emptyDir": {}}],
    })
}

fn template() -> Value {
    json!({"metadata": {"labels": {"app": "good"}}, "spec": pod_spec()})
}

fn workload() -> Value {
    json!({"spec": {"selector": {"matchLabels": {"app": "good"}}, "template": template()}})
}

fn job_spec() -> Value {
    let mut template = template();
    template["spec"]["restartPolicy"] = "Never".into();
    json!({"template": template, "backoffLimit": 2})
}

fn role_ref(kind: &str) -> Value {
    json!({
        "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": kind, "name": "view"},
        "subjects": [{"kind": "ServiceAccount", "name": "default", "namespace": "default"}],
    })
}

fn rules() -> Value {
    json!({"rules": [{"apiGroups": [""], "resources": ["pods"], "verbs": ["get"]}]})
}

fn webhook() -> Value {
    json!({"webhooks": [{
        "name": "a.b.example.com", "sideEffects": "None", "admissionReviewVersions": ["v1"],
        "clientConfig": {"url": "https://example.com/x"},
        "rules": [{"apiGroups": [""], "apiVersions": ["v1"], "resources": ["pods"], "operations": ["CREATE"]}],
    }]})
}

fn claim_spec() -> Value {
    json!({"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}})
}

fn policy() -> Value {
    json!({
        "matchConstraints": {"resourceRules": [
            {"apiGroups": [""], "apiVersions": ["v1"], "resources": ["pods"], "operations": ["CREATE"]},
        ]},
    })
}

fn device_request() -> Value {
    json!({"devices": {"requests": [{"name": "r", "exactly": {"deviceClassName": "gpu.example.com"}}]}})
}

#[expect(clippy::too_many_lines, reason = "a table")]
fn parts(kind: &str) -> Value {
    match kind {
        "ConfigMap" => json!({"data": {"a": "b"}}),
        "Secret" => json!({"data": {"a": "eA=="}}),
        "Endpoints" => json!({"subsets": [{"addresses": [{"ip": "10.1.2.3"}], "ports": [{"port": 80}]}]}),
        "Event" => json!({
            "metadata": {"name": "good", "namespace": "default"}, "reason": "Made", "message": "x", "type": "Normal",
            "involvedObject": {"kind": "Pod", "name": "p", "namespace": "default", "apiVersion": "v1"},
        }),
        "LimitRange" => json!({"spec": {"limits": [{"type": "Container", "max": {"cpu": "2"}}]}}),
        "Namespace" | "ServiceAccount" | "Node" => json!({}),
        "PersistentVolumeClaim" => json!({"spec": claim_spec()}),
        "PersistentVolume" => json!({"spec": {
            "capacity": {"storage": "1Gi"}, "accessModes": ["ReadWriteOnce"], "hostPath": {"path": "/x"},
        }}),
        "Pod" => json!({"spec": pod_spec()}),
        "PodTemplate" => json!({"template": template()}),
        "ReplicationController" => json!({"spec": {"selector": {"app": "good"}, "template": template()}}),
        "ResourceQuota" => json!({"spec": {"hard": {"pods": "50"}}}),
        "Service" => json!({"spec": {"selector": {"app": "good"}, "ports": [{"port": 80}]}}),
        "Deployment" | "DaemonSet" | "ReplicaSet" => workload(),
        "StatefulSet" => {
            let mut set = workload();
            set["spec"]["serviceName"] = "good".into();
            set["spec"]["volumeClaimTemplates"] = json!([{"metadata": {"name": "d"}, "spec": claim_spec()}]);
            set
        }
        "ControllerRevision" => json!({"revision": 1, "data": {"a": 1}}),
        "Job" => json!({"spec": job_spec()}),
        "CronJob" => json!({"spec": {"schedule": "0 3 * * *", "jobTemplate": {"spec": job_spec()}}}),
        "HorizontalPodAutoscaler" => json!({"spec": {
            "maxReplicas": 3, "scaleTargetRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": "good"},
        }}),
        "PodDisruptionBudget" => json!({"spec": {"minAvailable": 1, "selector": {"matchLabels": {"app": "good"}}}}),
        "Ingress" => json!({"spec": {"defaultBackend": {"service": {"name": "good", "port": {"number": 80}}}}}),
        "IngressClass" => json!({"spec": {"controller": "example.com/c"}}),
        "NetworkPolicy" => json!({"spec": {"podSelector": {}, "policyTypes": ["Ingress"]}}),
        "ClusterRole" | "Role" => rules(),
        "ClusterRoleBinding" | "RoleBinding" => role_ref("ClusterRole"),
        "StorageClass" => json!({"provisioner": "example.com/p"}),
        "PriorityClass" => json!({"value": 5}),
        "RuntimeClass" => json!({"handler": "runc"}),
        "Lease" => json!({"spec": {"holderIdentity": "x", "leaseDurationSeconds": 15}}),
        "EndpointSlice" => json!({"addressType": "IPv4", "endpoints": [{"addresses": ["10.1.2.3"]}], "ports": []}),
        "CSIDriver" => json!({"metadata": {"name": "csi.example.com"}, "spec": {}}),
        "CSINode" => json!({"spec": {"drivers": []}}),
        "CSIStorageCapacity" => json!({"storageClassName": "standard"}),
        "VolumeAttachment" => json!({"spec": {
            "attacher": "csi.example.com", "nodeName": "node-1", "source": {"persistentVolumeName": "good"},
        }}),
        "VolumeAttributesClass" => json!({"driverName": "csi.example.com", "parameters": {"a": "b"}}),
        "MutatingWebhookConfiguration" | "ValidatingWebhookConfiguration" => webhook(),
        "ValidatingAdmissionPolicy" => {
            let mut spec = policy();
            spec["validations"] = json!([{"expression": "true"}]);
            json!({"spec": spec})
        }
        "MutatingAdmissionPolicy" => {
            let mut spec = policy();
            spec["reinvocationPolicy"] = "Never".into();
            spec["mutations"] =
                json!([{"patchType": "ApplyConfiguration", "applyConfiguration": {"expression": "Object{}"}}]);
            json!({"spec": spec})
        }
        "ValidatingAdmissionPolicyBinding" => json!({"spec": {"policyName": "good", "validationActions": ["Deny"]}}),
        "MutatingAdmissionPolicyBinding" => json!({"spec": {"policyName": "good"}}),
        "CustomResourceDefinition" => json!({
            "metadata": {"name": "widgets.example.com"},
            "spec": {
                "group": "example.com", "scope": "Namespaced", "names": {"plural": "widgets", "kind": "Widget"},
                "versions": [{
                    "name": "v1", "served": true, "storage": true, "schema": {"openAPIV3Schema": {"type": "object"}},
                }],
            },
        }),
        "APIService" => json!({
            "metadata": {"name": "v1.example.com"},
            "spec": {
                "group": "example.com", "version": "v1", "groupPriorityMinimum": 100, "versionPriority": 100,
                "service": {"name": "good", "namespace": "default"}, "insecureSkipTLSVerify": true,
            },
        }),
        "CertificateSigningRequest" => json!({"spec": {
            "request": "LS0tLS1CRUdJTiBDRVJUSUZJQ0FURSBSRVFVRVNULS0tLS0KTUlIb01JR1BBZ0VBTUMweEd6QVpCZ05WQkFNTUVteHZZMkZzCi0tLS0tRU5EIENFUlRJRklDQVRFIFJFUVVFU1QtLS0tLQo=",
            "signerName": "example.com/s", "usages": ["client auth"],
        }}),
        "FlowSchema" => json!({"spec": {"priorityLevelConfiguration": {"name": "global-default"}}}),
        "PriorityLevelConfiguration" => json!({"spec": {"type": "Limited", "limited": {
            "nominalConcurrencyShares": 5, "limitResponse": {"type": "Reject"},
        }}}),
        "IPAddress" => json!({
            "metadata": {"name": "10.247.9.9"},
            "spec": {"parentRef": {"resource": "services", "namespace": "default", "name": "good"}},
        }),
        "ServiceCIDR" => json!({"spec": {"cidrs": ["10.99.0.0/16"]}}),
        "DeviceClass" => json!({"metadata": {"name": "gpu.example.com"}, "spec": {}}),
        "ResourceClaim" => json!({"spec": device_request()}),
        "ResourceClaimTemplate" => json!({"spec": {"spec": device_request()}}),
        "ResourceSlice" => json!({"spec": {
            "driver": "gpu.example.com", "nodeName": "node-1",
            "pool": {"name": "p", "generation": 1, "resourceSliceCount": 1}, "devices": [{"name": "d"}],
        }}),
        other => panic!("no good object of the kind {other}"),
    }
}
