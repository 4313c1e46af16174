//! What `describe` prints of a namespace: itself, and the quotas and limits that hold in it.

use crate::apimachinery::object::Object;
use crate::apimachinery::status::Status;
use crate::kinds::describe::{Text, View, annotations, labels, timed_conditions};
use crate::kinds::{limit_range, resource_quota};

pub fn describe(namespace: &Object, view: &View, out: &mut Text) -> Result<(), Status> {
    out.field(0, "Name", namespace.name());
    labels(out, namespace);
    annotations(out, "Annotations", namespace.map_at("/metadata/annotations"));
    out.field(0, "Status", namespace.str_at("/status/phase"));
    timed_conditions(namespace.list_at("/status/conditions"), out);
    out.line(0, "");
    let quotas = view.cluster.list("resourcequotas", Some(namespace.name()))?;
    out.line(0, if quotas.is_empty() { "No resource quota." } else { "Resource Quotas" });
    quotas.iter().for_each(|q| resource_quota::describe::in_namespace(q, out));
    out.line(0, "");
    let ranges = view.cluster.list("limitranges", Some(namespace.name()))?;
    if ranges.is_empty() {
        out.line(0, "No LimitRange resource.");
        return Ok(());
    }
    out.line(0, "Resource Limits");
    limit_range::describe::table(ranges.iter().map(|r| &**r), " ", out);
    Ok(())
}
