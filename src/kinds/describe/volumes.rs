//! Volumes of a pod or a template. Knows no volume's content.

use serde_json::Value;

use super::{Text, label_lines, source};
use crate::apimachinery::labels::format_label_selector;
use crate::kinds::pod::Fields;

/// `Volumes:`, indented by `space` in a template.
pub fn volumes(volumes: &[Value], out: &mut Text, space: &str) {
    if volumes.is_empty() {
        out.line(0, format_args!("{space}Volumes:\t<none>"));
        return;
    }
    out.line(0, format_args!("{space}Volumes:"));
    let indent = if space.is_empty() { "" } else { " " };
    for volume in volumes {
        out.line(1, format_args!("{indent}{}:", volume.text("name")));
        if !projected(volume, out) && !ephemeral(volume, out) && !source(volume, false, out) {
            out.line(1, "<unknown>");
        }
    }
}

/// A volume of several sources, each of which says what it is.
fn projected(volume: &Value, out: &mut Text) -> bool {
    let Some(projected) = volume.field("projected") else { return false };
    out.field(2, "Type", "Projected (a volume that contains injected data from multiple sources)");
    // kubectl prints the address of an optional that is set; its value is more use.
    let optional = |of: &Value| of.flag("optional").map_or("<nil>".to_owned(), |o| o.to_string());
    for part in projected.items("sources") {
        if let Some(secret) = part.field("secret") {
            out.field(2, "SecretName", secret.text("name"));
            out.field(2, "SecretOptionalName", optional(secret));
        } else if part.field("downwardAPI").is_some() {
            out.field(2, "DownwardAPI", true);
        } else if let Some(map) = part.field("configMap") {
            out.field(2, "ConfigMapName", map.text("name"));
            out.field(2, "ConfigMapOptional", optional(map));
        } else if let Some(token) = part.field("serviceAccountToken") {
            out.field(2, "TokenExpirationSeconds", token.int("expirationSeconds").unwrap_or(0));
        }
    }
    true
}

fn ephemeral(volume: &Value, out: &mut Text) -> bool {
    let Some(ephemeral) = volume.field("ephemeral") else { return false };
    let what = "EphemeralVolume (an inline specification for a volume that gets created and deleted with the pod)";
    out.field(2, "Type", what);
    if let Some(claim) = ephemeral.field("volumeClaimTemplate") {
        out.nested(2, |out| {
            let spec = &claim["spec"];
            out.field(0, "StorageClass", spec.text("storageClassName"));
            out.field(0, "Volume", spec.text("volumeName"));
            label_lines(out, "Labels", "", claim["metadata"]["labels"].as_object());
            super::annotations(out, "Annotations", claim["metadata"]["annotations"].as_object());
            out.field(0, "Capacity", "");
            out.field(0, "Access Modes", "");
            if !spec.text("volumeMode").is_empty() {
                out.field(0, "VolumeMode", spec.text("volumeMode"));
            }
        });
    }
    true
}

/// `Topology Spread Constraints:`, when there are any.
pub fn topology_spread(constraints: &[Value], out: &mut Text, space: &str) {
    let mut sorted: Vec<&Value> = constraints.iter().collect();
    sorted.sort_by_key(|c| c.text("topologyKey"));
    let line = |c: &&Value| {
        let selector =
            c.field("labelSelector").map(|s| format!(" for selector {}", format_label_selector(s))).unwrap_or_default();
        let (key, when, skew) = (c.text("topologyKey"), c.text("whenUnsatisfiable"), c.int("maxSkew").unwrap_or(0));
        format!("{key}:{when} when max skew {skew} is exceeded{selector}")
    };
    let lines: Vec<String> = sorted.iter().map(line).collect();
    if !lines.is_empty() {
        super::title_lines(out, "Topology Spread Constraints", space, &lines);
    }
}
