//! What the API fills in on an autoscaler's `behavior`, once it has one.

use serde_json::{Map, Value, json};

use crate::apimachinery::object::Object;

/// Fills in both directions; an autoscaler without behavior keeps none.
pub fn set_defaults(autoscaler: &mut Object) {
    if !autoscaler.at("/spec/behavior").is_some_and(Value::is_object) {
        return;
    }
    let fast = json!({"type": "Percent", "value": 100, "periodSeconds": 15});
    let pods = json!({"type": "Pods", "value": 4, "periodSeconds": 15});
    direction(autoscaler, "scaleUp", json!([pods, fast]), Some(0));
    direction(autoscaler, "scaleDown", json!([fast]), None);
}

fn direction(autoscaler: &mut Object, name: &str, policies: Value, window: Option<i64>) {
    let pointer = format!("/spec/behavior/{name}");
    let mut rules = autoscaler.map_at(&pointer).cloned().unwrap_or_else(Map::new);
    rules.entry("policies").or_insert(policies);
    rules.entry("selectPolicy").or_insert("Max".into());
    if let Some(window) = window {
        rules.entry("stabilizationWindowSeconds").or_insert(window.into());
    }
    autoscaler.set(&pointer, Value::Object(rules));
}
