//! The checks that the level `restricted` has besides those of `baseline`: what a hardened pod does not need.

use std::collections::BTreeSet;

use serde_json::{Map, Value};

use super::baseline::{adding, must_not_include, seccomp_fields};
use super::checks::{Pod, Violation, containers, plural, quoted};
use crate::kinds::pod::Fields;

/// The sources of volumes that are allowed.
const VOLUMES: [&str; 8] =
    ["configMap", "csi", "downwardAPI", "emptyDir", "ephemeral", "persistentVolumeClaim", "projected", "secret"];
/// The others by name; what is none of either is `unknown`.
const RESTRICTED_VOLUMES: [&str; 21] = [
    "hostPath",
    "gcePersistentDisk",
    "awsElasticBlockStore",
    "gitRepo",
    "nfs",
    "iscsi",
    "glusterfs",
    "rbd",
    "flexVolume",
    "cinder",
    "cephfs",
    "flocker",
    "fc",
    "azureFile",
    "vsphereVolume",
    "quobyte",
    "azureDisk",
    "photonPersistentDisk",
    "portworxVolume",
    "scaleIO",
    "storageos",
];

pub(super) fn allow_privilege_escalation(pod: &Pod<'_>) -> Option<Violation> {
    if pod.is_for_windows() {
        return None;
    }
    let is_off = |c: &Map<String, Value>| c.flag("allowPrivilegeEscalation") == Some(false);
    let bad = pod.names(|c| !c.section("securityContext").is_some_and(is_off));
    let detail = || format!("{} must set securityContext.allowPrivilegeEscalation=false", containers(&bad));
    (!bad.is_empty()).then(|| Violation::new("allowPrivilegeEscalation != false", detail()))
}

pub(super) fn capabilities(pod: &Pod<'_>) -> Option<Violation> {
    if pod.is_for_windows() {
        return None;
    }
    let drops_all =
        |c: &Map<String, Value>| c.section("capabilities").is_some_and(|c| c.texts("drop").contains(&"ALL"));
    let keeping = pod.names(|c| !c.section("securityContext").is_some_and(drops_all));
    let (bad, added) = adding(pod, |capability| capability == "NET_BIND_SERVICE");
    let mut details = Vec::new();
    if !keeping.is_empty() {
        details.push(format!("{} must set securityContext.capabilities.drop=[\"ALL\"]", containers(&keeping)));
    }
    if !bad.is_empty() {
        details.push(must_not_include(&bad, &added));
    }
    (!details.is_empty()).then(|| Violation::new("unrestricted capabilities", details.join("; ")))
}

pub(super) fn volumes(pod: &Pod<'_>) -> Option<Violation> {
    let has = |volume: &Value, source: &str| volume.field(source).is_some();
    let is_bad = |volume: &&Value| !VOLUMES.iter().any(|source| has(volume, source));
    let bad: Vec<&Value> = pod.spec.items("volumes").iter().filter(is_bad).collect();
    if bad.is_empty() {
        return None;
    }
    let source =
        |volume: &Value| RESTRICTED_VOLUMES.into_iter().find(|source| has(volume, source)).unwrap_or("unknown");
    let types: BTreeSet<&str> = bad.iter().map(|volume| source(volume)).collect();
    let types: Vec<&str> = types.into_iter().collect();
    let names: Vec<&str> = bad.iter().map(|volume| volume.text("name")).collect();
    let verb = if names.len() == 1 { "uses" } else { "use" };
    let detail = format!(
        "{} {} {verb} {} {}",
        plural("volume", names.len()),
        quoted(&names),
        plural("restricted volume type", types.len()),
        quoted(&types)
    );
    Some(Violation::new("restricted volume types", detail))
}

pub(super) fn run_as_non_root(pod: &Pod<'_>) -> Option<Violation> {
    if pod.has_users_of_its_own() {
        return None;
    }
    let reason = "runAsNonRoot != true";
    let setters = pod.setters(|context| context.flag("runAsNonRoot") == Some(false));
    if !setters.is_empty() {
        let detail = format!("{} must not set securityContext.runAsNonRoot=false", setters.join(" and "));
        return Some(Violation::new(reason, detail));
    }
    let says =
        |of: &Map<String, Value>| of.section("securityContext").is_some_and(|c| c.flag("runAsNonRoot").is_some());
    if says(pod.spec) {
        return None;
    }
    let silent = pod.names(|c| !says(c));
    let detail = || format!("pod or {} must set securityContext.runAsNonRoot=true", containers(&silent));
    (!silent.is_empty()).then(|| Violation::new(reason, detail()))
}

pub(super) fn run_as_user(pod: &Pod<'_>) -> Option<Violation> {
    if pod.has_users_of_its_own() {
        return None;
    }
    let setters = pod.setters(|context| context.int("runAsUser") == Some(0));
    let detail = || format!("{} must not set runAsUser=0", setters.join(" and "));
    (!setters.is_empty()).then(|| Violation::new("runAsUser=0", detail()))
}

pub(super) fn seccomp(pod: &Pod<'_>) -> Option<Violation> {
    if pod.is_for_windows() {
        return None;
    }
    let bad = seccomp_fields(pod);
    if bad.is_some() {
        return bad;
    }
    let says =
        |of: &Map<String, Value>| of.section("securityContext").is_some_and(|c| c.section("seccompProfile").is_some());
    if says(pod.spec) {
        return None;
    }
    let silent = pod.names(|c| !says(c));
    let detail = || {
        let must = "must set securityContext.seccompProfile.type to \"RuntimeDefault\" or \"Localhost\"";
        format!("pod or {} {must}", containers(&silent))
    };
    (!silent.is_empty()).then(|| Violation::new("seccompProfile", detail()))
}
