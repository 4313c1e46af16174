use serde_json::json;

use super::super::defaults::set_pod_defaults;
use super::*;

const LABEL: &str = "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with an alphanumeric character (e.g. 'my-name',  or '123-abc', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?')";

/// What is wrong with a pod of this spec, after defaulting.
fn wrong(spec: Value) -> Vec<String> {
    let mut pod = Object::new("v1", "Pod", "default", "p");
    pod.set("/spec", spec);
    set_pod_defaults(&mut pod);
    pod.set("/spec/serviceAccountName", "default".into());
    validate_new(&pod).0.iter().map(ToString::to_string).collect()
}

/// What is wrong with a pod whose only container has these fields besides.
fn wrong_container(fields: Value) -> Vec<String> {
    let mut container = json!({"name": "a", "image": "nginx"});
    container.as_object_mut().unwrap().extend(fields.as_object().unwrap().clone());
    let volumes = json!([{"name": "v"}, {"name": "c", "persistentVolumeClaim": {"claimName": "c"}}]);
    wrong(json!({"containers": [container], "volumes": volumes}))
}

#[test]
fn the_reference() {
    // ../shared/golden/04-errors.json, bad-mount.yaml.
    let spec = json!({"containers": [{"name": "C", "image": "", "volumeMounts": [{"name": "nope", "mountPath": ""}]}]});
    assert_eq!(
        wrong(spec),
        [
            format!("spec.containers[0].name: Invalid value: \"C\": {LABEL}"),
            "spec.containers[0].image: Required value".to_owned(),
            "spec.containers[0].volumeMounts[0].name: Not found: \"nope\"".to_owned(),
            "spec.containers[0].volumeMounts[0].mountPath: Required value".to_owned(),
        ]
    );
    assert_eq!(wrong(json!({})), ["spec.containers: Required value"]);
}

#[test]
fn good_pods_pass() {
    assert_eq!(
        wrong_container(json!({
            "command": ["sh"], "env": [{"name": "A", "value": "b"}, {"name": "B", "valueFrom": {"fieldRef": {"fieldPath": "metadata.labels['app']"}}}],
            "envFrom": [{"configMapRef": {"name": "c"}, "prefix": "X_"}],
            "ports": [{"containerPort": 80, "name": "web"}, {"containerPort": 80, "protocol": "UDP"}],
            "resources": {"limits": {"cpu": "1", "memory": "1Gi", "example.com/gpu": 1}, "requests": {"cpu": "500m", "example.com/gpu": 1}},
            "volumeMounts": [{"name": "v", "mountPath": "/v", "subPath": "a/b"}],
            "volumeDevices": [{"name": "c", "devicePath": "/dev/x"}],
            "livenessProbe": {"tcpSocket": {"port": "web"}}, "readinessProbe": {"exec": {"command": ["true"]}, "successThreshold": 2},
            "startupProbe": {"grpc": {"port": 80}}, "lifecycle": {"preStop": {"sleep": {"seconds": 5}}},
            "securityContext": {"runAsUser": 0, "capabilities": {"add": ["NET_ADMIN"]}, "seccompProfile": {"type": "RuntimeDefault"}},
        })),
        [""; 0]
    );
}

#[test]
fn containers() {
    assert_eq!(
        wrong(json!({
            "containers": [{"name": "a", "image": " nginx"}, {"name": "a", "image": "nginx", "imagePullPolicy": "Sometimes"}],
            "initContainers": [
                {"name": "a", "image": "x", "livenessProbe": {"exec": {"command": ["x"]}}},
                {"name": "s", "image": "x", "restartPolicy": "Always", "livenessProbe": {"exec": {"command": ["x"]}}},
            ],
            "ephemeralContainers": [{"name": "e", "image": "x", "targetContainerName": "z"}],
        })),
        [
            "spec.containers[1].imagePullPolicy: Unsupported value: \"Sometimes\": supported values: \"Always\", \"IfNotPresent\", \"Never\"",
            "spec.containers[1].name: Duplicate value: \"a\"",
            "spec.initContainers[0].name: Duplicate value: \"a\"",
            "spec.initContainers[0].livenessProbe: Forbidden: may not be set for init containers without restartPolicy=Always",
            "spec.ephemeralContainers[0].targetContainerName: Not found: \"z\"",
            "spec.containers[0].image: Invalid value: \" nginx\": must not have leading or trailing whitespace",
            "spec.ephemeralContainers: Forbidden: cannot be set on create",
        ]
    );
}

#[test]
fn ports_and_variables() {
    assert_eq!(
        wrong_container(json!({
            "ports": [{"name": "HTTP"}, {"name": "web", "containerPort": 99999}, {"name": "web", "containerPort": 1, "protocol": "ICMP"}],
            "env": [{"name": "a=b"}, {"value": "x"}, {"name": "A", "value": "v", "valueFrom": {"fieldRef": {"fieldPath": "metadata.name"}}},
                {"name": "B", "valueFrom": {}}, {"name": "C", "valueFrom": {"fieldRef": {"fieldPath": "spec.nope"}}},
                {"name": "D", "valueFrom": {"fieldRef": {"fieldPath": "status.phase"}}}],
            "envFrom": [{}],
        })),
        [
            "spec.containers[0].ports[0].name: Invalid value: \"HTTP\": must contain only alpha-numeric characters (a-z, 0-9), and hyphens (-)",
            "spec.containers[0].ports[0].name: Invalid value: \"HTTP\": must contain at least one letter (a-z)",
            "spec.containers[0].ports[0].containerPort: Required value",
            "spec.containers[0].ports[1].containerPort: Invalid value: 99999: must be between 1 and 65535, inclusive",
            "spec.containers[0].ports[2].name: Duplicate value: \"web\"",
            "spec.containers[0].ports[2].protocol: Unsupported value: \"ICMP\": supported values: \"SCTP\", \"TCP\", \"UDP\"",
            "spec.containers[0].env[0].name: Invalid value: \"a=b\": a valid environment variable name must consist only of printable ASCII characters other than '='",
            "spec.containers[0].env[1].name: Required value",
            "spec.containers[0].env[2].valueFrom: Invalid value: \"\": may not be specified when `value` is not empty",
            "spec.containers[0].env[3].valueFrom: Invalid value: \"\": must specify one of: `fieldRef`, `resourceFieldRef`, `configMapKeyRef`, `secretKeyRef` or `fileKeyRef`",
            "spec.containers[0].env[4].valueFrom.fieldRef.fieldPath: Invalid value: \"spec.nope\": error converting fieldPath: field label not supported: spec.nope",
            "spec.containers[0].env[5].valueFrom.fieldRef.fieldPath: Unsupported value: \"status.phase\": supported values: \"metadata.name\", \"metadata.namespace\", \"metadata.uid\", \"spec.nodeName\", \"spec.serviceAccountName\", \"status.hostIP\", \"status.hostIPs\", \"status.podIP\", \"status.podIPs\"",
            "spec.containers[0].envFrom: Invalid value: \"\": must specify one of: `configMapRef` or `secretRef`",
        ]
    );
}

#[test]
fn resources_have_limits() {
    assert_eq!(
        wrong_container(json!({"resources": {
            "limits": {"cpu": "100m", "memory": "-1"},
            "requests": {"cpu": "200m", "disk": "1", "example.com/gpu": "1"},
        }})),
        [
            "spec.containers[0].resources.limits[memory]: Invalid value: \"-1\": must be greater than or equal to 0",
            "spec.containers[0].resources.requests: Invalid value: \"200m\": must be less than or equal to cpu limit of 100m",
            "spec.containers[0].resources.requests[disk]: Invalid value: \"disk\": must be a standard resource type or fully qualified",
            "spec.containers[0].resources.requests[disk]: Invalid value: \"disk\": must be a standard resource for containers",
            "spec.containers[0].resources.limits: Required value: Limit must be set for non overcommitable resources",
            "spec.containers[0].resources.requests[memory]: Invalid value: \"-1\": must be greater than or equal to 0",
        ]
    );
}

#[test]
fn mounts_and_devices() {
    assert_eq!(
        wrong_container(json!({
            "volumeMounts": [{"name": "v", "mountPath": "/a"}, {"name": "v", "mountPath": "/a", "subPath": "../x"},
                {"name": "c", "mountPath": "/c", "subPath": "/y", "mountPropagation": "Bidirectional"}],
            "volumeDevices": [{"name": "v", "devicePath": "/a/../b"}],
        })),
        [
            "spec.containers[0].volumeMounts[0].name: Invalid value: \"v\": must not already exist in volumeDevices",
            "spec.containers[0].volumeMounts[1].mountPath: Invalid value: \"/a\": must be unique",
            "spec.containers[0].volumeMounts[1].name: Invalid value: \"v\": must not already exist in volumeDevices",
            "spec.containers[0].volumeMounts.subPath: Invalid value: \"../x\": must not contain '..'",
            "spec.containers[0].volumeMounts.subPath: Invalid value: \"/y\": must be a relative path",
            "spec.containers[0].volumeMounts.mountPropagation: Forbidden: Bidirectional mount propagation is available only to privileged containers",
            "spec.containers[0].volumeDevices[0].name: Invalid value: \"v\": can only use volume source type of PersistentVolumeClaim or Ephemeral for block mode",
            "spec.containers[0].volumeDevices[0].devicePath: Invalid value: \"/a/../b\": can not contain backsteps ('..')",
            "spec.containers[0].volumeDevices[0].name: Invalid value: \"v\": must not already exist in volumeMounts",
        ]
    );
}

#[test]
fn volumes_have_one_source() {
    let volumes = json!([
        {"name": "a", "emptyDir": {}, "secret": {"secretName": "s"}},
        {"name": "b", "secret": {"items": [{"key": "k", "path": "../p", "mode": 511}]}},
        {"name": "c", "hostPath": {"path": "/x/..", "type": "Folder"}},
        {"name": "d", "configMap": {"defaultMode": 4096}},
        {"name": "e", "projected": {"sources": [{"serviceAccountToken": {"path": "t", "expirationSeconds": 5}}, {"secret": {"name": "s"}, "configMap": {"name": "c"}}]}},
        {"name": "f"}, {"name": "f"}, {"emptyDir": {}},
        {"name": "g", "downwardAPI": {"items": [{"path": "p"}]}},
        {"name": "h", "ephemeral": {}},
        {"name": "i", "iscsi": {"targetPortal": "p", "iqn": "nope"}}, {"name": "j", "iscsi": {"targetPortal": "p", "iqn": "iqn.2001-04.com.example:disk"}},
        {"name": "k", "nfs": {"server": "s", "path": "rel"}},
    ]);
    assert_eq!(
        wrong(json!({"containers": [{"name": "a", "image": "nginx"}], "volumes": volumes})),
        [
            "spec.volumes[0].secret: Forbidden: may not specify more than 1 volume type",
            "spec.volumes[1].secret.secretName: Required value",
            "spec.volumes[1].secret.items[0].path: Invalid value: \"../p\": must not contain '..'",
            "spec.volumes[2].hostPath.path: Invalid value: \"/x/..\": must not contain '..'",
            "spec.volumes[2].hostPath.type: Unsupported value: \"Folder\": supported values: \"\", \"BlockDevice\", \"CharDevice\", \"Directory\", \"DirectoryOrCreate\", \"File\", \"FileOrCreate\", \"Socket\"",
            "spec.volumes[3].configMap.name: Required value",
            "spec.volumes[3].configMap.defaultMode: Invalid value: 4096: must be a number between 0 and 0777 (octal), both inclusive",
            "spec.volumes[4].projected.sources[0].serviceAccountToken.expirationSeconds: Invalid value: 5: may not specify a duration less than 10 minutes",
            "spec.volumes[4].projected.sources[1]: Forbidden: may not specify more than 1 volume type per source",
            "spec.volumes[6].name: Duplicate value: \"f\"",
            "spec.volumes[7].name: Required value",
            "spec.volumes[8].downwardAPI: Required value: one of fieldRef and resourceFieldRef is required",
            "spec.volumes[9].ephemeral.volumeClaimTemplate: Required value",
            "spec.volumes[10].iscsi.iqn: Invalid value: \"nope\": must be valid format starting with iqn, eui, or naa",
            "spec.volumes[12].nfs.path: Invalid value: \"rel\": must be an absolute path",
        ]
    );
}

#[test]
fn probes_and_hooks() {
    assert_eq!(
        wrong_container(json!({
            "livenessProbe": {"successThreshold": 2, "httpGet": {"port": 0}, "exec": {"command": ["x"]}},
            "readinessProbe": {"periodSeconds": -1, "exec": {}, "terminationGracePeriodSeconds": 1},
            "startupProbe": {},
            "lifecycle": {"preStop": {"sleep": {"seconds": 60}}, "postStart": {"httpGet": {"port": "x y"}}},
        })),
        [
            "spec.containers[0].lifecycle.postStart.httpGet.port: Invalid value: \"x y\": must contain only alpha-numeric characters (a-z, 0-9), and hyphens (-)",
            "spec.containers[0].lifecycle.preStop.sleep: Invalid value: 60: must be non-negative and less than terminationGracePeriodSeconds (30)",
            "spec.containers[0].livenessProbe.httpGet: Forbidden: may not specify more than 1 handler type",
            "spec.containers[0].livenessProbe.successThreshold: Invalid value: 2: must be 1",
            "spec.containers[0].readinessProbe.exec.command: Required value",
            "spec.containers[0].readinessProbe.periodSeconds: Invalid value: -1: must be greater than or equal to 0",
            "spec.containers[0].readinessProbe.terminationGracePeriodSeconds: Invalid value: 1: must not be set for readinessProbes",
            "spec.containers[0].startupProbe: Required value: must specify a handler type",
        ]
    );
}

#[test]
fn the_rest_of_the_spec() {
    let mut spec = json!({
        "containers": [{"name": "a", "image": "nginx"}], "restartPolicy": "Often", "dnsPolicy": "None", "hostname": "a.b",
        "nodeSelector": {"a b": "c"}, "activeDeadlineSeconds": 0, "nodeName": "Node",
        "securityContext": {"runAsUser": -1, "fsGroupChangePolicy": "x", "seccompProfile": {"type": "Localhost"}},
        "affinity": {"nodeAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": {"nodeSelectorTerms": []}},
            "podAntiAffinity": {"preferredDuringSchedulingIgnoredDuringExecution": [{"weight": 0, "podAffinityTerm": {"topologyKey": "kubernetes.io/hostname"}}]}},
        "tolerations": [{"value": "x"}, {"key": "k", "operator": "Exists", "effect": "Never", "tolerationSeconds": 1}],
        "hostAliases": [{"ip": "1.2.3", "hostnames": ["A"]}],
    });
    spec["topologySpreadConstraints"] = json!([{"maxSkew": 0, "topologyKey": "", "whenUnsatisfiable": "Maybe"}]);
    let found = wrong(spec);
    let paths: Vec<&str> = found.iter().map(|e| e.split(": ").next().unwrap()).collect();
    assert_eq!(
        paths,
        [
            "spec.restartPolicy",
            "spec.nodeSelector",
            "spec.securityContext.runAsUser",
            "spec.securityContext.fsGroupChangePolicy",
            "spec.securityContext.seccompProfile.localhostProfile",
            "spec.affinity.nodeAffinity.requiredDuringSchedulingIgnoredDuringExecution.nodeSelectorTerms",
            "spec.affinity.podAntiAffinity.preferredDuringSchedulingIgnoredDuringExecution[0].weight",
            "spec.dnsConfig",
            "spec.topologySpreadConstraints[0].maxSkew",
            "spec.topologySpreadConstraints[0].topologyKey",
            "spec.topologySpreadConstraints[0].whenUnsatisfiable",
            "spec.nodeName",
            "spec.activeDeadlineSeconds",
            "spec.hostname",
            "spec.tolerations[0].operator",
            "spec.tolerations[1].effect",
            "spec.tolerations[1].effect",
            "spec.hostAliases[0].ip",
            "spec.hostAliases[0].hostnames[0]",
        ],
        "{found:#?}"
    );
    assert_eq!(
        found[0],
        "spec.restartPolicy: Unsupported value: \"Often\": supported values: \"Always\", \"OnFailure\", \"Never\""
    );
    assert_eq!(found[13], "spec.hostname: Invalid value: \"a.b\": must not contain dots");
}

#[test]
fn templates() {
    let mut template = json!({"metadata": {"labels": {"a b": "c"}}});
    super::super::set_template_defaults(template.as_object_mut().unwrap());
    let found: Vec<String> =
        validate_template(&template, &Path::new("spec").child("template")).0.iter().map(ToString::to_string).collect();
    assert_eq!(found.len(), 2);
    assert!(found[0].starts_with("spec.template.labels: Invalid value: \"a b\": name part"), "{found:?}");
    assert_eq!(found[1], "spec.template.spec.containers: Required value");
}

#[test]
fn a_pod_as_a_whole_covers_its_containers() {
    let container =
        json!({"name": "a", "image": "nginx", "resources": {"requests": {"cpu": "2"}, "limits": {"cpu": "4"}}});
    assert_eq!(
        wrong(
            json!({"containers": [container], "resources": {"requests": {"cpu": "1"}, "limits": {"cpu": "3"}, "claims": [{"name": "x"}]}})
        ),
        [
            "spec.resources.claims: Forbidden: claims cannot be set for Resources at pod-level",
            "spec.resources.claims[0]: Not found: \"x\": must be one of the names in pod.spec.resourceClaims which is empty",
            "spec.resources.requests[cpu]: Invalid value: \"1\": must be greater than or equal to aggregate container requests of 2",
            "spec.resources.containers[0][cpu].limits: Invalid value: \"4\": must be less than or equal to pod limits of 3",
        ]
    );
}

/// What is wrong with a pod of these annotations.
fn wrong_annotations(annotations: Value, spec: Value) -> Vec<String> {
    let mut pod = Object::new("v1", "Pod", "default", "p");
    pod.set("/metadata/annotations", annotations);
    pod.set("/spec", spec);
    set_pod_defaults(&mut pod);
    pod.set("/spec/serviceAccountName", "default".into());
    validate_new(&pod).0.iter().map(ToString::to_string).collect()
}

#[test]
fn annotations_that_came_before_fields() {
    let plain = json!({"containers": [{"name": "a", "image": "x"}]});
    let app_armor = "container.apparmor.security.beta.kubernetes.io";
    assert_eq!(
        wrong_annotations(
            json!({
                "kubernetes.io/config.mirror": "m", "controller.kubernetes.io/pod-deletion-cost": "+1",
                "scheduler.alpha.kubernetes.io/tolerations": "[{\"key\":\"a\",\"operator\":\"Foo\"}]",
                "seccomp.security.alpha.kubernetes.io/pod": "foo", "container.seccomp.security.alpha.kubernetes.io/a": "localhost//x",
                format!("{app_armor}/a"): "runtime/default", format!("{app_armor}/b"): "foo",
            }),
            plain
        ),
        [
            "metadata.annotations[kubernetes.io/config.mirror]: Invalid value: \"m\": must set spec.nodeName if mirror pod annotation is set",
            "metadata.annotations.scheduler.alpha.kubernetes.io/tolerations[0].operator: Unsupported value: \"Foo\": supported values: \"Equal\", \"Exists\"",
            "metadata.annotations[controller.kubernetes.io/pod-deletion-cost]: Invalid value: \"+1\": must be a 32bit integer",
            "metadata.annotations.seccomp.security.alpha.kubernetes.io/pod: Invalid value: \"foo\": must be a valid seccomp profile",
            "metadata.annotations.container.seccomp.security.alpha.kubernetes.io/a: Invalid value: \"/x\": must be a relative path",
            "metadata.annotations[container.apparmor.security.beta.kubernetes.io/b]: Invalid value: \"b\": container not found",
            "metadata.annotations[container.apparmor.security.beta.kubernetes.io/b]: Invalid value: \"foo\": invalid AppArmor profile name: \"foo\"",
        ]
    );
    assert_eq!(
        wrong_annotations(
            json!({
                "seccomp.security.alpha.kubernetes.io/pod": "docker/default",
                "container.seccomp.security.alpha.kubernetes.io/a": "localhost/x",
                format!("{app_armor}/a"): "unconfined",
            }),
            json!({
                "securityContext": {"seccompProfile": {"type": "RuntimeDefault"}, "appArmorProfile": {"type": "RuntimeDefault"}},
                "containers": [{"name": "a", "image": "x", "securityContext": {"seccompProfile": {"type": "Localhost", "localhostProfile": "y"}}}],
            })
        ),
        [
            "spec.containers[0].securityContext.seccompProfile.localhostProfile: Forbidden: seccomp profile in annotation and field must match",
            "spec.containers[0].securityContext.appArmorProfile.type: Forbidden: apparmor type in annotation and field must match",
        ]
    );
}

#[test]
fn windows() {
    let user = |name: &str| json!({"windowsOptions": {"runAsUserName": name}});
    let container = |name: &str, context: Value| json!({"name": name, "image": "x", "securityContext": context});
    let path = "spec.containers";
    assert_eq!(
        wrong(json!({
            "containers": [
                container("a", user("")), container("b", user("a\\b\\c")), container("c", user("NT AUTHORITY\\x:y")),
                container("d", user("ContainerUser")), container("e", json!({"windowsOptions": {"hostProcess": true}})),
            ],
        })),
        [
            format!("{path}[0].securityContext.windowsOptions.runAsUserName: Invalid value: \"\": runAsUserName cannot be an empty string"),
            format!("{path}[1].securityContext.windowsOptions.runAsUserName: Invalid value: \"a\\\\b\\\\c\": runAsUserName cannot contain more than one backslash"),
            format!("{path}[2].securityContext.windowsOptions.runAsUserName: Invalid value: \"NT AUTHORITY\\\\x:y\": runAsUserName's User cannot contain the following characters: \"/\\:;|=,+*?<>@[]"),
            "spec: Invalid value: \"\": If pod contains any hostProcess containers then all containers must be HostProcess containers".to_owned(),
            "spec.hostNetwork: Invalid value: false: hostNetwork must be true if pod contains any hostProcess containers".to_owned(),
        ]
    );
    assert_eq!(
        wrong(json!({
            "os": {"name": "windows"}, "hostPID": true,
            "securityContext": {"fsGroup": 1, "seccompProfile": {"type": "RuntimeDefault"}, "sysctls": []},
            "containers": [{"name": "a", "image": "x"}],
        })),
        [
            "spec.hostPID: Forbidden: cannot be set for a windows pod",
            "spec.securityContext.seccompProfile: Forbidden: cannot be set for a windows pod",
            "spec.securityContext.fsGroup: Forbidden: cannot be set for a windows pod",
        ]
    );
}

#[test]
fn label_keys_and_resources_of_a_pod() {
    assert_eq!(
        wrong(json!({
            "containers": [{"name": "a", "image": "x"}],
            "resources": {"requests": {"ephemeral-storage": "1Gi", "cpu": "1"}},
            "volumes": [{"name": "i", "image": {"pullPolicy": "Always"}}],
            "topologySpreadConstraints": [{
                "maxSkew": 1, "topologyKey": "k", "whenUnsatisfiable": "ScheduleAnyway", "matchLabelKeys": ["app", "tier"],
                "labelSelector": {"matchLabels": {"app": "x"}, "matchExpressions": [{"key": "app", "operator": "In", "values": ["x"]}]},
            }],
        })),
        [
            "spec.volumes[0].image.reference: Required value",
            "spec.resources.requests[ephemeral-storage]: Unsupported value: \"ephemeral-storage\": supported values: \"cpu\", \"hugepages-\", \"memory\"",
            "spec.topologySpreadConstraints[0][0]: Invalid value: \"app\": exists in both matchLabelKeys and labelSelector",
        ]
    );
}
