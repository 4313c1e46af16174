//! What `describe` prints of a ConfigMap: all its data.

use crate::apimachinery::object::Object;
use crate::apimachinery::status::Status;
use crate::kinds::data_keys;
use crate::kinds::describe::{Text, View, annotations, labels};

pub fn describe(map: &Object, view: &View, out: &mut Text) -> Result<(), Status> {
    out.field(0, "Name", map.name());
    out.field(0, "Namespace", map.namespace());
    labels(out, map);
    annotations(out, "Annotations", map.map_at("/metadata/annotations"));
    out.line(0, "\nData\n====");
    for (key, value) in map.map_at("/data").into_iter().flatten() {
        out.line(0, format_args!("{key}:\n----\n{}\n", value.as_str().unwrap_or_default()));
    }
    out.line(0, "\nBinaryData\n====");
    for (key, value) in map.map_at("/binaryData").into_iter().flatten() {
        out.line(0, format_args!("{key}: {} bytes", data_keys::decode(value).len()));
    }
    out.line(0, "");
    view.events(map, out)
}
