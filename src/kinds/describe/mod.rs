//! What `kubectl describe` prints, as far as kinds share it: the text, the parts that recur, and the layout of a kind
//! without its own.
//!
//! Knows no kind by name, and not who reads the text.

mod containers;
mod events;
mod generic;
mod metadata;
mod template;
mod text;
mod volume_sources;
mod volumes;

use crate::apimachinery::object::Object;
use crate::apimachinery::status::Status;
use crate::apimachinery::time::{self, Time};
use crate::cluster::Cluster;

pub use containers::{containers, resource_list};
pub use events::interval as event_interval;
pub use generic::generic;
pub use metadata::{
    annotations, controlled_by, format_labels, go_list, label_lines, labels, labels_at, optional_flag, or_none,
    rfc1123, timed_conditions, title_lines, tolerations,
};
pub use template::{pod_template, pods_status, workload_conditions};
pub use text::Text;
pub use volume_sources::source;
pub use volumes::{topology_spread, volumes};

/// What an object is described by besides itself.
pub struct View<'c> {
    pub cluster: &'c Cluster<'c>,
    pub now: Time,
    /// `--show-events`.
    pub show_events: bool,
}

impl View<'_> {
    /// How long ago an instant was: `<unknown>` for none.
    pub fn since(&self, at: Option<Time>) -> String {
        time::age(at, self.now)
    }

    /// The object's events, when they are asked for.
    ///
    /// # Errors
    /// The store's.
    pub fn events(&self, object: &Object, out: &mut Text) -> Result<(), Status> {
        self.events_of(object, &[object.uid()], Some(object.kind()), out)
    }

    /// As [`View::events`], by other uids than the object's, and of a kind or of any.
    pub fn events_of(&self, object: &Object, uids: &[&str], kind: Option<&str>, out: &mut Text) -> Result<(), Status> {
        if self.show_events {
            let found = events::of(self.cluster, object, uids, kind)?;
            events::print(self, &found, out);
        }
        Ok(())
    }

    /// `Terminating (lasts 5s)` for an object that is being deleted, or its phase.
    pub fn status(&self, object: &Object) -> String {
        match object.deletion_timestamp() {
            Some(at) => format!("Terminating (lasts {})", self.since(Some(at))),
            None => object.str_at("/status/phase").to_owned(),
        }
    }
}
