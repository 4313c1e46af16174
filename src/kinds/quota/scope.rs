//! A quota's scopes: which objects it is for.

use serde_json::{Value, json};

use crate::apimachinery::object::Object;

/// Whether an object is in all of a quota's scopes, `is_in` saying so for one.
pub fn selects(quota: &Object, is_in: impl Fn(&Value) -> bool) -> bool {
    let named = quota.list_at("/spec/scopes").iter().map(|name| json!({"scopeName": name, "operator": "Exists"}));
    let mut selectors = named.chain(quota.list_at("/spec/scopeSelector/matchExpressions").iter().cloned());
    selectors.all(|selector| is_in(&selector))
}

/// Whether a scope's operator and values take one of the names an object has there; a label selector in all but name.
pub fn takes(selector: &Value, names: &[&str]) -> bool {
    let values: Vec<&str> =
        selector.get("values").and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str).collect();
    let is_listed = |name: &&str| values.contains(name);
    match selector.get("operator").and_then(Value::as_str).unwrap_or_default() {
        "Exists" => !names.is_empty(),
        "DoesNotExist" => names.is_empty(),
        "In" => names.iter().any(is_listed),
        "NotIn" => names.is_empty() || names.iter().any(|name| !is_listed(name)),
        _ => false,
    }
}
