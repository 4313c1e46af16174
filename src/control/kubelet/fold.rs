//! Folds what would repeat itself: a container at its longest back-off goes round and round, and when two rounds were the
//! same, the ones up to the last two before anybody looks are added up instead of lived through.
//!
//! The last rounds are lived, so that all times and conditions, and whatever follows the pod, are those of the last round.

use std::collections::BTreeMap;

use chrono::TimeDelta;
use serde::{Deserialize, Serialize};

use crate::apimachinery::object::Object;
use crate::apimachinery::status::Status;
use crate::apimachinery::time::Time;
use crate::cluster::Cluster;
use crate::kinds::plan::Action;

/// Rounds that are lived through after those that are added up.
const LAST: i64 = 2;

/// What one round was.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Round {
    /// When it ended.
    at: Time,
    /// How long it took, in microseconds; 0 for the first that was seen.
    period: i64,
    /// How often each event had been told by then.
    counts: BTreeMap<String, i64>,
    /// How often each event was told in it.
    told: BTreeMap<String, i64>,
}

/// Rounds that were added up.
#[derive(Clone, Debug, PartialEq)]
pub struct Folded {
    pub rounds: u32,
    pub shift: TimeDelta,
    /// The events, told as often as all of them would.
    pub events: Vec<Action>,
}

/// Ends a round of a container's at a time. Rounds are added up when the one before was the same; `round` then begins anew.
pub fn turn(
    pod: &Object,
    field_path: &str,
    round: &mut Option<Round>,
    at: Time,
    cluster: &Cluster,
) -> Result<Option<Folded>, Status> {
    let all = cluster.list_prefixed("events", pod.namespace(), &format!("{}.", pod.name()))?;
    let ours = |e: &Object| {
        e.str_at("/involvedObject/uid") == pod.uid() && e.str_at("/involvedObject/fieldPath") == field_path
    };
    let events: Vec<_> = all.iter().filter(|e| ours(e)).collect();
    let counts: BTreeMap<String, i64> =
        events.iter().map(|e| (e.name().to_owned(), e.i64_at("/count").unwrap_or(1))).collect();
    let before = round.take();
    let (period, told) = match &before {
        None => (0, BTreeMap::new()),
        Some(before) => {
            let since = |(name, count): (&String, &i64)| {
                let more = count - before.counts.get(name).unwrap_or(&0);
                (more > 0).then(|| (name.clone(), more))
            };
            ((at - before.at).num_microseconds().unwrap_or(0), counts.iter().filter_map(since).collect())
        }
    };
    let is_steady = period > 0 && before.is_some_and(|b| b.period == period && b.told == told);
    let left = (cluster.horizon() - at).num_microseconds().unwrap_or(i64::MAX);
    let rounds = if is_steady { left / period - LAST } else { 0 };
    let Some(count) = u32::try_from(rounds).ok().filter(|n| *n > 0) else {
        *round = Some(Round { at, period, counts, told });
        return Ok(None);
    };
    let more = |e: &&std::sync::Arc<Object>| {
        let mut event = Object::clone(e);
        let times = told.get(event.name())? * rounds;
        event.set("/count", (event.i64_at("/count").unwrap_or(1) + times).into());
        Some(Action::Update(event))
    };
    let events = events.iter().filter_map(more).collect();
    Ok(Some(Folded { rounds: count, shift: TimeDelta::microseconds(rounds * period), events }))
}
