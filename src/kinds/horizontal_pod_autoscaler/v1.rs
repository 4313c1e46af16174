//! autoscaling/v1 of an autoscaler: one percentage of CPU, stored as a metric of autoscaling/v2.

use serde_json::json;

use crate::apimachinery::object::Object;

/// Turns a v1 object into the version that is stored.
pub fn to_v2(autoscaler: &mut Object) {
    autoscaler.set("/apiVersion", "autoscaling/v2".into());
    if let Some(percent) = autoscaler.remove("/spec/targetCPUUtilizationPercentage").filter(|p| !p.is_null()) {
        let target = json!({"type": "Utilization", "averageUtilization": percent});
        let metric = json!({"type": "Resource", "resource": {"name": "cpu", "target": target}});
        autoscaler.set("/spec/metrics", json!([metric]));
    }
}
