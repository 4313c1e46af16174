//! The ResourceQuota plugin: writes are held to the quotas of their namespace, which keep count of what is used.
//!
//! Knows no kind: what an object counts for is its kind's [`Evaluator`].

use crate::apimachinery::key::Key;
use crate::apimachinery::object::Object;
use crate::apimachinery::quantity::Quantity;
use crate::apimachinery::status::Status;
use crate::cluster::Cluster;
use crate::kinds::Kind;
use crate::kinds::pod::Amounts;
use crate::kinds::quota::{self, Evaluator};

/// The quotas that a write changes, with their new counts.
#[derive(Default)]
pub struct Charges(Vec<Object>);

impl Charges {
    /// Writes the new counts down.
    ///
    /// # Errors
    /// Those of the store.
    pub fn post(self, cluster: &mut Cluster) -> Result<(), Status> {
        for quota in self.0 {
            let key = Key::new("resourcequotas", quota.namespace(), quota.name());
            cluster.put(&key, quota)?;
        }
        Ok(())
    }
}

/// What a write is to the quotas: a new object has no `old`, a removed one no `new`.
pub struct Write<'o> {
    pub old: Option<&'o Object>,
    pub new: Option<&'o Object>,
    /// Whether a quota may refuse it; what has happened already is only counted.
    pub is_enforced: bool,
}

/// Finds what a write changes in the quotas of its namespace.
///
/// # Errors
/// Forbidden: `exceeded quota: …` for the first quota (by name) that it does not fit in, `failed quota: …` for an object
/// that does not say what a quota needs to know.
pub fn assess(cluster: &Cluster, kind: &dyn Kind, write: &Write) -> Result<Charges, Status> {
    let (names, evaluator) = (kind.names(), kind.evaluator());
    let Some(object) = write.new.or(write.old).filter(|_| names.namespaced && evaluator.is_counted()) else {
        return Ok(Charges::default());
    };
    let quotas = cluster.list("resourcequotas", Some(object.namespace()))?;
    if write.is_enforced {
        for quota in &quotas {
            check_said(evaluator, names.resource, quota, object)?;
        }
    }
    let mut charges = Vec::new();
    for quota in quotas {
        let used = |object: Option<&Object>| {
            object.and_then(|o| quota::usage_of(evaluator, names.resource, o, &quota)).unwrap_or_default()
        };
        let delta = difference(&used(write.new), &used(write.old));
        if delta.is_empty() {
            continue;
        }
        if write.is_enforced {
            check_room(names.resource, &quota, object, &delta)?;
        }
        let mut all = quota::amounts_at(&quota, "/status/used");
        quota::add(&mut all, &delta);
        let mut new = Object::clone(&quota);
        new.set("/status/used", quota::to_value(&all));
        charges.push(new);
    }
    Ok(Charges(charges))
}

/// What comes on top, zeros left out.
fn difference(new: &Amounts, old: &Amounts) -> Amounts {
    let mut all = new.clone();
    for (name, amount) in old {
        let left = all.entry(name.clone()).or_insert(Quantity::ZERO);
        *left = left.sub(amount);
    }
    all.retain(|_, amount| !amount.is_zero());
    all
}

fn check_said(evaluator: &dyn Evaluator, resource: &str, quota: &Object, object: &Object) -> Result<(), Status> {
    let Some(hard) = quota.map_at("/status/hard") else { return Ok(()) };
    let required: Vec<&str> = hard.keys().map(String::as_str).filter(|n| evaluator.tracks(resource, n)).collect();
    if required.is_empty() || !quota::selects(quota, |selector| evaluator.is_in_scope(selector, object)) {
        return Ok(());
    }
    match evaluator.missing(&required, object) {
        Some(missing) => {
            Err(Status::forbidden(resource, object.name(), &format!("failed quota: {}: {missing}", quota.name())))
        }
        None => Ok(()),
    }
}

fn check_room(resource: &str, quota: &Object, object: &Object, delta: &Amounts) -> Result<(), Status> {
    let (hard, used) = (quota::amounts_at(quota, "/status/hard"), quota::amounts_at(quota, "/status/used"));
    let mut after = used.clone();
    quota::add(&mut after, delta);
    let exceeded = |name: &String| {
        delta.contains_key(name) && matches!((after.get(name), hard.get(name)), (Some(a), Some(h)) if a > h)
    };
    let only = |of: &Amounts| -> Amounts {
        of.iter().filter(|(name, _)| exceeded(name)).map(|(n, a)| (n.clone(), a.clone())).collect()
    };
    let requested = only(delta);
    if requested.is_empty() {
        return Ok(());
    }
    let why = format!(
        "exceeded quota: {}, requested: {}, used: {}, limited: {}",
        quota.name(),
        quota::print(&requested),
        quota::print(&only(&used)),
        quota::print(&only(&hard))
    );
    Err(Status::forbidden(resource, object.name(), &why))
}
