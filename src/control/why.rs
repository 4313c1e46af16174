//! Why an object is as it is: its controllers are asked once more, and what they have decided already is looked up.
//!
//! Pure. Holds no rule of its own: the reasons are those that the planning functions give where they plan nothing.

use std::collections::HashSet;
use std::sync::Arc;

use super::event::{self, Decision};
use super::{CONTROLLERS, all_triggers, garbage};
use crate::apimachinery::key::Key;
use crate::apimachinery::object::Object;
use crate::apimachinery::status::Status;
use crate::cluster::Cluster;
use crate::kinds;
use crate::kinds::plan::{Action, EventRecord, Plan};
use crate::kinds::why::Reason;

/// How far reasons are followed: a pod that waits for a pod that waits for a claim, and some more.
const DEEPEST: usize = 8;

/// What there is to say of one object.
#[derive(Clone, Debug)]
pub struct Finding {
    pub key: Key,
    /// `None` for one that does not exist.
    pub object: Option<Arc<Object>>,
    /// Why it is as it is: of its own controllers, then of those that it is one of many objects to.
    pub reasons: Vec<Reason>,
    /// What was decided of it before, oldest first.
    pub decisions: Vec<Decision>,
}

impl Finding {
    /// Whether anything is known of it.
    pub fn is_empty(&self) -> bool {
        self.object.is_none() && self.reasons.is_empty() && self.decisions.is_empty()
    }
}

/// What there is to say of an object, and of all that it waits for, in that order.
///
/// # Errors
/// When the store cannot be read.
pub fn why(cluster: &Cluster, key: &Key) -> Result<Vec<Finding>, Status> {
    cluster.ask_why();
    let mut seen = HashSet::from([key.clone()]);
    let mut found = Vec::new();
    let mut level = vec![key.clone()];
    for _ in 0..DEEPEST {
        let mut next = Vec::new();
        for key in level {
            let finding = finding(cluster, &key)?;
            let waited_for = finding.reasons.iter().flat_map(|r| &r.waits_for);
            next.extend(waited_for.filter(|k| seen.insert((*k).clone())).cloned());
            found.push(finding);
        }
        level = next;
    }
    Ok(found)
}

fn finding(cluster: &Cluster, key: &Key) -> Result<Finding, Status> {
    let object = cluster.get(key)?;
    let mut reasons = Vec::new();
    if object.is_some() {
        reasons = asked(cluster, key)?;
    }
    for other in concerned(cluster, key, object.as_deref())? {
        reasons.extend(asked(cluster, &other)?.into_iter().filter(|r| r.about == *key));
    }
    let mut seen = HashSet::new();
    reasons.retain(|r| seen.insert((r.source, r.about.clone(), r.text.clone())));
    Ok(Finding { key: key.clone(), decisions: decisions(cluster, key)?, object, reasons })
}

/// The objects whose controllers may have to do with one: its owners, and those that look when it changes.
fn concerned(cluster: &Cluster, key: &Key, object: Option<&Object>) -> Result<Vec<Key>, Status> {
    let absent = Object::new("", "", &key.namespace, &key.name);
    let object = object.unwrap_or(&absent);
    let mut keys = Vec::new();
    for owner in object.owner_references() {
        if let Some(kind) = kinds::of_api_version(cluster, owner.api_version, owner.kind)? {
            keys.push(kind.names().key(object.namespace(), owner.name));
        }
    }
    for trigger in all_triggers().filter(|t| t.resource == &*key.resource) {
        keys.extend((trigger.keys)(object, cluster)?);
    }
    let mut seen = HashSet::from([key.clone()]);
    keys.retain(|k| seen.insert(k.clone()));
    Ok(keys)
}

/// The reasons that an object's controllers give.
fn asked(cluster: &Cluster, key: &Key) -> Result<Vec<Reason>, Status> {
    let (Some(object), Some(kind)) = (cluster.get(key)?, kinds::of_resource(cluster, &key.resource)?) else {
        return Ok(Vec::new());
    };
    let mut plans = vec![garbage::reconcile(&object, cluster, cluster.now())?];
    plans.push(kind.reconcile(&object, cluster, cluster.now())?);
    for controller in CONTROLLERS.iter().filter(|c| c.resource == key.resource) {
        plans.push((controller.reconcile)(&object, cluster, cluster.now())?);
    }
    let mut reasons = Vec::new();
    for plan in plans {
        reasons.extend(refusals(cluster, &plan)?);
        reasons.extend(plan.reasons);
    }
    Ok(reasons)
}

/// What a settled controller still wants to make is what the server refuses it; the answer is in the event that told of it.
fn refusals(cluster: &Cluster, plan: &Plan) -> Result<Vec<Reason>, Status> {
    let mut reasons = Vec::new();
    for action in &plan.actions {
        let Action::CreateOrTell(object, told) = action else { continue };
        let Some(told) = told.first() else { continue };
        let Some(kind) = kinds::of_api_version(cluster, object.api_version(), object.kind())? else { continue };
        if let Some(message) = refusal(cluster, told)? {
            let about = kind.names().key(object.namespace(), object.name());
            reasons.push(Reason::new(told.source, about, message));
        }
    }
    Ok(reasons)
}

fn refusal(cluster: &Cluster, told: &EventRecord) -> Result<Option<String>, Status> {
    let is_it = |e: &Arc<Object>| {
        e.str_at("/involvedObject/uid") == told.regarding.uid()
            && e.str_at("/reason") == told.reason
            && event::message(e).starts_with(&told.message)
    };
    let events = cluster.list("events", Some(told.regarding.namespace()))?;
    let newest = events.iter().filter(|e| is_it(e)).max_by_key(|e| e.str_at("/lastTimestamp").to_owned());
    Ok(newest.map(|e| event::message(e).to_owned()))
}

fn decisions(cluster: &Cluster, key: &Key) -> Result<Vec<Decision>, Status> {
    let about = key.to_string();
    let namespace = if key.namespace.is_empty() { "default" } else { &key.namespace };
    let events = cluster.list("events", Some(namespace))?;
    let mut all: Vec<Decision> = events.iter().flat_map(|e| event::decisions(e)).filter(|d| d.about == about).collect();
    all.sort_by_key(|d| d.at);
    Ok(all)
}
