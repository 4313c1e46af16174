//! The managers of an object as a client sees and changes them: what moving from client-side to server-side apply takes.

use serde_json::Value;

use super::entry::{self, Entry, MANAGED_FIELDS};
use crate::apimachinery::object::Object;
use crate::kinds::Kind;

/// The managers of an object.
pub struct ManagedFields(Vec<Entry>);

impl ManagedFields {
    pub fn of(kind: &dyn Kind, object: &Object) -> ManagedFields {
        ManagedFields(super::of(kind, object))
    }

    /// The managers that have an annotation, by applying it or by updates.
    pub fn owners_of_annotation(&self, key: &str, by_apply: bool) -> impl Iterator<Item = &str> {
        let path = ["f:metadata".to_owned(), "f:annotations".to_owned(), format!("f:{key}")];
        let owners = self.0.iter().filter(move |entry| entry.is_apply == by_apply && entry.set.has(&path));
        owners.map(|entry| entry.manager.as_str())
    }

    /// Makes what a manager has by updates a part of what another applies, and whether there was any. That of the applier's
    /// version is taken, all of it goes.
    pub fn take_over(&mut self, updater: &str, applier: &str) -> bool {
        let is_old = |entry: &Entry| entry.manager == updater && !entry.is_apply && entry.subresource.is_empty();
        let is_new = |entry: &Entry| entry.manager == applier && entry.is_apply && entry.subresource.is_empty();
        let Some(first) = self.0.iter().position(is_old) else { return false };
        let at = self.0.iter().position(is_new).unwrap_or(first);
        (self.0[at].is_apply, self.0[at].manager) = (true, applier.to_owned());
        let version = self.0[at].api_version.clone();
        let taken = self.0.iter().find(|entry| is_old(entry) && entry.api_version == version).cloned();
        if let Some(taken) = taken {
            self.0[at].set.union(&taken.set);
        }
        self.0.retain(|entry| !is_old(entry));
        true
    }

    /// As `metadata.managedFields` has it.
    pub fn to_value(&self) -> Value {
        let mut carrier = Object::default();
        entry::write(&mut carrier, self.0.clone());
        carrier.remove(MANAGED_FIELDS).unwrap_or_default()
    }
}
