//! A set's pods, counted as they change: a sync looks at those that need something and never at all of them.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::ops::Range;
use std::rc::Rc;

use super::members::Member;
use crate::apimachinery::time::Time;

/// The pods that a set controls, by ordinal.
#[derive(Default)]
pub struct Roster {
    members: BTreeMap<i64, Rc<Member>>,
    /// How many are Running and Ready.
    ready: usize,
    /// How many of each revision are there to stay.
    staying: HashMap<String, usize>,
    /// Those that are not ready, not there to stay, or without their labels: all that a sync may have to see to.
    odd: BTreeSet<i64>,
    /// Since when the ready ones are ready; those that were found to be available are taken off.
    maturing: BTreeSet<(Time, i64)>,
    /// The `minReadySeconds` they were taken off for.
    min_ready: i64,
    /// Below it, down to `gaps_from`, every ordinal has a pod.
    first_gap: i64,
    gaps_from: i64,
    /// The ordinals whose claims may have other owners than they should.
    unchecked: BTreeSet<i64>,
    /// What those owners follow from, when they were looked at last.
    rules: Option<OwnerRules>,
    /// How much of the cluster's log has been looked through for changed claims.
    pub log_read: usize,
}

/// What decides, for the whole set, who is to own its claims.
#[derive(Clone, PartialEq, Eq)]
pub struct OwnerRules {
    pub ordinals: Range<i64>,
    pub when_deleted: bool,
    pub when_scaled: bool,
}

impl Roster {
    pub fn get(&self, ordinal: i64) -> Option<&Rc<Member>> {
        self.members.get(&ordinal)
    }

    /// The pods outside a range of ordinals, from the lowest.
    pub fn outside(&self, range: &Range<i64>) -> Vec<(i64, &Rc<Member>)> {
        let below = self.members.range(..range.start);
        let above = self.members.range(range.end.max(range.start)..);
        below.chain(above).map(|(ordinal, member)| (*ordinal, member)).collect()
    }

    pub fn len(&self) -> usize {
        self.members.len()
    }

    pub fn ready(&self) -> usize {
        self.ready
    }

    /// How many pods of a revision are there to stay.
    pub fn staying(&self, revision: &str) -> usize {
        self.staying.get(revision).copied().unwrap_or(0)
    }

    /// Whether any pod has a revision.
    pub fn has_revision(&self, revision: &str) -> bool {
        self.staying(revision) > 0 || self.odd.iter().any(|o| self.get(*o).is_some_and(|m| m.revision == revision))
    }

    /// Puts in what is at an ordinal now, if anything is.
    pub fn put(&mut self, ordinal: i64, member: Option<Rc<Member>>) {
        if let Some(old) = self.members.remove(&ordinal) {
            self.count(ordinal, &old, false);
            self.first_gap = self.first_gap.min(ordinal.max(self.gaps_from));
        }
        if let Some(new) = member {
            self.count(ordinal, &new, true);
            self.unchecked.insert(ordinal);
            self.members.insert(ordinal, new);
        }
    }

    fn count(&mut self, ordinal: i64, member: &Member, comes: bool) {
        let step = |number: &mut usize| *number = if comes { *number + 1 } else { number.saturating_sub(1) };
        if !member.terminating {
            step(self.staying.entry(member.revision.clone()).or_default());
        }
        if let Some(since) = member.ready_since {
            step(&mut self.ready);
            let place = (since, ordinal);
            let _ = if comes { self.maturing.insert(place) } else { self.maturing.remove(&place) };
        }
        let is_odd = member.terminating || !member.has_identity || member.ready_since.is_none();
        let _ = if comes && is_odd { self.odd.insert(ordinal) } else { self.odd.remove(&ordinal) };
    }

    /// Takes those off the list of the ready that are available by now.
    pub fn mature(&mut self, min_ready: i64, now: Time) {
        if self.min_ready != min_ready {
            self.min_ready = min_ready;
            self.maturing = self.members.iter().filter_map(|(o, m)| Some((m.ready_since?, *o))).collect();
        }
        while let Some((since, ordinal)) = self.maturing.first().copied()
            && self.get(ordinal).is_none_or(|m| m.is_available(min_ready, now))
        {
            self.maturing.remove(&(since, ordinal));
        }
    }

    /// Has the claims of these ordinals looked at; those of all pods when the rules are new.
    pub fn uncheck(&mut self, ordinals: Vec<i64>, rules: OwnerRules) {
        self.unchecked.extend(ordinals);
        if self.rules.as_ref() != Some(&rules) {
            self.unchecked.extend(self.members.keys());
            self.rules = Some(rules);
        }
    }

    /// The claims of an ordinal have the owners they should have.
    pub fn check(&mut self, ordinal: i64) {
        self.unchecked.remove(&ordinal);
    }

    /// The ordinals whose claims may have other owners than they should.
    pub fn unchecked(&self) -> &BTreeSet<i64> {
        &self.unchecked
    }

    /// How many are available, after [`Roster::mature`].
    pub fn available(&self) -> usize {
        self.ready - self.maturing.len()
    }

    /// The ready pod that becomes available next.
    pub fn next_available(&self) -> Option<&Rc<Member>> {
        self.maturing.first().and_then(|(_, ordinal)| self.get(*ordinal))
    }

    /// The ordinals of pods that are odd or not available yet, in order.
    pub fn attention(&self) -> BTreeSet<i64> {
        self.odd.iter().copied().chain(self.maturing.iter().map(|(_, ordinal)| *ordinal)).collect()
    }

    /// The ordinals of a range that have no pod; only the first when `one`.
    pub fn missing(&mut self, range: Range<i64>, one: bool) -> Vec<i64> {
        if self.gaps_from != range.start {
            (self.gaps_from, self.first_gap) = (range.start, range.start);
        }
        while self.members.contains_key(&self.first_gap) {
            self.first_gap += 1;
        }
        let rest = self.first_gap..range.end;
        if one {
            return rest.take(1).collect();
        }
        rest.filter(|o| !self.members.contains_key(o)).collect()
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::apimachinery::object::Object;
    use crate::apimachinery::time;
    use serde_json::json;

    fn member(ready: Option<&str>) -> Rc<Member> {
        let mut pod = Object::new("v1", "Pod", "default", "web-0");
        pod.set_label("statefulset.kubernetes.io/pod-name", "web-0");
        pod.set_label("controller-revision-hash", "web-a");
        if let Some(since) = ready {
            let condition = json!({"type": "Ready", "status": "True", "lastTransitionTime": since});
            pod.set("/status", json!({"phase": "Running", "conditions": [condition]}));
        }
        Rc::new(Member::of(&Arc::new(pod)))
    }

    #[test]
    fn claims_are_looked_at_once_after_each_change() {
        let rules = |ordinals| OwnerRules { ordinals, when_deleted: true, when_scaled: false };
        let mut roster = Roster::default();
        for ordinal in 0..3 {
            roster.put(ordinal, Some(member(None)));
        }
        let left = |roster: &Roster| roster.unchecked().iter().copied().collect::<Vec<_>>();
        roster.uncheck(Vec::new(), rules(0..3));
        (0..3).for_each(|ordinal| roster.check(ordinal));
        roster.uncheck(Vec::new(), rules(0..3));
        assert_eq!(left(&roster), [0; 0]);
        roster.uncheck(vec![1], rules(0..3));
        roster.put(2, Some(member(None)));
        assert_eq!(left(&roster), [1, 2]);
        (1..3).for_each(|ordinal| roster.check(ordinal));
        roster.uncheck(Vec::new(), rules(0..2));
        assert_eq!(left(&roster), [0, 1, 2]);
    }

    #[test]
    fn counts_follow_what_is_put_in() {
        let mut roster = Roster::default();
        for ordinal in [0, 1, 3] {
            roster.put(ordinal, Some(member(Some("2026-11-22T08:00:00Z"))));
        }
        roster.put(4, Some(member(None)));
        assert_eq!((roster.len(), roster.ready(), roster.staying("web-a")), (4, 3, 4));
        assert_eq!(roster.missing(0..7, true), [2]);
        assert_eq!(roster.missing(0..7, false), [2, 5, 6]);
        roster.put(0, None);
        assert_eq!(roster.missing(0..7, false), [0, 2, 5, 6]);
        assert_eq!(roster.missing(3..5, false), [0; 0]);
        let at = |text| time::parse(text).unwrap();
        roster.mature(10, at("2026-11-22T08:00:09Z"));
        assert_eq!((roster.available(), roster.attention().len()), (0, 3));
        roster.mature(10, at("2026-11-22T08:00:10Z"));
        assert_eq!((roster.available(), roster.attention().into_iter().collect::<Vec<_>>()), (2, vec![4]));
        roster.put(1, Some(member(None)));
        assert_eq!((roster.ready(), roster.available(), roster.len()), (1, 1, 3));
    }
}
