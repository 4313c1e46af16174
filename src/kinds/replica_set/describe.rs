//! What `describe` prints of a ReplicaSet. Knows its pods by number only.

use serde_json::Value;

use crate::apimachinery::labels::{self, Selector};
use crate::apimachinery::object::Object;
use crate::apimachinery::status::Status;
use crate::kinds::describe::{
    Text, View, annotations, controlled_by, labels, pod_template, pods_status, workload_conditions,
};

pub fn describe(set: &Object, view: &View, out: &mut Text) -> Result<(), Status> {
    let chosen = set.at("/spec/selector").unwrap_or(&Value::Null);
    let selector = Selector::from_label_selector(chosen)?;
    out.field(0, "Name", set.name());
    out.field(0, "Namespace", set.namespace());
    out.field(0, "Selector", labels::format_label_selector(chosen));
    labels(out, set);
    annotations(out, "Annotations", set.map_at("/metadata/annotations"));
    controlled_by(set, out);
    let number = |pointer| set.i64_at(pointer).unwrap_or(0);
    let (current, desired) = (number("/status/replicas"), number("/spec/replicas"));
    out.field(0, "Replicas", format_args!("{current} current / {desired} desired"));
    out.field(0, "Pods Status", pods_status(view, set, &selector)?);
    pod_template(set.at("/spec/template").unwrap_or(&Value::Null), out);
    workload_conditions(set.list_at("/status/conditions"), out);
    view.events(set, out)
}
