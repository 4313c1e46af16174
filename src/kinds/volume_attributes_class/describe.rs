//! What `describe` prints of a VolumeAttributesClass.

use crate::apimachinery::object::Object;
use crate::apimachinery::status::Status;
use crate::kinds::describe::{Text, View, format_labels};

pub fn describe(class: &Object, view: &View, out: &mut Text) -> Result<(), Status> {
    out.field(0, "Name", class.name());
    out.field(0, "Annotations", format_labels(class.map_at("/metadata/annotations")));
    out.field(0, "DriverName", class.str_at("/driverName"));
    out.field(0, "Parameters", format_labels(class.map_at("/parameters")));
    view.events(class, out)
}
