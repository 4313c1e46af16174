//! Probes as schedules: what a container's startup, readiness and liveness come to at a time, and when that changes next.
//!
//! Nothing is counted step by step: between two changes of a probe's answer its outcome is arithmetic, so a year of probing
//! costs what a minute of it costs. Pure: what the probes answer is an argument.

use chrono::TimeDelta;
use serde_json::Value;

use crate::apimachinery::time::{self, Time};

/// The three probes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    Startup,
    Readiness,
    Liveness,
}

impl Kind {
    /// Every kind, in the order in which they are asked.
    pub const ALL: [Kind; 3] = [Kind::Startup, Kind::Readiness, Kind::Liveness];

    /// The container's field.
    pub fn field(self) -> &'static str {
        match self {
            Kind::Startup => "startupProbe",
            Kind::Readiness => "readinessProbe",
            Kind::Liveness => "livenessProbe",
        }
    }

    /// How events begin with it.
    pub fn title(self) -> &'static str {
        match self {
            Kind::Startup => "Startup",
            Kind::Readiness => "Readiness",
            Kind::Liveness => "Liveness",
        }
    }
}

/// What a probe answers from a time on: nothing when it succeeds, else the failure's message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    pub from: Time,
    pub failure: Option<String>,
}

/// When a probe is made, and how often it has to answer the same to count.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Schedule {
    first: Time,
    period: TimeDelta,
    successes: i64,
    failures: i64,
}

impl Schedule {
    /// A probe's schedule for a container that runs since `running`; other probes than the startup probe begin once that
    /// has succeeded.
    pub fn new(probe: &Value, running: Time, started: Time) -> Schedule {
        let number = |field: &str, default: i64| probe.get(field).and_then(Value::as_i64).unwrap_or(default);
        let delay = TimeDelta::seconds(number("initialDelaySeconds", 0).clamp(0, 1 << 31));
        Schedule {
            first: time::later(running, delay).max(started),
            period: TimeDelta::seconds(number("periodSeconds", 10).clamp(1, 1 << 31)),
            successes: number("successThreshold", 1).max(1),
            failures: number("failureThreshold", 3).max(1),
        }
    }

    /// How many probes were made before a time.
    fn before(&self, t: Time) -> i64 {
        let passed = (t - self.first).num_microseconds().unwrap_or(i64::MAX);
        let period = self.period.num_microseconds().unwrap_or(i64::MAX);
        if passed <= 0 { 0 } else { (passed - 1) / period + 1 }
    }

    /// When the n-th probe is made, from 0.
    fn at(&self, n: i64) -> Time {
        let micros = self.period.num_microseconds().and_then(|p| p.checked_mul(n));
        micros.map_or(Time::MAX_UTC, |micros| time::later(self.first, TimeDelta::microseconds(micros)))
    }
}

/// What a probe has come to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outcome {
    /// Whether it counts as succeeded.
    pub ok: bool,
    /// When that last changed; `None` when it is still what it was at first.
    pub since: Option<Time>,
    /// Failures in a row, and the last one's message.
    pub failing: Option<Failing>,
    /// When the next thing happens that has to be shown or told.
    pub next: Option<Time>,
}

/// A row of failures.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failing {
    pub message: String,
    /// How many failures are to be told of now that were not told of before; 0 between such times.
    pub told: i64,
}

/// What a probe that begins as `ok` has come to by `now`, under answers in the order of time. It is taken to succeed before
/// the first answer.
pub fn outcome(schedule: &Schedule, answers: &[Answer], ok: bool, now: Time) -> Outcome {
    let made = schedule.before(now) + i64::from(schedule.at(schedule.before(now)) == now);
    let (mut state, mut since) = (ok, None);
    // The row of equal answers that is on: whether they are successes, and where it began.
    let mut row: Option<(bool, i64)> = None;
    let succeeding = Answer { from: Time::MIN_UTC, failure: None };
    let all: Vec<&Answer> = std::iter::once(&succeeding).chain(answers).collect();
    for (i, answer) in all.iter().enumerate() {
        let begin = if i == 0 { 0 } else { schedule.before(answer.from) };
        let end = all.get(i + 1).map_or(made, |next| schedule.before(next.from)).min(made);
        if begin >= end {
            continue;
        }
        let is_success = answer.failure.is_none();
        let start = row.filter(|(same, _)| *same == is_success).map_or(begin, |(_, start)| start);
        row = Some((is_success, start));
        let threshold = schedule.threshold(is_success);
        if state != is_success && end - start >= threshold {
            state = is_success;
            since = Some(schedule.at(start + threshold - 1));
        }
    }
    let current = all.last().copied().unwrap_or(&succeeding);
    let is_success = current.failure.is_none();
    let start = row.filter(|(same, _)| *same == is_success).map_or(made, |(_, start)| start);
    let flip = (state != is_success).then(|| start + schedule.threshold(is_success) - 1);
    let failing = current.failure.as_ref().filter(|_| made > start).map(|message| Failing {
        message: message.clone(),
        told: if schedule.at(made - 1) == now { newly_told(made - start, schedule.failures) } else { 0 },
    });
    let tell = (!is_success).then(|| start + next_told(made - start, schedule.failures) - 1);
    let next = flip.into_iter().chain(tell).min().map(|n| schedule.at(n));
    Outcome { ok: state, since, failing, next: next.filter(|at| *at < Time::MAX_UTC) }
}

impl Schedule {
    fn threshold(&self, success: bool) -> i64 {
        if success { self.successes } else { self.failures }
    }
}

/// Failures are told of one by one up to the threshold, then each time their number has doubled: a cluster tells of ever
/// fewer as well. The first number to be told of after `n`.
fn next_told(n: i64, threshold: i64) -> i64 {
    if n < threshold { n + 1 } else { u64::try_from(n + 1).map_or(n + 1, |n| n.next_power_of_two().cast_signed()) }
}

/// How many failures the `n`-th tells of; 0 when it is not one that is told of.
fn newly_told(n: i64, threshold: i64) -> i64 {
    if n <= threshold {
        return 1;
    }
    if n.count_ones() == 1 { n - (n / 2).max(threshold) } else { 0 }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use serde_json::json;

    fn at(seconds: i64) -> Time {
        Time::UNIX_EPOCH + TimeDelta::seconds(seconds)
    }

    fn fails(from: i64) -> Answer {
        Answer { from: at(from), failure: Some("no".to_owned()) }
    }

    fn succeeds(from: i64) -> Answer {
        Answer { from: at(from), failure: None }
    }

    #[test]
    fn a_probe_that_succeeds_succeeds_after_its_delay() {
        let probe = json!({"initialDelaySeconds": 5, "periodSeconds": 10, "successThreshold": 2});
        let schedule = Schedule::new(&probe, at(100), at(100));
        let early = outcome(&schedule, &[], false, at(104));
        assert_eq!((early.ok, early.next), (false, Some(at(115))));
        assert!(!outcome(&schedule, &[], false, at(114)).ok);
        let done = outcome(&schedule, &[], false, at(500));
        assert_eq!((done.ok, done.since, done.next), (true, Some(at(115)), None));
    }

    #[test]
    fn failures_count_in_a_row() {
        let probe = json!({"periodSeconds": 10, "failureThreshold": 3});
        let schedule = Schedule::new(&probe, at(0), at(0));
        let answers = [fails(15), succeeds(35), fails(45)];
        // Probes fail at 20 and 30, succeed at 40, fail at 50, 60 and 70.
        assert!(outcome(&schedule, &answers, true, at(69)).ok);
        let failed = outcome(&schedule, &answers, true, at(70));
        assert_eq!((failed.ok, failed.since), (false, Some(at(70))));
        assert_eq!(failed.failing.map(|f| f.told), Some(1));
        let healed = outcome(&schedule, &[fails(15), succeeds(95)], true, at(100));
        assert_eq!((healed.ok, healed.since), (true, Some(at(100))));
    }

    #[test]
    fn what_fails_for_long_is_told_of_ever_more_seldom() {
        let schedule = Schedule::new(&json!({"periodSeconds": 1}), at(0), at(0));
        let mut now = at(0);
        let mut told = Vec::new();
        while now < at(1000) {
            let found = outcome(&schedule, &[fails(0)], true, now);
            told.extend(found.failing.map(|f| f.told).filter(|n| *n > 0));
            now = found.next.expect("it is told of again");
        }
        assert_eq!(told.iter().sum::<i64>(), 512);
        assert_eq!(told[..5], [1, 1, 1, 1, 4]);
    }

    proptest! {
        /// The arithmetic is what counting would come to.
        #[test]
        fn as_by_counting(
            delay in 0..7i64, period in 1..5i64, successes in 1..4i64, failures in 1..4i64, ok: bool,
            changes in prop::collection::vec((1..9i64, any::<bool>()), 0..8), end in 0..80i64,
        ) {
            let probe = json!({"initialDelaySeconds": delay, "periodSeconds": period,
                "successThreshold": successes, "failureThreshold": failures});
            let schedule = Schedule::new(&probe, at(0), at(0));
            let mut from = 0;
            let answers: Vec<Answer> = changes.into_iter().map(|(step, good)| {
                from += step;
                if good { succeeds(from) } else { fails(from) }
            }).filter(|a| a.from <= at(end)).collect();
            let (mut state, mut since, mut row) = (ok, None, (true, 0));
            for second in (delay..=end).step_by(usize::try_from(period).unwrap()) {
                let good = answers.iter().rev().find(|a| a.from <= at(second)).is_none_or(|a| a.failure.is_none());
                row = if row.0 == good { (good, row.1 + 1) } else { (good, 1) };
                if state != good && row.1 >= if good { successes } else { failures } {
                    (state, since) = (good, Some(at(second)));
                }
            }
            let found = outcome(&schedule, &answers, ok, at(end));
            prop_assert_eq!((found.ok, found.since), (state, since));
            // Nothing changes before it says so.
            if let Some(next) = found.next {
                prop_assert!(next > at(end));
                let before = outcome(&schedule, &answers, ok, next - TimeDelta::microseconds(1));
                prop_assert_eq!(before.ok, state);
            }
        }
    }
}
