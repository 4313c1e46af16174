//! What `describe` prints of a storage class. Knows no volume.

use serde_json::Value;

use crate::apimachinery::object::Object;
use crate::apimachinery::status::Status;
use crate::kinds::describe::{Text, View, format_labels, optional_flag};
use crate::kinds::pod::Fields;

const DEFAULT: [&str; 2] =
    ["storageclass.kubernetes.io/is-default-class", "storageclass.beta.kubernetes.io/is-default-class"];

pub fn describe(class: &Object, view: &View, out: &mut Text) -> Result<(), Status> {
    out.field(0, "Name", class.name());
    let is_default = DEFAULT.iter().any(|a| class.annotation(a) == Some("true"));
    out.field(0, "IsDefaultClass", if is_default { "Yes" } else { "No" });
    out.field(0, "Annotations", format_labels(class.map_at("/metadata/annotations")));
    out.field(0, "Provisioner", class.str_at("/provisioner"));
    out.field(0, "Parameters", format_labels(class.map_at("/parameters")));
    out.field(0, "AllowVolumeExpansion", optional_flag(class.bool_at("/allowVolumeExpansion")));
    let options = class.list_at("/mountOptions");
    out.line(0, if options.is_empty() { "MountOptions:\t<none>" } else { "MountOptions:" });
    options.iter().filter_map(Value::as_str).for_each(|option| out.line(1, option));
    for (title, pointer) in [("ReclaimPolicy", "/reclaimPolicy"), ("VolumeBindingMode", "/volumeBindingMode")] {
        if !class.str_at(pointer).is_empty() {
            out.field(0, title, class.str_at(pointer));
        }
    }
    topologies(class.list_at("/allowedTopologies"), out);
    view.events(class, out)
}

fn topologies(terms: &[Value], out: &mut Text) {
    if !terms.is_empty() {
        out.field(0, "AllowedTopologies", "");
    }
    for (i, term) in terms.iter().enumerate() {
        out.put(1, format_args!("Term {i}:\t"));
        let requirements = term.items("matchLabelExpressions");
        if requirements.is_empty() {
            out.line(0, "<none>");
        }
        for (n, requirement) in requirements.iter().enumerate() {
            let lead = if n == 0 { "" } else { "  \t" };
            let values = requirement.texts("values").join(", ");
            out.line(0, format_args!("{lead}{} in [{values}]", requirement.text("key")));
        }
    }
}
