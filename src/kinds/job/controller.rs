//! The Job controller: pods until enough have succeeded, or too many failed.

use std::sync::Arc;

use chrono::TimeDelta;
use serde_json::{Value, json};

use super::NAMES;
use super::cells::has_condition;
use super::indexes::{self, Indexes};
use crate::apimachinery::object::Object;
use crate::apimachinery::status::Status;
use crate::apimachinery::time::{self, Time};
use crate::cluster::Cluster;
use crate::kinds::plan::{Action, EventRecord, Plan};
use crate::kinds::pod::Fields;
use crate::kinds::workload;

const SOURCE: &str = "job-controller";
/// What keeps an ended pod until it is counted.
const TRACKING: &str = "batch.kubernetes.io/job-tracking";
/// The first pause after a failure in seconds; it doubles with each, up to the longest.
const BACKOFF: i64 = 10;
const LONGEST_BACKOFF: i64 = 600;
/// Where a Job's bookkeeping has the time of its last failure; its pods may be gone.
const LAST_FAILURE: &str = "lastFailure";

/// Plans one step.
pub fn reconcile(job: &Arc<Object>, cluster: &Cluster, now: Time) -> Result<Plan, Status> {
    let mut plan = Plan::nothing();
    let Some(pods) = workload::claim(&NAMES, job, "pods", cluster, &mut plan)? else { return Ok(plan) };
    if has_condition(job, "Complete") || has_condition(job, "Failed") || job.deletion_timestamp().is_some() {
        pods.iter().for_each(|p| release(&mut plan, p));
        expire(job, now, &mut plan);
        return Ok(plan);
    }
    let mut sync = Sync::of(job, &pods, now);
    sync.suspend(&mut plan);
    sync.judge(&mut plan);
    let mut later = Plan::nothing();
    sync.manage(&mut later, cluster);
    sync.note(&mut plan);
    sync.ended.iter().for_each(|p| release(&mut plan, p));
    plan.actions.append(&mut later.actions);
    later.requeue_at.into_iter().for_each(|at| plan.requeue(at));
    Ok(plan)
}

/// Takes the finalizer off a pod that is counted.
fn release(plan: &mut Plan, pod: &Object) {
    if pod.has_finalizer(TRACKING) {
        let mut new = pod.clone();
        new.remove_finalizer(TRACKING);
        plan.push(Action::Update(new));
    }
}

/// Deletes a Job whose time after its end is over.
fn expire(job: &Object, now: Time, plan: &mut Plan) {
    let Some(seconds) = job.i64_at("/spec/ttlSecondsAfterFinished") else { return };
    let ends = job.list_at("/status/conditions").iter();
    let end = ends.filter(|c| matches!(c.text("type"), "Complete" | "Failed") && c.text("status") == "True");
    let end = end.filter_map(|c| time::parse(c.text("lastTransitionTime"))).max();
    let at = end.and_then(|e| e.checked_add_signed(TimeDelta::try_seconds(seconds)?));
    match at {
        Some(at) if at <= now && job.deletion_timestamp().is_none() => {
            let key = NAMES.key(job.namespace(), job.name());
            plan.push(Action::Delete { key, uid: job.uid().to_owned() });
        }
        Some(at) if at > now => plan.requeue(at),
        _ => {}
    }
}

struct Sync<'a> {
    job: &'a Arc<Object>,
    now: Time,
    active: Vec<Arc<Object>>,
    /// Pods that have ended and are not counted yet.
    ended: Vec<Arc<Object>>,
    terminating: usize,
    succeeded: i64,
    failed: i64,
    indexes: Indexes,
    start: Option<Time>,
    conditions: Vec<Value>,
    completed: bool,
    over: bool,
}

impl<'a> Sync<'a> {
    fn of(job: &'a Arc<Object>, pods: &[Arc<Object>], now: Time) -> Sync<'a> {
        let is_ended = |p: &Object| !workload::is_active(p);
        let ended: Vec<Arc<Object>> =
            pods.iter().filter(|p| is_ended(p) && p.has_finalizer(TRACKING)).cloned().collect();
        let has_succeeded = |p: &&Arc<Object>| p.str_at("/status/phase") == "Succeeded";
        let mut all = Indexes::parse(job.str_at("/status/completedIndexes"));
        ended.iter().filter(has_succeeded).filter_map(|p| indexes::of_pod(p)).for_each(|i| all.insert(i));
        let indexed = job.str_at("/spec/completionMode") == "Indexed";
        let successes = ended.iter().filter(has_succeeded).count() as i64;
        let known = |field: &str| job.i64_at(&format!("/status/{field}")).unwrap_or(0);
        Sync {
            job,
            now,
            active: pods.iter().filter(|p| workload::is_active(p)).cloned().collect(),
            terminating: pods
                .iter()
                .filter(|p| {
                    p.deletion_timestamp().is_some() && !matches!(p.str_at("/status/phase"), "Failed" | "Succeeded")
                })
                .count(),
            succeeded: if indexed { all.len() as i64 } else { known("succeeded") + successes },
            failed: known("failed") + ended.len() as i64 - successes,
            indexes: all,
            start: job.time_at("/status/startTime"),
            conditions: job.list_at("/status/conditions").to_vec(),
            completed: false,
            over: false,
            ended,
        }
    }

    fn tell(&self, plan: &mut Plan, warning: bool, reason: &'static str, message: &str) {
        let of = if warning { EventRecord::warning } else { EventRecord::normal };
        plan.push(Action::Event(of(self.job, SOURCE, reason, message.to_owned())));
    }

    fn set_condition(&mut self, kind: &str, status: &str, reason: &str, message: &str) {
        let at = time::to_rfc3339(self.now);
        self.conditions.retain(|c| c.text("type") != kind);
        self.conditions.push(json!({
            "type": kind, "status": status, "reason": reason, "message": message,
            "lastProbeTime": at, "lastTransitionTime": at,
        }));
    }

    fn is_suspended(&self) -> bool {
        self.job.bool_at("/spec/suspend") == Some(true)
    }

    /// Starts the clock of a Job that runs; says when it is suspended and resumed.
    fn suspend(&mut self, plan: &mut Plan) {
        let was = has_condition(self.job, "Suspended");
        match (self.is_suspended(), was) {
            (true, false) => {
                self.set_condition("Suspended", "True", "JobSuspended", "Job suspended");
                self.tell(plan, false, "Suspended", "Job suspended");
                self.start = None;
            }
            (false, true) => {
                self.set_condition("Suspended", "False", "JobResumed", "Job resumed");
                self.tell(plan, false, "Resumed", "Job resumed");
                self.start = Some(self.now);
            }
            (false, false) if self.start.is_none() => self.start = Some(self.now),
            _ => {}
        }
    }

    /// Ends a Job that has failed too often, took too long, or is done.
    fn judge(&mut self, plan: &mut Plan) {
        let deadline = self.job.i64_at("/spec/activeDeadlineSeconds").and_then(TimeDelta::try_seconds);
        let late_at = self.start.zip(deadline).and_then(|(s, d)| s.checked_add_signed(d));
        if self.failed > self.job.i64_at("/spec/backoffLimit").unwrap_or(6) {
            return self.fail(plan, "BackoffLimitExceeded", "Job has reached the specified backoff limit");
        }
        match late_at.filter(|_| !self.is_suspended()) {
            Some(at) if at <= self.now => {
                return self.fail(plan, "DeadlineExceeded", "Job was active longer than specified deadline");
            }
            Some(at) => plan.requeue(at),
            None => {}
        }
        let done = match self.job.i64_at("/spec/completions") {
            Some(wanted) => self.succeeded >= wanted,
            None => self.succeeded > 0 && self.active.is_empty(),
        };
        if done && !self.is_suspended() {
            let message = "Reached expected number of succeeded pods";
            self.set_condition("SuccessCriteriaMet", "True", "CompletionsReached", message);
            self.set_condition("Complete", "True", "CompletionsReached", message);
            self.tell(plan, false, "Completed", "Job completed");
            (self.completed, self.over) = (true, true);
        }
    }

    fn fail(&mut self, plan: &mut Plan, reason: &'static str, message: &str) {
        self.set_condition("FailureTarget", "True", reason, message);
        self.set_condition("Failed", "True", reason, message);
        self.tell(plan, true, reason, message);
        self.over = true;
    }

    /// Makes the pods that are missing, and takes away those that are too many.
    fn manage(&mut self, plan: &mut Plan, cluster: &Cluster) {
        let wanted = if self.over || self.is_suspended() { 0 } else { self.wanted() };
        let have = self.active.len();
        for pod in self.active.iter().skip(wanted) {
            workload::delete_pod(plan, self.job, SOURCE, pod);
        }
        if have >= wanted || self.over {
            return;
        }
        if let Some(at) = self.pause_ends().filter(|at| *at > self.now) {
            return plan.requeue(at);
        }
        let mut free = self.free_indexes();
        for number in 0..wanted - have {
            let index = free.next();
            if self.job.str_at("/spec/completionMode") == "Indexed" && index.is_none() {
                return;
            }
            let index = index.filter(|_| self.job.str_at("/spec/completionMode") == "Indexed");
            workload::create_pod(plan, self.job, SOURCE, self.pod(index, number as u64, cluster));
        }
    }

    fn wanted(&self) -> usize {
        let parallelism = self.job.i64_at("/spec/parallelism").unwrap_or(1);
        let wanted = match self.job.i64_at("/spec/completions") {
            Some(completions) => (completions - self.succeeded).min(parallelism),
            None if self.succeeded > 0 => (self.active.len() as i64).min(parallelism),
            None => parallelism,
        };
        usize::try_from(wanted).unwrap_or(0)
    }

    /// When a pod failed last: now, or as it was noted then.
    fn last_failure(&self) -> Option<Time> {
        if self.ended.iter().any(|p| p.str_at("/status/phase") != "Succeeded") {
            return Some(self.now);
        }
        time::parse(self.job.internal.get(LAST_FAILURE)?.as_str()?)
    }

    /// When the pause after the last failures is over.
    fn pause_ends(&self) -> Option<Time> {
        if self.failed == 0 {
            return None;
        }
        let last = self.last_failure()?;
        let doubled = BACKOFF << u32::try_from(self.failed - 1).unwrap_or(0).min(10);
        last.checked_add_signed(TimeDelta::try_seconds(doubled.min(LONGEST_BACKOFF))?)
    }

    /// The indexes that no pod works on, and that are not done.
    fn free_indexes(&self) -> impl Iterator<Item = i64> + use<> {
        let taken: Vec<i64> = self.active.iter().filter_map(|p| indexes::of_pod(p)).collect();
        let done = self.indexes.clone();
        let all = 0..self.job.i64_at("/spec/completions").unwrap_or(0);
        all.filter(move |i| !taken.contains(i) && !done.contains(*i))
    }

    fn pod(&self, index: Option<i64>, number: u64, cluster: &Cluster) -> Object {
        let template = self.job.at("/spec/template").unwrap_or(&Value::Null);
        // The Job's uid and the next resourceVersion together never come again.
        let purpose = format!("pod of {} {}", self.job.uid(), cluster.next_resource_version());
        let suffix = cluster.seed().suffix(&purpose, number);
        let name = match index {
            Some(index) => format!("{}-{index}-{suffix}", self.job.name()),
            None => format!("{}-{suffix}", self.job.name()),
        };
        let mut pod = workload::new_pod(&NAMES, self.job, template, &name);
        pod.add_finalizer(TRACKING);
        if let Some(index) = index {
            indexes::give(&mut pod, self.job.name(), index);
        }
        pod
    }

    /// Plans the status and the bookkeeping, unless they are the present ones.
    fn note(&self, plan: &mut Plan) {
        let mut new = Object::clone(self.job);
        new.set("/status", Value::Object(self.status()));
        if let Some(at) = self.last_failure() {
            new.internal.insert(LAST_FAILURE.to_owned(), time::to_rfc3339(at).into());
        }
        if new != **self.job {
            plan.push(Action::UpdateStatus(new));
        }
    }

    fn status(&self) -> serde_json::Map<String, Value> {
        let ready = self.active.iter().filter(|p| workload::is_ready(p)).count();
        let active = if self.over { 0 } else { self.active.len() };
        let mut status = json!({"ready": if self.over { 0 } else { ready }, "terminating": self.terminating});
        status["uncountedTerminatedPods"] = json!({});
        for (field, number) in [("active", active as i64), ("succeeded", self.succeeded), ("failed", self.failed)] {
            if number > 0 {
                status[field] = number.into();
            }
        }
        if !self.conditions.is_empty() {
            status["conditions"] = Value::Array(self.conditions.clone());
        }
        if let Some(start) = self.start {
            status["startTime"] = time::to_rfc3339(start).into();
        }
        if self.completed {
            status["completionTime"] = time::to_rfc3339(self.now).into();
        }
        if !self.indexes.is_empty() {
            status["completedIndexes"] = self.indexes.to_string().into();
        }
        status.as_object().cloned().unwrap_or_default()
    }
}

#[cfg(test)]
mod tests;
