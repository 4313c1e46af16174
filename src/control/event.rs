//! Events: what controllers tell people about objects.
//!
//! Names, counts and the two forms (core/v1 for most, events.k8s.io's fields for the scheduler) are those of client-go's
//! recorders.

use serde_json::{Value, json};

use crate::apimachinery::object::Object;
use crate::apimachinery::status::Status;
use crate::apimachinery::time;
use crate::apiserver::{self, WriteOptions};
use crate::cluster::Cluster;
use crate::kinds::plan::EventRecord;
use crate::kinds::{self, Kind};

/// Records an event, or counts a repetition of the same one.
pub fn record(cluster: &mut Cluster, record: EventRecord) -> Result<(), Status> {
    let Some(kind) = kinds::by_api_version("v1", "Event") else { return Ok(()) };
    let namespace = match record.regarding.namespace() {
        "" => "default",
        namespace => namespace,
    }
    .to_owned();
    match repeated(cluster, kind, &namespace, &record)? {
        Some(object) => apiserver::update(cluster, kind, &namespace, object, &WriteOptions::default()).map(drop),
        None => {
            let object = event(cluster, &namespace, &record);
            apiserver::create(cluster, kind, &namespace, object, &WriteOptions::default()).map(drop)
        }
    }
}

/// Whether an event was recorded at the cluster's present time already. An object that is looked at twice at one time says
/// what it has to say once. One that cannot be read counts as told: whoever plans it will fail for that anyway.
pub fn is_told(cluster: &Cluster, record: &EventRecord) -> bool {
    let prefix = format!("{}.", record.regarding.name());
    let events = cluster.list_prefixed("events", record.regarding.namespace(), &prefix);
    let now = time::to_rfc3339(cluster.now());
    events
        .map_or(true, |events| events.iter().any(|e| is_same(e, record) && e.str_at("/lastTimestamp") >= now.as_str()))
}

/// The event that says the same of the same object already, with so many more on its count.
fn repeated(
    cluster: &Cluster,
    kind: &dyn Kind,
    namespace: &str,
    record: &EventRecord,
) -> Result<Option<Object>, Status> {
    let prefix = format!("{}.", record.regarding.name());
    let events = cluster.list_prefixed(kind.names().resource, namespace, &prefix)?;
    let same = events.iter().rev().find(|e| is_same(e, record));
    Ok(same.map(|e| {
        let mut object = Object::clone(e);
        count_more(&mut object, record.times, cluster.now());
        object
    }))
}

fn is_same(event: &Object, record: &EventRecord) -> bool {
    event.str_at("/involvedObject/uid") == record.regarding.uid()
        && event.str_at("/involvedObject/fieldPath") == record.field_path
        && event.str_at("/reason") == record.reason
        && event.str_at("/message") == record.message
        && event.str_at("/reportingComponent") == record.source
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

fn event(cluster: &Cluster, namespace: &str, record: &EventRecord) -> Object {
    let now = cluster.now();
    // Upstream's suffix is the time in nanoseconds; the resourceVersion keeps two events of one instant apart.
    let stamp = now.timestamp_nanos_opt().unwrap_or_default().unsigned_abs() + cluster.next_resource_version() % 1000;
    let mut event = Object::new("v1", "Event", namespace, &format!("{}.{stamp:x}", record.regarding.name()));
    event.set("/involvedObject", involved(record));
    event.set("/reason", record.reason.into());
    event.set("/message", record.message.as_str().into());
    event.set("/type", if record.warning { "Warning" } else { "Normal" }.into());
    event.set("/reportingComponent", record.source.into());
    match record.action {
        Some(action) => {
            event.set("/action", action.into());
            event.set("/eventTime", time::to_rfc3339_micro(now).into());
            event.set("/firstTimestamp", Value::Null);
            event.set("/lastTimestamp", Value::Null);
            event.set("/reportingInstance", format!("{}-kstate", record.source).into());
            event.set("/source", json!({}));
        }
        None => {
            event.set("/eventTime", Value::Null);
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
        "apiVersion": object.api_version(), "kind": object.kind(), "name": object.name(), "uid": object.uid(),
    });
    for (key, text) in [
        ("namespace", object.namespace()),
        ("resourceVersion", object.str_at("/metadata/resourceVersion")),
        ("fieldPath", record.field_path.as_str()),
    ] {
        if !text.is_empty() {
            reference[key] = text.into();
        }
    }
    reference
}
