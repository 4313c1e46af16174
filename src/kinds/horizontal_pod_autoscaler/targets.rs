//! The `Targets` column: each metric's target, with its current value in front where there is one.

use serde_json::Value;

use crate::apimachinery::object::Object;
use crate::kinds::pod::Fields;

/// How many targets a cell shows.
const SHOWN: usize = 2;

/// The cell; `<none>` without metrics.
pub fn cell(autoscaler: &Object) -> String {
    let metrics = autoscaler.list_at("/spec/metrics");
    if metrics.is_empty() {
        return "<none>".to_owned();
    }
    let current = autoscaler.list_at("/status/currentMetrics");
    let texts: Vec<String> = metrics.iter().enumerate().map(|(i, m)| target(m, current.get(i))).collect();
    let shown = texts[..texts.len().min(SHOWN)].join(", ");
    if texts.len() > SHOWN { format!("{shown} + {} more...", texts.len() - SHOWN) } else { shown }
}

fn target(metric: &Value, current: Option<&Value>) -> String {
    let source = match metric.text("type") {
        "External" => "external",
        "Pods" => "pods",
        "Object" => "object",
        "Resource" => "resource",
        "ContainerResource" => "containerResource",
        _ => return "<unknown type>".to_owned(),
    };
    let Some(wanted) = metric.pointer(&format!("/{source}/target")) else { return "<unknown>".to_owned() };
    let now = current.and_then(|c| c.pointer(&format!("/{source}/current")));
    let amount = |field: &str, suffix: &str| {
        let found = now.and_then(|c| c.field(field));
        let text =
            found.map_or("<unknown>".to_owned(), |v| v.as_str().map_or_else(|| v.to_string(), str::to_owned) + suffix);
        let goal = wanted
            .field(field)
            .map_or("<auto>".to_owned(), |v| v.as_str().map_or_else(|| v.to_string(), str::to_owned) + suffix);
        format!("{text}/{goal}")
    };
    let average = wanted.field("averageValue").is_some();
    match source {
        "resource" | "containerResource" => {
            let name = metric.pointer(&format!("/{source}/name")).and_then(Value::as_str).unwrap_or_default();
            format!("{name}: {}", if average { amount("averageValue", "") } else { amount("averageUtilization", "%") })
        }
        "pods" => amount("averageValue", ""),
        _ if average => format!("{} (avg)", amount("averageValue", "")),
        _ => amount("value", ""),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn targets_read_as_the_servers() {
        let cpu = json!({"type": "Resource", "resource": {"name": "cpu", "target": {"type": "Utilization", "averageUtilization": 50}}});
        let pods = json!({"type": "Pods", "pods": {"metric": {"name": "m"}, "target": {"averageValue": "1k"}}});
        let of = |metrics: Value| cell(&Object::from_value(json!({"spec": {"metrics": metrics}})).unwrap());
        assert_eq!(of(json!([])), "<none>");
        assert_eq!(of(json!([cpu])), "cpu: <unknown>/50%");
        assert_eq!(of(json!([cpu, pods, cpu])), "cpu: <unknown>/50%, <unknown>/1k + 1 more...");
    }
}
