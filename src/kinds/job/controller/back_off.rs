//! How long a Job pauses after its pods' failures: computeNewBackoffRecord of upstream's backoff_utils.go.

use std::sync::Arc;

use chrono::TimeDelta;
use serde_json::Value;

use super::{BACKOFF, LONGEST_BACKOFF, Sync};
use crate::apimachinery::object::Object;
use crate::apimachinery::time::{self, Time};

/// Where a Job's bookkeeping has the time of its last failure; its pods may be gone.
const LAST_FAILURE: &str = "lastFailure";
/// And how many pods have failed since the last one that succeeded.
pub(super) const FAILURES: &str = "failuresAfterLastSuccess";

impl Sync<'_> {
    /// When a pod failed last: now, or as it was noted then.
    fn last_failure(&self) -> Option<Time> {
        if self.ended.iter().any(|p| p.str_at("/status/phase") != "Succeeded") {
            return Some(self.now);
        }
        time::parse(self.job.internal.get(LAST_FAILURE)?.as_str()?)
    }

    /// How many pods have failed since the last one that succeeded.
    fn failures(&self) -> i64 {
        let before = || self.job.internal.get(FAILURES).and_then(Value::as_i64);
        let has_succeeded = |p: &&Arc<Object>| p.str_at("/status/phase") == "Succeeded";
        let (succeeded, failed): (Vec<_>, Vec<_>) = self.ended.iter().partition(has_succeeded);
        let new = |since: Option<Time>| failed.iter().filter(|p| finished_at(p) > since).count() as i64;
        match succeeded.iter().map(|p| finished_at(p)).max() {
            Some(success) => new(success),
            // What is not known of an older store's Job is as if none had succeeded.
            None => before().unwrap_or_else(|| self.job.i64_at("/status/failed").unwrap_or(0)) + failed.len() as i64,
        }
    }

    /// When the pause after the last failures is over.
    pub(super) fn pause_ends(&self) -> Option<Time> {
        let failures = self.failures();
        if self.failed == 0 || failures == 0 {
            return None;
        }
        let last = self.last_failure()?;
        let doubled = BACKOFF << (failures - 1).clamp(0, 10);
        last.checked_add_signed(TimeDelta::try_seconds(doubled.min(LONGEST_BACKOFF))?)
    }

    /// Writes down what the next look has to know of the failures.
    pub(super) fn note_failures(&self, job: &mut Object) {
        if let Some(at) = self.last_failure() {
            job.internal.insert(LAST_FAILURE, time::to_rfc3339(at).into());
            job.internal.insert(FAILURES, self.failures().into());
        }
    }
}

/// When the last container of a pod ended.
fn finished_at(pod: &Object) -> Option<Time> {
    let ends =
        pod.list_at("/status/containerStatuses").iter().filter_map(|s| s.pointer("/state/terminated/finishedAt"));
    ends.filter_map(|at| time::parse(at.as_str()?)).max()
}
