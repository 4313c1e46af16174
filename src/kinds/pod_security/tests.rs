use serde_json::json;

use super::checks::{detail, evaluate};
use super::policy::{Level, LevelVersion, Policy, Version};
use crate::apimachinery::object::Object;

fn told(level: Level, version: Version, spec: serde_json::Value) -> String {
    let template = json!({"metadata": {}, "spec": spec});
    detail(&evaluate(&LevelVersion { level, version }, template.as_object().unwrap()))
}

fn hardened() -> serde_json::Value {
    json!({
        "securityContext": {"runAsNonRoot": true, "seccompProfile": {"type": "RuntimeDefault"}},
        "containers": [{"name": "c", "securityContext": {
            "allowPrivilegeEscalation": false, "capabilities": {"drop": ["ALL"], "add": ["NET_BIND_SERVICE"]}}}],
        "volumes": [{"name": "v", "emptyDir": {}}],
    })
}

#[test]
fn every_baseline_check_is_told_in_the_order_of_ids() {
    let spec = json!({
        "hostPID": true, "hostNetwork": true,
        "securityContext": {
            "sysctls": [{"name": "kernel.msgmax"}, {"name": "net.ipv4.tcp_rmem"}],
            "seLinuxOptions": {"user": "u"},
            "windowsOptions": {"hostProcess": true},
            "appArmorProfile": {"type": "Unconfined"}},
        "initContainers": [{"name": "i", "ports": [{"hostPort": 81}, {"hostPort": 80}]}],
        "containers": [
            {"name": "c", "ports": [{"hostPort": 80}], "livenessProbe": {"httpGet": {"host": "h"}},
             "securityContext": {"privileged": true, "procMount": "Unmasked", "capabilities": {"add": ["SYS_ADMIN"]},
                                 "seccompProfile": {"type": "Unconfined"}}}],
        "volumes": [{"name": "v", "hostPath": {"path": "/"}}, {"name": "w", "hostPath": {"path": "/"}}],
    });
    assert_eq!(
        told(Level::Baseline, Version::Latest, spec),
        "forbidden AppArmor profile (pod must not set AppArmor profile type to \"Unconfined\"), \
         non-default capabilities (container \"c\" must not include \"SYS_ADMIN\" in securityContext.capabilities.add), \
         host namespaces (hostNetwork=true, hostPID=true), hostPath volumes (volumes \"v\", \"w\"), \
         hostPort (containers \"i\", \"c\" use hostPorts 80, 81), \
         probe or lifecycle host (container \"c\" uses probe or lifecycle host \"h\"), \
         privileged (container \"c\" must not set securityContext.privileged=true), \
         procMount (container \"c\" must not set securityContext.procMount to \"Unmasked\"), \
         seLinuxOptions (pod set forbidden securityContext.seLinuxOptions: user may not be set), \
         seccompProfile (container \"c\" must not set securityContext.seccompProfile.type to \"Unconfined\"), \
         forbidden sysctls (kernel.msgmax), \
         hostProcess (pod must not set securityContext.windowsOptions.hostProcess=true)"
    );
}

#[test]
fn restricted_puts_its_own_checks_in_place_of_three() {
    let spec = json!({
        "containers": [{"name": "c", "securityContext": {"runAsUser": 0, "capabilities": {"add": ["SYS_ADMIN"]}}}],
        "volumes": [{"name": "v", "hostPath": {"path": "/"}}],
    });
    assert_eq!(
        told(Level::Restricted, Version::Latest, spec.clone()),
        "allowPrivilegeEscalation != false (container \"c\" must set securityContext.allowPrivilegeEscalation=false), \
         unrestricted capabilities (container \"c\" must set securityContext.capabilities.drop=[\"ALL\"]; container \"c\" \
         must not include \"SYS_ADMIN\" in securityContext.capabilities.add), \
         restricted volume types (volume \"v\" uses restricted volume type \"hostPath\"), \
         runAsNonRoot != true (pod or container \"c\" must set securityContext.runAsNonRoot=true), \
         runAsUser=0 (container \"c\" must not set runAsUser=0), \
         seccompProfile (pod or container \"c\" must set securityContext.seccompProfile.type to \"RuntimeDefault\" or \
         \"Localhost\")"
    );
    assert_eq!(
        told(Level::Restricted, Version::Minor(7), spec),
        "non-default capabilities (container \"c\" must not include \"SYS_ADMIN\" in securityContext.capabilities.add), \
         restricted volume types (volume \"v\" uses restricted volume type \"hostPath\"), \
         runAsNonRoot != true (pod or container \"c\" must set securityContext.runAsNonRoot=true)"
    );
    assert_eq!(told(Level::Restricted, Version::Latest, hardened()), "");
}

#[test]
fn versions_and_pods_that_need_less() {
    let sysctl = json!({"securityContext": {"sysctls": [{"name": "net.ipv4.tcp_rmem"}]}, "containers": []});
    assert_eq!(told(Level::Baseline, Version::Minor(31), sysctl.clone()), "forbidden sysctls (net.ipv4.tcp_rmem)");
    assert_eq!(told(Level::Baseline, Version::Minor(32), sysctl), "");
    let windows =
        json!({"os": {"name": "windows"}, "securityContext": {"runAsNonRoot": true}, "containers": [{"name": "c"}]});
    assert_eq!(told(Level::Restricted, Version::Latest, windows.clone()), "");
    assert!(told(Level::Restricted, Version::Minor(24), windows).starts_with("allowPrivilegeEscalation"));
    let mut own_users = hardened();
    own_users["hostUsers"] = false.into();
    own_users["securityContext"]["runAsNonRoot"] = false.into();
    assert_eq!(told(Level::Restricted, Version::Latest, own_users), "");
}

#[test]
fn labels_that_cannot_be_read_are_strict_where_enforced() {
    let mut namespace = Object::new("v1", "Namespace", "", "n");
    for (mode, value) in
        [("enforce", "strict"), ("warn", "none"), ("audit-version", "v1.07"), ("warn-version", "v1.30")]
    {
        namespace.set_label(&format!("pod-security.kubernetes.io/{mode}"), value);
    }
    let (policy, errors) = Policy::of(&namespace);
    assert_eq!(policy.enforce.to_string(), "restricted:latest");
    assert_eq!(policy.warn.to_string(), "privileged:v1.30");
    assert_eq!(
        errors.0.iter().map(|e| format!("{}: {}", e.field, e.body)).collect::<Vec<_>>(),
        [
            "metadata.labels[pod-security.kubernetes.io/enforce]: Invalid value: \"strict\": must be one of privileged, baseline, restricted",
            "metadata.labels[pod-security.kubernetes.io/audit-version]: Invalid value: \"v1.07\": must be \"latest\" or \"v1.x\"",
            "metadata.labels[pod-security.kubernetes.io/warn]: Invalid value: \"none\": must be one of privileged, baseline, restricted",
        ]
    );
}
