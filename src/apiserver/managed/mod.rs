//! Who manages which fields of an object: kept with every write of a client, and derived for what only the cluster itself
//! wrote.
//!
//! A cluster of a thousand pods has a thousand objects that nobody but controllers ever wrote. Their managers follow from
//! their kinds, so nothing is stored for them and nothing is computed when they are written ([`derived`]). The first write
//! of a client stores what was derived until then, and from there on every write is recorded, controllers' too.

mod check;
mod compare;
mod derived;
mod entry;
mod migrate;
mod path;
mod set;
mod typed;
mod zero;

use serde_json::Value;

pub use check::{atomics, problems};
pub use compare::{Comparison, Leaf, leaves, own, set_of};
pub use derived::show;
pub use entry::{Entry, MANAGED_FIELDS};
pub use migrate::ManagedFields;
pub use path::{Step, get, get_mut, put, take};
pub use set::{Set, text};
pub use typed::Typed;

use crate::apimachinery::object::Object;
use crate::apimachinery::time::{self, Time};
use crate::kinds::Kind;

/// Who writes, and what.
#[derive(Clone, Copy, Debug)]
pub struct Writer<'a> {
    /// The manager; empty for the cluster's own controllers.
    pub manager: &'a str,
    /// `status`, `scale`; empty for the object itself.
    pub subresource: &'a str,
    pub now: Time,
}

impl Writer<'_> {
    fn is_controller(&self) -> bool {
        self.manager.is_empty()
    }
}

/// The managers of a stored object: those it names, or those that follow from its kind.
pub fn of(kind: &dyn Kind, object: &Object) -> Vec<Entry> {
    entry::read(object).unwrap_or_else(|| derived::of(kind, object))
}

/// Writes managers into an object.
pub fn write(object: &mut Object, entries: Vec<Entry>) {
    entry::write(object, entries);
}

/// Whether a request to this subresource may write what is at this step from the root.
pub fn is_written(kind: &dyn Kind, subresource: &str, step: &str) -> bool {
    match subresource {
        "status" => step == "f:status",
        _ => step != "f:status" || !kind.has_status(),
    }
}

/// Records an update: the writer gets what it added and changed, and everybody else loses that and what it removed. `old`
/// is `None` for a creation; what `new` says of managers is what the client sent.
pub fn record(kind: &dyn Kind, old: Option<&Object>, new: &mut Object, writer: &Writer) {
    let Some(mut entries) = known(kind, old, new, writer) else { return };
    let typed = Typed::of(kind);
    let mut comparison = match old {
        Some(old) => Comparison::of(typed, old.body(), new.body()),
        None => Comparison::of(typed, &zero::of(kind).into(), new.body()),
    };
    comparison.drop_top(|step| !is_written(kind, writer.subresource, step));
    let changed = comparison.changed();
    for entry in &mut entries {
        entry.set.subtract(&changed);
        entry.set.subtract(&comparison.removed);
    }
    if !changed.is_empty() {
        let mut own = Entry {
            manager: name_of(kind, writer).to_owned(),
            is_apply: false,
            api_version: kind.names().api_version.to_owned(),
            subresource: shown_subresource(kind, writer).to_owned(),
            time: Some(time::to_rfc3339(writer.now)),
            set: changed,
        };
        if let Some(at) = entries.iter().position(|entry| entry.is_of(&own)) {
            own.set.union(&entries.remove(at).set);
        }
        entries.push(own);
        entry::cap(&mut entries);
    }
    entry::write(new, entries);
}

/// The managers before an update; `None` for an object whose managers are not recorded, and are not to be.
fn known(kind: &dyn Kind, old: Option<&Object>, new: &mut Object, writer: &Writer) -> Option<Vec<Entry>> {
    let is_reset = old.is_some() && writer.subresource.is_empty() && entry::is_reset(new);
    let sent = new.remove(MANAGED_FIELDS);
    let Some(old) = old else { return (!writer.is_controller()).then(Vec::new) };
    if is_reset {
        // As a server does: an object without managers gets none by updates.
        new.set(MANAGED_FIELDS, Value::Array(Vec::new()));
        return None;
    }
    let stored = entry::read(old);
    if stored.as_ref().is_some_and(Vec::is_empty) {
        new.set(MANAGED_FIELDS, Value::Array(Vec::new()));
        return None;
    }
    if stored.is_none() && writer.is_controller() {
        return None;
    }
    let sent = sent.filter(|_| writer.subresource.is_empty()).and_then(|value| {
        let mut carrier = Object::default();
        carrier.set(MANAGED_FIELDS, value);
        entry::read(&carrier).filter(|entries| !entries.is_empty())
    });
    Some(sent.or(stored).unwrap_or_else(|| derived::of(kind, old)))
}

/// The deployment controller writes its annotation in one request with the status.
fn shown_subresource<'a>(kind: &dyn Kind, writer: &Writer<'a>) -> &'a str {
    if writer.is_controller() && kind.names().plural == "deployments" { "status" } else { writer.subresource }
}

fn name_of<'a>(kind: &dyn Kind, writer: &Writer<'a>) -> &'a str {
    if writer.is_controller() { derived::controller(kind, writer.subresource) } else { writer.manager }
}
