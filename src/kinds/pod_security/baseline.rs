//! The checks of the level `baseline`: what is known to lead out of a container.

use std::collections::BTreeSet;

use serde_json::{Map, Value};

use super::checks::{Pod, Violation, containers, plural, quoted};
use super::{SECCOMP_OF_CONTAINER, SECCOMP_OF_POD};
use crate::kinds::pod::Fields;

const APP_ARMOR_OF_CONTAINER: &str = "container.apparmor.security.beta.kubernetes.io/";

const DEFAULT_CAPABILITIES: [&str; 13] = [
    "AUDIT_WRITE",
    "CHOWN",
    "DAC_OVERRIDE",
    "FOWNER",
    "FSETID",
    "KILL",
    "MKNOD",
    "NET_BIND_SERVICE",
    "SETFCAP",
    "SETGID",
    "SETPCAP",
    "SETUID",
    "SYS_CHROOT",
];

/// The sysctls that are safe, each with the version that made it one of them.
const SYSCTLS: [(&str, u32); 12] = [
    ("kernel.shm_rmid_forced", 0),
    ("net.ipv4.ip_local_port_range", 0),
    ("net.ipv4.tcp_syncookies", 0),
    ("net.ipv4.ping_group_range", 0),
    ("net.ipv4.ip_unprivileged_port_start", 0),
    ("net.ipv4.ip_local_reserved_ports", 27),
    ("net.ipv4.tcp_keepalive_time", 29),
    ("net.ipv4.tcp_fin_timeout", 29),
    ("net.ipv4.tcp_keepalive_intvl", 29),
    ("net.ipv4.tcp_keepalive_probes", 29),
    ("net.ipv4.tcp_rmem", 32),
    ("net.ipv4.tcp_wmem", 32),
];

fn must_not_set(setters: &[String], what: &str) -> String {
    format!("{} must not set {what}", setters.join(" and "))
}

fn sorted(items: &BTreeSet<String>) -> Vec<&String> {
    items.iter().collect()
}

/// The type of a profile that a securityContext names and that is neither the runtime's own nor one of the node's.
fn bad_profile(context: &Map<String, Value>, field: &str) -> Option<String> {
    let kind = context.section(field)?.text("type");
    (!matches!(kind, "RuntimeDefault" | "Localhost")).then(|| kind.to_owned())
}

pub(super) fn app_armor(pod: &Pod<'_>) -> Option<Violation> {
    let mut bad = BTreeSet::new();
    let mut setters = pod.setters(|context| {
        let profile = bad_profile(context, "appArmorProfile");
        bad.extend(profile.clone());
        profile.is_some()
    });
    let is_allowed = |v: &str| v.is_empty() || v == "runtime/default" || v.starts_with("localhost/");
    let of_containers = pod.annotations.into_iter().flatten().filter(|(k, _)| k.starts_with(APP_ARMOR_OF_CONTAINER));
    let mut annotations: Vec<String> = of_containers
        .filter_map(|(key, value)| Some((key, value.as_str()?)))
        .filter(|(_, value)| !is_allowed(value))
        .map(|(key, value)| format!("{key}={value:?}"))
        .collect();
    annotations.sort();
    let mut values: Vec<String> = bad.into_iter().collect();
    if !annotations.is_empty() {
        setters.push(plural("annotation", annotations.len()));
        values.extend(annotations);
    }
    if setters.is_empty() {
        return None;
    }
    let reason = plural("forbidden AppArmor profile", values.len());
    let what = format!("AppArmor profile type to {}", quoted(&values));
    Some(Violation::new(&reason, must_not_set(&setters, &what)))
}

pub(super) fn capabilities(pod: &Pod<'_>) -> Option<Violation> {
    let (bad, added) = adding(pod, |capability| DEFAULT_CAPABILITIES.contains(&capability));
    (!bad.is_empty()).then(|| Violation::new("non-default capabilities", must_not_include(&bad, &added)))
}

/// The containers that add a capability that is not allowed, and those capabilities in order.
pub(super) fn adding<'p>(pod: &Pod<'p>, is_allowed: fn(&str) -> bool) -> (Vec<&'p str>, BTreeSet<String>) {
    let mut added = BTreeSet::new();
    let bad = pod.names(|container| {
        let context = container.section("securityContext").and_then(|c| c.section("capabilities"));
        let bad: Vec<&str> = context.map(|c| c.texts("add")).unwrap_or_default();
        let bad: Vec<String> = bad.into_iter().filter(|c| !is_allowed(c)).map(str::to_owned).collect();
        added.extend(bad.iter().cloned());
        !bad.is_empty()
    });
    (bad, added)
}

pub(super) fn must_not_include(bad: &[&str], added: &BTreeSet<String>) -> String {
    format!("{} must not include {} in securityContext.capabilities.add", containers(bad), quoted(&sorted(added)))
}

pub(super) fn host_namespaces(pod: &Pod<'_>) -> Option<Violation> {
    let fields = ["hostNetwork", "hostPID", "hostIPC"];
    let set: Vec<String> =
        fields.iter().filter(|f| pod.spec.flag(f) == Some(true)).map(|f| format!("{f}=true")).collect();
    (!set.is_empty()).then(|| Violation::new("host namespaces", set.join(", ")))
}

pub(super) fn host_path_volumes(pod: &Pod<'_>) -> Option<Violation> {
    let volumes = pod.spec.items("volumes").iter().filter(|v| v.field("hostPath").is_some());
    let names: Vec<&str> = volumes.map(|v| v.text("name")).collect();
    let detail = format!("{} {}", plural("volume", names.len()), quoted(&names));
    (!names.is_empty()).then(|| Violation::new("hostPath volumes", detail))
}

/// `container "a" uses hostPort 80`.
fn containers_use(bad: &[&str], what: &str, items: &[String], shown: &str) -> String {
    let verb = if bad.len() == 1 { "uses" } else { "use" };
    format!("{} {verb} {} {shown}", containers(bad), plural(what, items.len()))
}

pub(super) fn host_ports(pod: &Pod<'_>) -> Option<Violation> {
    let mut ports = BTreeSet::new();
    let bad = pod.names(|container| {
        let own: Vec<i64> = container.items("ports").iter().filter_map(|p| p.int("hostPort")).collect();
        let own: Vec<String> = own.into_iter().filter(|port| *port != 0).map(|port| port.to_string()).collect();
        ports.extend(own.iter().cloned());
        !own.is_empty()
    });
    let ports: Vec<String> = ports.into_iter().collect();
    let shown = ports.join(", ");
    (!bad.is_empty()).then(|| Violation::new("hostPort", containers_use(&bad, "hostPort", &ports, &shown)))
}

pub(super) fn host_probes(pod: &Pod<'_>) -> Option<Violation> {
    let mut hosts = BTreeSet::new();
    let mut bad = pod.names(|container| {
        let probes = ["livenessProbe", "readinessProbe", "startupProbe"].iter().filter_map(|p| container.section(p));
        let lifecycle = container.section("lifecycle");
        let hooks = ["postStart", "preStop"].iter().filter_map(|hook| lifecycle?.section(hook));
        let actions =
            probes.chain(hooks).flat_map(|h| ["httpGet", "tcpSocket"].into_iter().filter_map(|a| h.section(a)));
        let own: Vec<String> = actions.map(|a| a.text("host")).filter(|h| !h.is_empty()).map(str::to_owned).collect();
        hosts.extend(own.iter().cloned());
        !own.is_empty()
    });
    bad.sort_unstable();
    let hosts: Vec<String> = hosts.into_iter().collect();
    let reason = "probe or lifecycle host";
    (!bad.is_empty()).then(|| Violation::new(reason, containers_use(&bad, reason, &hosts, &quoted(&hosts))))
}

pub(super) fn privileged(pod: &Pod<'_>) -> Option<Violation> {
    let is_bad = |c: &Map<String, Value>| c.flag("privileged") == Some(true);
    let bad = pod.names(|c| c.section("securityContext").is_some_and(is_bad));
    let detail = || format!("{} must not set securityContext.privileged=true", containers(&bad));
    (!bad.is_empty()).then(|| Violation::new("privileged", detail()))
}

pub(super) fn proc_mount(pod: &Pod<'_>) -> Option<Violation> {
    if pod.has_users_of_its_own() {
        return None;
    }
    let mut types = BTreeSet::new();
    let bad = pod.names(|container| {
        let mount = container.section("securityContext").map_or("", |c| c.text("procMount"));
        let is_bad = !mount.is_empty() && mount != "Default";
        types.extend(is_bad.then(|| mount.to_owned()));
        is_bad
    });
    let detail =
        || format!("{} must not set securityContext.procMount to {}", containers(&bad), quoted(&sorted(&types)));
    (!bad.is_empty()).then(|| Violation::new("procMount", detail()))
}

pub(super) fn se_linux_options(pod: &Pod<'_>) -> Option<Violation> {
    let allows_engine = pod.version.is_at_least(31);
    let is_allowed = |t: &str| {
        matches!(t, "" | "container_t" | "container_init_t" | "container_kvm_t")
            || allows_engine && t == "container_engine_t"
    };
    let (mut types, mut sets_user, mut sets_role) = (BTreeSet::new(), false, false);
    let setters = pod.setters(|context| {
        let Some(options) = context.section("seLinuxOptions") else { return false };
        let kind = options.text("type");
        let (has_user, has_role) = (!options.text("user").is_empty(), !options.text("role").is_empty());
        types.extend((!is_allowed(kind)).then(|| kind.to_owned()));
        sets_user |= has_user;
        sets_role |= has_role;
        !is_allowed(kind) || has_user || has_role
    });
    if setters.is_empty() {
        return None;
    }
    let mut bad = Vec::new();
    if !types.is_empty() {
        bad.push(format!("{} {}", plural("type", types.len()), quoted(&sorted(&types))));
    }
    for (is_set, what) in [(sets_user, "user may not be set"), (sets_role, "role may not be set")] {
        bad.extend(is_set.then(|| what.to_owned()));
    }
    let detail = format!("{} set forbidden securityContext.seLinuxOptions: {}", setters.join(" and "), bad.join("; "));
    Some(Violation::new("seLinuxOptions", detail))
}

pub(super) fn seccomp(pod: &Pod<'_>) -> Option<Violation> {
    if !pod.version.is_at_least(19) {
        return seccomp_annotations(pod);
    }
    seccomp_fields(pod)
}

/// A profile that is named and forbidden, on the pod or its containers.
pub(super) fn seccomp_fields(pod: &Pod<'_>) -> Option<Violation> {
    let mut bad = BTreeSet::new();
    let setters = pod.setters(|context| {
        let profile = bad_profile(context, "seccompProfile");
        bad.extend(profile.clone());
        profile.is_some()
    });
    let what = format!("securityContext.seccompProfile.type to {}", quoted(&sorted(&bad)));
    (!setters.is_empty()).then(|| Violation::new("seccompProfile", must_not_set(&setters, &what)))
}

/// Before v1.19 a profile was an annotation.
fn seccomp_annotations(pod: &Pod<'_>) -> Option<Violation> {
    let of_containers = pod.containers.iter().map(|c| format!("{SECCOMP_OF_CONTAINER}{}", c.text("name")));
    let is_allowed = |v: &str| matches!(v, "runtime/default" | "docker/default") || v.starts_with("localhost/");
    let bad: BTreeSet<String> = std::iter::once(SECCOMP_OF_POD.to_owned())
        .chain(of_containers)
        .filter_map(|key| Some((pod.annotations?.get(&key)?.as_str()?, key)))
        .filter(|(value, _)| !is_allowed(value))
        .map(|(value, key)| format!("{key}={value:?}"))
        .collect();
    let bad: Vec<String> = bad.into_iter().collect();
    let detail = format!("forbidden {} {}", plural("annotation", bad.len()), bad.join(", "));
    (!bad.is_empty()).then(|| Violation::new("seccompProfile", detail))
}

pub(super) fn sysctls(pod: &Pod<'_>) -> Option<Violation> {
    let context = pod.spec.section("securityContext")?;
    let is_safe = |name: &str| SYSCTLS.iter().any(|(safe, since)| *safe == name && pod.version.is_at_least(*since));
    let names = context.items("sysctls").iter().map(|s| s.text("name"));
    let bad: Vec<&str> = names.filter(|name| !is_safe(name)).collect();
    (!bad.is_empty()).then(|| Violation::new("forbidden sysctls", bad.join(", ")))
}

pub(super) fn windows_host_process(pod: &Pod<'_>) -> Option<Violation> {
    let setters =
        pod.setters(|context| context.section("windowsOptions").is_some_and(|w| w.flag("hostProcess") == Some(true)));
    let what = "securityContext.windowsOptions.hostProcess=true";
    (!setters.is_empty()).then(|| Violation::new("hostProcess", must_not_set(&setters, what)))
}
