//! matchLabelKeys: on creation their values are looked up in the pod's labels and added to the selectors.

use serde_json::{Map, Value, json};

use super::fields::Fields;
use crate::apimachinery::object::Object;

const REQUIRED: &str = "requiredDuringSchedulingIgnoredDuringExecution";
const PREFERRED: &str = "preferredDuringSchedulingIgnoredDuringExecution";

/// As podStrategy's mutatePodAffinity and mutateTopologySpreadConstraints.
pub(super) fn merge_match_label_keys(pod: &mut Object) {
    let labels = pod.labels().cloned().unwrap_or_default();
    let Some(spec) = pod.body_mut().get_mut("spec") else { return };
    for kind in ["podAffinity", "podAntiAffinity"] {
        let Some(affinity) = spec.pointer_mut(&format!("/affinity/{kind}")) else { continue };
        terms(affinity, REQUIRED).for_each(|t| merge(t, &labels));
        terms(affinity, PREFERRED).filter_map(|t| t.get_mut("podAffinityTerm")).for_each(|t| merge(t, &labels));
    }
    terms(spec, "topologySpreadConstraints").for_each(|t| merge(t, &labels));
}

fn terms<'v>(parent: &'v mut Value, key: &str) -> impl Iterator<Item = &'v mut Value> {
    parent.get_mut(key).and_then(Value::as_array_mut).into_iter().flatten()
}

fn merge(term: &mut Value, labels: &Map<String, Value>) {
    let keys = |operator: &str, field: &str| -> Vec<Value> {
        let found = term.texts(field).into_iter().filter_map(|key| Some((key, labels.get(key)?)));
        found.map(|(key, value)| json!({"key": key, "operator": operator, "values": [value]})).collect()
    };
    let mut added = keys("In", "matchLabelKeys");
    added.extend(keys("NotIn", "mismatchLabelKeys"));
    let Some(selector) = term.get_mut("labelSelector").and_then(Value::as_object_mut) else { return };
    if added.is_empty() {
        return;
    }
    let expressions = selector.entry("matchExpressions").or_insert_with(|| json!([]));
    if let Some(list) = expressions.as_array_mut() {
        list.append(&mut added);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_become_expressions() {
        let mut pod = Object::from_value(json!({
            "metadata": {"labels": {"app": "a"}},
            "spec": {"topologySpreadConstraints": [
                {"matchLabelKeys": ["app", "none"], "labelSelector": {}}, {"matchLabelKeys": ["app"]}
            ]}
        }))
        .unwrap();
        merge_match_label_keys(&mut pod);
        let want = json!([{"key": "app", "operator": "In", "values": ["a"]}]);
        assert_eq!(pod.at("/spec/topologySpreadConstraints/0/labelSelector/matchExpressions"), Some(&want));
        assert_eq!(pod.at("/spec/topologySpreadConstraints/1/labelSelector"), None);
    }
}
