//! What `describe` prints of a CSINode: the drivers on a node.

use serde_json::Value;

use crate::apimachinery::object::Object;
use crate::apimachinery::status::Status;
use crate::kinds::describe::{Text, View, annotations, go_list, labels, rfc1123};
use crate::kinds::pod::Fields;

pub fn describe(node: &Object, view: &View, out: &mut Text) -> Result<(), Status> {
    out.field(0, "Name", node.name());
    labels(out, node);
    annotations(out, "Annotations", node.map_at("/metadata/annotations"));
    out.field(0, "CreationTimestamp", rfc1123(node.creation_timestamp()));
    out.line(0, "Spec:");
    if let Some(drivers) = node.at("/spec/drivers").and_then(Value::as_array) {
        out.line(1, "Drivers:");
        drivers.iter().for_each(|driver| describe_driver(driver, out));
    }
    view.events(node, out)
}

fn describe_driver(driver: &Value, out: &mut Text) {
    out.line(2, format_args!("{}:", driver.text("name")));
    out.field(3, "Node ID", driver.text("nodeID"));
    if let Some(count) = driver.pointer("/allocatable/count").and_then(Value::as_i64) {
        out.line(3, "Allocatables:");
        out.field(4, "Count", count);
    }
    if let Some(keys) = driver.field("topologyKeys").and_then(Value::as_array) {
        out.field(3, "Topology Keys", go_list(keys));
    }
}
