//! What a kubelet tells again and again while a pod waits for something that nobody has made yet. What was told last, and how
//! often, is read off its event: the pod itself stays as it is.

use chrono::TimeDelta;

use crate::apimachinery::status::Status;
use crate::apimachinery::time::{self, Time};
use crate::cluster::Cluster;
use crate::control::event;
use crate::kinds::plan::EventRecord;

/// How long a kubelet waits before it tries something again.
pub struct Retries {
    /// The first pause in seconds, which doubles each time.
    first: i64,
    longest: i64,
}

/// Volumes: half a second at first, which an event's times do not tell from a whole one, and 2m2s at last
/// (pkg/util/goroutinemap/exponentialbackoff).
pub const MOUNT: Retries = Retries { first: 1, longest: 122 };
/// A pod whose sync failed: ten seconds and up to half as many more (backOffPeriod of pkg/kubelet, jittered).
pub const SYNC: Retries = Retries { first: 12, longest: 12 };

/// So many tries are told of one by one, and those after them, half an hour at a time: what waits for a month is not to cost
/// thousands of steps, and an event that is never told of for an hour is gone.
const EACH: i64 = 100;
const AT_ONCE: i64 = 1800;
/// More doublings than make the longest pause of the shortest.
const MOST_DOUBLINGS: i64 = 10;

/// How often something is to be told now.
#[derive(Debug, PartialEq, Eq)]
pub struct Again {
    /// 0 where it is not yet time.
    pub times: i64,
    pub next: Time,
}

impl Retries {
    /// How often what a record says is to be told now, and when it is to be looked at next.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub fn of(&self, record: &EventRecord, cluster: &Cluster, now: Time) -> Result<Again, Status> {
        Ok(self.after(event::last_told(cluster, record)?, now))
    }

    fn after(&self, told: Option<(Time, i64)>, now: Time) -> Again {
        let Some((last, count)) = told else { return Again { times: 1, next: time::later(now, self.pause(1).0) } };
        let (pause, times) = self.pause(count);
        let due = time::later(last, pause);
        if due > now {
            return Again { times: 0, next: due };
        }
        Again { times, next: time::later(now, self.pause(count + times).0) }
    }

    /// The pause after so many tries, and how many there are at its end.
    fn pause(&self, count: i64) -> (TimeDelta, i64) {
        let wait = (self.first << (count - 2).clamp(0, MOST_DOUBLINGS)).min(self.longest);
        let times = if count < EACH { 1 } else { AT_ONCE / wait };
        (TimeDelta::seconds(wait * times), times)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// When something is told while a kubelet tries for so long, and how often in all.
    fn told(retries: &Retries, seconds: i64) -> (Vec<i64>, i64) {
        let (mut now, mut count, mut at) = (Time::UNIX_EPOCH, 0, Vec::new());
        let mut last = None;
        while now <= Time::UNIX_EPOCH + TimeDelta::seconds(seconds) {
            let again = retries.after(last, now);
            count += again.times;
            last = Some((now, count));
            at.push((now - Time::UNIX_EPOCH).num_seconds());
            assert!(again.times > 0 && again.next > now, "each look has something to tell");
            now = again.next;
        }
        (at, count)
    }

    #[test]
    fn mounts_are_tried_ever_less_often() {
        assert_eq!(told(&MOUNT, 400).0, [0, 1, 2, 4, 8, 16, 32, 64, 128, 250, 372]);
    }

    #[test]
    fn syncs_are_tried_at_one_pace() {
        assert_eq!(told(&SYNC, 40).0, [0, 12, 24, 36]);
    }

    #[test]
    fn a_month_is_no_more_than_some_steps() {
        let (at, count) = told(&SYNC, 30 * 24 * 3600);
        assert!(at.len() < 2000, "{} steps", at.len());
        assert!((count - 30 * 24 * 300).abs() < 200, "told {count} times");
    }

    #[test]
    fn nothing_is_told_before_its_time() {
        let last = Time::UNIX_EPOCH;
        let now = last + TimeDelta::seconds(5);
        let next = last + TimeDelta::seconds(12);
        assert_eq!(SYNC.after(Some((last, 3)), now), Again { times: 0, next });
    }
}
