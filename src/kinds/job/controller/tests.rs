use super::back_off::FAILURES;
use super::*;
use crate::apimachinery::key::Key;
use crate::kinds::empty_store::{EmptyStore, put};

fn job(cluster: &mut Cluster, spec: Value, status: Value) -> Arc<Object> {
    let mut job = Object::new("batch/v1", "Job", "default", "pi");
    job.set("/metadata/uid", "job".into());
    job.set("/spec", spec);
    job.set("/spec/selector", json!({"matchLabels": {"job": "pi"}}));
    job.set("/status", status);
    put(cluster, &job)
}

fn pod(cluster: &mut Cluster, name: &str, phase: &str, index: Option<i64>) {
    let mut pod = Object::new("v1", "Pod", "default", name);
    pod.set("/metadata/uid", name.into());
    pod.set_label("job", "pi");
    pod.add_finalizer(TRACKING);
    if let Some(index) = index {
        indexes::give(&mut pod, "pi", index);
    }
    pod.set("/metadata/ownerReferences", json!([{"uid": "job", "controller": true}]));
    pod.set("/status/phase", phase.into());
    put(cluster, &pod);
}

/// What a look plans, in a word each; and the status that it sets.
fn look(job: &Arc<Object>, cluster: &Cluster) -> (Vec<String>, Object) {
    let plan = reconcile(job, cluster, cluster.now()).unwrap();
    let mut status = Object::clone(job);
    let words = plan.actions.iter().map(|action| match action {
        Action::CreateOrTell(pod, _) => format!("create {}", &pod.name()[..pod.name().len() - 5]),
        Action::Update(pod) => format!("release {}", pod.name()),
        Action::UpdateStatus(new) => {
            status = new.clone();
            "status".to_owned()
        }
        Action::Delete { key, .. } => format!("delete {}", key.name),
        Action::Event(event) => event.reason.to_owned(),
        other => format!("{other:?}"),
    });
    (words.collect(), status)
}

#[test]
fn a_job_runs_until_enough_have_succeeded() {
    let mut cluster = Cluster::new(&EmptyStore);
    let spec = json!({"completions": 2, "parallelism": 2});
    let fresh = job(&mut cluster, spec.clone(), json!({}));
    let (words, status) = look(&fresh, &cluster);
    assert_eq!(words, ["status", "create pi-", "SuccessfulCreate", "create pi-", "SuccessfulCreate"]);
    assert!(status.at("/status/startTime").is_some());

    pod(&mut cluster, "a", "Succeeded", None);
    let half = job(&mut cluster, spec.clone(), json!({"startTime": "2026-01-01T00:00:00Z"}));
    let (words, status) = look(&half, &cluster);
    assert_eq!(words, ["status", "release a", "status", "create pi-", "SuccessfulCreate"]);
    assert_eq!(status.i64_at("/status/succeeded"), Some(1));

    let last = job(&mut cluster, spec, json!({"startTime": "2026-01-01T00:00:00Z", "succeeded": 1}));
    let (words, status) = look(&last, &cluster);
    assert_eq!(words, ["status", "release a", "status", "Completed"]);
    assert_eq!((status.i64_at("/status/succeeded"), has_condition(&status, "Complete")), (Some(2), true));
    let plan = reconcile(&last, &cluster, cluster.now()).unwrap();
    let Some(Action::UpdateStatus(before)) = plan.actions.iter().find(|a| matches!(a, Action::UpdateStatus(_))) else {
        panic!("no status is planned");
    };
    assert_eq!((before.i64_at("/status/succeeded"), has_condition(before, "Complete")), (Some(1), false));
    assert!(has_condition(before, "SuccessCriteriaMet"));
    assert_eq!(before.list_at("/status/uncountedTerminatedPods/succeeded").len(), 1);
}

#[test]
fn too_many_failures_end_it() {
    let mut cluster = Cluster::new(&EmptyStore);
    let spec = json!({"completions": 2, "parallelism": 2, "backoffLimit": 0});
    let started = json!({"startTime": "2026-01-01T00:00:00Z"});
    pod(&mut cluster, "a", "Failed", None);
    pod(&mut cluster, "b", "Running", None);
    let failing = job(&mut cluster, spec, started.clone());
    let (words, status) = look(&failing, &cluster);
    assert_eq!(words, ["status", "release a", "status", "delete b", "SuccessfulDelete", "BackoffLimitExceeded"]);
    assert!(has_condition(&status, "Failed"));
    let patient = job(&mut cluster, json!({"completions": 2, "parallelism": 2, "backoffLimit": 6}), started);
    let plan = reconcile(&patient, &cluster, cluster.now()).unwrap();
    assert_eq!(plan.requeue_at, cluster.now().checked_add_signed(TimeDelta::seconds(BACKOFF)));
}

#[test]
fn a_success_ends_a_row_of_failures() {
    let mut cluster = Cluster::new(&EmptyStore);
    pod(&mut cluster, "a", "Failed", None);
    let status = json!({"startTime": "2026-01-01T00:00:00Z", "failed": 3, "succeeded": 1});
    let spec = json!({"completions": 3, "parallelism": 1});
    let mut known = Object::clone(&job(&mut cluster, spec, status));
    known.internal.insert(FAILURES, 1.into());
    let plan = reconcile(&Arc::new(known.clone()), &cluster, cluster.now()).unwrap();
    assert_eq!(plan.requeue_at, cluster.now().checked_add_signed(TimeDelta::seconds(2 * BACKOFF)));

    pod(&mut cluster, "b", "Succeeded", None);
    let (words, _) = look(&Arc::new(known), &cluster);
    assert_eq!(words[4..], ["create pi-", "SuccessfulCreate"], "{words:?}");
}

#[test]
fn indexes_that_are_not_done_get_pods() {
    let mut cluster = Cluster::new(&EmptyStore);
    pod(&mut cluster, "a", "Succeeded", Some(1));
    pod(&mut cluster, "b", "Running", Some(0));
    let spec = json!({"completions": 4, "parallelism": 3, "completionMode": "Indexed"});
    let indexed = job(&mut cluster, spec, json!({"startTime": "2026-01-01T00:00:00Z"}));
    let (words, status) = look(&indexed, &cluster);
    assert_eq!(
        words,
        ["status", "release a", "status", "create pi-2-", "SuccessfulCreate", "create pi-3-", "SuccessfulCreate"]
    );
    assert_eq!(status.str_at("/status/completedIndexes"), "1");
}

/// A pod that failed with an exit code, and how often its index had failed before.
fn failed_pod(cluster: &mut Cluster, name: &str, code: i64, index: Option<(i64, i64)>) {
    pod(cluster, name, "Failed", index.map(|(index, _)| index));
    let mut pod = Object::clone(&cluster.get(&Key::new("pods", "default", name)).unwrap().unwrap());
    if let Some((_, failures)) = index {
        pod.set_annotation(failures::FAILURES, &failures.to_string());
    }
    let end = json!({"exitCode": code, "finishedAt": "2026-01-01T00:00:00Z"});
    pod.set("/status/containerStatuses", json!([{"name": "main", "state": {"terminated": end}}]));
    put(cluster, &pod);
}

fn reason(status: &Object, kind: &str) -> String {
    let found = status.list_at("/status/conditions").iter().find(|c| c["type"] == kind);
    found.map(|c| format!("{}: {}", c.text("reason"), c.text("message"))).unwrap_or_default()
}

const STARTED: &str = "2026-01-01T00:00:00Z";

#[test]
fn a_failure_policy_ends_the_job_or_looks_away() {
    let mut cluster = Cluster::new(&EmptyStore);
    failed_pod(&mut cluster, "a", 42, None);
    let rules = |action: &str| {
        json!({"completions": 2, "parallelism": 1, "podFailurePolicy": {"rules": [
            {"action": action, "onExitCodes": {"operator": "In", "values": [42]}},
        ]}})
    };
    let failing = job(&mut cluster, rules("FailJob"), json!({"startTime": STARTED}));
    let (words, status) = look(&failing, &cluster);
    assert_eq!(words, ["status", "release a", "status", "PodFailurePolicy"]);
    let told = "Container main for pod default/a failed with exit code 42 matching FailJob rule at index 0";
    assert_eq!(reason(&status, "Failed"), format!("PodFailurePolicy: {told}"));
    assert_eq!(status.i64_at("/status/failed"), Some(1));
    let patient = job(&mut cluster, rules("Ignore"), json!({"startTime": STARTED}));
    let (words, status) = look(&patient, &cluster);
    assert_eq!(words, ["status", "release a", "status", "create pi-", "SuccessfulCreate"]);
    assert_eq!(status.i64_at("/status/failed"), None);
}

#[test]
fn each_index_has_its_own_limit() {
    let mut cluster = Cluster::new(&EmptyStore);
    let spec = |most: Option<i64>| {
        let mut spec =
            json!({"completions": 3, "parallelism": 3, "completionMode": "Indexed", "backoffLimitPerIndex": 1});
        if let Some(most) = most {
            spec["maxFailedIndexes"] = most.into();
        }
        spec
    };
    failed_pod(&mut cluster, "a", 1, Some((0, 1)));
    failed_pod(&mut cluster, "b", 1, Some((1, 0)));
    pod(&mut cluster, "c", "Running", Some(2));
    let running = job(&mut cluster, spec(None), json!({"startTime": STARTED}));
    let plan = reconcile(&running, &cluster, cluster.now()).unwrap();
    let (_, status) = look(&running, &cluster);
    // Index 0 is given up; index 1 gets another pod, later.
    assert_eq!((status.str_at("/status/failedIndexes"), status.i64_at("/status/failed")), ("0", Some(2)));
    assert!(plan.requeue_at.is_some() || plan.actions.iter().any(|a| matches!(a, Action::CreateOrTell(..))));
    let strict = job(&mut cluster, spec(Some(0)), json!({"startTime": STARTED}));
    let (_, status) = look(&strict, &cluster);
    let told = "MaxFailedIndexesExceeded: Job has exceeded the specified maximal number of failed indexes";
    assert_eq!(reason(&status, "Failed"), told);
    pod(&mut cluster, "b", "Succeeded", Some(1));
    pod(&mut cluster, "c", "Succeeded", Some(2));
    let last = job(&mut cluster, spec(None), json!({"startTime": STARTED}));
    let (_, status) = look(&last, &cluster);
    assert_eq!(reason(&status, "Failed"), "FailedIndexes: Job has failed indexes");
}

#[test]
fn a_success_policy_ends_it_early() {
    let mut cluster = Cluster::new(&EmptyStore);
    pod(&mut cluster, "a", "Succeeded", Some(0));
    pod(&mut cluster, "b", "Running", Some(1));
    let spec = json!({"completions": 2, "parallelism": 2, "completionMode": "Indexed",
        "successPolicy": {"rules": [{"succeededIndexes": "0"}]}});
    let early = job(&mut cluster, spec, json!({"startTime": STARTED}));
    let (words, status) = look(&early, &cluster);
    assert_eq!(words, ["status", "release a", "status", "delete b", "SuccessfulDelete", "Completed"]);
    assert_eq!(reason(&status, "Complete"), "SuccessPolicy: Matched rules at index 0");
    assert_eq!(status.i64_at("/status/failed"), None);
}

#[test]
fn a_pod_that_is_not_wanted_is_no_failure() {
    let mut cluster = Cluster::new(&EmptyStore);
    pod(&mut cluster, "a", "Running", None);
    let suspended = job(&mut cluster, json!({"completions": 1, "suspend": true}), json!({"startTime": STARTED}));
    let (words, _) = look(&suspended, &cluster);
    assert_eq!(words, ["status", "release a", "delete a", "SuccessfulDelete", "Suspended"]);
}

#[test]
fn a_pod_that_goes_keeps_its_place_where_only_failed_ones_are_replaced() {
    let mut cluster = Cluster::new(&EmptyStore);
    pod(&mut cluster, "a", "Running", None);
    let mut going = Object::clone(&cluster.get(&Key::new("pods", "default", "a")).unwrap().unwrap());
    going.set("/metadata/deletionTimestamp", STARTED.into());
    put(&mut cluster, &going);
    let spec = |policy: &str| json!({"completions": 1, "parallelism": 1, "podReplacementPolicy": policy});
    let waiting = job(&mut cluster, spec("Failed"), json!({"startTime": STARTED}));
    let (words, status) = look(&waiting, &cluster);
    assert_eq!(words, ["status"]);
    assert_eq!((status.i64_at("/status/failed"), status.i64_at("/status/terminating")), (None, Some(1)));
    let eager = job(&mut cluster, spec("TerminatingOrFailed"), json!({"startTime": STARTED}));
    let (_, status) = look(&eager, &cluster);
    assert_eq!(status.i64_at("/status/failed"), Some(1));
}
