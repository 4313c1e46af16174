//! One step of a set: its pods are made, replaced, put right and taken down. Knows no history but the revisions it is given.

use std::rc::Rc;

use serde_json::json;

use super::controller::Revisions;
use super::members::{self, Member};
use super::roster::{OwnerRules, Roster};
use super::{Set, claims, revision, update};
use crate::apimachinery::key::Key;
use crate::apimachinery::object::Object;
use crate::apimachinery::status::Status;
use crate::apimachinery::time::Time;
use crate::cluster::Cluster;
use crate::kinds::plan::{Action, EventRecord, Plan};
use crate::kinds::why::Reason;

/// What the controller calls itself in events.
pub const SOURCE: &str = "statefulset-controller";

/// Whether a step leaves room for another in the same sync.
#[derive(PartialEq, Eq)]
enum Next {
    Wait,
    GoOn,
}

/// A set, its pods and its revisions at one instant.
pub struct Sync<'a, 'c> {
    pub set: Set<'a>,
    pub cluster: &'a Cluster<'c>,
    pub now: Time,
    pub pods: &'a mut Roster,
    pub revisions: Revisions,
    pub min_ready: i64,
    may_own_claims: bool,
}

impl<'a, 'c> Sync<'a, 'c> {
    pub fn new(
        set: Set<'a>,
        cluster: &'a Cluster<'c>,
        now: Time,
        pods: &'a mut Roster,
        revisions: Revisions,
    ) -> Result<Sync<'a, 'c>, Status> {
        let may_own_claims = set.may_own_claims(cluster)?;
        let min_ready = set.object.i64_at("/spec/minReadySeconds").unwrap_or(0);
        pods.mature(min_ready, now);
        if may_own_claims {
            let changed = claims::changed_since(&set, pods.log_read, cluster);
            pods.log_read = cluster.log().len();
            let (when_deleted, when_scaled) = (set.deletes_claims("whenDeleted"), set.deletes_claims("whenScaled"));
            pods.uncheck(changed, OwnerRules { ordinals: set.ordinals(), when_deleted, when_scaled });
        }
        Ok(Sync { set, cluster, now, pods, revisions, min_ready, may_own_claims })
    }

    /// Plans the step, the status it leads to, and the end of revisions nobody needs.
    pub fn run(mut self, plan: &mut Plan) -> Result<(), Status> {
        let mut steps = Plan::nothing();
        let mut outdated = 0;
        if self.set.object.deletion_timestamp().is_none() {
            outdated = self.step(&mut steps)?;
        }
        self.status(outdated, plan);
        plan.actions.append(&mut steps.actions);
        plan.reasons.append(&mut steps.reasons);
        self.truncate_history(plan);
        if let Some(at) = self.pods.next_available().and_then(|p| p.available_at(self.min_ready)) {
            plan.requeue(at);
        }
        Ok(())
    }

    pub fn is_ordered(&self) -> bool {
        self.set.object.str_at("/spec/podManagementPolicy") != "Parallel"
    }

    /// Available and staying.
    pub fn is_healthy(&self, pod: &Member) -> bool {
        pod.is_available(self.min_ready, self.now) && !pod.terminating
    }

    /// Plans the step itself; returns how many pods it takes down for an update.
    fn step(&mut self, plan: &mut Plan) -> Result<usize, Status> {
        self.kept_claims(plan)?;
        self.left_as_they_are(plan);
        for ordinal in self.replicas_to_see() {
            let before = plan.actions.len();
            match self.replica(ordinal, plan)? {
                Next::Wait if self.is_ordered() => {
                    self.halted_at(ordinal, plan);
                    return Ok(0);
                }
                Next::GoOn if plan.actions.len() == before => self.pods.check(ordinal),
                _ => {}
            }
        }
        let condemned = self.condemned();
        for (ordinal, pod) in &condemned {
            let before = plan.actions.len();
            if self.pods.unchecked().contains(ordinal) {
                self.own_claims(pod, *ordinal, plan)?;
            }
            if plan.actions.len() == before {
                self.pods.check(*ordinal);
            }
        }
        for (ordinal, pod) in &condemned {
            self.condemn(pod, *ordinal, &condemned, plan);
            if self.is_ordered() {
                self.condemned_wait(&condemned, plan);
                return Ok(0);
            }
        }
        if self.set.object.str_at("/spec/updateStrategy/type") == "OnDelete" {
            return Ok(0);
        }
        update::update(self, plan)
    }

    /// The wanted ordinals that may need something, in order: those without a pod, those whose pod is unwell, and those
    /// whose claims may have to change hands.
    fn replicas_to_see(&mut self) -> Vec<i64> {
        let range = self.set.ordinals();
        let mut all = self.pods.attention();
        if self.may_own_claims {
            all.extend(self.pods.unchecked());
        }
        all.extend(self.pods.missing(range.clone(), self.is_ordered()));
        all.into_iter().filter(|o| range.contains(o)).collect()
    }

    /// The pods beyond the wanted ordinals, highest first.
    pub fn condemned(&self) -> Vec<(i64, Rc<Member>)> {
        let outside = self.pods.outside(&self.set.ordinals());
        outside.into_iter().rev().map(|(ordinal, pod)| (ordinal, Rc::clone(pod))).collect()
    }

    /// What one wanted pod needs.
    fn replica(&self, ordinal: i64, plan: &mut Plan) -> Result<Next, Status> {
        let Some(pod) = self.pods.get(ordinal) else {
            if claims::is_stale(&self.set, ordinal, self.cluster)? {
                let text = || "its claim belongs to a former pod and goes with it (whenScaled is Delete)".to_owned();
                self.because(plan, ordinal, text);
            } else {
                self.create(ordinal, plan)?;
            }
            return Ok(Next::Wait);
        };
        if pod.is_finished() {
            if !pod.terminating {
                self.delete(&pod.pod, ended(&pod.pod), plan);
            }
            return Ok(Next::Wait);
        }
        if pod.pod.str_at("/status/phase") == "Pending" {
            self.create_claims(ordinal, plan)?;
            self.own_claims(pod, ordinal, plan)?;
        }
        if self.is_ordered() && !self.is_healthy(pod) {
            return Ok(Next::Wait);
        }
        self.put_right(pod, ordinal, plan)?;
        Ok(Next::GoOn)
    }

    /// A pod's labels and its claims' owners, as they should be.
    fn put_right(&self, pod: &Member, ordinal: i64, plan: &mut Plan) -> Result<(), Status> {
        let before = plan.actions.len();
        if !pod.has_identity {
            plan.push(Action::Update(members::with_identity(&self.set, &pod.pod, ordinal)));
        }
        self.own_claims(pod, ordinal, plan)?;
        if plan.actions.len() > before {
            let (pod, set) = (pod.pod.name(), self.set.object.name());
            self.tell(plan, "SuccessfulUpdate", format!("Update Pod {pod} in StatefulSet {set} successful"));
        }
        Ok(())
    }

    /// Gives a pod's claims the owners that the retention policy wants.
    fn own_claims(&self, pod: &Member, ordinal: i64, plan: &mut Plan) -> Result<(), Status> {
        if !self.may_own_claims {
            return Ok(());
        }
        let (changed, conflicts) = claims::with_right_owners(&self.set, &pod.pod, ordinal, self.cluster)?;
        for claim in conflicts {
            let why = format!(
                "PersistentVolumeClaim {claim} has a conflicting OwnerReference that acts as a managing controller, the \
                 retention policy is ignored for this claim"
            );
            plan.push(Action::Event(EventRecord::warning(self.set.object, SOURCE, "ConflictingController", why)));
        }
        plan.actions.extend(changed.into_iter().map(Action::Update));
        Ok(())
    }

    fn create(&self, ordinal: i64, plan: &mut Plan) -> Result<(), Status> {
        self.create_claims(ordinal, plan)?;
        let revision = if self.is_current_wanted(ordinal) { &self.revisions.current } else { &self.revisions.update };
        let pod = members::new_pod(&self.set, &revision::template(revision), revision.name(), ordinal);
        let (name, set) = (pod.name().to_owned(), self.set.object.name());
        let failed = create_failed(&name, set);
        if let Some(claim) = claims::ending(&self.set, ordinal, self.cluster)? {
            let key = Key::new("persistentvolumeclaims", self.set.object.namespace(), &claim);
            let text = || format!("no pod can have persistentvolumeclaim/{claim}, which is being deleted");
            plan.because(self.cluster, || Reason::new(SOURCE, self.pod_key(ordinal), text()).waiting_for(key));
            let why = format!("{failed}pvc {claim} is being deleted");
            plan.push(Action::Event(self.failure(why)));
            return Ok(());
        }
        plan.push(Action::CreateOrTell(pod, vec![self.failure(failed)]));
        self.tell(plan, "SuccessfulCreate", format!("Create Pod {name} in StatefulSet {set} successful"));
        Ok(())
    }

    fn create_claims(&self, ordinal: i64, plan: &mut Plan) -> Result<(), Status> {
        let set = self.set.object.name();
        for claim in claims::missing(&self.set, ordinal, self.cluster)? {
            let (name, pod) = (claim.name().to_owned(), format!("{set}-{ordinal}"));
            let failed = format!("Create Claim {name} for Pod {pod} in StatefulSet {set} failed error: ");
            let mut told = vec![self.failure(failed)];
            // No pod is made without its claims: that is told of as well. Claims of a pod that waits are made in silence.
            if self.pods.get(ordinal).is_none() {
                let failed = format!("{}failed to create PVC {name}: ", create_failed(&pod, set));
                told.push(self.failure(failed));
            }
            plan.push(Action::CreateOrTell(claim, told));
            let done = format!("Create Claim {name} Pod {pod} in StatefulSet {set} success");
            self.tell(plan, "SuccessfulCreate", done);
        }
        Ok(())
    }

    fn failure(&self, message: String) -> EventRecord {
        EventRecord::warning(self.set.object, SOURCE, "FailedCreate", message)
    }

    /// The lowest ordinal that a rolling update replaces.
    pub fn partition(&self) -> i64 {
        let partition = self.set.object.i64_at("/spec/updateStrategy/rollingUpdate/partition").unwrap_or(0);
        self.set.start.saturating_add(partition)
    }

    /// Whether an ordinal is still on the current revision: below the partition of a rolling update.
    fn is_current_wanted(&self, ordinal: i64) -> bool {
        let strategy = self.set.object.str_at("/spec/updateStrategy/type");
        let partition = self.set.object.i64_at("/spec/updateStrategy/rollingUpdate/partition");
        let current = self.set.object.i64_at("/status/currentReplicas").unwrap_or(0);
        strategy == "RollingUpdate" && ordinal < self.set.start.saturating_add(partition.unwrap_or(current))
    }

    /// What one pod too many needs: from the highest ordinal, waiting for those that are unwell, but for the first.
    fn condemn(&self, pod: &Member, ordinal: i64, condemned: &[(i64, Rc<Member>)], plan: &mut Plan) {
        let unwell = self.is_ordered() && !pod.is_available(self.min_ready, self.now);
        let first = if unwell { self.first_unhealthy(condemned) } else { None };
        match first.filter(|first| first != pod.pod.name()) {
            _ if pod.terminating => {}
            None => self.delete(&pod.pod, self.beyond(ordinal), plan),
            Some(first) => {
                let text = format!("{}; as it is not available, it goes after pod/{first} is", self.beyond(ordinal));
                let key = Key::new("pods", pod.pod.namespace(), &first);
                plan.because(self.cluster, || Reason::new(SOURCE, self.pod_key(ordinal), text).waiting_for(key));
            }
        }
    }

    /// The first of the pods that is not well, the condemned ones last. One that is yet to be made counts as such.
    fn first_unhealthy(&self, condemned: &[(i64, Rc<Member>)]) -> Option<String> {
        let range = self.set.ordinals();
        let unwell = |o: &i64| self.pods.get(*o).is_some_and(|p| !self.is_healthy(p));
        let wanted = self.pods.attention().into_iter().filter(|o| range.contains(o)).find(unwell);
        let named = |ordinal: i64| self.pods.get(ordinal).map(|p| p.pod.name().to_owned());
        let beyond = || condemned.iter().rev().find(|(_, pod)| !self.is_healthy(pod));
        wanted.and_then(named).or_else(|| beyond().map(|(_, pod)| pod.pod.name().to_owned()))
    }

    /// Plans a pod's end; `why` is kept for those who ask.
    pub fn delete(&self, pod: &Object, why: String, plan: &mut Plan) {
        let key = Key::new("pods", pod.namespace(), pod.name());
        plan.push(Action::Delete { key: key.clone(), uid: pod.uid().to_owned() });
        let done = format!("Delete Pod {} in StatefulSet {} successful", pod.name(), self.set.object.name());
        let told = EventRecord::normal(self.set.object, SOURCE, "SuccessfulDelete", done);
        plan.push(Action::Event(told.because(key, format!("deleted it: {why}"))));
    }

    fn tell(&self, plan: &mut Plan, reason: &'static str, message: String) {
        plan.push(Action::Event(EventRecord::normal(self.set.object, SOURCE, reason, message)));
    }

    /// The status as the pods are now, less those of the current revision that are `outdated` and go in this step; a finished
    /// update makes its revision the current one.
    fn status(&self, outdated: usize, plan: &mut Plan) {
        let (current, update) = (self.revisions.current.name(), self.revisions.update.name());
        let (replicas, ready, updated) = (self.pods.len(), self.pods.ready(), self.pods.staying(update));
        let wanted = usize::try_from(self.set.replicas).unwrap_or(0);
        let is_rolling = self.set.object.str_at("/spec/updateStrategy/type") == "RollingUpdate";
        let complete = is_rolling && updated == wanted && ready == wanted && replicas == wanted;
        let (current, currents) =
            if complete { (update, updated) } else { (current, self.pods.staying(current).saturating_sub(outdated)) };
        let mut status = json!({
            "observedGeneration": self.set.object.generation(), "replicas": replicas,
            "availableReplicas": self.pods.available(),
            "currentRevision": current, "updateRevision": update, "collisionCount": self.revisions.collisions,
        });
        // Counts with omitempty are left out at zero.
        for (field, number) in [("readyReplicas", ready), ("currentReplicas", currents), ("updatedReplicas", updated)] {
            if number > 0 {
                status[field] = number.into();
            }
        }
        // Upstream compares the counts and revisions, not what somebody else has written beside them.
        let mut known = self.set.object.at("/status").cloned().unwrap_or_default();
        known.as_object_mut().map(|known| known.remove("conditions"));
        if known != status {
            let mut new = self.set.object.clone();
            new.set("/status", status);
            plan.push(Action::UpdateStatus(new));
        }
    }

    fn truncate_history(&self, plan: &mut Plan) {
        let live = [self.revisions.current.name(), self.revisions.update.name()];
        let in_use = |name: &str| live.contains(&name) || self.pods.has_revision(name);
        for old in revision::beyond_limit(&self.set, &self.revisions.history, in_use) {
            let key = Key::new("controllerrevisions.apps", old.namespace(), old.name());
            plan.push(Action::Delete { key, uid: old.uid().to_owned() });
        }
    }
}

/// How the event begins that tells of a pod that could not be made.
fn create_failed(pod: &str, set: &str) -> String {
    format!("Create Pod {pod} in StatefulSet {set} failed error: ")
}

/// How a pod ended that has to be replaced: its phase, and the reason if one is known.
fn ended(pod: &Object) -> String {
    let (phase, reason) = (pod.str_at("/status/phase"), pod.str_at("/status/reason"));
    let detail = [reason, pod.str_at("/status/message")].into_iter().filter(|t| !t.is_empty()).collect::<Vec<_>>();
    match detail.is_empty() {
        true => format!("it had ended ({phase}), and is replaced"),
        false => format!("it had ended ({phase}: {}), and is replaced", detail.join(": ")),
    }
}
