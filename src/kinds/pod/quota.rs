//! What a pod uses of a quota: itself, and what its containers ask for while it lives.

use serde_json::{Map, Value};

use super::aggregate::{self, Amounts};
use super::fields::Fields;
use super::qos;
use crate::apimachinery::object::Object;
use crate::apimachinery::quantity::Quantity;
use crate::kinds::quota::{self, Evaluator};

/// The evaluator of pods.
pub struct PodQuota;

const TRACKED: [&str; 11] = [
    "count/pods",
    "cpu",
    "memory",
    "ephemeral-storage",
    "requests.cpu",
    "requests.memory",
    "requests.ephemeral-storage",
    "limits.cpu",
    "limits.memory",
    "limits.ephemeral-storage",
    "pods",
];

/// What each container has to say something about where a quota limits it.
const REQUIRED: [&str; 6] = ["cpu", "memory", "requests.cpu", "requests.memory", "limits.cpu", "limits.memory"];

impl Evaluator for PodQuota {
    fn tracks(&self, _: &str, name: &str) -> bool {
        let extended = name.starts_with("requests.") && name.contains('/') && !name.contains("kubernetes.io/");
        TRACKED.contains(&name) || name.starts_with("hugepages-") || name.starts_with("requests.hugepages-") || extended
    }

    /// A pod that has ended counts as an object only.
    fn usage(&self, _: &str, pod: &Object) -> Amounts {
        let mut used = Amounts::from([("count/pods".to_owned(), quota::one())]);
        if matches!(pod.str_at("/status/phase"), "Failed" | "Succeeded") {
            return used;
        }
        if let Some(spec) = pod.map_at("/spec") {
            used.extend(compute(&of_pod(spec, "requests"), &of_pod(spec, "limits")));
        }
        used
    }

    fn is_in_scope(&self, selector: &Value, pod: &Object) -> bool {
        let is_terminating = pod.i64_at("/spec/activeDeadlineSeconds").is_some_and(|s| s >= 0);
        match selector.text("scopeName") {
            "Terminating" => is_terminating,
            "NotTerminating" => !is_terminating,
            "BestEffort" => qos::class(pod) == "BestEffort",
            "NotBestEffort" => qos::class(pod) != "BestEffort",
            "PriorityClass" => {
                let class = pod.str_at("/spec/priorityClassName");
                quota::takes(selector, if class.is_empty() { &[] } else { std::slice::from_ref(&class) })
            }
            "CrossNamespacePodAffinity" => crosses_namespaces(pod),
            _ => false,
        }
    }

    fn missing(&self, required: &[&str], pod: &Object) -> Option<String> {
        let mut required: Vec<&str> = required.iter().copied().filter(|name| REQUIRED.contains(name)).collect();
        required.sort_unstable();
        let containers = pod.list_at("/spec/containers").iter().chain(pod.list_at("/spec/initContainers"));
        let said: Vec<(&str, Amounts)> = containers
            .map(|c| (c.text("name"), compute(&aggregate::amounts(c, "requests"), &aggregate::amounts(c, "limits"))))
            .collect();
        let of_resource = |resource: &&str| {
            let silent = said.iter().filter(|(_, said)| !said.contains_key(*resource));
            let mut names: Vec<&str> = silent.map(|(name, _)| *name).collect();
            names.sort_unstable();
            names.dedup();
            (!names.is_empty()).then(|| format!("{resource} for: {}", names.join(",")))
        };
        let missing: Vec<String> = required.iter().filter_map(of_resource).collect();
        (!missing.is_empty()).then(|| format!("must specify {}", missing.join("; ")))
    }
}

/// What a pod asks for in all: its own resources before its containers', and what it costs to run it.
pub(super) fn of_pod(spec: &Map<String, Value>, part: &str) -> Amounts {
    let mut sum = aggregate::of_all(spec, part);
    let whole = spec.section("resources").and_then(|r| r.section(part));
    let whole = whole.into_iter().flatten().filter_map(|(n, v)| Some((n.clone(), Quantity::from_value(v).ok()?)));
    sum.extend(whole);
    for (name, amount) in spec.section("overhead").into_iter().flatten() {
        let Ok(amount) = Quantity::from_value(amount) else { continue };
        // A pod without a limit does not get one from its overhead.
        if part == "requests" || sum.contains_key(name) {
            let total = sum.entry(name.clone()).or_insert(Quantity::ZERO);
            *total = total.add(&amount);
        }
    }
    sum
}

/// Requests and limits under the names that quotas have for them.
fn compute(requests: &Amounts, limits: &Amounts) -> Amounts {
    let mut used = Amounts::from([("pods".to_owned(), quota::one())]);
    for name in ["cpu", "memory", "ephemeral-storage"] {
        if let Some(amount) = requests.get(name) {
            used.insert(name.to_owned(), amount.clone());
            used.insert(format!("requests.{name}"), amount.clone());
        }
        if let Some(amount) = limits.get(name) {
            used.insert(format!("limits.{name}"), amount.clone());
        }
    }
    for (name, amount) in requests {
        if name.starts_with("hugepages-") {
            used.insert(name.clone(), amount.clone());
        }
        let extended = name.contains('/') && !name.contains("kubernetes.io/") && !name.starts_with("requests.");
        if extended || name.starts_with("hugepages-") {
            used.insert(format!("requests.{name}"), amount.clone());
        }
    }
    used
}

/// Whether any of a pod's affinity terms looks at pods of other namespaces.
fn crosses_namespaces(pod: &Object) -> bool {
    let crosses = |term: &Value| !term.items("namespaces").is_empty() || term.field("namespaceSelector").is_some();
    ["podAffinity", "podAntiAffinity"].iter().any(|kind| {
        let of =
            |when: &str| pod.list_at(&format!("/spec/affinity/{kind}/{when}DuringSchedulingIgnoredDuringExecution"));
        of("required").iter().any(crosses)
            || of("preferred").iter().filter_map(|t| t.get("podAffinityTerm")).any(crosses)
    })
}
