//! What `describe` prints of a priority class.

use crate::apimachinery::object::Object;
use crate::apimachinery::status::Status;
use crate::kinds::describe::{Text, View, format_labels};

pub fn describe(class: &Object, view: &View, out: &mut Text) -> Result<(), Status> {
    out.field(0, "Name", class.name());
    out.field(0, "Value", class.i64_at("/value").unwrap_or(0));
    out.field(0, "GlobalDefault", class.bool_at("/globalDefault").unwrap_or(false));
    out.field(0, "PreemptionPolicy", class.str_at("/preemptionPolicy"));
    out.field(0, "Description", class.str_at("/description"));
    out.field(0, "Annotations", format_labels(class.map_at("/metadata/annotations")));
    view.events(class, out)
}
