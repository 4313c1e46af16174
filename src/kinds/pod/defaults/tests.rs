use super::*;

#[test]
fn a_template_is_filled_in_as_the_reference_shows() {
    // ../shared/golden/08-kinds.json, the StatefulSet `defaults`.
    let mut template = json!({
        "metadata": {"labels": {"app": "defaults"}, "creationTimestamp": null},
        "spec": {
            "containers": [
                {"name": "a", "image": "nginx", "ports": [{"containerPort": 80}], "livenessProbe": {"httpGet": {"port": 80}},
                 "env": [{"name": "WHO", "valueFrom": {"fieldRef": {"fieldPath": "metadata.name"}}}]},
                {"name": "b", "image": "nginx:1.24", "lifecycle": {"preStop": {"exec": {"command": ["a"]}}},
                 "resources": {"requests": {"cpu": 0.5, "memory": "1024Mi"}}},
            ],
            "volumes": [{"name": "s", "secret": {"secretName": "tls"}}, {"name": "e"}],
        },
    });
    set_template_defaults(template.as_object_mut().unwrap());
    let want = json!({
        "metadata": {"labels": {"app": "defaults"}},
        "spec": {
            "containers": [
                {"env": [{"name": "WHO", "valueFrom": {"fieldRef": {"apiVersion": "v1", "fieldPath": "metadata.name"}}}],
                 "image": "nginx", "imagePullPolicy": "Always",
                 "livenessProbe": {"failureThreshold": 3, "httpGet": {"path": "/", "port": 80, "scheme": "HTTP"},
                     "periodSeconds": 10, "successThreshold": 1, "timeoutSeconds": 1},
                 "name": "a", "ports": [{"containerPort": 80, "protocol": "TCP"}], "resources": {},
                 "terminationMessagePath": "/dev/termination-log", "terminationMessagePolicy": "File"},
                {"image": "nginx:1.24", "imagePullPolicy": "IfNotPresent",
                 "lifecycle": {"preStop": {"exec": {"command": ["a"]}}}, "name": "b",
                 "resources": {"requests": {"cpu": "500m", "memory": "1Gi"}},
                 "terminationMessagePath": "/dev/termination-log", "terminationMessagePolicy": "File"},
            ],
            "dnsPolicy": "ClusterFirst", "restartPolicy": "Always", "schedulerName": "default-scheduler",
            "securityContext": {}, "terminationGracePeriodSeconds": 30,
            "volumes": [{"name": "s", "secret": {"defaultMode": 420, "secretName": "tls"}}, {"name": "e", "emptyDir": {}}],
        },
    });
    assert_eq!(template, want);
    let once = template.clone();
    set_template_defaults(template.as_object_mut().unwrap());
    assert_eq!(template, once, "defaults are settled after one pass");
}

#[test]
fn only_pods_get_links_requests_and_host_ports() {
    let mut pod = Object::new("v1", "Pod", "default", "p");
    pod.set(
        "/spec",
        json!({"hostNetwork": true, "serviceAccount": "old", "containers": [
            {"name": "a", "ports": [{"containerPort": 80}], "resources": {"limits": {"cpu": "0.0001", "memory": "1Gi"}, "requests": {"memory": "1Mi"}}}
        ]}),
    );
    set_pod_defaults(&mut pod);
    assert_eq!(pod.bool_at("/spec/enableServiceLinks"), Some(true));
    assert_eq!(pod.i64_at("/spec/containers/0/ports/0/hostPort"), Some(80));
    assert_eq!(
        pod.at("/spec/containers/0/resources"),
        Some(&json!({"limits": {"cpu": "1m", "memory": "1Gi"}, "requests": {"cpu": "1m", "memory": "1Mi"}}))
    );
    assert_eq!(pod.str_at("/spec/serviceAccountName"), "old");
}

#[test]
fn volumes() {
    let mut spec = json!({"containers": [], "volumes": [
        {"name": "h", "hostPath": {"path": "/x"}},
        {"name": "p", "projected": {"sources": [{"serviceAccountToken": {"path": "t"}},
            {"downwardAPI": {"items": [{"path": "n", "fieldRef": {"fieldPath": "metadata.name"}}]}}]}},
        {"name": "i", "iscsi": {"targetPortal": "x"}},
        {"name": "e", "ephemeral": {"volumeClaimTemplate": {"spec": {"resources": {"requests": {"storage": "1024Mi"}}}}}},
        {"name": "m", "emptyDir": {"medium": "Memory", "sizeLimit": "0.5Gi"}},
    ]});
    set_spec_defaults(spec.as_object_mut().unwrap());
    let want = json!([
        {"name": "h", "hostPath": {"path": "/x", "type": ""}},
        {"name": "p", "projected": {"defaultMode": 420, "sources": [{"serviceAccountToken": {"path": "t", "expirationSeconds": 3600}},
            {"downwardAPI": {"items": [{"path": "n", "fieldRef": {"apiVersion": "v1", "fieldPath": "metadata.name"}}]}}]}},
        {"name": "i", "iscsi": {"targetPortal": "x", "iscsiInterface": "default"}},
        {"name": "e", "ephemeral": {"volumeClaimTemplate": {"metadata": {}, "spec": {"volumeMode": "Filesystem", "resources": {"requests": {"storage": "1Gi"}}}}}},
        {"name": "m", "emptyDir": {"medium": "Memory", "sizeLimit": "512Mi"}},
    ]);
    assert_eq!(spec["volumes"], want);
}

#[test]
fn a_pods_own_resources() {
    let pod = |resources: Value| {
        let mut pod = Object::new("v1", "Pod", "default", "p");
        let container =
            json!({"name": "a", "resources": {"requests": {"cpu": "1"}, "limits": {"hugepages-2Mi": "2Mi"}}});
        pod.set("/spec", json!({"containers": [container], "resources": resources}));
        set_pod_defaults(&mut pod);
        pod.at("/spec/resources").cloned().unwrap()
    };
    assert_eq!(
        pod(json!({"limits": {"cpu": "4", "memory": "1Gi"}})),
        json!({"limits": {"cpu": "4", "memory": "1Gi", "hugepages-2Mi": "2Mi"},
            "requests": {"cpu": "1", "memory": "1Gi", "hugepages-2Mi": "2Mi"}})
    );
    assert_eq!(pod(json!({})), json!({}));
}
