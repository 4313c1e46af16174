//! Event: a note about an object, written by controllers. Knows no kind it is about.

use serde_json::{Value, json};

use super::{Kind, Names, zeros};
use crate::apimachinery::field::{Errors, Path};
use crate::apimachinery::object::Object;
use crate::apimachinery::status::Status;
use crate::apimachinery::table::{Column, column, wide};
use crate::apimachinery::time::{self, Time};
use crate::cluster::Cluster;

/// The kind.
pub struct Event;

static NAMES: Names = Names::core("Event", "events", "event", &["ev"]);
static COLUMNS: [Column; 10] = [
    column("Last Seen"),
    column("Type"),
    column("Reason"),
    column("Object"),
    wide("Subobject"),
    wide("Source"),
    column("Message"),
    wide("First Seen"),
    wide("Count"),
    wide("Name"),
];

/// What `--field-selector` knows of it besides its name.
const SELECTABLE: &[(&str, &str)] = &[
    ("involvedObject.kind", "/involvedObject/kind"),
    ("involvedObject.namespace", "/involvedObject/namespace"),
    ("involvedObject.name", "/involvedObject/name"),
    ("involvedObject.uid", "/involvedObject/uid"),
    ("involvedObject.apiVersion", "/involvedObject/apiVersion"),
    ("involvedObject.resourceVersion", "/involvedObject/resourceVersion"),
    ("involvedObject.fieldPath", "/involvedObject/fieldPath"),
    ("reason", "/reason"),
    ("reportingComponent", "/reportingComponent"),
    ("source", "/source/component"),
    ("type", "/type"),
];

impl Kind for Event {
    fn names(&self) -> &Names {
        &NAMES
    }

    fn columns(&self) -> &[Column] {
        &COLUMNS
    }

    fn is_looked_at(&self) -> bool {
        false
    }

    fn finalizers_need_domain(&self) -> bool {
        false
    }

    fn cells(&self, object: &Object, now: Time) -> Vec<String> {
        let text = |pointer| object.str_at(pointer).to_owned();
        vec![
            time::age(last_seen(object), now),
            text("/type"),
            text("/reason"),
            regarding(object),
            text("/involvedObject/fieldPath"),
            source(object),
            object.str_at("/message").trim().to_owned(),
            time::age(first_seen(object), now),
            count(object).to_string(),
            object.name().to_owned(),
        ]
    }

    fn set_defaults(&self, object: &mut Object) {
        zeros::omit(object, &["/reason", "/message", "/type", "/count", "/action"]);
        let written = [
            ("/eventTime", Value::Null),
            ("/firstTimestamp", Value::Null),
            ("/involvedObject", json!({})),
            ("/lastTimestamp", Value::Null),
            ("/reportingComponent", "".into()),
            ("/reportingInstance", "".into()),
            ("/source", json!({})),
        ];
        zeros::write(object, &written);
    }

    /// Nothing is taken from a client's event: it has no status.
    fn prepare_for_create(&self, _object: &mut Object) {}

    fn prepare_for_update(&self, _new: &mut Object, _old: &Object) {}

    /// An event lives where its object does; one about a cluster-scoped object, in `default`.
    fn evaluator(&self) -> &'static dyn super::quota::Evaluator {
        &super::quota::Uncounted
    }

    fn validate(&self, object: &Object) -> Errors {
        let mut errors = Errors::default();
        let about = object.str_at("/involvedObject/namespace");
        let same = if about.is_empty() { object.namespace() == "default" } else { object.namespace() == about };
        if !same {
            errors.invalid(&Path::new("involvedObject.namespace"), about, "does not match event.namespace");
        }
        errors
    }

    fn selectable_fields(&self) -> &'static [(&'static str, &'static str)] {
        SELECTABLE
    }

    /// What happened in another cluster is no manifest.
    fn export(&self, _object: &mut Object, _cluster: &Cluster) -> Result<bool, Status> {
        Ok(false)
    }
}

fn first_seen(event: &Object) -> Option<Time> {
    event.time_at("/firstTimestamp").or_else(|| event.time_at("/eventTime"))
}

/// When it was last seen: of the series, if there is one.
fn last_seen(event: &Object) -> Option<Time> {
    match event.at("/series") {
        Some(series) if !series.is_null() => event.time_at("/series/lastObservedTime"),
        _ => event.time_at("/lastTimestamp").or_else(|| first_seen(event)),
    }
}

fn count(event: &Object) -> i64 {
    match event.at("/series") {
        Some(series) if !series.is_null() => event.i64_at("/series/count").unwrap_or(0),
        _ => event.i64_at("/count").filter(|c| *c != 0).unwrap_or(1),
    }
}

/// `pod/web-0`.
fn regarding(event: &Object) -> String {
    let kind = event.str_at("/involvedObject/kind").to_lowercase();
    match event.str_at("/involvedObject/name") {
        "" => kind,
        name => format!("{kind}/{name}"),
    }
}

/// `kubelet, node-1`.
fn source(event: &Object) -> String {
    let first = |a: &str, b: &str| match event.str_at(a) {
        "" => event.str_at(b).to_owned(),
        text => text.to_owned(),
    };
    let component = first("/source/component", "/reportingComponent");
    match first("/source/host", "/reportingInstance") {
        host if host.is_empty() => component,
        host => format!("{component}, {host}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(body: Value) -> Vec<String> {
        let now = time::parse("2026-11-22T08:35:11Z").unwrap();
        Event.cells(&Object::from_value(body).unwrap(), now)
    }

    #[test]
    fn old_and_new_events_make_the_same_columns() {
        let old = json!({"metadata": {"name": "web-0.1"}, "type": "Normal", "reason": "Pulled", "count": 3, "message": "m\n",
            "firstTimestamp": "2026-11-22T08:34:12Z", "lastTimestamp": "2026-11-22T08:35:01Z", "eventTime": null,
            "involvedObject": {"kind": "Pod", "name": "web-0", "fieldPath": "spec.containers{nginx}"},
            "source": {"component": "kubelet", "host": "node-1"}, "reportingComponent": "kubelet"});
        assert_eq!(
            row(old),
            [
                "10s",
                "Normal",
                "Pulled",
                "pod/web-0",
                "spec.containers{nginx}",
                "kubelet, node-1",
                "m",
                "59s",
                "3",
                "web-0.1"
            ]
        );
        let new = json!({"metadata": {"name": "web-0.2"}, "type": "Warning", "reason": "FailedScheduling", "message": "m",
            "eventTime": "2026-11-22T08:34:11.253780Z", "firstTimestamp": null, "lastTimestamp": null,
            "series": {"count": 2, "lastObservedTime": "2026-11-22T08:34:51.294802Z"},
            "involvedObject": {"kind": "Pod", "name": "web-0"}, "source": {},
            "reportingComponent": "default-scheduler", "reportingInstance": "default-scheduler-vm"});
        assert_eq!(
            row(new),
            [
                "19s",
                "Warning",
                "FailedScheduling",
                "pod/web-0",
                "",
                "default-scheduler, default-scheduler-vm",
                "m",
                "59s",
                "2",
                "web-0.2"
            ]
        );
    }

    #[test]
    fn a_single_event_counts_once() {
        let row = row(json!({"metadata": {"name": "e"}, "involvedObject": {"kind": "Node"}}));
        assert_eq!((row[3].as_str(), row[8].as_str(), row[0].as_str()), ("node", "1", "<unknown>"));
    }
}
