//! What `describe` prints of a DaemonSet. Knows its pods by number only.

use serde_json::Value;

use crate::apimachinery::labels::Selector;
use crate::apimachinery::object::Object;
use crate::apimachinery::status::Status;
use crate::kinds::describe::{Text, View, annotations, format_labels, labels, pod_template, pods_status};

/// What its status counts, in the order of the text.
const COUNTS: [(&str, &str); 5] = [
    ("Desired Number of Nodes Scheduled", "desiredNumberScheduled"),
    ("Current Number of Nodes Scheduled", "currentNumberScheduled"),
    ("Number of Nodes Scheduled with Up-to-date Pods", "updatedNumberScheduled"),
    ("Number of Nodes Scheduled with Available Pods", "numberAvailable"),
    ("Number of Nodes Misscheduled", "numberMisscheduled"),
];

pub fn describe(set: &Object, view: &View, out: &mut Text) -> Result<(), Status> {
    let selector = Selector::from_label_selector(set.at("/spec/selector").unwrap_or(&Value::Null))?;
    out.field(0, "Name", set.name());
    out.field(0, "Selector", &selector);
    out.field(0, "Node-Selector", format_labels(set.map_at("/spec/template/spec/nodeSelector")));
    labels(out, set);
    annotations(out, "Annotations", set.map_at("/metadata/annotations"));
    for (title, field) in COUNTS {
        let count = set.i64_at(&format!("/status/{field}")).unwrap_or(0);
        out.line(0, format_args!("{title}: {count}"));
    }
    out.field(0, "Pods Status", pods_status(view, set, &selector)?);
    pod_template(set.at("/spec/template").unwrap_or(&Value::Null), out);
    view.events(set, out)
}
