//! What `describe` prints of a StatefulSet. Knows its pods by number only.

use serde_json::Value;

use crate::apimachinery::labels::Selector;
use crate::apimachinery::object::Object;
use crate::apimachinery::quantity::Quantity;
use crate::apimachinery::status::Status;
use crate::kinds::describe::{
    Text, View, annotations, go_list, label_lines, labels, pod_template, pods_status, rfc1123,
};
use crate::kinds::pod::Fields;

pub fn describe(set: &Object, view: &View, out: &mut Text) -> Result<(), Status> {
    let selector = Selector::from_label_selector(set.at("/spec/selector").unwrap_or(&Value::Null))?;
    out.field(0, "Name", set.name());
    out.field(0, "Namespace", set.namespace());
    out.field(0, "CreationTimestamp", rfc1123(set.creation_timestamp()));
    out.field(0, "Selector", &selector);
    labels(out, set);
    annotations(out, "Annotations", set.map_at("/metadata/annotations"));
    let number = |pointer| set.i64_at(pointer).unwrap_or(0);
    let (desired, total) = (number("/spec/replicas"), number("/status/replicas"));
    out.field(0, "Replicas", format_args!("{desired} desired | {total} total"));
    strategy(set, out);
    out.field(0, "Pods Status", pods_status(view, set, &selector)?);
    pod_template(set.at("/spec/template").unwrap_or(&Value::Null), out);
    claims(set.list_at("/spec/volumeClaimTemplates"), out);
    view.events(set, out)
}

fn strategy(set: &Object, out: &mut Text) {
    out.field(0, "Update Strategy", set.str_at("/spec/updateStrategy/type"));
    if let Some(partition) = set.i64_at("/spec/updateStrategy/rollingUpdate/partition") {
        out.field(1, "Partition", partition);
        match set.at("/spec/updateStrategy/rollingUpdate/maxUnavailable") {
            Some(Value::String(share)) => out.field(1, "MaxUnavailable", share),
            Some(Value::Number(count)) => out.field(1, "MaxUnavailable", count),
            _ => {}
        }
    }
}

fn claims(templates: &[Value], out: &mut Text) {
    out.line(0, if templates.is_empty() { "Volume Claims:\t<none>" } else { "Volume Claims:" });
    for claim in templates {
        let (metadata, spec) = (&claim["metadata"], &claim["spec"]);
        out.field(1, "Name", metadata.text("name"));
        // The annotation of old counts before the field.
        let class = metadata["annotations"].text("volume.beta.kubernetes.io/storage-class");
        out.field(1, "StorageClass", if class.is_empty() { spec.text("storageClassName") } else { class });
        label_lines(out, "Labels", "  ", metadata["labels"].as_object());
        label_lines(out, "Annotations", "  ", metadata["annotations"].as_object());
        let storage = spec.pointer("/resources/requests/storage").and_then(|v| Quantity::from_value(v).ok());
        out.field(1, "Capacity", storage.map_or("<default>".to_owned(), |q| q.to_string()));
        out.field(1, "Access Modes", go_list(spec.items("accessModes")));
    }
}
