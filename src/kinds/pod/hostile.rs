//! Pods of any shape: nothing a client sends may end in a panic.

use proptest::prelude::*;
use serde_json::{Value, json};

use super::{Pod, set_template_defaults, template_warnings, validate_template};
use crate::apimachinery::field::Path;
use crate::apimachinery::object::Object;
use crate::apimachinery::time::Time;
use crate::kinds::Kind;

/// A pod with something at every place that is looked at.
fn rich() -> Value {
    let terms = json!([{"labelSelector": {"matchLabels": {"a": "b"}}, "topologyKey": "k", "matchLabelKeys": ["a"]}]);
    let handler = json!({"httpGet": {"port": "web", "httpHeaders": [{"name": "h"}]}});
    json!({
        "metadata": {"name": "p", "namespace": "default", "labels": {"a": "b"}, "annotations": {"controller.kubernetes.io/pod-deletion-cost": "1"}},
        "spec": {
            "containers": [{"name": "a", "image": "nginx", "ports": [{"containerPort": 80, "hostPort": 80}],
                "env": [{"name": "A", "valueFrom": {"fieldRef": {"fieldPath": "metadata.labels['a']"}}},
                    {"name": "B", "valueFrom": {"resourceFieldRef": {"resource": "limits.cpu", "divisor": "1m"}}}],
                "envFrom": [{"secretRef": {"name": "s"}}], "volumeMounts": [{"name": "v", "mountPath": "/v", "subPath": "a"}],
                "volumeDevices": [{"name": "c", "devicePath": "/d"}], "livenessProbe": handler, "lifecycle": {"preStop": {"sleep": {"seconds": 1}}},
                "resources": {"limits": {"cpu": "1", "hugepages-2Mi": "2Mi"}, "requests": {"cpu": "1"}, "claims": [{"name": "x"}]},
                "resizePolicy": [{"resourceName": "cpu", "restartPolicy": "NotRequired"}],
                "securityContext": {"runAsUser": 1, "seccompProfile": {"type": "Localhost", "localhostProfile": "a"}}}],
            "initContainers": [{"name": "i", "image": "x", "restartPolicy": "Always", "restartPolicyRules": [{"action": "Restart", "exitCodes": {"operator": "In", "values": [1]}}]}],
            "ephemeralContainers": [{"name": "e", "image": "x"}],
            "volumes": [{"name": "v", "emptyDir": {"sizeLimit": "1Gi"}}, {"name": "c", "persistentVolumeClaim": {"claimName": "c"}},
                {"name": "p", "projected": {"sources": [{"serviceAccountToken": {"path": "t"}}, {"downwardAPI": {"items": [{"path": "n", "fieldRef": {"fieldPath": "metadata.name"}}]}}]}},
                {"name": "i", "iscsi": {"targetPortal": "p", "iqn": "iqn.2001-04.com.example:d"}}, {"name": "s", "secret": {"secretName": "s", "items": [{"key": "k", "path": "p"}]}},
                {"name": "g", "ephemeral": {"volumeClaimTemplate": {"spec": {"resources": {"requests": {"storage": "1Gi"}}}}}}],
            "affinity": {"podAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": terms}, "podAntiAffinity": {"preferredDuringSchedulingIgnoredDuringExecution": [{"weight": 1, "podAffinityTerm": {"topologyKey": "k"}}]},
                "nodeAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": {"nodeSelectorTerms": [{"matchExpressions": [{"key": "k", "operator": "In", "values": ["v"]}]}]}}},
            "topologySpreadConstraints": [{"maxSkew": 1, "topologyKey": "k", "whenUnsatisfiable": "DoNotSchedule", "labelSelector": {}, "matchLabelKeys": ["a"]}],
            "tolerations": [{"key": "k", "operator": "Exists", "tolerationSeconds": 1, "effect": "NoExecute"}], "hostAliases": [{"ip": "1.2.3.4", "hostnames": ["a"]}],
            "dnsConfig": {"nameservers": ["1.1.1.1"], "searches": ["a."], "options": [{"name": "ndots"}]}, "dnsPolicy": "None", "os": {"name": "windows"},
            "securityContext": {"sysctls": [{"name": "net.x", "value": "1"}], "supplementalGroups": [1]}, "readinessGates": [{"conditionType": "a"}], "schedulingGates": [{"name": "a"}],
            "resourceClaims": [{"name": "x", "resourceClaimName": "y"}], "overhead": {"cpu": "1"}, "imagePullSecrets": [{"name": "s"}], "nodeSelector": {"a": "b"},
        },
        "status": {"phase": "Running", "conditions": [{"type": "Ready", "status": "True"}], "podIPs": [{"ip": "1.2.3.4"}],
            "containerStatuses": [{"name": "a", "ready": true, "restartCount": 1, "state": {"running": {}}, "lastState": {"terminated": {"finishedAt": "2026-01-01T00:00:00Z"}}}],
            "initContainerStatuses": [{"name": "i", "started": true, "state": {"terminated": {"exitCode": 1}}}]},
    })
}

/// Puts something else in the place of the `n`th value, counted in depth.
fn replace(value: &mut Value, n: &mut usize, junk: &Value) {
    if *n == 0 {
        *value = junk.clone();
    }
    *n = n.wrapping_sub(1);
    match value {
        Value::Array(items) => items.iter_mut().for_each(|v| replace(v, n, junk)),
        Value::Object(fields) => fields.values_mut().for_each(|v| replace(v, n, junk)),
        _ => {}
    }
}

fn junk() -> impl Strategy<Value = Value> {
    prop_oneof![
        Just(json!(null)),
        Just(json!(true)),
        any::<i64>().prop_map(Value::from),
        Just(json!(1.5)),
        "[-a-zA-Z0-9:./$(){}é\\[\\]' ]{0,12}".prop_map(Value::from),
        Just(json!([])),
        Just(json!([null, 1, "a", {}, []])),
        Just(json!({"": null, "a": {"b": [1]}})),
    ]
}

fn everything(body: &Value) {
    let Some(mut pod) = Object::from_value(body.clone()) else { return };
    let old = Object::from_value(rich()).unwrap();
    Pod.set_defaults(&mut pod);
    let once = pod.clone();
    Pod.set_defaults(&mut pod);
    assert_eq!(pod, once, "defaults settle");
    let _ = (Pod.cells(&pod, Time::default()), Pod.grace_period(&pod));
    let _ = (Pod.validate_update(&pod, &old), Pod.validate_update(&old, &pod), Pod.warnings(&pod, None));
    Pod.prepare_for_create(&mut pod);
    let _ = Pod.validate(&pod);
    pod.body_mut().change(set_template_defaults);
    let template = pod.to_value();
    let _ = (validate_template(&template, &Path::new("t")), template_warnings(&template, &Path::new("t")));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]
    #[test]
    fn no_pod_panics(first in 0usize..400, second in 0usize..400, a in junk(), b in junk()) {
        let mut body = rich();
        for (mut n, junk) in [(first, a), (second, b)] {
            replace(&mut body, &mut n, &junk);
        }
        everything(&body);
    }
}
