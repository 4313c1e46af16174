//! What `describe` prints of a namespace: itself, and the quotas and limits that hold in it.

use std::collections::BTreeSet;

use serde_json::{Map, Value};

use crate::apimachinery::object::Object;
use crate::apimachinery::quantity::Quantity;
use crate::apimachinery::status::Status;
use crate::apimachinery::time;
use crate::kinds::describe::{Text, View, annotations, labels, rfc1123};
use crate::kinds::pod::Fields;

pub fn describe(namespace: &Object, view: &View, out: &mut Text) -> Result<(), Status> {
    out.field(0, "Name", namespace.name());
    labels(out, namespace);
    annotations(out, "Annotations", namespace.map_at("/metadata/annotations"));
    out.field(0, "Status", namespace.str_at("/status/phase"));
    conditions(namespace.list_at("/status/conditions"), out);
    out.line(0, "");
    let quotas = view.cluster.list("resourcequotas", Some(namespace.name()))?;
    out.line(0, if quotas.is_empty() { "No resource quota." } else { "Resource Quotas" });
    quotas.iter().for_each(|q| quota(q, out));
    out.line(0, "");
    let ranges = view.cluster.list("limitranges", Some(namespace.name()))?;
    if ranges.is_empty() {
        out.line(0, "No LimitRange resource.");
        return Ok(());
    }
    out.line(0, "Resource Limits\n Type\tResource\tMin\tMax\tDefault Request\tDefault Limit\tMax Limit/Request Ratio");
    out.line(0, " ----\t--------\t---\t---\t---------------\t-------------\t-----------------------");
    ranges.iter().flat_map(|r| r.list_at("/spec/limits")).for_each(|limit| limits(limit, out));
    Ok(())
}

fn conditions(conditions: &[Value], out: &mut Text) {
    if conditions.is_empty() {
        return;
    }
    out.line(0, "Conditions:");
    out.line(1, "Type\tStatus\tLastTransitionTime\tReason\tMessage");
    out.line(1, "----\t------\t------------------\t------\t-------");
    for c in conditions {
        let at = rfc1123(time::parse(c.text("lastTransitionTime")));
        let (kind, status, reason, message) = (c.text("type"), c.text("status"), c.text("reason"), c.text("message"));
        out.line(1, format_args!("{kind}\t{status}\t{at}\t{reason}\t{message}"));
    }
}

fn quota(quota: &Object, out: &mut Text) {
    out.field(1, "Name", quota.name());
    let mut scopes: Vec<&str> = quota.list_at("/spec/scopes").iter().filter_map(Value::as_str).collect();
    scopes.sort_unstable();
    if !scopes.is_empty() {
        out.field(1, "Scopes", scopes.join(", "));
    }
    out.line(1, "Resource\tUsed\tHard");
    out.line(1, "--------\t---\t---");
    let amount = |part: &str, name: &str| {
        let found = quota.map_at(&format!("/status/{part}")).and_then(|m| Quantity::from_value(m.get(name)?).ok());
        found.unwrap_or(Quantity::ZERO)
    };
    for name in quota.map_at("/status/hard").into_iter().flat_map(Map::keys) {
        out.line(1, format_args!("{name}\t{}\t{}", amount("used", name), amount("hard", name)));
    }
}

fn limits(limit: &Value, out: &mut Text) {
    const COLUMNS: [&str; 5] = ["min", "max", "defaultRequest", "default", "maxLimitRequestRatio"];
    let names: BTreeSet<&String> = COLUMNS.iter().filter_map(|c| limit.section(c)).flat_map(Map::keys).collect();
    for name in names {
        let cell = |column: &&str| {
            let value = limit.section(column).and_then(|m| Quantity::from_value(m.get(name)?).ok());
            value.map_or("-".to_owned(), |q| q.to_string())
        };
        let cells: Vec<String> = COLUMNS.iter().map(cell).collect();
        out.line(0, format_args!(" {}\t{name}\t{}", limit.text("type"), cells.join("\t")));
    }
}
