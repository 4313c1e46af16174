use super::*;
use crate::kinds::empty_store::{EmptyStore, put};

fn cron(policy: &str, status: Value) -> Arc<Object> {
    let mut cron = Object::new("batch/v1", "CronJob", "default", "cj");
    cron.set("/metadata/uid", "cron".into());
    cron.set("/metadata/creationTimestamp", "2026-01-01T00:02:00Z".into());
    cron.set("/spec", json!({"schedule": "*/5 * * * *", "concurrencyPolicy": policy, "jobTemplate": {"spec": {}}}));
    cron.set("/status", status);
    Arc::new(cron)
}

fn job(cluster: &mut Cluster, name: &str) {
    let mut job = Object::new("batch/v1", "Job", "default", name);
    job.set("/metadata/uid", "job".into());
    job.set("/metadata/ownerReferences", json!([{"uid": "cron", "controller": true}]));
    job.set_annotation(SCHEDULED_AT, "2026-01-01T00:05:00Z");
    put(cluster, &job);
}

fn look(cron: &Arc<Object>, cluster: &Cluster, now: &str) -> (Vec<String>, Plan) {
    let plan = reconcile(cron, cluster, time::parse(now).unwrap()).unwrap();
    let words = plan.actions.iter().map(|action| match action {
        Action::CreateOrTell(job, _) => format!("create {}", job.name()),
        Action::UpdateStatus(_) => "status".to_owned(),
        Action::Delete { key, .. } => format!("delete {}", key.name),
        Action::Event(event) => event.reason.to_owned(),
        other => format!("{other:?}"),
    });
    (words.collect(), plan)
}

#[test]
fn a_job_that_somebody_else_made_is_told_of_while_it_runs() {
    let mut cluster = Cluster::new(&EmptyStore);
    let mut manual = Object::new("batch/v1", "Job", "default", "manual");
    manual.set("/metadata/uid", "manual".into());
    manual.set("/metadata/ownerReferences", json!([{"uid": "cron", "controller": true}]));
    put(&mut cluster, &manual);
    let fresh = cron("Allow", json!({}));
    assert_eq!(look(&fresh, &cluster, "2026-01-01T00:04:59Z").0, ["UnexpectedJob"]);
    manual.set("/status/conditions", json!([{"type": "Complete", "status": "True"}]));
    put(&mut cluster, &manual);
    assert_eq!(look(&fresh, &cluster, "2026-01-01T00:04:59Z").0, [""; 0]);
}

#[test]
fn jobs_start_when_they_are_due() {
    let mut cluster = Cluster::new(&EmptyStore);
    let fresh = cron("Allow", json!({}));
    let (words, plan) = look(&fresh, &cluster, "2026-01-01T00:04:59Z");
    assert_eq!(words, [""; 0]);
    assert_eq!(plan.requeue_at, time::parse("2026-01-01T00:05:00Z"));
    let (words, plan) = look(&fresh, &cluster, "2026-01-01T00:05:00Z");
    assert_eq!(words, ["create cj-29453765", "SuccessfulCreate"]);
    assert_eq!(plan.requeue_at, time::parse("2026-01-01T00:10:00Z"));
    job(&mut cluster, "cj-29453765");
    let (words, plan) = look(&fresh, &cluster, "2026-01-01T00:05:00Z");
    assert_eq!(words, ["status"]);
    let Action::UpdateStatus(new) = &plan.actions[0] else { panic!("{plan:?}") };
    assert_eq!(new.str_at("/status/lastScheduleTime"), "2026-01-01T00:05:00Z");
    assert_eq!(new.str_at("/status/active/0/name"), "cj-29453765");
}

#[test]
fn concurrency_policies_hold() {
    let mut cluster = Cluster::new(&EmptyStore);
    job(&mut cluster, "cj-1");
    let active = json!({"lastScheduleTime": "2026-01-01T00:05:00Z", "active": [{"name": "cj-1", "uid": "job"}]});
    let (words, _) = look(&cron("Forbid", active.clone()), &cluster, "2026-01-01T00:10:00Z");
    assert_eq!(words, ["JobAlreadyActive"]);
    let (words, _) = look(&cron("Replace", active), &cluster, "2026-01-01T00:10:00Z");
    assert_eq!(words[..4], ["delete cj-1", "SuccessfulDelete", "create cj-29453770", "SuccessfulCreate"]);
}

#[test]
fn what_is_odd_about_a_schedule_is_told() {
    let cluster = Cluster::new(&EmptyStore);
    let mut never = Object::clone(&cron("Allow", json!({})));
    never.set("/spec/schedule", "0 0 31 2 *".into());
    let (words, plan) = look(&Arc::new(never), &cluster, "2026-01-01T00:05:00Z");
    assert_eq!(words, ["InvalidSchedule"]);
    let Action::Event(told) = &plan.actions[0] else { panic!("{plan:?}") };
    assert_eq!(
        told.message,
        "invalid schedule: 0 0 31 2 * : time difference between two schedules is less than 1 second"
    );

    // 00:05 to 08:25 are 101 times; what is looked at when a time of it comes has missed none.
    let fresh = cron("Allow", json!({}));
    for (now, want) in [("08:24:59", false), ("08:25:00", false), ("08:25:01", true)] {
        let (words, _) = look(&fresh, &cluster, &format!("2026-01-01T{now}Z"));
        assert_eq!(words.first().is_some_and(|w| w == "TooManyMissedTimes"), want, "{now}: {words:?}");
    }
    let mut strict = Object::clone(&fresh);
    strict.set("/spec/startingDeadlineSeconds", 600.into());
    let (words, _) = look(&Arc::new(strict), &cluster, "2026-01-01T08:25:01Z");
    assert_eq!(words.first().unwrap(), "create cj-29454265");
}
