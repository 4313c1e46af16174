//! What a controller wants done, as data. The event loop applies it through the API server, like any client's request.

use chrono::TimeDelta;

use crate::apimachinery::key::Key;
use crate::apimachinery::object::Object;
use crate::apimachinery::time::Time;
use crate::cluster::Cluster;

use super::why::Reason;

/// One request of a controller.
#[derive(Clone, Debug, PartialEq)]
pub enum Action {
    /// A new object, with apiVersion, kind and metadata filled in.
    Create(Object),
    /// A new object, and the events that are recorded with the server's answer at the end of their messages when it refuses.
    CreateOrTell(Object, Vec<EventRecord>),
    /// A whole object to put in place of the stored one (spec and metadata).
    Update(Object),
    /// A whole object whose status replaces the stored one's; `internal` is taken over too.
    UpdateStatus(Object),
    /// A pod with a node, and the status that says so: the binding subresource.
    Bind(Object),
    /// A deletion, with the pod's own grace period. Nothing happens when the uid differs (a precondition).
    Delete { key: Key, uid: String },
    /// The end of an object that is being deleted: as a kubelet's deletion with no grace period.
    Remove { key: Key, uid: String },
    /// Records that so many pod addresses were handed out in all.
    PodAddresses(u64),
    /// An event about an object.
    Event(EventRecord),
}

/// An event to record; the event loop counts repetitions and names the Event object.
#[derive(Clone, Debug, PartialEq)]
pub struct EventRecord {
    /// The object it is about: its apiVersion, kind, namespace, name, uid and resourceVersion, and nothing else of it.
    pub regarding: Object,
    /// `spec.containers{nginx}`, or empty.
    pub field_path: String,
    /// `Warning` instead of `Normal`.
    pub warning: bool,
    pub reason: &'static str,
    pub message: String,
    /// `statefulset-controller`, `kubelet`, `default-scheduler`.
    pub source: &'static str,
    /// The node a kubelet speaks for, or empty.
    pub host: String,
    /// Set for events in the newer form (events.k8s.io), as the scheduler's are: `Scheduling`, `Binding`.
    pub action: Option<&'static str>,
    /// How many times it happened, for one that stands for several.
    pub times: i64,
    /// What was decided, of which object, and why, where the message does not say. Kept beside the event, for those who ask.
    pub because: Option<(Key, String)>,
}

impl EventRecord {
    /// A `Normal` event about an object.
    pub fn normal(regarding: &Object, source: &'static str, reason: &'static str, message: String) -> EventRecord {
        EventRecord {
            regarding: reference(regarding),
            field_path: String::new(),
            warning: false,
            reason,
            message,
            source,
            host: String::new(),
            action: None,
            times: 1,
            because: None,
        }
    }

    /// The event with the reason for what it tells of.
    #[must_use]
    pub fn because(self, about: Key, why: String) -> EventRecord {
        EventRecord { because: Some((about, why)), ..self }
    }

    /// A `Warning` event about an object.
    pub fn warning(regarding: &Object, source: &'static str, reason: &'static str, message: String) -> EventRecord {
        EventRecord { warning: true, ..EventRecord::normal(regarding, source, reason, message) }
    }
}

/// What an event says of the object it is about. A copy of the whole object cost more than all else about the event.
fn reference(object: &Object) -> Object {
    let mut reference = Object::new(object.api_version(), object.kind(), object.namespace(), object.name());
    for pointer in ["/metadata/uid", "/metadata/resourceVersion"] {
        if !object.str_at(pointer).is_empty() {
            reference.set(pointer, object.str_at(pointer).into());
        }
    }
    reference
}

/// Everything a controller wants after looking at one object once.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Plan {
    /// In order; the first that fails ends the plan.
    pub actions: Vec<Action>,
    /// When to look again even if nothing changes.
    pub requeue_at: Option<Time>,
    /// Why nothing more is done. Given only where the cluster is asked why.
    pub reasons: Vec<Reason>,
    /// The owner with the status that tells of a refused request: its last condition gets the server's answer as its message.
    pub refused: Option<Object>,
    /// How long to wait before what was refused is tried again.
    pub back_off: BackOff,
}

/// The wait before a controller tries again what was refused: it doubles with every failure in a row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BackOff {
    pub first: TimeDelta,
    pub longest: TimeDelta,
}

impl Default for BackOff {
    /// client-go's DefaultTypedControllerRateLimiter.
    fn default() -> BackOff {
        BackOff { first: TimeDelta::milliseconds(5), longest: TimeDelta::seconds(1000) }
    }
}

impl Plan {
    /// A plan that does nothing, now or later.
    pub fn nothing() -> Plan {
        Plan::default()
    }

    pub fn push(&mut self, action: Action) {
        self.actions.push(action);
    }

    /// Says why nothing, or nothing more, is done; the words are made only where somebody asks for them.
    pub fn because(&mut self, cluster: &Cluster, reason: impl FnOnce() -> Reason) {
        if cluster.is_asked_why() {
            self.reasons.push(reason());
        }
    }

    /// Asks to look again at a time; the earliest wins.
    pub fn requeue(&mut self, at: Time) {
        self.requeue_at = Some(self.requeue_at.map_or(at, |t| t.min(at)));
    }
}
