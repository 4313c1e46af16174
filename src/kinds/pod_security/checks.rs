//! Which checks a level has, in which order, and how what they find is told.

use serde_json::{Map, Value};

use super::policy::{Level, LevelVersion, Version};
use super::{baseline, restricted};
use crate::kinds::pod::Fields;

/// One thing that a level forbids: what it is, and where the pod does it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Violation {
    pub reason: String,
    pub detail: String,
}

impl Violation {
    pub fn new(reason: &str, detail: String) -> Violation {
        Violation { reason: reason.to_owned(), detail }
    }
}

/// A pod, or a template of one, as the checks look at it.
pub struct Pod<'p> {
    pub annotations: Option<&'p Map<String, Value>>,
    pub spec: &'p Map<String, Value>,
    /// Init containers, containers, ephemeral containers.
    pub containers: Vec<&'p Map<String, Value>>,
    pub version: Version,
}

impl<'p> Pod<'p> {
    fn new(template: &'p Map<String, Value>, spec: &'p Map<String, Value>, version: Version) -> Pod<'p> {
        let lists = ["initContainers", "containers", "ephemeralContainers"];
        let containers = lists.iter().flat_map(|list| spec.items(list)).filter_map(Value::as_object).collect();
        let annotations = template.section("metadata").and_then(|m| m.section("annotations"));
        Pod { annotations, spec, containers, version }
    }

    /// A pod with its own user namespace may, since v1.35, do inside it what reaches nothing outside.
    pub fn has_users_of_its_own(&self) -> bool {
        self.version.is_at_least(35) && self.spec.flag("hostUsers") == Some(false)
    }

    /// Whether the pod says it is for Windows, where some fields mean nothing: since v1.25 they are not asked for.
    pub fn is_for_windows(&self) -> bool {
        self.version.is_at_least(25) && self.spec.section("os").is_some_and(|os| os.text("name") == "windows")
    }

    /// The names of the containers that a rule holds for.
    pub fn names(&self, mut is_bad: impl FnMut(&Map<String, Value>) -> bool) -> Vec<&'p str> {
        self.containers.iter().filter(|c| is_bad(c)).map(|c| c.text("name")).collect()
    }

    /// The pod itself and its containers, as far as a rule about their securityContexts holds: `pod`, `container "a"`.
    pub fn setters(&self, mut is_bad: impl FnMut(&Map<String, Value>) -> bool) -> Vec<String> {
        let mut setters = Vec::new();
        if self.spec.section("securityContext").is_some_and(&mut is_bad) {
            setters.push("pod".to_owned());
        }
        let bad = self.names(|c| c.section("securityContext").is_some_and(&mut is_bad));
        if !bad.is_empty() {
            setters.push(containers(&bad));
        }
        setters
    }
}

type Check = fn(&Pod<'_>) -> Option<Violation>;

/// The checks of both levels in the order of their IDs, each with the version it came with. The level `restricted` puts
/// one of its own in the place of three of the first, from the version on that stands there.
const BASELINE: [(Check, u32, Option<u32>); 12] = [
    (baseline::app_armor, 0, None),
    (baseline::capabilities, 0, Some(22)),
    (baseline::host_namespaces, 0, None),
    (baseline::host_path_volumes, 0, Some(0)),
    (baseline::host_ports, 0, None),
    (baseline::host_probes, 34, None),
    (baseline::privileged, 0, None),
    (baseline::proc_mount, 0, None),
    (baseline::se_linux_options, 0, None),
    (baseline::seccomp, 0, Some(19)),
    (baseline::sysctls, 0, None),
    (baseline::windows_host_process, 0, None),
];
const RESTRICTED: [(Check, u32); 6] = [
    (restricted::allow_privilege_escalation, 8),
    (restricted::capabilities, 22),
    (restricted::volumes, 0),
    (restricted::run_as_non_root, 0),
    (restricted::run_as_user, 23),
    (restricted::seccomp, 19),
];

/// What a pod, or a template of one, does that a level forbids.
pub fn evaluate(policy: &LevelVersion, template: &Map<String, Value>) -> Vec<Violation> {
    if policy.level == Level::Privileged {
        return Vec::new();
    }
    let Some(spec) = template.section("spec") else { return Vec::new() };
    let version = policy.version;
    let pod = Pod::new(template, spec, version);
    let is_restricted = policy.level == Level::Restricted;
    let is_overridden = |by: Option<u32>| is_restricted && by.is_some_and(|since| version.is_at_least(since));
    let mut checks: Vec<Check> = BASELINE
        .iter()
        .filter(|(_, since, by)| version.is_at_least(*since) && !is_overridden(*by))
        .map(|(check, ..)| *check)
        .collect();
    if is_restricted {
        checks.extend(RESTRICTED.iter().filter(|(_, since)| version.is_at_least(*since)).map(|(check, _)| *check));
    }
    checks.iter().filter_map(|check| check(&pod)).collect()
}

/// `host namespaces, privileged`.
pub fn reasons(violations: &[Violation]) -> String {
    let reasons: Vec<&str> = violations.iter().map(|v| v.reason.as_str()).collect();
    reasons.join(", ")
}

/// `host namespaces (hostNetwork=true), privileged (container "c" must not set …)`.
pub fn detail(violations: &[Violation]) -> String {
    let told: Vec<String> = violations.iter().map(|v| format!("{} ({})", v.reason, v.detail)).collect();
    told.join(", ")
}

/// `"a", "b"`.
pub fn quoted<T: AsRef<str>>(items: &[T]) -> String {
    let quoted: Vec<String> = items.iter().map(|item| format!("\"{}\"", item.as_ref())).collect();
    quoted.join(", ")
}

/// `container "a"`, `containers "a", "b"`.
pub fn containers(names: &[&str]) -> String {
    format!("{} {}", plural("container", names.len()), quoted(names))
}

/// The word, with an `s` for all but one.
pub fn plural(word: &str, count: usize) -> String {
    if count == 1 { word.to_owned() } else { format!("{word}s") }
}
