//! What `describe` prints of a volume. Knows no claim but by name.

use serde_json::Value;

use crate::apimachinery::object::Object;
use crate::apimachinery::quantity::Quantity;
use crate::apimachinery::status::Status;
use crate::kinds::class;
use crate::kinds::describe::{Text, View, annotations, go_list, labels, source};
use crate::kinds::pod::Fields;

pub fn describe(volume: &Object, view: &View, out: &mut Text) -> Result<(), Status> {
    out.field(0, "Name", volume.name());
    labels(out, volume);
    annotations(out, "Annotations", volume.map_at("/metadata/annotations"));
    out.field(0, "Finalizers", go_list(volume.list_at("/metadata/finalizers")));
    out.field(0, "StorageClass", class::storage_class(volume));
    out.field(0, "Status", view.status(volume));
    let claim = volume.map_at("/spec/claimRef").map(|c| format!("{}/{}", c.text("namespace"), c.text("name")));
    out.field(0, "Claim", claim.unwrap_or_default());
    out.field(0, "Reclaim Policy", volume.str_at("/spec/persistentVolumeReclaimPolicy"));
    out.field(0, "Access Modes", class::access_modes(volume, "/spec/accessModes"));
    if !volume.str_at("/spec/volumeMode").is_empty() {
        out.field(0, "VolumeMode", volume.str_at("/spec/volumeMode"));
    }
    let capacity = volume.at("/spec/capacity/storage").and_then(|q| Quantity::from_value(q).ok());
    out.field(0, "Capacity", capacity.unwrap_or(Quantity::ZERO));
    affinity(volume, out);
    out.field(0, "Message", volume.str_at("/status/message"));
    out.line(0, "Source:");
    if !source(volume.at("/spec").unwrap_or(&Value::Null), true, out) {
        out.line(1, "<unknown>");
    }
    view.events(volume, out)
}

fn affinity(volume: &Object, out: &mut Text) {
    let Some(required) = volume.map_at("/spec/nodeAffinity/required") else {
        out.field(0, "Node Affinity", "<none>");
        return;
    };
    out.field(0, "Node Affinity", "");
    let terms = required.items("nodeSelectorTerms");
    out.field(1, "Required Terms", if terms.is_empty() { "<none>" } else { "" });
    for (i, term) in terms.iter().enumerate() {
        let lines: Vec<String> = term.items("matchExpressions").iter().map(requirement).collect();
        out.put(2, format_args!("Term {i}:\t"));
        if lines.is_empty() {
            out.line(0, "<none>");
        }
        for (n, line) in lines.iter().enumerate() {
            out.line(0, format_args!("{}{line}", if n == 0 { "" } else { "    \t" }));
        }
    }
}

fn requirement(of: &Value) -> String {
    let values = of.texts("values");
    let list = if values.is_empty() { String::new() } else { format!(" [{}]", values.join(", ")) };
    format!("{} {}{list}", of.text("key"), of.text("operator").to_lowercase())
}
