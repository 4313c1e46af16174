//! What objects count for in a ResourceQuota: which of a quota's resources a kind uses, and how much of each.
//!
//! Knows one object and one quota at a time; who adds up and who refuses is the API server's and the quota controller's.

use serde_json::{Map, Value};

use super::pod::Amounts;
use crate::apimachinery::object::Object;
use crate::apimachinery::quantity::{Format, Quantity};

mod scope;

pub use scope::{selects, takes};

/// How the objects of a kind count. The default is that each counts as one of its kind.
pub trait Evaluator: Sync {
    /// Whether a quota's resource is one that such objects use.
    fn tracks(&self, group_resource: &str, name: &str) -> bool {
        name.strip_prefix("count/") == Some(group_resource) || counts_plainly(group_resource, name)
    }

    /// What an object uses.
    fn usage(&self, group_resource: &str, _object: &Object) -> Amounts {
        let mut used = Amounts::from([(format!("count/{group_resource}"), one())]);
        if counts_plainly(group_resource, group_resource) {
            used.insert(group_resource.to_owned(), one());
        }
        used
    }

    /// Whether an object is in a scope; `selector` has `scopeName`, `operator` and `values`.
    fn is_in_scope(&self, _selector: &Value, _object: &Object) -> bool {
        false
    }

    /// What an object has to say for a quota on these resources to apply to it, and does not: `must specify …`.
    fn missing(&self, _required: &[&str], _object: &Object) -> Option<String> {
        None
    }

    /// Whether an update is held to the quota as a creation is.
    fn is_enforced_on_update(&self) -> bool {
        false
    }

    /// Whether quotas apply at all: events are counted nowhere.
    fn is_counted(&self) -> bool {
        true
    }
}

/// One more of its kind.
pub struct ByCount;

impl Evaluator for ByCount {}

/// Counted nowhere.
pub struct Uncounted;

impl Evaluator for Uncounted {
    fn is_counted(&self) -> bool {
        false
    }
}

/// Whether a resource's name without `count/` says how many objects there may be.
fn counts_plainly(group_resource: &str, name: &str) -> bool {
    name == group_resource
        && matches!(group_resource, "configmaps" | "resourcequotas" | "replicationcontrollers" | "secrets")
}

/// The quantity of one object.
pub fn one() -> Quantity {
    Quantity::new(1, Format::DecimalSi)
}

/// Quantities of a quota, at `/status/hard` or the like.
pub fn amounts_at(quota: &Object, pointer: &str) -> Amounts {
    quota.map_at(pointer).map(amounts).unwrap_or_default()
}

fn amounts(map: &Map<String, Value>) -> Amounts {
    map.iter().filter_map(|(name, value)| Some((name.clone(), Quantity::from_value(value).ok()?))).collect()
}

/// As the API writes quantities.
pub fn to_value(amounts: &Amounts) -> Value {
    Value::Object(amounts.iter().map(|(name, amount)| (name.clone(), amount.to_string().into())).collect())
}

/// Adds quantities to quantities.
pub fn add(sum: &mut Amounts, more: &Amounts) {
    for (name, amount) in more {
        let total = sum.entry(name.clone()).or_insert(Quantity::ZERO);
        *total = total.add(amount);
    }
}

/// What an object uses of a quota; `None` for one that the quota is not for.
pub fn usage_of(evaluator: &dyn Evaluator, group_resource: &str, object: &Object, quota: &Object) -> Option<Amounts> {
    let hard = quota.map_at("/status/hard")?;
    let applies = hard.keys().any(|name| evaluator.tracks(group_resource, name));
    if !applies || !selects(quota, |selector| evaluator.is_in_scope(selector, object)) {
        return None;
    }
    let mut used = evaluator.usage(group_resource, object);
    used.retain(|name, _| hard.contains_key(name));
    Some(used)
}

/// `requests.cpu=1,pods=2`, ordered by name.
pub fn print(amounts: &Amounts) -> String {
    amounts.iter().map(|(name, amount)| format!("{name}={amount}")).collect::<Vec<_>>().join(",")
}
