//! The StatefulSet controller: one look at a set, one step towards what it asks for.
//!
//! The rules and their order are those of pkg/controller/statefulset: replicas in order, then condemned pods from the
//! highest ordinal, then updates from the highest ordinal; under OrderedReady each waits for its predecessors.

use std::cell::RefCell;
use std::rc::Rc;
use std::sync::Arc;

use serde_json::Value;

use super::members::{self, Member};
use super::roster::Roster;
use super::sync::Sync;
use super::{Set, revision};
use crate::apimachinery::key::Key;
use crate::apimachinery::labels::Selector;
use crate::apimachinery::object::Object;
use crate::apimachinery::status::Status;
use crate::apimachinery::time::Time;
use crate::cluster::{Cluster, Indexer};
use crate::kinds::plan::{Action, Plan};

/// Plans one step.
pub fn reconcile(object: &Arc<Object>, cluster: &Cluster, now: Time) -> Result<Plan, Status> {
    let set = Set::of(object);
    let Some(selector) = object.at("/spec/selector").and_then(|s| Selector::from_label_selector(s).ok()) else {
        return Ok(Plan::nothing());
    };
    let mut plan = Plan::nothing();
    let pods = claim_pods(&set, &selector, cluster, &mut plan)?;
    if set.object.str_at("/status/updateRevision").is_empty() {
        adopt_revisions(&set, &selector, cluster, &mut plan)?;
    }
    if !plan.actions.is_empty() {
        return Ok(plan);
    }
    // What is left of a set that goes is the garbage collector's: a revision made now would only have to go, too.
    let is_going = object.deletion_timestamp().is_some();
    if is_going && revision::history(&set, cluster)?.last().is_none_or(|r| !revision::keeps_template(r, &set)) {
        return Ok(plan);
    }
    let revisions = revisions(&set, cluster, &mut plan)?;
    Sync::new(set, cluster, now, &mut pods.borrow_mut(), revisions)?.run(&mut plan)?;
    Ok(plan)
}

/// Pods by the uid of their controller; those without one under `namespace/`.
pub static PODS_BY_CONTROLLER: Indexer = Indexer {
    name: "pods-by-controller",
    resource: "pods",
    values: |pod| match pod.controller_of() {
        Some(controller) => vec![controller.uid.to_owned()],
        None => vec![format!("{}/", pod.namespace())],
    },
};

/// The set's pods by ordinal. Adopts pods that match and have no controller; lets go those that match no more.
fn claim_pods(
    set: &Set,
    selector: &Selector,
    cluster: &Cluster,
    plan: &mut Plan,
) -> Result<Rc<RefCell<Roster>>, Status> {
    let (name, uid) = (set.object.name(), set.object.uid());
    let stays = set.object.deletion_timestamp().is_none();
    let (kept, news) = cluster.kept::<Roster>(&PODS_BY_CONTROLLER, uid)?;
    let mut roster = kept.borrow_mut();
    for (key, pod) in news {
        let Some(ordinal) = members::ordinal(name, &key.name) else { continue };
        let member = pod.as_ref().map(|pod| Rc::new(Member::of(pod)));
        let (own, strange): (Vec<_>, Vec<_>) = member.into_iter().partition(|m| selector.matches(m.pod.labels()));
        roster.put(ordinal, own.into_iter().next());
        let released = strange.iter().filter(|_| stays);
        plan.actions.extend(released.map(|m| Action::Update(without_controller(&m.pod, uid))));
    }
    drop(roster);
    for (key, pod) in cluster.indexed(&PODS_BY_CONTROLLER, &format!("{}/", set.object.namespace()))? {
        let is_wanted = stays && pod.deletion_timestamp().is_none();
        if is_wanted && members::ordinal(name, &key.name).is_some() && selector.matches(pod.labels()) {
            plan.push(Action::Update(with_controller(&pod, set)));
        }
    }
    Ok(kept)
}

/// Takes over the revisions that a set of the same selector left behind when it was deleted without its dependents.
fn adopt_revisions(set: &Set, selector: &Selector, cluster: &Cluster, plan: &mut Plan) -> Result<(), Status> {
    let prefix = format!("{}-", set.object.name());
    for revision in cluster.list_prefixed("controllerrevisions.apps", set.object.namespace(), &prefix)? {
        if revision.controller_of().is_none() && selector.matches(revision.labels()) {
            plan.push(Action::Update(with_controller(&revision, set)));
        }
    }
    Ok(())
}

fn with_controller(pod: &Object, set: &Set) -> Object {
    let mut new = pod.clone();
    let mut references = pod.list_at("/metadata/ownerReferences").to_vec();
    references.push(set.controller_reference());
    new.set("/metadata/ownerReferences", Value::Array(references));
    new
}

fn without_controller(pod: &Object, uid: &str) -> Object {
    let mut new = pod.clone();
    new.remove_owner(uid);
    new
}

/// The revisions a sync works with.
pub struct Revisions {
    pub history: Vec<Arc<Object>>,
    pub current: Arc<Object>,
    pub update: Arc<Object>,
    pub collisions: i64,
}

/// Finds the revision of the present template, making or renumbering it where needed, and the current one.
fn revisions(set: &Set, cluster: &Cluster, plan: &mut Plan) -> Result<Revisions, Status> {
    let history = revision::history(set, cluster)?;
    let mut collisions = set.object.i64_at("/status/collisionCount").unwrap_or(0);
    let named = set.object.str_at("/status/currentRevision");
    let find_current =
        |update: &Arc<Object>| history.iter().find(|r| r.name() == named).cloned().unwrap_or_else(|| update.clone());
    if let Some(newest) = history.last().filter(|r| revision::keeps_template(r, set)).cloned() {
        let current = find_current(&newest);
        return Ok(Revisions { history, current, update: newest, collisions });
    }
    let next = history.last().map_or(1, |r| revision::number(r) + 1);
    let mut wanted = revision::of_template(set, next, collisions);
    let equal: Vec<&Arc<Object>> = history.iter().filter(|r| revision::is_equal(r, &wanted)).collect();
    let update = match equal.last() {
        Some(same) => {
            let mut renumbered = Object::clone(same);
            renumbered.set("/revision", next.into());
            plan.push(Action::Update(renumbered.clone()));
            Arc::new(renumbered)
        }
        None => {
            let mut taken = named_as(&wanted, cluster)?;
            while taken.as_ref().is_some_and(|found| !revision::is_equal(found, &wanted)) {
                collisions += 1;
                wanted = revision::of_template(set, next, collisions);
                taken = named_as(&wanted, cluster)?;
            }
            // One of the same content is as good, whoever's it is.
            if taken.is_none() {
                plan.push(Action::Create(wanted.clone()));
            }
            taken.unwrap_or_else(|| Arc::new(wanted))
        }
    };
    let current = find_current(&update);
    Ok(Revisions { history, current, update, collisions })
}

/// What has a new revision's name already.
fn named_as(wanted: &Object, cluster: &Cluster) -> Result<Option<Arc<Object>>, Status> {
    cluster.get(&Key::new("controllerrevisions.apps", wanted.namespace(), wanted.name()))
}
