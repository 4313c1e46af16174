//! What happened in a transaction, in order: which objects changed, and how, as far as anybody will want to know.

use std::collections::VecDeque;

use super::change::{Change, ChangeType};
use crate::apimachinery::key::Key;

/// How many changes a store keeps for watches; one that is further behind has to list again.
pub const KEPT_CHANGES: usize = 5000;

/// The changes so far. A large set makes a hundred thousand of them in one transaction, each with an object of 40 KB of
/// memory: those that the controllers have dealt with and that no watch will see are let go of, but for their keys.
#[derive(Debug, Default)]
pub struct History {
    /// The key of every change, oldest first.
    keys: Vec<Key>,
    /// The newest changes whole.
    newest: VecDeque<Change>,
    /// Every removal.
    removed: Vec<Change>,
    /// How many changes the controllers have dealt with.
    settled: usize,
}

impl History {
    pub fn push(&mut self, change: Change) {
        self.keys.push(change.key.clone());
        if change.kind == ChangeType::Deleted {
            self.removed.push(change.clone());
        }
        self.newest.push_back(change);
        while self.newest.len() > KEPT_CHANGES && self.forgotten() < self.settled {
            self.newest.pop_front();
        }
    }

    fn forgotten(&self) -> usize {
        self.keys.len() - self.newest.len()
    }

    /// The oldest change that the controllers have not dealt with, which counts as dealt with from now on.
    pub fn next_unsettled(&mut self) -> Option<Change> {
        let change = self.newest.get(self.settled - self.forgotten())?.clone();
        self.settled += 1;
        Some(change)
    }

    /// Counts every change so far as dealt with.
    pub fn settle(&mut self) {
        self.settled = self.keys.len();
    }

    /// The key of every change, oldest first.
    pub fn keys(&self) -> &[Key] {
        &self.keys
    }

    /// Every removal, oldest first.
    pub fn removed(&self) -> &[Change] {
        &self.removed
    }

    /// The newest changes, and every removal.
    pub fn into_parts(self) -> (Vec<Change>, Vec<Change>) {
        (self.newest.into(), self.removed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Arc;

    fn change(resource_version: u64, kind: ChangeType) -> Change {
        let key = Key::new("pods", "default", &format!("p-{resource_version}"));
        Change { resource_version, kind, key, object: Arc::default(), before: None }
    }

    #[test]
    fn what_is_settled_is_let_go_of_but_for_keys_and_removals() {
        let mut history = History::default();
        let all = KEPT_CHANGES as u64 + 10;
        history.push(change(1, ChangeType::Deleted));
        history.settle();
        (2..=all).for_each(|rv| history.push(change(rv, ChangeType::Added)));
        assert_eq!(history.keys().len() as u64, all);
        assert_eq!(history.newest.len() as u64, all - 1, "what is not settled stays");
        let read: Vec<u64> = std::iter::from_fn(|| history.next_unsettled()).map(|c| c.resource_version).collect();
        assert_eq!(read, (2..=all).collect::<Vec<_>>());
        history.push(change(all + 1, ChangeType::Modified));
        let (newest, removed) = history.into_parts();
        assert_eq!(newest.len(), KEPT_CHANGES);
        assert_eq!(newest.last().map(|c| c.resource_version), Some(all + 1));
        assert_eq!(removed.len(), 1);
    }
}
