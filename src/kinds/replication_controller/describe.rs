//! What `describe` prints of a ReplicationController. Knows its pods by number only.

use serde_json::Value;

use crate::apimachinery::labels::Selector;
use crate::apimachinery::object::Object;
use crate::apimachinery::status::Status;
use crate::kinds::describe::{
    Text, View, annotations, format_labels, labels, pod_template, pods_status, workload_conditions,
};

pub fn describe(controller: &Object, view: &View, out: &mut Text) -> Result<(), Status> {
    let chosen = controller.map_at("/spec/selector");
    let selector = chosen.map_or_else(Selector::nothing, Selector::from_map);
    out.field(0, "Name", controller.name());
    out.field(0, "Namespace", controller.namespace());
    out.field(0, "Selector", format_labels(chosen));
    labels(out, controller);
    annotations(out, "Annotations", controller.map_at("/metadata/annotations"));
    let number = |pointer| controller.i64_at(pointer).unwrap_or(0);
    let (current, desired) = (number("/status/replicas"), number("/spec/replicas"));
    out.field(0, "Replicas", format_args!("{current} current / {desired} desired"));
    out.field(0, "Pods Status", pods_status(view, controller, &selector)?);
    pod_template(controller.at("/spec/template").unwrap_or(&Value::Null), out);
    workload_conditions(controller.list_at("/status/conditions"), out);
    view.events(controller, out)
}
