//! Which of all that a controller tells of one object becomes an event of its own: client-go's EventCorrelator
//! (tools/record/events_cache.go). Ten messages with one reason are `(combined from similar events)`, and more than 25 events
//! about one object wait for five minutes each. Knows no controller; the kubelet and the scheduler keep their own account.

use std::sync::Arc;

use chrono::TimeDelta;
use serde_json::{Value, json};

use super::EVENTS_BY_CAUSE;
use crate::apimachinery::key::Key;
use crate::apimachinery::object::Object;
use crate::apimachinery::status::Status;
use crate::apimachinery::time::{self, Time};
use crate::cluster::Cluster;
use crate::kinds::plan::EventRecord;

/// How the message of an event begins that stands for others.
pub const COMBINED: &str = "(combined from similar events): ";
/// So many messages with one reason have events of their own.
const MOST_MESSAGES: usize = 9;
/// Messages are counted anew once nothing was told for so long.
const INTERVAL: TimeDelta = TimeDelta::seconds(600);
/// So many events one controller sends about one object at once.
const BURST: i64 = 25;
/// After so long it may send one more.
const REFILL: i64 = 300;
/// Where an event has what is known of it besides what it shows. Events of older stores have none, and are not looked at.
const TALLY: &str = "correlated";

/// What becomes of a record.
pub struct Verdict {
    /// The event that it is another case of.
    pub event: Option<Object>,
    /// Whether it is one of several that are told of together.
    pub is_combined: bool,
    /// Whether nobody gets to see it now.
    pub is_spam: bool,
    window: Value,
    /// How often in a row its reason was told of, this time included; for warnings.
    row: i64,
}

/// The value under which all that one controller told of one object is found, for events that are counted.
pub fn teller_of(event: &Object) -> Option<String> {
    event.internal.get(TALLY)?;
    Some(teller(event.str_at("/involvedObject/uid"), event.str_at("/source/component")))
}

fn teller(uid: &str, source: &str) -> String {
    format!("{uid}\n{source}")
}

/// What becomes of what a controller tells.
///
/// # Errors
/// A store that cannot be read.
pub fn judge(cluster: &Cluster, record: &EventRecord) -> Result<Verdict, Status> {
    let now = cluster.now();
    let told = cluster.indexed(&EVENTS_BY_CAUSE, &teller(record.regarding.uid(), record.source))?;
    let kind = if record.warning { "Warning" } else { "Normal" };
    let similar: Vec<&Arc<Object>> = told
        .iter()
        .map(|(_, event)| event)
        .filter(|e| e.str_at("/reason") == record.reason && e.str_at("/type") == kind)
        .collect();
    let newest = similar.iter().max_by_key(|e| last(e));
    let window = match newest {
        Some(event) if last(event).is_some_and(|last| now - last > INTERVAL) => time::to_rfc3339(now).into(),
        Some(event) => window_of(event),
        None => Value::Null,
    };
    let is_own = |e: &&&Arc<Object>| {
        e.str_at("/message") == record.message && e.str_at("/involvedObject/fieldPath") == record.field_path
    };
    let own = similar.iter().find(is_own);
    let is_here = |e: &Object| window_of(e) == window;
    let messages = similar.iter().filter(|e| !is_combined(e) && is_here(e)).count();
    let is_combined_now = messages >= MOST_MESSAGES && !own.is_some_and(|e| is_here(e));
    let event = if is_combined_now { similar.iter().find(|e| is_combined(e)) } else { own };
    Ok(Verdict {
        event: event.map(|e| Object::clone(e)),
        is_combined: is_combined_now,
        is_spam: is_spam(&told, now),
        window,
        row: if record.warning { row_before(&told, record) + record.times } else { 0 },
    })
}

/// How often a controller told of an object with the reason of a record, seen or not, since it told last that all was well.
///
/// # Errors
/// A store that cannot be read.
pub fn times_in_a_row(cluster: &Cluster, record: &EventRecord) -> Result<i64, Status> {
    let told = cluster.indexed(&EVENTS_BY_CAUSE, &teller(record.regarding.uid(), record.source))?;
    Ok(row_of_newest(&told, record))
}

/// How often in a row something was told of, up to the last time.
fn row_of_newest(told: &[(Key, Arc<Object>)], record: &EventRecord) -> i64 {
    let similar = told.iter().filter(|(_, event)| event.str_at("/reason") == record.reason);
    similar.max_by_key(|(_, event)| (last(event), event.resource_version())).map_or(0, |(_, event)| row(event))
}

/// How often in a row something was told of before a record of it; 0 where it was told after that that all was well.
fn row_before(told: &[(Key, Arc<Object>)], record: &EventRecord) -> i64 {
    let newest =
        |is_one: &dyn Fn(&Object) -> bool| told.iter().filter(|(_, e)| is_one(e)).filter_map(|(_, e)| last(e)).max();
    let failure = newest(&|e| e.str_at("/reason") == record.reason);
    let success = newest(&|e| e.str_at("/type") == "Normal");
    if success > failure {
        return 0;
    }
    row_of_newest(told, record)
}

impl Verdict {
    /// Counts one more on an event that there is; what nobody gets to see only beside what it shows.
    pub fn count(&self, event: &mut Object, record: &EventRecord, now: Time) {
        let seen = seen(event) + record.times;
        let sent = sent(event);
        let mut kept = json!({"window": self.window, "sent": sent});
        if self.is_spam {
            kept["seen"] = seen.into();
            kept["at"] = time::to_rfc3339(now).into();
        } else {
            kept["sent"] = (sent + 1).into();
            event.set("/count", seen.into());
            event.set("/lastTimestamp", time::to_rfc3339(now).into());
            event.set("/message", self.message(record).into());
        }
        self.keep_row(&mut kept);
        event.internal.insert(TALLY, kept);
    }

    /// Makes an event one that is counted.
    pub fn begin(&self, event: &mut Object) {
        let mut kept = if self.window.is_null() { json!({}) } else { json!({"window": self.window}) };
        self.keep_row(&mut kept);
        event.internal.insert(TALLY, kept);
        if self.is_combined {
            // The aggregated event of client-go has no reporter.
            event.set("/reportingComponent", "".into());
            event.set("/reportingInstance", "".into());
        }
    }

    fn keep_row(&self, kept: &mut Value) {
        if self.row > 1 {
            kept["row"] = self.row.into();
        }
    }

    /// What the event says.
    pub fn message(&self, record: &EventRecord) -> String {
        let prefix = if self.is_combined { COMBINED } else { "" };
        format!("{prefix}{}", record.message)
    }
}

fn is_combined(event: &Object) -> bool {
    event.str_at("/message").starts_with(COMBINED)
}

/// Whether a controller has sent as much about an object as it may. A bucket that was full again meanwhile is not known of.
fn is_spam(told: &[(Key, Arc<Object>)], now: Time) -> bool {
    let sent: i64 = told.iter().map(|(_, event)| sent(event)).sum();
    let first = told.iter().filter_map(|(_, event)| time::parse(event.str_at("/firstTimestamp"))).min();
    let refilled = first.map_or(0, |first| (now - first).num_seconds() / REFILL);
    sent >= BURST + refilled
}

/// How often an event was sent: as often as it shows, if nothing was held back.
fn sent(event: &Object) -> i64 {
    tally(event, "sent").or(event.i64_at("/count")).unwrap_or(1)
}

/// How often what an event tells of happened, seen or not.
fn seen(event: &Object) -> i64 {
    tally(event, "seen").or(event.i64_at("/count")).unwrap_or(1)
}

/// How often in a row, up to its last time, something was told of.
fn row(event: &Object) -> i64 {
    tally(event, "row").unwrap_or(1)
}

/// When something was last told that the event is for, seen or not.
fn last(event: &Object) -> Option<Time> {
    let at = event.internal.get(TALLY).and_then(|t| t.get("at")).and_then(Value::as_str);
    time::parse(at.unwrap_or_else(|| event.str_at("/lastTimestamp")))
}

fn window_of(event: &Object) -> Value {
    event.internal.get(TALLY).and_then(|t| t.get("window")).cloned().unwrap_or_default()
}

fn tally(event: &Object, name: &str) -> Option<i64> {
    event.internal.get(TALLY)?.get(name)?.as_i64()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::apiserver;
    use crate::control::event::record;
    use crate::kinds::empty_store::EmptyStore;

    fn tell(cluster: &mut Cluster, numbers: std::ops::Range<i32>) {
        let set = Object::new("apps/v1", "StatefulSet", "default", "web");
        for number in numbers {
            record(cluster, EventRecord::normal(&set, "test", "Told", number.to_string())).unwrap();
        }
    }

    fn told(cluster: &Cluster) -> Vec<(String, i64)> {
        let events = cluster.list("events", Some("default")).unwrap();
        let mut told: Vec<_> =
            events.iter().map(|e| (e.str_at("/message").to_owned(), e.i64_at("/count").unwrap_or(0))).collect();
        told.sort();
        told
    }

    fn cluster() -> Cluster<'static> {
        let mut cluster = Cluster::new(&EmptyStore);
        apiserver::bootstrap(&mut cluster).unwrap();
        cluster
    }

    #[test]
    fn the_tenth_message_and_later_ones_are_combined() {
        let mut cluster = cluster();
        tell(&mut cluster, 1..13);
        let told = told(&cluster);
        assert_eq!(told.len(), 10);
        assert_eq!(told[0], (format!("{COMBINED}12"), 3));
        assert_eq!(told[9], ("9".to_owned(), 1));
    }

    #[test]
    fn what_was_told_before_is_counted_where_it_was() {
        let mut cluster = cluster();
        tell(&mut cluster, 1..13);
        tell(&mut cluster, 9..10);
        assert_eq!(told(&cluster)[9], ("9".to_owned(), 2));
    }

    #[test]
    fn what_is_told_too_often_is_counted_when_the_next_is_seen() {
        let mut cluster = cluster();
        tell(&mut cluster, 0..1_100);
        assert_eq!(told(&cluster)[0], (format!("{COMBINED}24"), 16));
        cluster.set_now(cluster.now() + TimeDelta::seconds(REFILL));
        tell(&mut cluster, 2_000..2_002);
        assert_eq!(told(&cluster)[0], (format!("{COMBINED}2000"), 1_092));
    }

    #[test]
    fn a_row_of_failures_ends_when_something_succeeds() {
        let mut cluster = cluster();
        let set = Object::new("apps/v1", "StatefulSet", "default", "web");
        let fail = |number: i32| EventRecord::warning(&set, "test", "Failed", number.to_string());
        for number in [1, 2, 2] {
            record(&mut cluster, fail(number)).unwrap();
        }
        assert_eq!(times_in_a_row(&cluster, &fail(0)).unwrap(), 3);
        cluster.set_now(cluster.now() + TimeDelta::seconds(1));
        tell(&mut cluster, 0..1);
        cluster.set_now(cluster.now() + TimeDelta::seconds(1));
        record(&mut cluster, fail(2)).unwrap();
        assert_eq!(times_in_a_row(&cluster, &fail(0)).unwrap(), 1);
    }

    #[test]
    fn messages_are_counted_anew_after_a_while() {
        let mut cluster = cluster();
        tell(&mut cluster, 0..9);
        cluster.set_now(cluster.now() + INTERVAL + TimeDelta::seconds(1));
        tell(&mut cluster, 9..10);
        assert!(told(&cluster).iter().all(|(message, _)| !message.starts_with(COMBINED)));
    }
}
