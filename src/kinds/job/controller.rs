//! The Job controller: pods until enough have succeeded, or too many failed.

use std::sync::Arc;

use chrono::TimeDelta;
use serde_json::{Value, json};

use super::NAMES;
use super::cells::has_condition;
use super::failures::{self, Verdict};
use super::indexes::{self, Indexes};
use crate::apimachinery::key::Key;
use crate::apimachinery::object::Object;
use crate::apimachinery::status::Status;
use crate::apimachinery::time::{self, Time};
use crate::cluster::Cluster;
use crate::kinds::plan::{Action, BackOff, EventRecord, Plan};
use crate::kinds::pod::Fields;
use crate::kinds::why::{self, Reason};
use crate::kinds::workload;

mod back_off;

const SOURCE: &str = "job-controller";
/// What keeps an ended pod until it is counted.
const TRACKING: &str = "batch.kubernetes.io/job-tracking";
/// The first pause after a failure in seconds; it doubles with each, up to the longest.
const BACKOFF: i64 = 10;
const LONGEST_BACKOFF: i64 = 600;
/// The pauses after the server refused something (DefaultJobApiBackOff, MaxJobApiBackOff).
const API_BACKOFF: BackOff = BackOff { first: TimeDelta::seconds(1), longest: TimeDelta::seconds(60) };

/// Plans one step.
pub fn reconcile(job: &Arc<Object>, cluster: &Cluster, now: Time) -> Result<Plan, Status> {
    let mut plan = Plan::nothing();
    let Some(pods) = workload::claim(&NAMES, job, "pods", cluster, &mut plan)? else { return Ok(plan) };
    if has_condition(job, "Complete") || has_condition(job, "Failed") || job.deletion_timestamp().is_some() {
        pods.iter().for_each(|p| release(&mut plan, p));
        expire(job, now, &mut plan);
        if let Some(at) = plan.requeue_at {
            let text = || format!("it has ended, and is deleted {} (ttlSecondsAfterFinished)", why::at(at, now));
            because(&mut plan, job, cluster, text);
        }
        return Ok(plan);
    }
    let mut sync = Sync::of(job, &pods, now);
    let (mut later, mut told) = (Plan::nothing(), Plan::nothing());
    sync.suspend(&mut told);
    sync.judge(&mut told);
    sync.manage(&mut later, cluster);
    sync.note(&mut plan);
    plan.back_off = API_BACKOFF;
    plan.actions.append(&mut later.actions);
    // What has become of the Job is told after what was done with its pods.
    plan.actions.append(&mut told.actions);
    told.requeue_at.into_iter().for_each(|at| plan.requeue(at));
    plan.reasons.append(&mut later.reasons);
    later.requeue_at.into_iter().for_each(|at| plan.requeue(at));
    Ok(plan)
}

fn because(plan: &mut Plan, job: &Object, cluster: &Cluster, text: impl FnOnce() -> String) {
    plan.because(cluster, || Reason::new(SOURCE, NAMES.key(job.namespace(), job.name()), text()));
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

/// Whether a pod is replaced, and counted, only when it has ended, not as soon as it is being deleted.
fn waits_for_failure(job: &Object) -> bool {
    match job.at("/spec/podReplacementPolicy").and_then(Value::as_str) {
        Some(policy) => policy == "Failed",
        None => job.at("/spec/podFailurePolicy").is_some(),
    }
}

/// Why a pod that has ended ends the whole Job.
fn fails_job(spec: &Value, pod: &Object) -> Option<String> {
    match failures::verdict(spec, pod) {
        Verdict::FailJob(message) if pod.str_at("/status/phase") == "Failed" => Some(message),
        _ => None,
    }
}

struct Sync<'a> {
    job: &'a Arc<Object>,
    now: Time,
    active: Vec<Arc<Object>>,
    /// Pods that have ended and are not counted yet.
    ended: Vec<Arc<Object>>,
    /// Every pod of the Job, those that are counted too.
    pods: &'a [Arc<Object>],
    terminating: usize,
    succeeded: i64,
    failed: i64,
    indexes: Indexes,
    /// The indexes that failed too often, where that is limited.
    failed_indexes: Option<Indexes>,
    start: Option<Time>,
    conditions: Vec<Value>,
    completed: bool,
    over: bool,
}

impl<'a> Sync<'a> {
    fn of(job: &'a Arc<Object>, pods: &'a [Arc<Object>], now: Time) -> Sync<'a> {
        let waits = waits_for_failure(job);
        let has_ended = |p: &Object| matches!(p.str_at("/status/phase"), "Failed" | "Succeeded");
        let is_ended = |p: &Object| if waits { has_ended(p) } else { !workload::is_active(p) };
        let ended: Vec<Arc<Object>> =
            pods.iter().filter(|p| is_ended(p) && p.has_finalizer(TRACKING)).cloned().collect();
        let has_succeeded = |p: &&Arc<Object>| p.str_at("/status/phase") == "Succeeded";
        let mut all = Indexes::parse(job.str_at("/status/completedIndexes"));
        ended.iter().filter(has_succeeded).filter_map(|p| indexes::of_pod(p)).for_each(|i| all.insert(i));
        let indexed = job.str_at("/spec/completionMode") == "Indexed";
        let successes = ended.iter().filter(has_succeeded).count() as i64;
        let spec = job.at("/spec").unwrap_or(&Value::Null);
        let failures = || ended.iter().filter(|p| p.str_at("/status/phase") != "Succeeded");
        let counted = failures().filter(|p| failures::verdict(spec, p) != Verdict::Ignore).count() as i64;
        let failed_indexes = spec.field("backoffLimitPerIndex").map(|_| {
            let mut failed = Indexes::parse(job.str_at("/status/failedIndexes"));
            let new = failures().filter(|p| failures::fails_index(spec, p)).filter_map(|p| indexes::of_pod(p));
            new.filter(|i| !all.contains(*i)).for_each(|i| failed.insert(i));
            failed
        });
        let known = |field: &str| job.i64_at(&format!("/status/{field}")).unwrap_or(0);
        Sync {
            job,
            now,
            active: pods.iter().filter(|p| workload::is_active(p)).cloned().collect(),
            pods,
            terminating: pods.iter().filter(|p| p.deletion_timestamp().is_some() && !has_ended(p)).count(),
            succeeded: if indexed { all.len() as i64 } else { known("succeeded") + successes },
            failed: known("failed") + counted,
            indexes: all,
            failed_indexes,
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

    fn spec(&self) -> &'a Value {
        self.job.at("/spec").unwrap_or(&Value::Null)
    }

    /// Ends a Job that a policy fails, that has failed too often, took too long, or is done.
    fn judge(&mut self, plan: &mut Plan) {
        let deadline = self.job.i64_at("/spec/activeDeadlineSeconds").and_then(TimeDelta::try_seconds);
        let late_at = self.start.zip(deadline).and_then(|(s, d)| s.checked_add_signed(d));
        if let Some(message) = self.ended.iter().find_map(|p| fails_job(self.spec(), p)) {
            return self.fail(plan, "PodFailurePolicy", &message);
        }
        let limit = self.job.i64_at("/spec/backoffLimit").unwrap_or(6);
        if self.failed > limit || self.restarts().is_some_and(|restarts| restarts >= limit.max(1)) {
            return self.fail(plan, "BackoffLimitExceeded", "Job has reached the specified backoff limit");
        }
        match late_at.filter(|_| !self.is_suspended()) {
            Some(at) if at <= self.now => {
                return self.fail(plan, "DeadlineExceeded", "Job was active longer than specified deadline");
            }
            Some(at) => plan.requeue(at),
            None => {}
        }
        if let Some((reason, message)) = self.indexes_fail() {
            return self.fail(plan, reason, message);
        }
        if let Some(message) = failures::success(self.spec(), &self.indexes) {
            return self.succeed(plan, "SuccessPolicy", &message);
        }
        let done = match self.job.i64_at("/spec/completions") {
            Some(wanted) => self.succeeded >= wanted,
            None => self.succeeded > 0 && self.active.is_empty(),
        };
        if done && !self.is_suspended() {
            self.succeed(plan, "CompletionsReached", "Reached expected number of succeeded pods");
        }
    }

    /// How often the containers of its pods were started again, where that is what is done with those that fail.
    fn restarts(&self) -> Option<i64> {
        if self.job.str_at("/spec/template/spec/restartPolicy") != "OnFailure" {
            return None;
        }
        let going = self.pods.iter().filter(|p| matches!(p.str_at("/status/phase"), "Running" | "Pending"));
        let lists = ["/status/initContainerStatuses", "/status/containerStatuses"];
        let statuses = going.flat_map(|p| lists.into_iter().flat_map(|list| p.list_at(list)));
        Some(statuses.filter_map(|status| status.int("restartCount")).sum())
    }

    /// Why a Job fails whose indexes did: too many of them, or there is nothing left to do for the others.
    fn indexes_fail(&self) -> Option<(&'static str, &'static str)> {
        let failed = self.failed_indexes.as_ref()?.len();
        let most = self.spec().int("maxFailedIndexes");
        if most.is_some_and(|most| failed as i64 > most) {
            return Some((
                "MaxFailedIndexesExceeded",
                "Job has exceeded the specified maximal number of failed indexes",
            ));
        }
        let all = (failed + self.indexes.len()) as i64 >= self.spec().int("completions").unwrap_or(0);
        (failed > 0 && all).then_some(("FailedIndexes", "Job has failed indexes"))
    }

    fn succeed(&mut self, plan: &mut Plan, reason: &str, message: &str) {
        self.set_condition("SuccessCriteriaMet", "True", reason, message);
        self.set_condition("Complete", "True", reason, message);
        self.tell(plan, false, "Completed", "Job completed");
        (self.completed, self.over) = (true, true);
    }

    /// Whatever still runs has failed then, too.
    fn fail(&mut self, plan: &mut Plan, reason: &'static str, message: &str) {
        self.set_condition("FailureTarget", "True", reason, message);
        self.set_condition("Failed", "True", reason, message);
        self.tell(plan, true, reason, message);
        self.failed += self.active.len() as i64;
        self.over = true;
    }

    /// Makes the pods that are missing, and takes away those that are too many.
    fn manage(&mut self, plan: &mut Plan, cluster: &Cluster) {
        let wanted = if self.over || self.is_suspended() { 0 } else { self.wanted() };
        let have = self.active.len();
        for pod in self.active.iter().skip(wanted) {
            // One that is not wanted any more is no failure: nothing is left to count it by.
            if !self.over {
                release(plan, pod);
            }
            let why = if self.is_suspended() { "its job is suspended" } else { "its job needs no more pods" };
            workload::delete_pod(plan, self.job, SOURCE, pod, why);
        }
        self.explain(plan, cluster);
        // Where only failed pods are replaced, those that are still going keep their places.
        let kept = if waits_for_failure(self.job) { self.terminating } else { 0 };
        let missing = wanted.saturating_sub(have + kept);
        if missing == 0 || self.over {
            return;
        }
        // Where the failures of each index are limited each index has a pause of its own.
        let have_one_pause = self.failed_indexes.is_none();
        if let Some(at) = self.pause_ends().filter(|at| *at > self.now && have_one_pause) {
            let failed = self.failed;
            let text = || format!("after {failed} failed pods the next one is made {}", why::at(at, self.now));
            because(plan, self.job, cluster, text);
            return plan.requeue(at);
        }
        if self.job.str_at("/spec/completionMode") == "Indexed" {
            return self.make_indexed(missing, plan, cluster);
        }
        for number in 0..missing {
            workload::create_pod(plan, self.job, SOURCE, self.pod(None, number as u64, cluster));
        }
    }

    /// Makes pods for the next indexes, those that pause left out.
    fn make_indexed(&self, missing: usize, plan: &mut Plan, cluster: &Cluster) {
        let limited = self.failed_indexes.is_some();
        for (number, index) in self.free_indexes().take(missing).enumerate() {
            let mut pod = self.pod(Some(index), number as u64, cluster);
            if limited {
                let last = failures::last_failed(self.pods.iter().map(|p| &**p), index);
                let at = last.and_then(|p| failures::next_attempt(self.spec(), p, BACKOFF, LONGEST_BACKOFF));
                if let Some(at) = at.filter(|at| *at > self.now) {
                    plan.requeue(at);
                    continue;
                }
                let (failures, ignored) = last.map_or((0, 0), |p| failures::counts_after(self.spec(), p));
                pod.set_annotation(failures::FAILURES, &failures.to_string());
                if ignored > 0 {
                    pod.set_annotation(failures::IGNORED, &ignored.to_string());
                }
            }
            workload::create_pod(plan, self.job, SOURCE, pod);
        }
    }

    fn explain(&self, plan: &mut Plan, cluster: &Cluster) {
        if self.over {
            return;
        }
        plan.because(cluster, || {
            let (done, failed) = (self.succeeded, self.failed);
            let wanted = self.job.i64_at("/spec/completions").map_or(String::new(), |n| format!(" of {n}"));
            let state = match (self.is_suspended(), self.active.len()) {
                (true, _) => "it is suspended".to_owned(),
                (false, active) => format!("{active} pods are at work"),
            };
            let limit = self.job.i64_at("/spec/backoffLimit").unwrap_or(6);
            let text = format!("{state}; {done}{wanted} have succeeded, {failed} failed (backoffLimit is {limit})");
            let reason = Reason::new(SOURCE, NAMES.key(self.job.namespace(), self.job.name()), text);
            let keys = self.active.iter().map(|pod| Key::new("pods", pod.namespace(), pod.name()));
            keys.fold(reason, Reason::waiting_for)
        });
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

    /// The indexes that no pod works on, and that are not done.
    fn free_indexes(&self) -> impl Iterator<Item = i64> + use<> {
        let taken: Vec<i64> = self.active.iter().filter_map(|p| indexes::of_pod(p)).collect();
        let (done, failed) = (self.indexes.clone(), self.failed_indexes.clone().unwrap_or_default());
        let waits = waits_for_failure(self.job);
        let going = self.pods.iter().filter(|p| waits && p.deletion_timestamp().is_some());
        let going: Vec<i64> = going
            .filter(|p| !matches!(p.str_at("/status/phase"), "Failed" | "Succeeded"))
            .filter_map(|p| indexes::of_pod(p))
            .collect();
        let all = 0..self.job.i64_at("/spec/completions").unwrap_or(0);
        all.filter(move |i| !taken.contains(i) && !going.contains(i) && !done.contains(*i) && !failed.contains(*i))
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

    /// Plans the status and the bookkeeping, unless they are the present ones. Pods that have ended are written down before
    /// they are let go, and counted after that: whoever watches sees what the Job is about to be, then what it is.
    fn note(&self, plan: &mut Plan) {
        let mut new = Object::clone(self.job);
        if self.over || !self.ended.is_empty() {
            let mut before = Object::clone(self.job);
            before.set("/status", self.status_before());
            plan.push(Action::UpdateStatus(before));
            self.ended.iter().for_each(|p| release(plan, p));
            // It follows the one just planned, whose version nobody knows yet.
            new.remove("/metadata/resourceVersion");
        }
        new.set("/status", Value::Object(self.status()));
        self.note_failures(&mut new);
        if new != **self.job {
            plan.push(Action::UpdateStatus(new));
        }
    }

    /// The status while the pods that have ended still wait to be counted, and the Job to be over.
    fn status_before(&self) -> Value {
        let mut status = self.status();
        status.remove("completionTime");
        let ends = |c: &Value| matches!(c.text("type"), "Complete" | "Failed");
        if let Some(conditions) = status.get_mut("conditions").and_then(Value::as_array_mut) {
            conditions.retain(|c| !ends(c));
        }
        let is_indexed = self.spec().text("completionMode") == "Indexed";
        for field in ["succeeded", "failed"] {
            // What an index has done is counted by the index, at once.
            if is_indexed && field == "succeeded" {
                continue;
            }
            let pods =
                self.ended.iter().filter(|p| (p.str_at("/status/phase") == "Succeeded") == (field == "succeeded"));
            let uids: Vec<&str> = pods.map(|p| p.uid()).collect();
            if !uids.is_empty() {
                status["uncountedTerminatedPods"][field] = json!(uids);
            }
            match self.job.at(&format!("/status/{field}")) {
                Some(known) => status.insert(field.to_owned(), known.clone()),
                None => status.remove(field),
            };
        }
        Value::Object(status)
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
        if let Some(failed) = &self.failed_indexes {
            status["failedIndexes"] = failed.to_string().into();
        }
        if !self.indexes.is_empty() {
            status["completedIndexes"] = self.indexes.to_string().into();
        }
        status.as_object().cloned().unwrap_or_default()
    }
}

#[cfg(test)]
mod tests;
