//! What `describe` prints of an IngressClass.

use crate::apimachinery::object::Object;
use crate::apimachinery::status::Status;
use crate::kinds::describe::{Text, View, annotations, labels};
use crate::kinds::pod::Fields;

pub fn describe(class: &Object, view: &View, out: &mut Text) -> Result<(), Status> {
    out.field(0, "Name", class.name());
    labels(out, class);
    annotations(out, "Annotations", class.map_at("/metadata/annotations"));
    out.field(0, "Controller", class.str_at("/spec/controller"));
    if let Some(parameters) = class.map_at("/spec/parameters") {
        out.line(0, "Parameters:");
        if let Some(group) = parameters.field("apiGroup") {
            out.field(1, "APIGroup", group.as_str().unwrap_or_default());
        }
        out.field(1, "Kind", parameters.text("kind"));
        out.field(1, "Name", parameters.text("name"));
    }
    view.events(class, out)
}
