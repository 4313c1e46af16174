//! What `describe` prints of a ServiceCIDR.

use serde_json::Value;

use crate::apimachinery::object::Object;
use crate::apimachinery::status::Status;
use crate::kinds::describe::{Text, View, annotations, labels, timed_conditions};

pub fn describe(range: &Object, view: &View, out: &mut Text) -> Result<(), Status> {
    out.field(0, "Name", range.name());
    labels(out, range);
    annotations(out, "Annotations", range.map_at("/metadata/annotations"));
    let ranges: Vec<&str> = range.list_at("/spec/cidrs").iter().filter_map(Value::as_str).collect();
    out.field(0, "CIDRs", ranges.join(", "));
    let conditions = range.list_at("/status/conditions");
    if !conditions.is_empty() {
        out.line(0, "Status:");
        timed_conditions(conditions, out);
    }
    view.events(range, out)
}
