//! What `describe` prints of a HorizontalPodAutoscaler: what it would scale, by what, and how fast.

use serde_json::Value;

use crate::apimachinery::object::Object;
use crate::apimachinery::quantity::Quantity;
use crate::apimachinery::quote::quote;
use crate::apimachinery::status::Status;
use crate::kinds::describe::{Text, View, annotations, labels, rfc1123};
use crate::kinds::pod::Fields;

const UNKNOWN: &str = "<unknown>";

pub fn describe(scaler: &Object, view: &View, out: &mut Text) -> Result<(), Status> {
    out.field(0, "Name", scaler.name());
    out.field(0, "Namespace", scaler.namespace());
    labels(out, scaler);
    annotations(out, "Annotations", scaler.map_at("/metadata/annotations"));
    out.field(0, "CreationTimestamp", rfc1123(scaler.creation_timestamp()));
    let (kind, name) = (scaler.str_at("/spec/scaleTargetRef/kind"), scaler.str_at("/spec/scaleTargetRef/name"));
    out.field(0, "Reference", format_args!("{kind}/{name}"));
    out.field(0, "Metrics", "( current / target )");
    let current = scaler.list_at("/status/currentMetrics");
    for (i, wanted) in scaler.list_at("/spec/metrics").iter().enumerate() {
        metric(wanted, current.get(i), out);
    }
    let least = scaler.i64_at("/spec/minReplicas").map_or("<unset>".to_owned(), |n| n.to_string());
    out.field(0, "Min replicas", least);
    out.field(0, "Max replicas", scaler.i64_at("/spec/maxReplicas").unwrap_or(0));
    if let Some(behavior) = scaler.map_at("/spec/behavior") {
        out.line(0, "Behavior:");
        direction("Scale Up", behavior.field("scaleUp"), out);
        direction("Scale Down", behavior.field("scaleDown"), out);
    }
    let number = |pointer| scaler.i64_at(pointer).unwrap_or(0);
    let (now, then) = (number("/status/currentReplicas"), number("/status/desiredReplicas"));
    out.field(0, format_args!("{kind} pods"), format_args!("{now} current / {then} desired"));
    conditions(scaler.list_at("/status/conditions"), out);
    view.events(scaler, out)
}

/// A quantity as Go prints a pointer to one.
fn quantity(of: Option<&Value>) -> String {
    of.and_then(|v| Quantity::from_value(v).ok()).map_or("<nil>".to_owned(), |q| q.to_string())
}

/// One line: what is measured, what it is, and what it should be.
fn metric(metric: &Value, current: Option<&Value>, out: &mut Text) {
    let (field, resource_of) = match metric.text("type") {
        "External" => ("external", None),
        "Pods" => ("pods", None),
        "Object" => ("object", None),
        "Resource" => ("resource", Some(String::new())),
        "ContainerResource" => {
            let container = metric["containerResource"].text("container");
            ("containerResource", Some(format!(" of container \"{container}\"")))
        }
        other => return out.line(1, format_args!("<unknown metric type {}>", quote(other))),
    };
    let (of, now) = (&metric[field], current.and_then(|c| c.pointer(&format!("/{field}/current"))));
    if let Some(container) = resource_of {
        return resource(&format!("resource {}{container} on pods", of.text("name")), &of["target"], now, out);
    }
    let name = of["metric"].text("name");
    let average = match field {
        "pods" => true,
        "object" => of["target"].text("type") == "AverageValue",
        _ => of["target"].field("averageValue").is_some(),
    };
    let what = if average { "averageValue" } else { "value" };
    let now = match now.map(|now| now.field(what)) {
        None => UNKNOWN.to_owned(),
        Some(None) if field == "external" && average => UNKNOWN.to_owned(),
        Some(value) => quantity(value),
    };
    let then = quantity(of["target"].field(what));
    let measure = if average { "(target average value)" } else { "(target value)" };
    let title = match field {
        "pods" => format!("{} on pods", quote(name)),
        "object" => {
            let object = &of["describedObject"];
            format!("\"{name}\" on {}/{} {measure}", object.text("kind"), object.text("name"))
        }
        _ => format!("{} {measure}", quote(name)),
    };
    out.field(1, title, format_args!("{now} / {then}"));
}

/// A resource of pods or of one of their containers, as an amount or as a share of what is requested.
fn resource(title: &str, target: &Value, now: Option<&Value>, out: &mut Text) {
    if let Some(wanted) = target.field("averageValue") {
        let now = now.map_or(UNKNOWN.to_owned(), |now| quantity(now.field("averageValue")));
        return out.field(1, title, format_args!("{now} / {}", quantity(Some(wanted))));
    }
    let used = now.and_then(|now| Some((now, now.int("averageUtilization")?)));
    let now = used.map(|(now, share)| format!("{share}% ({})", quantity(now.field("averageValue"))));
    let wanted = target.int("averageUtilization").map(|share| format!("{share}%"));
    let (now, wanted) = (now.as_deref().unwrap_or(UNKNOWN), wanted.as_deref().unwrap_or("<auto>"));
    // As kubectl: what follows the title is indented once more.
    out.field(1, format_args!("{title}  (as a percentage of request)"), format_args!("{now} / {wanted}"));
}

fn direction(title: &str, rules: Option<&Value>, out: &mut Text) {
    let Some(rules) = rules else { return };
    out.line(1, format_args!("{title}:"));
    if let Some(seconds) = rules.int("stabilizationWindowSeconds") {
        out.line(2, format_args!("Stabilization Window: {seconds} seconds"));
    }
    let policies = rules.items("policies");
    if policies.is_empty() {
        return;
    }
    let chosen = rules.field("selectPolicy").and_then(Value::as_str).unwrap_or("Max");
    out.line(2, format_args!("Select Policy: {chosen}"));
    out.line(2, "Policies:");
    for policy in policies {
        let number = |field: &str| policy.int(field).unwrap_or(0);
        let (value, period) = (number("value"), number("periodSeconds"));
        out.line(3, format_args!("- Type: {}\tValue: {value}\tPeriod: {period} seconds", policy.text("type")));
    }
}

fn conditions(conditions: &[Value], out: &mut Text) {
    if conditions.is_empty() {
        return;
    }
    out.line(0, "Conditions:");
    out.line(1, "Type\tStatus\tReason\tMessage");
    out.line(1, "----\t------\t------\t-------");
    for condition in conditions {
        let cells = ["type", "status", "reason", "message"].map(|field| condition.text(field));
        out.line(1, cells.join("\t"));
    }
}
