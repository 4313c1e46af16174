//! Events: what controllers tell people about objects.
//!
//! Names, counts and the two forms (core/v1 for most, events.k8s.io's fields for the scheduler) are those of client-go's
//! recorders.

mod correlator;

pub use correlator::times_in_a_row;

use std::sync::Arc;

use serde_json::{Value, json};

use crate::apimachinery::object::Object;
use crate::apimachinery::status::Status;
use crate::apimachinery::time;
use crate::apiserver::{self, WriteOptions};
use crate::cluster::{Cluster, Indexer};
use crate::kinds::plan::EventRecord;
use crate::kinds::{self, KindRef};

/// Records an event, or counts a repetition of the same one.
pub fn record(cluster: &mut Cluster, record: EventRecord) -> Result<(), Status> {
    let Some(kind) = kinds::by_api_version("v1", "Event") else { return Ok(()) };
    let namespace = match record.regarding.namespace() {
        "" => "default",
        namespace => namespace,
    }
    .to_owned();
    if record.action.is_none() && record.source != KUBELET {
        return correlate(cluster, kind, &namespace, &record);
    }
    match repeated(cluster, &record)? {
        Some(object) => update(cluster, kind, &namespace, object),
        None => {
            let object = event(cluster, &namespace, &record, &record.message);
            create(cluster, kind, &namespace, object, &record)
        }
    }
}

/// The kubelet tells ever less often of what fails for long, without a correlator.
const KUBELET: &str = "kubelet";

/// Records what a controller tells through its correlator.
fn correlate(cluster: &mut Cluster, kind: KindRef, namespace: &str, record: &EventRecord) -> Result<(), Status> {
    let mut verdict = correlator::judge(cluster, record)?;
    match verdict.event.take() {
        Some(mut object) => {
            verdict.count(&mut object, record, cluster.now());
            keep_reason(&mut object, record, cluster.now());
            update(cluster, kind, namespace, object)
        }
        None if verdict.is_spam => Ok(()),
        None => {
            let mut object = event(cluster, namespace, record, &verdict.message(record));
            verdict.begin(&mut object);
            create(cluster, kind, namespace, object, record)
        }
    }
}

fn update(cluster: &mut Cluster, kind: KindRef, namespace: &str, object: Object) -> Result<(), Status> {
    let options = WriteOptions { keeps_bookkeeping: true, ..WriteOptions::default() };
    apiserver::update(cluster, kind, namespace, object, &options).map(drop)
}

fn create(
    cluster: &mut Cluster,
    kind: KindRef,
    namespace: &str,
    mut object: Object,
    record: &EventRecord,
) -> Result<(), Status> {
    keep_reason(&mut object, record, cluster.now());
    let options = WriteOptions { is_decoded: true, ..WriteOptions::default() };
    apiserver::create(cluster, kind, namespace, object, &options).map(drop)
}

/// Events by all that makes two of them the same one, and those that are correlated by who told of what.
pub(super) static EVENTS_BY_CAUSE: Indexer = Indexer {
    name: "events-by-cause",
    resource: "events",
    values: |event| {
        let text = |pointer: &str| event.str_at(pointer);
        let cause = cause([
            text("/involvedObject/uid"),
            text("/involvedObject/fieldPath"),
            text("/reason"),
            text("/reportingComponent"),
            text("/message"),
        ]);
        std::iter::once(cause).chain(correlator::teller_of(event)).collect()
    },
};

fn cause(parts: [&str; 5]) -> String {
    parts.join("\n")
}

/// The event that says the same of the same object already.
fn same(cluster: &Cluster, record: &EventRecord) -> Result<Option<Arc<Object>>, Status> {
    let about = record.regarding.uid();
    let wanted = cause([about, &record.field_path, record.reason, record.source, &record.message]);
    Ok(cluster.indexed(&EVENTS_BY_CAUSE, &wanted)?.pop().map(|(_, event)| event))
}

/// Whether an event was recorded at the cluster's present time already. An object that is looked at twice at one time says
/// what it has to say once.
pub fn is_told(cluster: &Cluster, record: &EventRecord) -> Result<bool, Status> {
    let now = time::to_rfc3339(cluster.now());
    Ok(same(cluster, record)?.is_some_and(|event| event.str_at("/lastTimestamp") >= now.as_str()))
}

/// When an event was last recorded, and how often in all; `None` for one that was not.
pub fn last_told(cluster: &Cluster, record: &EventRecord) -> Result<Option<(time::Time, i64)>, Status> {
    Ok(same(cluster, record)?.and_then(|event| {
        let times = ["/series/lastObservedTime", "/lastTimestamp", "/eventTime"];
        let last = times.into_iter().find_map(|at| time::parse(event.str_at(at)))?;
        Some((last, event.i64_at("/series/count").or(event.i64_at("/count")).unwrap_or(1)))
    }))
}

/// The event that says the same of the same object already, with so many more on its count.
fn repeated(cluster: &Cluster, record: &EventRecord) -> Result<Option<Object>, Status> {
    Ok(same(cluster, record)?.map(|event| {
        let mut object = Object::clone(&event);
        count_more(&mut object, record.times, cluster.now());
        keep_reason(&mut object, record, cluster.now());
        object
    }))
}

fn count_more(event: &mut Object, times: i64, now: time::Time) {
    if event.at("/eventTime").is_some_and(|t| !t.is_null()) {
        let count = event.i64_at("/series/count").unwrap_or(1);
        event.set("/series", json!({"count": count + times, "lastObservedTime": time::to_rfc3339_micro(now)}));
    } else {
        let count = event.i64_at("/count").unwrap_or(1);
        event.set("/count", (count + times).into());
        event.set("/lastTimestamp", time::to_rfc3339(now).into());
    }
}

/// What an event says, or the last of those that it stands for.
pub fn message(event: &Object) -> &str {
    let message = event.str_at("/message");
    message.strip_prefix(correlator::COMBINED).unwrap_or(message)
}

/// Where an event has the reasons for what it tells of, oldest first.
const REASONS: &str = "because";
/// How many of them are kept.
const MOST_REASONS: usize = 8;

/// What was decided once, and why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Decision {
    pub at: time::Time,
    pub source: String,
    /// The object that it was about, as a [`Key`] is written.
    pub about: String,
    pub text: String,
}

/// The decisions that an event tells of.
pub fn decisions(event: &Object) -> Vec<Decision> {
    let all = event.internal.get(REASONS).and_then(Value::as_array).into_iter().flatten();
    let decision = |kept: &Value| {
        let text = |field: &str| kept.get(field).and_then(Value::as_str);
        Some(Decision {
            at: time::parse(text("at")?)?,
            source: [event.str_at("/reportingComponent"), event.str_at("/source/component")]
                .into_iter()
                .find(|name| !name.is_empty())
                .unwrap_or_default()
                .to_owned(),
            about: text("about")?.to_owned(),
            text: text("text")?.to_owned(),
        })
    };
    all.filter_map(decision).collect()
}

fn keep_reason(event: &mut Object, record: &EventRecord, now: time::Time) {
    let Some((about, text)) = &record.because else { return };
    let kept = event.internal.list_mut(REASONS);
    if kept.len() >= MOST_REASONS {
        kept.remove(0);
    }
    kept.push(json!({"at": time::to_rfc3339_micro(now), "about": about.to_string(), "text": text}));
}

fn event(cluster: &Cluster, namespace: &str, record: &EventRecord, message: &str) -> Object {
    let now = cluster.now();
    // Upstream's suffix is the time in nanoseconds. The resourceVersion on top keeps two events apart: neither ever goes back.
    let stamp = now.timestamp_nanos_opt().unwrap_or_default().unsigned_abs() + cluster.next_resource_version();
    let mut event = Object::new("v1", "Event", namespace, &format!("{}.{stamp:x}", record.regarding.name()));
    event.set("/involvedObject", involved(record));
    event.set("/reason", record.reason.into());
    // As Go leaves it out when it is empty.
    if !message.is_empty() {
        event.set("/message", message.into());
    }
    event.set("/type", if record.warning { "Warning" } else { "Normal" }.into());
    event.set("/reportingComponent", record.source.into());
    match record.action {
        Some(action) => {
            event.set("/action", action.into());
            event.set("/eventTime", time::to_rfc3339_micro(now).into());
            event.set("/reportingInstance", format!("{}-kstate", record.source).into());
            event.set("/source", json!({}));
        }
        None => {
            event.set("/count", record.times.into());
            event.set("/firstTimestamp", time::to_rfc3339(now).into());
            event.set("/lastTimestamp", time::to_rfc3339(now).into());
            event.set("/reportingInstance", record.host.as_str().into());
            event.set("/source", source(record));
        }
    }
    event
}

fn source(record: &EventRecord) -> Value {
    if record.host.is_empty() {
        json!({"component": record.source})
    } else {
        json!({"component": record.source, "host": record.host})
    }
}

fn involved(record: &EventRecord) -> Value {
    let object = &record.regarding;
    let mut reference = json!({
        "apiVersion": object.api_version(), "kind": object.kind(), "name": object.name(),
    });
    for (key, text) in [
        ("namespace", object.namespace()),
        ("uid", object.uid()),
        ("resourceVersion", object.str_at("/metadata/resourceVersion")),
        ("fieldPath", record.field_path.as_str()),
    ] {
        if !text.is_empty() {
            reference[key] = text.into();
        }
    }
    reference
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kinds::empty_store::EmptyStore;

    /// A thousand replicas that come up at one instant are as many events, and a refused one ends its plan.
    #[test]
    fn events_of_one_instant_have_names_of_their_own() {
        let mut cluster = Cluster::new(&EmptyStore);
        apiserver::bootstrap(&mut cluster).unwrap();
        for number in 0..1_100 {
            let mut set = Object::new("apps/v1", "StatefulSet", "default", "web");
            set.set("/metadata/uid", number.to_string().into());
            record(&mut cluster, EventRecord::normal(&set, "test", "Told", "once".to_owned())).unwrap();
        }
        assert_eq!(cluster.list("events", Some("default")).unwrap().len(), 1_100);
    }
}
