//! What `describe` prints of an IPAddress: whose it is.

use crate::apimachinery::object::Object;
use crate::apimachinery::status::Status;
use crate::kinds::describe::{Text, View, annotations, labels};
use crate::kinds::pod::Fields;

pub fn describe(address: &Object, view: &View, out: &mut Text) -> Result<(), Status> {
    out.field(0, "Name", address.name());
    labels(out, address);
    annotations(out, "Annotations", address.map_at("/metadata/annotations"));
    if let Some(parent) = address.map_at("/spec/parentRef") {
        out.line(0, "Parent Reference:");
        for (title, field) in
            [("Group", "group"), ("Resource", "resource"), ("Namespace", "namespace"), ("Name", "name")]
        {
            out.field(1, title, parent.text(field));
        }
    }
    view.events(address, out)
}
