//! Following what happens to objects: `get -w`. Knows no output format.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use super::context::Context;
use super::resources::KindRef;
use super::select::Filter;
use crate::apimachinery::key::Key;
use crate::apimachinery::object::Object;
use crate::cluster::{Change, ChangeType};

/// What is followed.
pub struct Watch {
    pub kind: KindRef,
    /// `None` for all namespaces.
    pub namespace: Option<String>,
    /// `None` for all objects of the kind.
    pub name: Option<String>,
    pub filter: Filter,
    /// The newest change that was seen.
    pub since: u64,
    /// The objects that are in sight: one that a change takes out of the selection is told of as deleted.
    pub seen: BTreeSet<Key>,
}

impl Watch {
    /// Tells of every change until the time is up. At a fixed time nothing happens, and the watch ends at once;
    /// on a virtual clock it follows what others do, and never moves the clock.
    pub fn follow(
        &mut self,
        cx: &mut Context,
        timeout: Option<Duration>,
        mut tell: impl FnMut(&mut Context, ChangeType, &Arc<Object>) -> anyhow::Result<()>,
    ) -> anyhow::Result<()> {
        let begun = cx.env.clock.now();
        while cx.env.clock.is_real() {
            let past = (cx.env.clock.now() - begun).to_std().unwrap_or_default();
            let left = timeout.map(|t| t.saturating_sub(past));
            let since = self.since;
            let client = cx.client()?;
            let moved = match client.is_real() {
                true => client.wait("", left, |c| Ok((c.resource_version() > since).then_some(())))?.is_some(),
                false => client.wait_for_others(since, left)?,
            };
            // The ages are those of the time that it is now.
            client.read(|_| Ok(()))?;
            for change in cx.client()?.changes_since(since)? {
                self.since = change.resource_version;
                if let Some(what) = self.sees(&change) {
                    tell(cx, what, &change.object)?;
                }
            }
            cx.env.stdout.flush()?;
            if !moved {
                break;
            }
        }
        Ok(())
    }

    /// What a change is to whoever watches; nothing when it is none of theirs.
    pub fn sees(&mut self, change: &Change) -> Option<ChangeType> {
        let key = &change.key;
        let is_ours = key.resource == self.kind.names().resource
            && self.namespace.as_ref().is_none_or(|n| key.namespace.is_empty() || *n == key.namespace)
            && self.name.as_ref().is_none_or(|n| *n == key.name);
        if !is_ours {
            return None;
        }
        if change.kind == ChangeType::Deleted || !self.filter.lets_through(&change.object) {
            return self.seen.remove(key).then_some(ChangeType::Deleted);
        }
        let is_new = self.seen.insert(key.clone());
        Some(if is_new { ChangeType::Added } else { ChangeType::Modified })
    }
}
