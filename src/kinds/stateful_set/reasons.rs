//! What a sync says when somebody asks why: of the pods that it does not make, replace or take down now.
//!
//! Knows the words only; what is decided is decided where these are called.

use std::rc::Rc;

use super::claims;
use super::members::Member;
use super::sync::{SOURCE, Sync};
use super::{NAMES, hint};
use crate::apimachinery::key::Key;
use crate::apimachinery::object::Object;
use crate::apimachinery::status::Status;
use crate::apimachinery::time::{self, Time};
use crate::kinds::plan::Plan;
use crate::kinds::pod::Fields;
use crate::kinds::why::{self, Reason};

impl Sync<'_, '_> {
    pub fn pod_key(&self, ordinal: i64) -> Key {
        Key::new("pods", self.set.object.namespace(), &format!("{}-{ordinal}", self.set.object.name()))
    }

    /// Something that is so of a pod of the set.
    pub fn because(&self, plan: &mut Plan, ordinal: i64, text: impl FnOnce() -> String) {
        plan.because(self.cluster, || Reason::new(SOURCE, self.pod_key(ordinal), text()));
    }

    fn of_set(&self, plan: &mut Plan, reason: impl FnOnce(Reason) -> Reason, text: String) {
        let key = NAMES.key(self.set.object.namespace(), self.set.object.name());
        plan.reasons.push(reason(Reason::new(SOURCE, key, text)));
    }

    /// An ordered set goes no further than a wanted ordinal: those after it are neither made nor put right, and nothing is
    /// scaled down or updated.
    pub fn halted_at(&self, ordinal: i64, plan: &mut Plan) {
        if !self.cluster.is_asked_why() {
            return;
        }
        let (pod, state) = (self.pod_key(ordinal), self.state(ordinal));
        for later in self.set.ordinals().skip_while(|o| *o <= ordinal).filter(|o| self.pods.get(*o).is_none()) {
            let text = format!("podManagementPolicy is OrderedReady: it is made once pod/{} is available", pod.name);
            plan.reasons.push(Reason::new(SOURCE, self.pod_key(later), text).waiting_for(pod.clone()));
        }
        for (later, member) in self.condemned() {
            let text = format!(
                "{}: it goes once pod/{} is available (podManagementPolicy is OrderedReady)",
                self.beyond(later),
                pod.name
            );
            if !member.terminating {
                plan.reasons.push(Reason::new(SOURCE, self.pod_key(later), text).waiting_for(pod.clone()));
            }
        }
        for (later, member) in self.outdated().filter(|(o, _)| *o != ordinal) {
            let text = format!(
                "it is of revision {}, and is replaced by {} once pod/{} is available",
                member.revision,
                self.revisions.update.name(),
                pod.name
            );
            plan.reasons.push(Reason::new(SOURCE, self.pod_key(later), text).waiting_for(pod.clone()));
        }
        self.of_set(plan, |r| r.waiting_for(pod.clone()), format!("it waits for pod/{}, which {state}", pod.name));
        for hint in hint::hints(self.set.object, self.cluster).unwrap_or_default() {
            self.of_set(plan, |r| r, hint);
        }
    }

    /// What a pod of the set lacks to be available.
    pub fn state(&self, ordinal: i64) -> String {
        let Some(pod) = self.pods.get(ordinal) else { return "does not exist".to_owned() };
        match pod.available_at(self.min_ready) {
            _ if pod.terminating => "is being deleted".to_owned(),
            _ if pod.is_finished() => "has ended, and is replaced".to_owned(),
            None => match not_ready_since(&pod.pod) {
                Some(at) => format!("is not ready {}", why::since(at, self.now)),
                None => format!("is {}", pod.pod.str_at("/status/phase")),
            },
            Some(at) if self.min_ready > 0 && at > self.now => {
                format!("is available {} (minReadySeconds is {})", why::at(at, self.now), self.min_ready)
            }
            Some(_) => "is available".to_owned(),
        }
    }

    /// Pods of another revision, which the update strategy wants replaced.
    fn outdated(&self) -> impl Iterator<Item = (i64, &Member)> {
        let is_rolling = self.set.object.str_at("/spec/updateStrategy/type") == "RollingUpdate";
        let from = self.partition();
        let all = self.set.ordinals().filter_map(|o| Some((o, self.pods.get(o)?.as_ref())));
        let update = self.revisions.update.name();
        all.filter(move |(o, p)| is_rolling && *o >= from && p.revision != update && !p.terminating)
    }

    /// Why a pod has no place in the set.
    pub fn beyond(&self, ordinal: i64) -> String {
        let (replicas, start) = (self.set.replicas, self.set.start);
        let from = if start > 0 { format!(" and ordinals.start is {start}") } else { String::new() };
        format!("replicas is {replicas}{from}, so there is no place for ordinal {ordinal}")
    }

    /// Of the pods that have no place in an ordered set only the first, from the highest ordinal, goes now.
    pub fn condemned_wait(&self, condemned: &[(i64, Rc<Member>)], plan: &mut Plan) {
        let Some(((first, _), rest)) = condemned.split_first().filter(|_| self.cluster.is_asked_why()) else { return };
        let key = self.pod_key(*first);
        for (ordinal, _) in rest.iter().filter(|(_, pod)| !pod.terminating) {
            let text = format!("{}: it goes once pod/{} is gone", self.beyond(*ordinal), key.name);
            plan.reasons.push(Reason::new(SOURCE, self.pod_key(*ordinal), text).waiting_for(key.clone()));
        }
    }

    /// The pods of other revisions that nothing replaces: of a strategy that leaves them, or below the partition.
    pub fn left_as_they_are(&self, plan: &mut Plan) {
        if !self.cluster.is_asked_why() {
            return;
        }
        let update = self.revisions.update.name();
        let on_delete = self.set.object.str_at("/spec/updateStrategy/type") == "OnDelete";
        let mut left = Vec::new();
        for ordinal in self.set.ordinals().filter(|o| on_delete || *o < self.partition()) {
            let Some(pod) = self.pods.get(ordinal).filter(|p| p.revision != update) else { continue };
            let rule = match on_delete {
                true => "updateStrategy is OnDelete: it is replaced when somebody deletes it".to_owned(),
                false => format!("ordinal {ordinal} is below the partition ({})", self.partition()),
            };
            let text = format!("it stays of revision {}, not {update}: {rule}", pod.revision);
            plan.reasons.push(Reason::new(SOURCE, self.pod_key(ordinal), text));
            left.push(format!("{}-{ordinal}", self.set.object.name()));
        }
        if !left.is_empty() {
            let rule = match on_delete {
                true => "updateStrategy is OnDelete".to_owned(),
                false => format!("the partition is {}", self.partition()),
            };
            let text = format!("{rule}: of another revision than {update} are and stay {}", left.join(", "));
            self.of_set(plan, |r| r, text);
        }
    }

    /// A rolling update goes no further for the sake of these ordinals.
    pub fn update_waits(&self, unwell: &[i64], rule: &str, plan: &mut Plan) {
        if !self.cluster.is_asked_why() || unwell.is_empty() {
            return;
        }
        let states: Vec<String> =
            unwell.iter().map(|o| format!("pod/{} {}", self.pod_key(*o).name, self.state(*o))).collect();
        let states = states.join(", ");
        let with = |mut reason: Reason| {
            reason.waits_for.extend(unwell.iter().map(|o| self.pod_key(*o)));
            reason
        };
        let mut some = false;
        for (ordinal, pod) in self.outdated() {
            let text = format!(
                "it is of revision {} and is to be replaced by {}: {rule}, and {states}",
                pod.revision,
                self.revisions.update.name()
            );
            plan.reasons.push(with(Reason::new(SOURCE, self.pod_key(ordinal), text)));
            some = true;
        }
        if some {
            let text = format!("the update to {} waits: {rule}, and {states}", self.revisions.update.name());
            self.of_set(plan, with, text);
        }
    }

    /// The claims of ordinals that have no pod.
    pub fn kept_claims(&self, plan: &mut Plan) -> Result<(), Status> {
        if !self.cluster.is_asked_why() {
            return Ok(());
        }
        let (when, whens) = ("whenScaled", self.set.deletes_claims("whenScaled"));
        for (ordinal, claim) in claims::beyond(&self.set, self.cluster)? {
            let text = if whens {
                format!("{}, and {when} is Delete: it goes with its pod", self.beyond(ordinal))
            } else {
                format!(
                    "{}; {when} is Retain: it is kept for the next pod/{} there will be",
                    self.beyond(ordinal),
                    self.pod_key(ordinal).name
                )
            };
            let key = Key::new("persistentvolumeclaims", claim.namespace(), claim.name());
            plan.reasons.push(Reason::new(SOURCE, key, text));
        }
        Ok(())
    }
}

fn not_ready_since(pod: &Object) -> Option<Time> {
    let conditions = pod.list_at("/status/conditions").iter();
    let mut ready = conditions.filter(|c| c.text("type") == "Ready" && c.text("status") != "True");
    time::parse(ready.next()?.text("lastTransitionTime"))
}
