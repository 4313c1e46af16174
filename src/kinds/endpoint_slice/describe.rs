//! What `describe` prints of an EndpointSlice.

use serde_json::Value;

use crate::apimachinery::object::Object;
use crate::apimachinery::status::Status;
use crate::kinds::describe::{Text, View, annotations, labels, or_none};
use crate::kinds::pod::Fields;

const UNSET: &str = "<unset>";

pub fn describe(slice: &Object, view: &View, out: &mut Text) -> Result<(), Status> {
    out.field(0, "Name", slice.name());
    out.field(0, "Namespace", slice.namespace());
    labels(out, slice);
    annotations(out, "Annotations", slice.map_at("/metadata/annotations"));
    out.field(0, "AddressType", slice.str_at("/addressType"));
    ports(slice.list_at("/ports"), out);
    let endpoints = slice.list_at("/endpoints");
    out.line(0, if endpoints.is_empty() { "Endpoints: <none>" } else { "Endpoints:" });
    endpoints.iter().for_each(|e| endpoint(e, out));
    view.events(slice, out)
}

fn ports(ports: &[Value], out: &mut Text) {
    if ports.is_empty() {
        out.line(0, "Ports: <unset>");
        return;
    }
    out.line(0, "Ports:");
    out.line(1, "Name\tPort\tProtocol");
    out.line(1, "----\t----\t--------");
    for port in ports {
        let name = if port.text("name").is_empty() { UNSET } else { port.text("name") };
        let number = port.int("port").map_or(UNSET.to_owned(), |p| p.to_string());
        out.line(1, format_args!("{name}\t{number}\t{}", port.text("protocol")));
    }
}

fn endpoint(endpoint: &Value, out: &mut Text) {
    out.field(1, "- Addresses", or_none(&endpoint.texts("addresses").join(", ")));
    out.line(2, "Conditions:");
    let ready = endpoint.pointer("/conditions/ready").and_then(Value::as_bool);
    out.field(3, "Ready", ready.map_or(UNSET.to_owned(), |r| r.to_string()));
    let given = |field: &str| endpoint.field(field).and_then(Value::as_str).unwrap_or(UNSET);
    out.field(2, "Hostname", given("hostname"));
    if let Some(target) = endpoint.field("targetRef") {
        out.field(2, "TargetRef", format_args!("{}/{}", target.text("kind"), target.text("name")));
    }
    out.field(2, "NodeName", given("nodeName"));
    out.field(2, "Zone", given("zone"));
}
