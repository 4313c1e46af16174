//! `Events:` of a description. Knows no kind but that of events.

use std::sync::Arc;

use super::{Text, View};
use crate::apimachinery::object::Object;
use crate::apimachinery::status::Status;
use crate::apimachinery::time::{self, Time};
use crate::cluster::Cluster;

/// The events about an object: of these uids, and of a kind or of any; oldest first.
pub fn of(cluster: &Cluster, object: &Object, uids: &[&str], kind: Option<&str>) -> Result<Vec<Arc<Object>>, Status> {
    // Those about a cluster-scoped object are looked for everywhere: they are kept in `default`.
    let namespace = Some(object.namespace()).filter(|n| !n.is_empty());
    let mut events = cluster.list("events", namespace)?;
    events.retain(|e| {
        e.str_at("/involvedObject/name") == object.name()
            && e.str_at("/involvedObject/namespace") == object.namespace()
            && kind.is_none_or(|k| e.str_at("/involvedObject/kind") == k)
            && uids.contains(&e.str_at("/involvedObject/uid"))
    });
    events.sort_by_key(|e| e.time_at("/lastTimestamp"));
    Ok(events)
}

pub fn print(view: &View, events: &[Arc<Object>], out: &mut Text) {
    if events.is_empty() {
        out.line(0, "Events:\t<none>");
        return;
    }
    out.flush();
    out.line(0, "Events:\n  Type\tReason\tAge\tFrom\tMessage");
    out.line(1, "----\t------\t----\t----\t-------");
    for event in events {
        let source = match event.str_at("/source/component") {
            "" => event.str_at("/reportingComponent"),
            component => component,
        };
        let (kind, reason) = (event.str_at("/type"), event.str_at("/reason"));
        let (age, message) = (interval(event, view.now), event.str_at("/message").trim());
        out.line(1, format_args!("{kind}\t{reason}\t{age}\t{source}\t{message}"));
    }
}

/// `5s`, or `5s (x3 over 2m)` for an event that came again.
pub fn interval(event: &Object, now: Time) -> String {
    let since = |at| time::age(at, now);
    let first = since(event.time_at("/eventTime").or_else(|| event.time_at("/firstTimestamp")));
    let again = |last: &str, count: i64| format!("{} (x{count} over {first})", since(event.time_at(last)));
    if event.map_at("/series").is_some() {
        return again("/series/lastObservedTime", event.i64_at("/series/count").unwrap_or(0));
    }
    match event.i64_at("/count").unwrap_or(0) {
        count if count > 1 => again("/lastTimestamp", count),
        _ => first,
    }
}
