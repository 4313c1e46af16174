use super::*;
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
    assert_eq!(words, ["status", "release a", "create pi-", "SuccessfulCreate"]);
    assert_eq!(status.i64_at("/status/succeeded"), Some(1));

    let last = job(&mut cluster, spec, json!({"startTime": "2026-01-01T00:00:00Z", "succeeded": 1}));
    let (words, status) = look(&last, &cluster);
    assert_eq!(words, ["Completed", "status", "release a"]);
    assert_eq!((status.i64_at("/status/succeeded"), has_condition(&status, "Complete")), (Some(2), true));
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
    assert_eq!(words, ["BackoffLimitExceeded", "status", "release a", "delete b", "SuccessfulDelete"]);
    assert!(has_condition(&status, "Failed"));
    let patient = job(&mut cluster, json!({"completions": 2, "parallelism": 2, "backoffLimit": 6}), started);
    let plan = reconcile(&patient, &cluster, cluster.now()).unwrap();
    assert_eq!(plan.requeue_at, cluster.now().checked_add_signed(TimeDelta::seconds(BACKOFF)));
}

#[test]
fn indexes_that_are_not_done_get_pods() {
    let mut cluster = Cluster::new(&EmptyStore);
    pod(&mut cluster, "a", "Succeeded", Some(1));
    pod(&mut cluster, "b", "Running", Some(0));
    let spec = json!({"completions": 4, "parallelism": 3, "completionMode": "Indexed"});
    let indexed = job(&mut cluster, spec, json!({"startTime": "2026-01-01T00:00:00Z"}));
    let (words, status) = look(&indexed, &cluster);
    assert_eq!(words, ["status", "release a", "create pi-2-", "SuccessfulCreate", "create pi-3-", "SuccessfulCreate"]);
    assert_eq!(status.str_at("/status/completedIndexes"), "1");
}
