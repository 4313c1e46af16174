//! What `describe` prints of Endpoints: the addresses of each subset.

use serde_json::Value;

use crate::apimachinery::object::Object;
use crate::apimachinery::status::Status;
use crate::kinds::describe::{Text, View, annotations, labels, or_none};
use crate::kinds::pod::Fields;

pub fn describe(endpoints: &Object, view: &View, out: &mut Text) -> Result<(), Status> {
    out.field(0, "Name", endpoints.name());
    out.field(0, "Namespace", endpoints.namespace());
    labels(out, endpoints);
    annotations(out, "Annotations", endpoints.map_at("/metadata/annotations"));
    out.line(0, "Subsets:");
    for subset in endpoints.list_at("/subsets") {
        out.field(1, "Addresses", or_none(&addresses(subset, "addresses")));
        out.field(1, "NotReadyAddresses", or_none(&addresses(subset, "notReadyAddresses")));
        let ports = subset.items("ports");
        if !ports.is_empty() {
            out.line(1, "Ports:");
            out.line(2, "Name\tPort\tProtocol");
            out.line(2, "----\t----\t--------");
        }
        for port in ports {
            let name = if port.text("name").is_empty() { "<unset>" } else { port.text("name") };
            out.line(2, format_args!("{name}\t{}\t{}", port.int("port").unwrap_or(0), port.text("protocol")));
        }
        out.line(0, "");
    }
    view.events(endpoints, out)
}

fn addresses(subset: &Value, field: &str) -> String {
    subset.items(field).iter().map(|a| a.text("ip")).collect::<Vec<_>>().join(",")
}
