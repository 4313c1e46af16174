//! What `describe` prints of a claim: itself, and the pods that use it.

use crate::apimachinery::object::Object;
use crate::apimachinery::status::Status;
use crate::apimachinery::time;
use crate::kinds::class;
use crate::kinds::describe::{Text, View, annotations, go_list, labels, rfc1123, title_lines};
use crate::kinds::pod::Fields;

pub fn describe(claim: &Object, view: &View, out: &mut Text) -> Result<(), Status> {
    out.field(0, "Name", claim.name());
    out.field(0, "Namespace", claim.namespace());
    out.field(0, "StorageClass", class::storage_class(claim));
    out.field(0, "Status", view.status(claim));
    let volume = claim.str_at("/spec/volumeName");
    out.field(0, "Volume", volume);
    labels(out, claim);
    annotations(out, "Annotations", claim.map_at("/metadata/annotations"));
    out.field(0, "Finalizers", go_list(claim.list_at("/metadata/finalizers")));
    let bound = !volume.is_empty();
    out.field(0, "Capacity", if bound { super::capacity(claim, "/status/capacity/storage") } else { String::new() });
    let modes = if bound { class::access_modes(claim, "/status/accessModes") } else { String::new() };
    out.field(0, "Access Modes", modes);
    if !claim.str_at("/spec/volumeMode").is_empty() {
        out.field(0, "VolumeMode", claim.str_at("/spec/volumeMode"));
    }
    data_source(claim, out);
    title_lines(out, "Used By", "", &users(claim, view)?);
    conditions(claim, out);
    view.events(claim, out)
}

fn data_source(claim: &Object, out: &mut Text) {
    let Some(source) = claim.at("/spec/dataSource").filter(|s| s.is_object()) else { return };
    out.line(0, "DataSource:");
    if let Some(group) = source.field("apiGroup") {
        out.field(1, "APIGroup", group.as_str().unwrap_or_default());
    }
    out.field(1, "Kind", source.text("kind"));
    out.field(1, "Name", source.text("name"));
}

/// The pods with a volume of this claim, one for each such volume as kubectl has it, and those that own the claim.
fn users(claim: &Object, view: &View) -> Result<Vec<String>, Status> {
    let pods = view.cluster.list("pods", Some(claim.namespace()))?;
    let times = |pod: &Object| {
        let volumes = pod.list_at("/spec/volumes").iter();
        let claims = volumes.filter_map(|v| Some(v.section("persistentVolumeClaim")?.text("claimName")));
        let uses = claims.filter(|name| *name == claim.name()).count();
        let owns = claim.owner_references().any(|o| o.kind == "Pod" && o.uid == pod.uid());
        if owns { uses.max(1) } else { uses }
    };
    Ok(pods.iter().flat_map(|p| std::iter::repeat_n(p.name().to_owned(), times(p))).collect())
}

fn conditions(claim: &Object, out: &mut Text) {
    let conditions = claim.list_at("/status/conditions");
    if conditions.is_empty() {
        return;
    }
    out.line(0, "Conditions:");
    out.line(1, "Type\tStatus\tLastProbeTime\tLastTransitionTime\tReason\tMessage");
    out.line(1, "----\t------\t-----------------\t------------------\t------\t-------");
    for c in conditions {
        let at = |field| rfc1123(time::parse(c.text(field)));
        let (probed, changed) = (at("lastProbeTime"), at("lastTransitionTime"));
        let (kind, status, reason, message) = (c.text("type"), c.text("status"), c.text("reason"), c.text("message"));
        out.line(1, format_args!("{kind} \t{status} \t{probed} \t{changed} \t{reason} \t{message}"));
    }
}
