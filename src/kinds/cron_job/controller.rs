//! The CronJob controller: a Job at each time of the schedule, and no more old ones than are wanted.

use std::sync::Arc;

use chrono::TimeDelta;
use serde_json::{Value, json};

use super::NAMES;
use super::schedule::Schedule;
use super::zone::Zone;
use crate::apimachinery::key::Key;
use crate::apimachinery::object::Object;
use crate::apimachinery::status::Status;
use crate::apimachinery::time::{self, Time};
use crate::cluster::Cluster;
use crate::kinds::plan::{Action, EventRecord, Plan};
use crate::kinds::pod::Fields;
use crate::kinds::why::{self, Reason};
use crate::kinds::workload;

const SOURCE: &str = "cronjob-controller";
const JOBS: &str = "jobs.batch";
const SCHEDULED_AT: &str = "batch.kubernetes.io/cronjob-scheduled-timestamp";
/// Missed times are looked through one by one, at most so many; a schedule that missed more starts over.
const MISSED: usize = 100_000;
/// So many missed times are nothing to be told of.
const MANY: i64 = 100;
/// How long before anybody looks a schedule is lived through in full.
const KEPT: TimeDelta = TimeDelta::hours(1);

/// Plans one step.
pub fn reconcile(cron: &Arc<Object>, cluster: &Cluster, now: Time) -> Result<Plan, Status> {
    let mut plan = Plan::nothing();
    if cron.deletion_timestamp().is_some() {
        return Ok(plan);
    }
    let owned = cluster.owned_by(cron.uid())?.into_iter().map(|(_, o)| o);
    let jobs: Vec<Arc<Object>> = owned.filter(|o| o.kind() == "Job").collect();
    let mut sync =
        Sync { cron, now, status: cron.at("/status").cloned().unwrap_or_else(|| json!({})), active: Vec::new() };
    sync.take_stock(&jobs, &mut plan);
    sync.clean_up(&jobs, &mut plan);
    if cron.bool_at("/spec/suspend") != Some(true) {
        sync.schedule(&jobs, cluster.horizon(), &mut plan);
        if let Some(next) = plan.requeue_at {
            sync.because(cluster, &mut plan, || format!("the next job starts {}", why::at(next, now)));
        }
        if cron.str_at("/spec/concurrencyPolicy") == "Forbid" && !sync.active.is_empty() {
            let text = || "concurrencyPolicy is Forbid: no job starts while one runs".to_owned();
            sync.because(cluster, &mut plan, text);
        }
    } else {
        sync.because(cluster, &mut plan, || "it is suspended: no job starts".to_owned());
    }
    let status = sync.status();
    workload::update_status(&mut plan, cron, status);
    Ok(plan)
}

struct Sync<'a> {
    cron: &'a Arc<Object>,
    now: Time,
    status: Value,
    /// References to the Jobs that run.
    active: Vec<Value>,
}

/// How a Job ended, if it did: the type of its condition.
fn end(job: &Object) -> Option<&str> {
    let conditions = job.list_at("/status/conditions").iter();
    let mut ends = conditions.filter(|c| matches!(c.text("type"), "Complete" | "Failed") && c.text("status") == "True");
    ends.next().map(|c| c.text("type"))
}

impl Sync<'_> {
    /// Says what the schedule is at, and which Jobs run.
    fn because(&self, cluster: &Cluster, plan: &mut Plan, text: impl FnOnce() -> String) {
        plan.because(cluster, || {
            let reason = Reason::new(SOURCE, NAMES.key(self.cron.namespace(), self.cron.name()), text());
            let jobs = self.active.iter().map(|job| Key::new(JOBS, self.cron.namespace(), job.text("name")));
            jobs.fold(reason, Reason::waiting_for)
        });
    }

    fn tell(&self, plan: &mut Plan, warning: bool, reason: &'static str, message: String) {
        let of = if warning { EventRecord::warning } else { EventRecord::normal };
        plan.push(Action::Event(of(self.cron, SOURCE, reason, message)));
    }

    /// Which Jobs run; those that have ended since the last look are told of.
    fn take_stock(&mut self, jobs: &[Arc<Object>], plan: &mut Plan) {
        let known = self.status.items("active").to_vec();
        for reference in known {
            let job = jobs.iter().find(|j| j.uid() == reference.text("uid"));
            match job.and_then(|j| end(j)) {
                Some(how) => {
                    let message = format!("Saw completed job: {}, condition: {how}", reference.text("name"));
                    self.tell(plan, false, "SawCompletedJob", message);
                }
                None if job.is_some() => self.active.push(reference),
                None => {
                    let message = format!("Active job went missing: {}", reference.text("name"));
                    self.tell(plan, false, "MissingJob", message);
                }
            }
        }
        let is_known = |j: &Object| self.active.iter().any(|known| known.text("uid") == j.uid());
        let strangers =
            jobs.iter().filter(|j| end(j).is_none() && !is_known(j) && j.annotation(SCHEDULED_AT).is_none());
        for job in strangers {
            let message = format!("Saw a job that the controller did not create or forgot: {}", job.name());
            self.tell(plan, true, "UnexpectedJob", message);
        }
        let successes = jobs.iter().filter(|j| end(j) == Some("Complete"));
        let last = successes.filter_map(|j| j.time_at("/status/completionTime")).max();
        if let Some(last) = last.max(self.cron.time_at("/status/lastSuccessfulTime")) {
            self.status["lastSuccessfulTime"] = time::to_rfc3339(last).into();
        }
    }

    /// Deletes the oldest ended Jobs beyond the limits.
    fn clean_up(&self, jobs: &[Arc<Object>], plan: &mut Plan) {
        for (how, field) in [("Complete", "successfulJobsHistoryLimit"), ("Failed", "failedJobsHistoryLimit")] {
            let Some(limit) = self.cron.i64_at(&format!("/spec/{field}")) else { continue };
            let mut ended: Vec<&Arc<Object>> = jobs.iter().filter(|j| end(j) == Some(how)).collect();
            ended.sort_by_key(|j| (j.time_at("/status/startTime"), j.name().to_owned()));
            let surplus = ended.len().saturating_sub(usize::try_from(limit).unwrap_or(0));
            ended.iter().take(surplus).for_each(|job| self.delete(job, plan));
        }
    }

    fn delete(&self, job: &Object, plan: &mut Plan) {
        if job.deletion_timestamp().is_none() {
            let key = Key::new(JOBS, job.namespace(), job.name());
            plan.push(Action::Delete { key, uid: job.uid().to_owned() });
            self.tell(plan, false, "SuccessfulDelete", format!("Deleted job {}", job.name()));
        }
    }

    /// Starts the Job that is due, and asks to be woken for the next.
    fn schedule(&mut self, jobs: &[Arc<Object>], horizon: Time, plan: &mut Plan) {
        let zone = match Zone::named(self.cron.str_at("/spec/timeZone")) {
            Ok(zone) => zone,
            Err(why) => {
                let name = self.cron.str_at("/spec/timeZone");
                return self.tell(plan, true, "UnknownTimeZone", format!("invalid timeZone: {name:?}: {why}"));
            }
        };
        let Ok(schedule) = Schedule::parse(self.cron.str_at("/spec/schedule")) else { return };
        let last = self.cron.time_at("/status/lastScheduleTime").or_else(|| self.cron.creation_timestamp());
        let Some(last) = last else { return };
        // The 31st of February is well written, and never comes.
        let Some(first) = zone.next(&schedule, last) else {
            let why = "time difference between two schedules is less than 1 second";
            let message = format!("invalid schedule: {} : {why}", self.cron.str_at("/spec/schedule"));
            return self.tell(plan, true, "InvalidSchedule", message);
        };
        if let Some(next) = zone.next(&schedule, self.now) {
            plan.requeue(self.next_that_counts(|at| zone.next(&schedule, at), next, horizon));
        }
        let Some(due) = last_due(|at| zone.next(&schedule, at), last, self.now) else { return };
        let deadline = self.cron.i64_at("/spec/startingDeadlineSeconds").and_then(TimeDelta::try_seconds);
        // A schedule that nobody looked at for long is looked at when a time of it comes: it has missed none.
        let earliest = deadline.and_then(|d| zone.next(&schedule, self.now - d)).map_or(first, |at| at.max(first));
        if due < self.now && missed(earliest, zone.next(&schedule, earliest), self.now) > MANY {
            let why = "too many missed start times. Set or decrease .spec.startingDeadlineSeconds or check clock skew";
            self.tell(plan, true, "TooManyMissedTimes", why.to_owned());
        }
        if deadline.is_some_and(|d| due + d < self.now) {
            let when = due.format("%a, %d %b %Y %H:%M:%S +0000");
            return self.tell(plan, true, "MissSchedule", format!("Missed scheduled time to start a job: {when}"));
        }
        match self.cron.str_at("/spec/concurrencyPolicy") {
            "Forbid" if !self.active.is_empty() => {
                let why = "Not starting job because prior execution is running and concurrency policy is Forbid";
                return self.tell(plan, false, "JobAlreadyActive", why.to_owned());
            }
            "Replace" => {
                let is_active = |j: &&Arc<Object>| self.active.iter().any(|r| r.text("uid") == j.uid());
                jobs.iter().filter(is_active).for_each(|job| self.delete(job, plan));
                self.active.clear();
            }
            _ => {}
        }
        self.start(due, &zone, jobs, plan);
    }

    /// When to look next. Of times that will all have passed before anybody looks only the last are kept: the Jobs of those
    /// before them would be deleted again for the history's limits. A Job that runs keeps the schedule going step by step.
    fn next_that_counts(&self, after: impl Fn(Time) -> Option<Time>, next: Time, horizon: Time) -> Time {
        if !self.active.is_empty() || horizon - next <= KEPT {
            return next;
        }
        let limit = |field: &str| self.cron.i64_at(&format!("/spec/{field}")).unwrap_or(0).max(0);
        let wanted = limit("successfulJobsHistoryLimit") + limit("failedJobsHistoryLimit") + 2;
        let wanted = usize::try_from(wanted).unwrap_or(usize::MAX).min(MISSED);
        let mut window = KEPT;
        while let Some(from) = horizon.checked_sub_signed(window).filter(|from| *from > next) {
            let times = std::iter::successors(after(from), |t| after(*t));
            if times.take_while(|t| *t <= horizon).take(wanted).count() == wanted {
                return after(from).unwrap_or(next);
            }
            window = window * 2;
        }
        next
    }

    fn start(&mut self, due: Time, zone: &Zone, jobs: &[Arc<Object>], plan: &mut Plan) {
        let name = format!("{}-{}", self.cron.name(), due.timestamp() / 60);
        match jobs.iter().find(|j| j.name() == name) {
            // Made at the last look, when it had no uid yet to be referred to.
            Some(job) => {
                if end(job).is_none() {
                    self.active.push(json!({
                        "apiVersion": "batch/v1", "kind": "Job", "name": name, "namespace": job.namespace(),
                        "resourceVersion": job.str_at("/metadata/resourceVersion"), "uid": job.uid(),
                    }));
                }
                self.status["lastScheduleTime"] = time::to_rfc3339(due).into();
            }
            None => {
                let failed = EventRecord::warning(self.cron, SOURCE, "FailedCreate", "Error creating job: ".to_owned());
                plan.push(Action::CreateOrTell(self.job(&name, &zone.to_rfc3339(due)), vec![failed]));
                self.tell(plan, false, "SuccessfulCreate", format!("Created job {name}"));
            }
        }
    }

    fn job(&self, name: &str, due: &str) -> Object {
        let mut job = Object::new("batch/v1", "Job", self.cron.namespace(), name);
        for part in ["labels", "annotations"] {
            if let Some(value) = self.cron.at(&format!("/spec/jobTemplate/metadata/{part}")) {
                job.set(&format!("/metadata/{part}"), value.clone());
            }
        }
        job.set_annotation(SCHEDULED_AT, due);
        job.set("/metadata/ownerReferences", json!([workload::controller_reference(&NAMES, self.cron)]));
        job.set("/spec", self.cron.at("/spec/jobTemplate/spec").cloned().unwrap_or_else(|| json!({})));
        job
    }

    fn status(mut self) -> Value {
        if let Some(status) = self.status.as_object_mut() {
            match self.active.is_empty() {
                true => drop(status.remove("active")),
                false => drop(status.insert("active".to_owned(), Value::Array(self.active))),
            }
        }
        self.status
    }
}

/// How many times of a schedule have passed by now, guessed from the first two.
fn missed(first: Time, second: Option<Time>, now: Time) -> i64 {
    let apart = second.map_or(0, |second| (second - first).num_seconds());
    if apart > 0 && first <= now { (now - first).num_seconds() / apart + 1 } else { 0 }
}

/// The last time of a schedule after one time and not after another. It is looked for in ever longer times before the
/// second, so that a schedule that missed a year costs no more than one that missed an hour.
fn last_due(next: impl Fn(Time) -> Option<Time>, after: Time, by: Time) -> Option<Time> {
    let next = |at: &Time| next(*at).filter(|t| *t <= by);
    let last = |from: Time| std::iter::successors(next(&from), next).take(MISSED).last();
    let windows = [1, 24, 24 * 31, 24 * 366].into_iter().map(|hours| by - TimeDelta::hours(hours));
    windows.take_while(|from| *from > after).find_map(last).or_else(|| last(after))
}

#[cfg(test)]
mod tests;
