//! What a Job's policies make of its pods' ends: failures that count, do not, fail an index or the whole Job; and when enough
//! indexes have succeeded.
//!
//! As pod_failure_policy.go, success_policy.go and backoff_utils.go of upstream's Job controller. Pure; knows no cluster.

use chrono::TimeDelta;
use serde_json::Value;

use super::indexes::{self, Indexes};
use crate::apimachinery::object::Object;
use crate::apimachinery::time::{self, Time};
use crate::kinds::pod::Fields;

/// On a pod of a Job that limits the failures of each index: how often its index had failed before.
pub const FAILURES: &str = "batch.kubernetes.io/job-index-failure-count";
/// The same for the failures that a policy ignored.
pub const IGNORED: &str = "batch.kubernetes.io/job-index-ignored-failure-count";

/// What a failed pod means.
#[derive(Clone, Debug, PartialEq)]
pub enum Verdict {
    /// One failure more.
    Count,
    /// No failure at all.
    Ignore,
    /// One failure more, and no other attempt at the pod's index.
    FailIndex,
    /// The end of the Job, in these words.
    FailJob(String),
}

/// Judges a failed pod by the first rule that fits it.
pub fn verdict(spec: &Value, pod: &Object) -> Verdict {
    let rules = spec.field("podFailurePolicy").map(|p| p.items("rules")).unwrap_or_default();
    for (i, rule) in rules.iter().enumerate() {
        let Some(told) = matches(rule, pod) else { continue };
        match rule.text("action") {
            "Ignore" => return Verdict::Ignore,
            "Count" => return Verdict::Count,
            "FailIndex" if spec.field("backoffLimitPerIndex").is_some() => return Verdict::FailIndex,
            "FailJob" => return Verdict::FailJob(format!("{told} matching FailJob rule at index {i}")),
            _ => {}
        }
    }
    Verdict::Count
}

/// How a rule fits a pod, in words.
fn matches(rule: &Value, pod: &Object) -> Option<String> {
    let name = format!("{}/{}", pod.namespace(), pod.name());
    if let Some(codes) = rule.field("onExitCodes") {
        let (container, code) = failed_container(codes, pod)?;
        return Some(format!("Container {container} for pod {name} failed with exit code {code}"));
    }
    let patterns = rule.items("onPodConditions");
    let fits =
        |c: &&Value| patterns.iter().any(|p| p.text("type") == c.text("type") && p.text("status") == c.text("status"));
    let condition = pod.list_at("/status/conditions").iter().find(fits)?;
    Some(format!("Pod {name} has condition {}", condition.text("type")))
}

fn failed_container<'p>(codes: &Value, pod: &'p Object) -> Option<(&'p str, i64)> {
    let named = codes.field("containerName").and_then(Value::as_str);
    let values = codes.items("values");
    let statuses = pod.list_at("/status/containerStatuses").iter().chain(pod.list_at("/status/initContainerStatuses"));
    for status in statuses.filter(|s| named.is_none_or(|name| s.text("name") == name)) {
        let Some(code) = status.pointer("/state/terminated/exitCode").and_then(Value::as_i64) else { continue };
        let is_listed = values.iter().any(|v| v.as_i64() == Some(code));
        let fits = if codes.text("operator") == "In" { is_listed } else { !is_listed };
        if code != 0 && fits {
            return Some((status.text("name"), code));
        }
    }
    None
}

/// What fits a Job that is done before all of its indexes are: `Matched rules at index 0`.
pub fn success(spec: &Value, succeeded: &Indexes) -> Option<String> {
    let rules = spec.field("successPolicy").map(|p| p.items("rules")).unwrap_or_default();
    let fits = |rule: &Value| {
        let count = rule.int("succeededCount");
        match rule.field("succeededIndexes").and_then(Value::as_str).map(Indexes::parse) {
            Some(wanted) => {
                let done = wanted.iter().filter(|i| succeeded.contains(*i)).count();
                done as i64 >= count.unwrap_or(wanted.len() as i64)
            }
            None => count.is_some_and(|count| succeeded.len() as i64 >= count),
        }
    };
    rules.iter().position(fits).map(|i| format!("Matched rules at index {i}"))
}

/// How often an index has failed by the time a pod of it has, and how often that was ignored.
pub fn counts_after(spec: &Value, pod: &Object) -> (i64, i64) {
    let count = |key: &str| pod.annotation(key).and_then(|n| n.parse::<i64>().ok()).unwrap_or(0);
    match verdict(spec, pod) {
        Verdict::Ignore => (count(FAILURES), count(IGNORED) + 1),
        _ => (count(FAILURES) + 1, count(IGNORED)),
    }
}

/// Whether there is to be no pod of the index of a failed pod any more; only where the failures of each index are limited.
pub fn fails_index(spec: &Value, pod: &Object) -> bool {
    let Some(limit) = spec.int("backoffLimitPerIndex") else { return false };
    verdict(spec, pod) == Verdict::FailIndex || counts_after(spec, pod).0 > limit
}

/// The last failed pod of an index.
pub fn last_failed<'p>(pods: impl Iterator<Item = &'p Object>, index: i64) -> Option<&'p Object> {
    let failed = pods.filter(|p| p.str_at("/status/phase") == "Failed" && indexes::of_pod(p) == Some(index));
    failed.max_by_key(|p| {
        let count = |key: &str| p.annotation(key).and_then(|n| n.parse::<i64>().ok()).unwrap_or(0);
        count(FAILURES) + count(IGNORED)
    })
}

/// When the next pod of an index may be made after one that failed: ten seconds later, doubled with each failure before it.
pub fn next_attempt(spec: &Value, pod: &Object, first: i64, longest: i64) -> Option<Time> {
    let (failures, ignored) = counts_after(spec, pod);
    let doubled = first << u32::try_from(failures + ignored - 1).unwrap_or(0).min(20);
    ended_at(pod)?.checked_add_signed(TimeDelta::try_seconds(doubled.min(longest))?)
}

fn ended_at(pod: &Object) -> Option<Time> {
    let statuses = pod.list_at("/status/containerStatuses").iter();
    let ends = statuses.filter_map(|s| s.pointer("/state/terminated/finishedAt")?.as_str());
    ends.filter_map(time::parse).max()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn failed(exit_code: i64, conditions: Value) -> Object {
        Object::from_value(json!({
            "metadata": {"name": "p", "namespace": "ns"},
            "status": {
                "phase": "Failed", "conditions": conditions,
                "containerStatuses": [
                    {"name": "side", "state": {"terminated": {"exitCode": 0}}},
                    {"name": "main", "state": {"terminated": {"exitCode": exit_code, "finishedAt": "2026-01-01T00:00:00Z"}}},
                ],
            },
        }))
        .unwrap()
    }

    #[test]
    fn the_first_rule_that_fits_decides() {
        let spec = json!({"backoffLimitPerIndex": 1, "podFailurePolicy": {"rules": [
            {"action": "Ignore", "onPodConditions": [{"type": "DisruptionTarget", "status": "True"}]},
            {"action": "FailJob", "onExitCodes": {"containerName": "main", "operator": "In", "values": [42]}},
            {"action": "FailIndex", "onExitCodes": {"operator": "In", "values": [7]}},
            {"action": "Count", "onExitCodes": {"containerName": "main", "operator": "NotIn", "values": [3]}},
        ]}});
        let disrupted = json!([{"type": "DisruptionTarget", "status": "True"}]);
        assert_eq!(verdict(&spec, &failed(42, disrupted)), Verdict::Ignore);
        let told = "Container main for pod ns/p failed with exit code 42 matching FailJob rule at index 1";
        assert_eq!(verdict(&spec, &failed(42, json!([]))), Verdict::FailJob(told.to_owned()));
        assert_eq!(verdict(&spec, &failed(7, json!([]))), Verdict::FailIndex);
        assert_eq!(verdict(&spec, &failed(3, json!([]))), Verdict::Count);
        let of_condition = json!({"podFailurePolicy": {"rules": [
            {"action": "FailJob", "onPodConditions": [{"type": "ConfigIssue", "status": "True"}]},
        ]}});
        let pod = failed(1, json!([{"type": "ConfigIssue", "status": "True"}]));
        let told = "Pod ns/p has condition ConfigIssue matching FailJob rule at index 0";
        assert_eq!(verdict(&of_condition, &pod), Verdict::FailJob(told.to_owned()));
    }

    #[test]
    fn a_job_may_succeed_early() {
        let cases = [
            (json!({"succeededCount": 2}), "0", None),
            (json!({"succeededCount": 2}), "0,5", Some("Matched rules at index 0")),
            (json!({"succeededIndexes": "0,2-3"}), "0-2", None),
            (json!({"succeededIndexes": "0,2-3"}), "0-3", Some("Matched rules at index 0")),
            (json!({"succeededIndexes": "0,2-3", "succeededCount": 1}), "3", Some("Matched rules at index 0")),
            (json!({"succeededIndexes": "0,2-3", "succeededCount": 1}), "1,4", None),
        ];
        for (rule, done, want) in cases {
            let spec = json!({"successPolicy": {"rules": [rule]}});
            assert_eq!(success(&spec, &Indexes::parse(done)).as_deref(), want, "{spec} {done}");
        }
    }

    #[test]
    fn an_index_fails_after_its_limit() {
        let spec = json!({"backoffLimitPerIndex": 1});
        let mut pod = failed(1, json!([]));
        assert!(!fails_index(&spec, &pod));
        assert_eq!(counts_after(&spec, &pod), (1, 0));
        assert_eq!(next_attempt(&spec, &pod, 10, 600), time::parse("2026-01-01T00:00:10Z"));
        pod.set_annotation(FAILURES, "1");
        assert!(fails_index(&spec, &pod));
        assert_eq!(next_attempt(&spec, &pod, 10, 600), time::parse("2026-01-01T00:00:20Z"));
    }
}
