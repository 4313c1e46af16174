//! The StatefulSet controller: one look at a set, one step towards what it asks for.
//!
//! The rules and their order are those of pkg/controller/statefulset: replicas in order, then condemned pods from the
//! highest ordinal, then updates from the highest ordinal; under OrderedReady each waits for its predecessors.

use std::collections::BTreeMap;
use std::rc::Rc;
use std::sync::Arc;

use serde_json::{Value, json};

use super::members::{self, Member};
use super::{Set, claims, revision};
use crate::apimachinery::key::Key;
use crate::apimachinery::labels::Selector;
use crate::apimachinery::object::Object;
use crate::apimachinery::status::Status;
use crate::apimachinery::time::Time;
use crate::cluster::Cluster;
use crate::kinds::plan::{Action, EventRecord, Plan};

/// What the controller calls itself in events.
const SOURCE: &str = "statefulset-controller";

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
    let revisions = revisions(&set, cluster, &mut plan)?;
    let may_own_claims = set.may_own_claims(cluster)?;
    let min_ready = object.i64_at("/spec/minReadySeconds").unwrap_or(0);
    let sync = Sync { set, cluster, now, pods, revisions, min_ready, may_own_claims };
    sync.status(&mut plan);
    if object.deletion_timestamp().is_none() {
        sync.step(&mut plan)?;
    }
    sync.truncate_history(&mut plan)?;
    sync.wake_for_availability(&mut plan);
    Ok(plan)
}

/// The set's pods by ordinal. Adopts pods that match and have no controller; lets go those that match no more.
fn claim_pods(
    set: &Set,
    selector: &Selector,
    cluster: &Cluster,
    plan: &mut Plan,
) -> Result<BTreeMap<i64, Rc<Member>>, Status> {
    let mut members = BTreeMap::new();
    let (name, uid) = (set.object.name(), set.object.uid());
    for pod in cluster.list_prefixed("pods", set.object.namespace(), &format!("{name}-"))? {
        let Some(ordinal) = members::ordinal(name, pod.name()) else { continue };
        let member = cluster.view(&pod, Member::of);
        match member.controller.as_str() {
            own if own == uid && member.is_selected_by(selector) => drop(members.insert(ordinal, member)),
            own if own == uid => plan.push(Action::Update(without_controller(&pod, uid))),
            "" if !member.terminating
                && set.object.deletion_timestamp().is_none()
                && selector.matches(pod.labels()) =>
            {
                plan.push(Action::Update(with_controller(&pod, set)));
            }
            _ => {}
        }
    }
    Ok(members)
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
struct Revisions {
    history: Vec<Arc<Object>>,
    current: Arc<Object>,
    update: Arc<Object>,
    collisions: i64,
}

/// Finds the revision of the present template, making or renumbering it where needed, and the current one.
fn revisions(set: &Set, cluster: &Cluster, plan: &mut Plan) -> Result<Revisions, Status> {
    let history = revision::history(set, cluster)?;
    let mut collisions = set.object.i64_at("/status/collisionCount").unwrap_or(0);
    let next = history.last().map_or(1, |r| revision::number(r) + 1);
    let mut wanted = revision::of_template(set, next, collisions);
    let equal: Vec<&Arc<Object>> = history.iter().filter(|r| revision::is_equal(r, &wanted)).collect();
    let update = match (equal.last(), history.last()) {
        (Some(same), Some(newest)) if same.name() == newest.name() => Arc::clone(same),
        (Some(same), _) => {
            let mut renumbered = Object::clone(same);
            renumbered.set("/revision", next.into());
            plan.push(Action::Update(renumbered.clone()));
            Arc::new(renumbered)
        }
        (None, _) => {
            while is_taken(&wanted, cluster)? {
                collisions += 1;
                wanted = revision::of_template(set, next, collisions);
            }
            plan.push(Action::Create(wanted.clone()));
            Arc::new(wanted)
        }
    };
    let named = set.object.str_at("/status/currentRevision");
    let current = history.iter().find(|r| r.name() == named).cloned().unwrap_or_else(|| update.clone());
    Ok(Revisions { history, current, update, collisions })
}

/// Whether a name stands for another template already.
fn is_taken(wanted: &Object, cluster: &Cluster) -> Result<bool, Status> {
    let key = Key::new("controllerrevisions.apps", wanted.namespace(), wanted.name());
    Ok(cluster.get(&key)?.is_some_and(|found| !revision::is_equal(&found, wanted)))
}

/// Whether a step leaves room for another in the same sync.
#[derive(PartialEq, Eq)]
enum Next {
    Wait,
    GoOn,
}

struct Sync<'a, 'c> {
    set: Set<'a>,
    cluster: &'a Cluster<'c>,
    now: Time,
    pods: BTreeMap<i64, Rc<Member>>,
    revisions: Revisions,
    min_ready: i64,
    may_own_claims: bool,
}

impl Sync<'_, '_> {
    fn is_ordered(&self) -> bool {
        self.set.object.str_at("/spec/podManagementPolicy") != "Parallel"
    }

    fn ordinals(&self) -> std::ops::Range<i64> {
        self.set.start..self.set.start + self.set.replicas
    }

    fn is_available(&self, pod: &Member) -> bool {
        pod.is_available(self.min_ready, self.now)
    }

    /// Available and staying.
    fn is_healthy(&self, pod: &Member) -> bool {
        self.is_available(pod) && !pod.terminating
    }

    fn step(&self, plan: &mut Plan) -> Result<(), Status> {
        for ordinal in self.ordinals() {
            if self.replica(ordinal, plan)? == Next::Wait && self.is_ordered() {
                return Ok(());
            }
        }
        let condemned: Vec<(i64, &Rc<Member>)> =
            self.pods.iter().rev().filter(|(o, _)| !self.set.has_ordinal(**o)).map(|(o, p)| (*o, p)).collect();
        for (ordinal, pod) in &condemned {
            let changed = claims::with_right_owners(&self.set, &pod.pod, *ordinal, self.cluster)?;
            plan.actions.extend(changed.into_iter().map(Action::Update));
        }
        for (_, pod) in &condemned {
            self.condemn(pod, &condemned, plan);
            if self.is_ordered() {
                return Ok(());
            }
        }
        if self.set.object.str_at("/spec/updateStrategy/type") != "OnDelete" {
            self.update(plan);
        }
        Ok(())
    }

    /// What one wanted pod needs.
    fn replica(&self, ordinal: i64, plan: &mut Plan) -> Result<Next, Status> {
        let Some(pod) = self.pods.get(&ordinal) else {
            if !claims::is_stale(&self.set, ordinal, self.cluster)? {
                self.create(ordinal, plan)?;
            }
            return Ok(Next::Wait);
        };
        if pod.is_finished() {
            if !pod.terminating {
                self.delete(&pod.pod, plan);
            }
            return Ok(Next::Wait);
        }
        if pod.pod.str_at("/status/phase") == "Pending" {
            self.create_claims(ordinal, plan)?;
        }
        if !self.is_healthy(pod) {
            return Ok(Next::Wait);
        }
        if !pod.has_identity {
            plan.push(Action::Update(members::with_identity(&self.set, &pod.pod, ordinal)));
        }
        if self.may_own_claims {
            let owners = claims::with_right_owners(&self.set, &pod.pod, ordinal, self.cluster)?;
            plan.actions.extend(owners.into_iter().map(Action::Update));
        }
        Ok(Next::GoOn)
    }

    fn create(&self, ordinal: i64, plan: &mut Plan) -> Result<(), Status> {
        self.create_claims(ordinal, plan)?;
        let revision = if self.is_current_wanted(ordinal) { &self.revisions.current } else { &self.revisions.update };
        let pod = members::new_pod(&self.set, &revision::template(revision), revision.name(), ordinal);
        let (name, set) = (pod.name().to_owned(), self.set.object.name());
        let failed = format!("Create Pod {name} in StatefulSet {set} failed error: ");
        plan.push(Action::CreateOrTell(pod, EventRecord::warning(self.set.object, SOURCE, "FailedCreate", failed)));
        self.tell(plan, "SuccessfulCreate", format!("Create Pod {name} in StatefulSet {set} successful"));
        Ok(())
    }

    fn create_claims(&self, ordinal: i64, plan: &mut Plan) -> Result<(), Status> {
        let set = self.set.object.name();
        for claim in claims::missing(&self.set, ordinal, self.cluster)? {
            let what = format!("Create Claim {} Pod {set}-{ordinal} in StatefulSet {set}", claim.name());
            let failed = format!("{what} failed error: ");
            plan.push(Action::CreateOrTell(
                claim,
                EventRecord::warning(self.set.object, SOURCE, "FailedCreate", failed),
            ));
            self.tell(plan, "SuccessfulCreate", format!("{what} success"));
        }
        Ok(())
    }

    /// Whether an ordinal is still on the current revision: below the partition of a rolling update.
    fn is_current_wanted(&self, ordinal: i64) -> bool {
        let strategy = self.set.object.str_at("/spec/updateStrategy/type");
        let partition = self.set.object.i64_at("/spec/updateStrategy/rollingUpdate/partition");
        let current = self.set.object.i64_at("/status/currentReplicas").unwrap_or(0);
        strategy == "RollingUpdate" && ordinal < self.set.start + partition.unwrap_or(current)
    }

    /// What one pod too many needs: from the highest ordinal, waiting for those that are unwell, but for the first.
    fn condemn(&self, pod: &Member, condemned: &[(i64, &Rc<Member>)], plan: &mut Plan) {
        let unwell = self.is_ordered() && !self.is_available(pod);
        let waits = unwell && self.first_unhealthy(condemned) != Some(pod.pod.name());
        if !pod.terminating && !waits {
            self.delete(&pod.pod, plan);
        }
    }

    fn first_unhealthy<'p>(&'p self, condemned: &[(i64, &'p Rc<Member>)]) -> Option<&'p str> {
        let wanted = self.ordinals().filter_map(|o| self.pods.get(&o));
        let mut all = wanted.chain(condemned.iter().rev().map(|(_, pod)| *pod));
        all.find(|pod| !self.is_healthy(pod)).map(|pod| pod.pod.name())
    }

    /// Takes down pods of another revision, from the highest ordinal to the partition, as many as may be unavailable.
    fn update(&self, plan: &mut Plan) {
        let partition = self.set.object.i64_at("/spec/updateStrategy/rollingUpdate/partition").unwrap_or(0);
        let mut room = match self.max_unavailable() {
            Some(max) => {
                max - self.ordinals().filter(|o| self.pods.get(o).is_none_or(|p| !self.is_healthy(p))).count() as i64
            }
            None => 1,
        };
        for ordinal in self.ordinals().rev().take_while(|o| *o >= self.set.start + partition) {
            let Some(pod) = self.pods.get(&ordinal) else { return };
            if room <= 0 {
                return;
            }
            if pod.revision != self.revisions.update.name() && !pod.terminating {
                self.delete(&pod.pod, plan);
                room -= 1;
            } else if self.max_unavailable().is_none() && !self.is_healthy(pod) {
                return;
            }
        }
    }

    /// `maxUnavailable` as a number of pods, at least one; `None` when it is not set.
    fn max_unavailable(&self) -> Option<i64> {
        match self.set.object.at("/spec/updateStrategy/rollingUpdate/maxUnavailable")? {
            Value::Number(n) => n.as_i64().map(|n| n.max(1)),
            Value::String(s) => {
                let percent: i64 = s.strip_suffix('%')?.parse().ok()?;
                Some((percent * self.set.replicas / 100).max(1))
            }
            _ => None,
        }
    }

    fn delete(&self, pod: &Object, plan: &mut Plan) {
        let key = Key::new("pods", pod.namespace(), pod.name());
        plan.push(Action::Delete { key, uid: pod.uid().to_owned() });
        let set = self.set.object.name();
        self.tell(plan, "SuccessfulDelete", format!("Delete Pod {} in StatefulSet {set} successful", pod.name()));
    }

    fn tell(&self, plan: &mut Plan, reason: &'static str, message: String) {
        plan.push(Action::Event(EventRecord::normal(self.set.object, SOURCE, reason, message)));
    }

    /// The status as the pods are now; a finished update makes its revision the current one.
    fn status(&self, plan: &mut Plan) {
        let count = |test: &dyn Fn(&Member) -> bool| self.pods.values().filter(|p| test(p)).count();
        let of = |name: &str, p: &Member| !p.terminating && p.revision == name;
        let (current, update) = (self.revisions.current.name(), self.revisions.update.name());
        let replicas = self.pods.len();
        let ready = count(&|p| p.ready_since.is_some());
        let updated = count(&|p| of(update, p));
        let wanted = usize::try_from(self.set.replicas).unwrap_or(0);
        let is_rolling = self.set.object.str_at("/spec/updateStrategy/type") == "RollingUpdate";
        let complete = is_rolling && updated == wanted && ready == wanted && replicas == wanted;
        let (current, currents) = if complete { (update, updated) } else { (current, count(&|p| of(current, p))) };
        let mut status = json!({
            "observedGeneration": self.set.object.generation(), "replicas": replicas,
            "availableReplicas": count(&|p| self.is_available(p)),
            "currentRevision": current, "updateRevision": update, "collisionCount": self.revisions.collisions,
        });
        // Counts with omitempty are left out at zero.
        for (field, number) in [("readyReplicas", ready), ("currentReplicas", currents), ("updatedReplicas", updated)] {
            if number > 0 {
                status[field] = number.into();
            }
        }
        if self.set.object.at("/status") != Some(&status) {
            let mut new = self.set.object.clone();
            new.set("/status", status);
            plan.push(Action::UpdateStatus(new));
        }
    }

    fn truncate_history(&self, plan: &mut Plan) -> Result<(), Status> {
        let live = [self.revisions.current.name(), self.revisions.update.name()];
        let in_use = |name: &str| live.contains(&name) || self.pods.values().any(|p| p.revision == name);
        for old in revision::beyond_limit(&self.set, &self.revisions.history, in_use) {
            let key = Key::new("controllerrevisions.apps", old.namespace(), old.name());
            plan.push(Action::Delete { key, uid: old.uid().to_owned() });
        }
        Ok(())
    }

    /// A ready pod becomes available without any other change.
    fn wake_for_availability(&self, plan: &mut Plan) {
        let due = self.pods.values().filter_map(|p| p.available_at(self.min_ready)).filter(|at| *at > self.now);
        if let Some(at) = due.min() {
            plan.requeue(at);
        }
    }
}
