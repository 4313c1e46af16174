//! What `describe` prints of a ResourceQuota, by itself and below its namespace.

use serde_json::{Map, Value};

use crate::apimachinery::object::Object;
use crate::apimachinery::quantity::Quantity;
use crate::kinds::describe::Text;

pub fn describe(quota: &Object, out: &mut Text) {
    out.field(0, "Name", quota.name());
    out.field(0, "Namespace", quota.namespace());
    scopes(quota, 0, " * ", out);
    out.line(0, "Resource\tUsed\tHard\n--------\t----\t----");
    for name in resources(quota) {
        let (used, hard) = (amount(quota, "used", name), amount(quota, "hard", name));
        // Both in the notation of the limit, whose parts are then rounded up.
        let used = if used.format() == hard.format() { used } else { Quantity::new(used.value(), hard.format()) };
        out.line(0, format_args!("{name}\t{used}\t{hard}"));
    }
}

/// The quota as one of its namespace's.
pub fn in_namespace(quota: &Object, out: &mut Text) {
    out.field(1, "Name", quota.name());
    scopes(quota, 1, "* ", out);
    out.line(1, "Resource\tUsed\tHard");
    out.line(1, "--------\t---\t---");
    for name in resources(quota) {
        let (used, hard) = (amount(quota, "used", name), amount(quota, "hard", name));
        out.line(1, format_args!("{name}\t{used}\t{hard}"));
    }
}

fn resources(quota: &Object) -> impl Iterator<Item = &String> {
    quota.map_at("/status/hard").into_iter().flat_map(Map::keys)
}

fn amount(quota: &Object, part: &str, name: &str) -> Quantity {
    let found = quota.map_at(&format!("/status/{part}")).and_then(|m| Quantity::from_value(m.get(name)?).ok());
    found.unwrap_or(Quantity::ZERO)
}

/// `Scopes:` and, for those that kubectl knows, what they choose.
fn scopes(quota: &Object, level: usize, bullet: &str, out: &mut Text) {
    let mut scopes: Vec<&str> = quota.list_at("/spec/scopes").iter().filter_map(Value::as_str).collect();
    if scopes.is_empty() {
        return;
    }
    scopes.sort_unstable();
    out.field(level, "Scopes", scopes.join(", "));
    for what in scopes.into_iter().filter_map(chosen) {
        out.line(level, format_args!("{bullet}{what}"));
    }
}

fn chosen(scope: &str) -> Option<&'static str> {
    match scope {
        "Terminating" => Some(
            "Matches all pods that have an active deadline. These pods have a limited lifespan on a node before being \
             actively terminated by the system.",
        ),
        "NotTerminating" => Some(
            "Matches all pods that do not have an active deadline. These pods usually include long running pods whose \
             container command is not expected to terminate.",
        ),
        "BestEffort" => Some(
            "Matches all pods that do not have resource requirements set. These pods have a best effort quality of \
             service.",
        ),
        "NotBestEffort" => Some(
            "Matches all pods that have at least one resource requirement set. These pods have a burstable or \
             guaranteed quality of service.",
        ),
        _ => None,
    }
}
